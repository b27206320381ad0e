#pragma once

#include <map>
#include <optional>
#include <string>

#include "compiler/check/program.h"
#include "compiler/cli/data.h"
#include "runtime/call.h"
#include "runtime/tensor_file.h"

namespace gradus::cli {

// The starting values of all parameters and states, in the precision; random ones follow from the
// seed and the name alone. An error where an initialiser does not fit.
runtime::Result<runtime::Variables> initial_weights(const Program& program, const DimBindings& dims,
                                                    Precision precision, uint64_t seed);

// Weights as they stand in a file, with what was learnt about the data when they were trained.
struct SavedWeights {
  std::vector<runtime::NamedTensor> values;
  std::map<std::string, runtime::Preparation> preparations;
};

// Reads weights, without looking at a program. By the ending, safetensors or npz.
runtime::Result<SavedWeights> read_weights(const std::string& path);

// Puts saved values in place of starting ones. A missing or surplus weight, or one of another
// shape, is an error that names it; with `allow_missing`, missing ones keep their starting values.
std::optional<runtime::Error> take_weights(const SavedWeights& saved, bool allow_missing,
                                           const std::string& path, runtime::Variables& weights);

// Preparations as metadata of a file, by input; and back. `path` is for errors.
runtime::Metadata preparations_as_metadata(
    const std::map<std::string, runtime::Preparation>& preparations);
runtime::Result<std::map<std::string, runtime::Preparation>> preparations_of(
    const runtime::Metadata& metadata, const std::string& path);

// The starting value of one parameter, state or optimizer state.
runtime::Result<runtime::Tensor> initial(const Program& program, const Parameter& parameter,
                                         const DimBindings& dims, Precision precision,
                                         uint64_t seed);

// Writes the parameters and states; the file is either whole or untouched.
std::optional<runtime::Error> save_weights(
    const std::string& path, const runtime::Variables& weights,
    const std::map<std::string, runtime::Preparation>& preparations);

// The element type of real numbers at this precision.
runtime::Scalar scalar_of(Precision precision);

}  // namespace gradus::cli
