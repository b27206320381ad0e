#pragma once

#include <string>

#include "compiler/cli/compiled.h"
#include "compiler/cli/data.h"
#include "compiler/cli/options.h"
#include "compiler/cli/status.h"
#include "compiler/cli/weights.h"
#include "runtime/threads.h"

namespace gradus::cli {

// What `eval`, `predict` and `gradcheck` start from: the data, the weights, and threads.
struct Session {
  Precision precision = Precision::f32;
  BoundData data;
  runtime::Variables weights;
};

struct SessionRequest {
  std::string weights_path;  // none: the starting values
  bool allow_missing = false;
  const std::vector<std::string>* inputs = nullptr;  // those that are needed; all where null
};

// Reads data and weights; the first thing that does not fit is an error.
runtime::Result<Session> begin(const Program& program, Precision precision, const Options& options,
                               const SessionRequest& request);

// The names of the inputs that these values depend on, by their entries or by their size.
std::vector<std::string> inputs_needed(const Program& program, const std::vector<Value>& values);

// Prints the error and says what status the run ends with.
Status unreadable(const Options& options, const runtime::Error& error);

}  // namespace gradus::cli
