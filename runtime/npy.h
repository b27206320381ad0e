#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// The array in a .npy file, of any format version (NumPy Enhancement Proposal 1 and
// numpy.lib.format): real and whole numbers of any size and byte order, and booleans; row by row
// also where the file has it column by column.
Result<Tensor> read_npy(const std::string& path);
Result<Tensor> parse_npy(std::string_view bytes);

std::optional<Error> write_npy(const std::string& path, const Tensor& tensor);
// What stands before the entries in a file of this tensor.
std::string npy_header(const Tensor& tensor);

}  // namespace gradus::runtime
