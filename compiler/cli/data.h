#pragma once

#include <map>
#include <optional>
#include <string>

#include "compiler/check/program.h"
#include "compiler/cli/options.h"
#include "runtime/batches.h"
#include "runtime/prepare.h"

namespace gradus::cli {

// The data of a program's inputs, ready to be computed with, and what they say of its dimensions.
struct BoundData {
  runtime::Dataset dataset;
  DimBindings dims;  // `batch` is the number of all samples
  std::optional<int64_t> samples;
  std::map<std::string, runtime::Preparation> preparations;  // by input
  runtime::Split split;  // all rows are training rows where nothing is held out
};

struct DataRequest {
  const std::vector<std::string>* only = nullptr;  // the inputs that are needed; all where null
  double validation = 0;                           // the share that is held out
  // What was learnt when the weights were trained, by input.
  const std::map<std::string, runtime::Preparation>* known = nullptr;
};

// Reads what `--data`, the `data` block or the defaults give each input, checks it against the
// declared types and binds the dimension names. An error names the input and the place.
runtime::Result<BoundData> bind_data(const Program& program, Precision precision,
                                     const Options& options, const DataRequest& request);

// What the program asks of the extents that the data bound: an error says what does not hold.
std::optional<runtime::Error> check_requirements(const Program& program, const DimBindings& dims);

// The program's precision, or the one that the options ask for.
Precision precision_of(const Program& program, const Options& options);

}  // namespace gradus::cli
