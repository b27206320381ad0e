#pragma once

#include <optional>
#include <span>
#include <string>

#include "runtime/result.h"
#include "runtime/tensor.h"
#include "runtime/tensor_file.h"

namespace gradus::runtime {

// One array of a .npz file, which is a zip archive of .npy files; where there is none of this name,
// an error that lists those there are.
Result<Tensor> read_npz(const std::string& path, const std::string& key);
// All arrays of a .npz file. Metadata stand in an array of bytes, `__metadata__`, as JSON.
Result<TensorFile> read_npz(const std::string& path);
std::optional<Error> write_npz(const std::string& path, std::span<const TensorView> tensors,
                               const Metadata& metadata = {});

}  // namespace gradus::runtime
