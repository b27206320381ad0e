#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/check/program.h"
#include "compiler/cli/options.h"
#include "runtime/data.h"

namespace gradus::cli {

// Where the data of one input come from.
struct SourcePlan {
  enum class Kind : uint8_t { nowhere, literals, file, generator };
  Kind kind = Kind::nowhere;
  std::string path;              // file
  runtime::DataOptions options;  // file
  bool standardize = false;
  const Source* source = nullptr;  // generator
  size_t output = 0;               // generator: which of its values
};

// For each input: what `--data` says, else the `data` block, else its default. Paths in the model
// file are relative to it.
std::map<std::string, SourcePlan> plan_sources(const Program& program, const Options& options);

// Reads or makes the data of one input. An error where there is no source.
runtime::Result<runtime::Data> read_source(const Input& input, const SourcePlan& plan,
                                           uint64_t seed);

}  // namespace gradus::cli
