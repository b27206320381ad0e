#include "runtime/tensor_file.h"

#include "runtime/npz.h"
#include "runtime/safetensors.h"

namespace gradus::runtime {

Result<TensorFile> read_tensors(const std::string& path) {
  return path.ends_with(".npz") ? read_npz(path) : read_safetensors(path);
}

std::optional<Error> write_tensors(const std::string& path, std::span<const TensorView> tensors,
                                   const Metadata& metadata) {
  return path.ends_with(".npz") ? write_npz(path, tensors, metadata)
                                : write_safetensors(path, tensors, metadata);
}

}  // namespace gradus::runtime
