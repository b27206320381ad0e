#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

struct NamedTensor {
  std::string name;
  Tensor values;
};

// A tensor that is somewhere else, under a name.
struct TensorView {
  std::string name;
  const Tensor* values = nullptr;
};

using Metadata = std::map<std::string, std::string>;

// Tensors by name, and what else is to be known of them.
struct TensorFile {
  std::vector<NamedTensor> tensors;
  Metadata metadata;
};

// Weights: safetensors, or .npz where the path ends so.
Result<TensorFile> read_tensors(const std::string& path);
std::optional<Error> write_tensors(const std::string& path, std::span<const TensorView> tensors,
                                   const Metadata& metadata = {});

}  // namespace gradus::runtime
