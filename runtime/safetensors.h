#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/result.h"
#include "runtime/tensor_file.h"

namespace gradus::runtime {

// A file of Hugging Face's safetensors format: the length of a JSON header, the header, and the
// entries. Strict as the format is: the tensors must cover the data exactly, without overlap, in
// any order; types that are no numbers here are refused.
Result<TensorFile> read_safetensors(const std::string& path);
Result<TensorFile> parse_safetensors(std::string_view bytes);

// The entries are ordered by falling size of their types, then as given, so that all are aligned.
std::optional<Error> write_safetensors(const std::string& path, std::span<const TensorView> tensors,
                                       const Metadata& metadata = {});

}  // namespace gradus::runtime
