#pragma once

#include <string>
#include <string_view>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// The array in an IDX file, as MNIST's files are (yann.lecun.com/exdb/mnist): a type, extents, and
// big-endian entries.
Result<Tensor> read_idx(const std::string& path);
Result<Tensor> parse_idx(std::string_view bytes);

}  // namespace gradus::runtime
