#include "compiler/cli/schedule.h"

#include <algorithm>

namespace gradus::cli {

Loop loop_of(const Train& train, const LoopOptions& options, uint64_t seed, int64_t samples) {
  Loop schedule;
  schedule.batches = {.batch = options.batch > 0 ? options.batch : train.batch.value_or(0),
                      .shuffle = train.shuffle,
                      .drop_last = train.drop_last,
                      .seed = seed};
  const int64_t batch = schedule.batches.batch > 0 ? schedule.batches.batch : samples;
  int64_t per_epoch = 1;
  if (batch > 0 && samples > 0) {
    per_epoch =
        train.drop_last ? std::max<int64_t>(samples / batch, 1) : (samples + batch - 1) / batch;
  }
  if (options.steps > 0) {
    schedule.steps = options.steps;
  } else if (options.epochs > 0) {
    schedule.steps = options.epochs * per_epoch;
  } else if (train.steps) {
    schedule.steps = *train.steps;
  } else {
    schedule.steps = train.epochs.value_or(1) * per_epoch;
  }
  return schedule;
}

std::optional<runtime::Error> add_optimizer_states(const Program& program, Session& session) {
  for (const Train& train : program.trains) {
    for (const OptimizerUpdate& update : train.optimizer) {
      for (const Parameter& state : update.states) {
        auto value = initial(program, state, session.data.dims, session.precision, 0);
        if (!value) return value.error();
        session.weights.all.push_back(
            {runtime::Role::optimizer_state, state.name, *std::move(value)});
      }
    }
  }
  return std::nullopt;
}

}  // namespace gradus::cli
