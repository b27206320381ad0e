#pragma once

#include <optional>

#include "compiler/check/program.h"
#include "compiler/cli/session.h"
#include "runtime/batches.h"

namespace gradus::cli {

// What the command line says instead of the model; 0 where it says nothing.
struct LoopOptions {
  int64_t epochs = 0;
  int64_t steps = 0;
  int64_t batch = 0;
};

// How long to train, and on which batches.
struct Loop {
  runtime::BatchOptions batches;
  int64_t steps = 0;
};

// What a `train` block says, changed by what the command line says, for that many samples.
Loop loop_of(const Train& train, const LoopOptions& options, uint64_t seed, int64_t samples);

// Adds the optimizers' own states to the weights.
std::optional<runtime::Error> add_optimizer_states(const Program& program, Session& session);

}  // namespace gradus::cli
