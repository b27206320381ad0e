#include "runtime/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/result.h"
#include "runtime/rows.h"

namespace gradus::runtime {

Averages::Averages(std::span<const Program> programs) {
  for (const Program& program : programs) {
    for (const Step& step : program.steps) {
      for (const Slot& slot : step.slots) {
        const bool scalar = slot.role == Role::output && slot.shape.empty();
        if (scalar && find(slot.name) < 0) names_.push_back(slot.name);
      }
    }
  }
  last_.resize(names_.size());
  sums_.resize(names_.size());
  values_.resize(names_.size());
}

int Averages::find(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
}

void Averages::clear() {
  std::fill(sums_.begin(), sums_.end(), 0);
  samples_ = 0;
}

void Averages::go_on(std::span<const double> sums, int64_t samples) {
  std::copy(sums.begin(), sums.end(), sums_.begin());
  samples_ = samples;
}

void Averages::add(std::span<const Call> calls, int64_t samples) {
  samples_ += samples;
  for (size_t i = 0; i < names_.size(); ++i) {
    for (const Call& call : calls) {
      const Tensor* const output = call.output(names_[i]);
      if (!output) continue;
      last_[i] = output->at(0);
      sums_[i] += last_[i] * static_cast<double>(samples);
      break;
    }
    values_[i] = sums_[i] / static_cast<double>(samples_);
  }
}

Calls::Calls(std::span<const Program> programs, Variables& variables, const Dataset& data,
             Arena& arena, ThreadPool* pool) {
  for (const Program& program : programs) {
    Sized& sized = sized_.emplace_back();
    sized.samples = program.samples;
    for (const Step& step : program.steps) {
      sized.calls.emplace_back(step, variables, data, arena, pool);
    }
  }
}

std::span<Call> Calls::of(int64_t samples) {
  for (Sized& sized : sized_) {
    if (sized.samples == samples) return sized.calls;
  }
  fail(fmt::format("no step for a batch of {} samples", samples));
}

void evaluate(Calls& calls, Batches& batches, Averages& averages, const Clock& clock,
              RowSink* rows) {
  averages.clear();
  int64_t first = 0;
  for (int64_t i = 0; i < batches.per_epoch(); ++i) {
    const auto batch = batches.at(0, i);
    const auto sized = calls.of(batch.samples);
    for (Call& call : sized) {
      call.set({clock.seed, clock.step, clock.epoch, i});
      call.run(batch);
    }
    averages.add(sized, batch.samples);
    if (rows) rows->take(sized, first, batch.samples);
    first += batch.samples;
  }
}

Predictions::Predictions(std::vector<WantedOutput> wanted, int64_t samples)
    : wanted_(std::move(wanted)), samples_(samples) {
  for (const WantedOutput& output : wanted_) outputs_.push_back({output.name, Tensor()});
}

void Predictions::take(std::span<const Call> calls, int64_t first, int64_t) {
  for (size_t i = 0; i < wanted_.size(); ++i) {
    const auto& [name, axis] = wanted_[i];
    Tensor& whole = outputs_[i].values;
    for (const Call& call : calls) {
      const Tensor* const part = call.output(name);
      if (!part) continue;
      Shape shape = part->shape();
      if (axis >= 0) shape[static_cast<size_t>(axis)] = samples_;
      if (first == 0) whole = Tensor(part->type(), std::move(shape));
      put_rows(*part, axis, axis >= 0 ? first : 0, whole);
      break;
    }
  }
}

}  // namespace gradus::runtime
