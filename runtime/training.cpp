#include "runtime/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/result.h"

namespace gradus::runtime {

namespace {

// A copy of all variables, before a step.
class Note {
 public:
  explicit Note(const Variables& variables) {
    for (const Variable& variable : variables.all) copies_.push_back(variable.values.clone());
  }

  int64_t step() const { return step_; }
  void take(const Variables& variables, int64_t step) {
    step_ = step;
    for (size_t i = 0; i < copies_.size(); ++i) copy(variables.all[i].values, copies_[i]);
  }
  std::vector<Tensor> copies() const {
    std::vector<Tensor> all;
    for (const Tensor& each : copies_) all.push_back(each.clone());
    return all;
  }
  void set(const std::vector<Tensor>& values, int64_t step) {
    step_ = step;
    for (size_t i = 0; i < copies_.size(); ++i) copy(values[i], copies_[i]);
  }
  void restore(Variables& variables) const {
    for (size_t i = 0; i < copies_.size(); ++i) copy(copies_[i], variables.all[i].values);
  }

 private:
  static void copy(const Tensor& from, Tensor& to) {
    if (from.bytes() > 0) std::memcpy(to.data(), from.data(), static_cast<size_t>(from.bytes()));
  }

  int64_t step_ = -1;
  std::vector<Tensor> copies_;
};

class Loop {
 public:
  Loop(std::span<const Program> programs, Variables& variables, Batches& batches,
       const TrainingOptions& options, const Validation& validation, ThreadPool* pool)
      : variables_(variables),
        batches_(batches),
        options_(options),
        validation_(validation),
        calls_(programs, variables, batches.data(), arena_, pool),
        validation_calls_(validation.programs, variables, batches.data(), arena_, pool),
        averages_(programs),
        held_out_(validation.programs),
        newer_(variables),
        older_(variables) {
    watch(options.loss);
    for (const std::string& loss : options.losses) watch(loss);
    for (const std::string& each : options.until) until_.push_back(position(each));
    if (options.patience > 0) best_.emplace(variables);
    result_.names = averages_.names();
    result_.names.resize(result_.names.size() - options.until.size());
    if (options.from != nullptr) go_on(*options.from);
    result_.values.reserve(averages_.names().size());
    result_.validation.reserve(held_out_.names().size());
    best_values_.reserve(held_out_.names().size());
  }

  Training run() {
    for (Listener* listener : options_.listeners) {
      listener->begin(result_.names, held_out_.names());
    }
    const auto start = std::chrono::steady_clock::now();
    bool going = batches_.per_epoch() > 0;
    while (going && result_.steps < options_.steps) going = step();
    finish();
    const auto end = std::chrono::steady_clock::now();
    result_.seconds = std::chrono::duration<double>(end - start).count();
    for (Listener* listener : options_.listeners) listener->end();
    return std::move(result_);
  }

 private:
  static constexpr int64_t steps_between_notes = 64;

  void go_on(const Standing& from) {
    first_step_ = result_.steps = from.step;
    if (from.sums.size() == averages_.names().size()) averages_.go_on(from.sums, from.samples);
    if (!best_ || from.best_step < 0) return;
    best_loss_ = from.best_loss;
    best_values_ = from.best_values;
    waited_ = from.waited;
    best_->set(from.best, from.best_step);
  }

  bool is_save_due() const {
    const auto since = std::chrono::steady_clock::now() - saved_;
    return std::chrono::duration<double>(since).count() >= options_.seconds_between_saves;
  }

  void save() {
    if (!options_.save) return;
    saved_ = std::chrono::steady_clock::now();
    Standing standing;
    standing.step = result_.steps;
    standing.samples = averages_.samples();
    standing.sums.assign(averages_.sums().begin(), averages_.sums().end());
    standing.best_loss = best_loss_;
    standing.waited = waited_;
    standing.best_values = best_values_;
    if (best_ && best_->step() >= 0) {
      standing.best_step = best_->step();
      standing.best = best_->copies();
    }
    options_.save(standing);
  }

  // What is left to do when the last step is done.
  void finish() {
    const auto ending = result_.ending;
    // An epoch that is not at its end is reported, but goes on where the run does.
    if (ending != Training::Ending::diverged && variables_.finite()) save();
    if (ending != Training::Ending::diverged) {
      if (averages_.samples() > 0) end_epoch();
      result_.ending = ending;
      // The last update has no step after it whose loss would tell.
      const bool trained = result_.steps > first_step_;
      if (trained && !variables_.finite()) go_back(result_.steps, options_.loss);
    }
    if (best_ && best_->step() >= 0 && result_.ending != Training::Ending::diverged) {
      best_->restore(variables_);
      result_.validation = best_values_;
    }
  }

  int position(const std::string& name) const {
    const int found = averages_.find(name);
    if (found < 0) fail(fmt::format("no step has an output `{}`", name));
    return found;
  }

  void watch(const std::string& loss) {
    const int found = position(loss);
    if (std::find(losses_.begin(), losses_.end(), found) == losses_.end()) losses_.push_back(found);
  }

  Batches::Batch batch_of(int64_t step) {
    return batches_.at(step / batches_.per_epoch(), step % batches_.per_epoch());
  }

  // Updates the variables; what it writes is with the calls.
  std::span<Call> update(int64_t step, const Batches::Batch& batch) {
    const auto calls = calls_.of(batch.samples);
    const int64_t epoch = step / batches_.per_epoch();
    for (Call& call : calls) {
      call.set({options_.seed, step, epoch});
      call.run(batch);
    }
    return calls;
  }

  // One step; whether training goes on.
  bool step() {
    const int64_t step = result_.steps;
    if ((step - first_step_) % steps_between_notes == 0) {
      std::swap(older_, newer_);
      newer_.take(variables_, step);
    }
    const auto batch = batch_of(step);
    averages_.add(update(step, batch), batch.samples);
    const auto values = averages_.last();
    const auto is_on = [&](int condition) { return values[static_cast<size_t>(condition)] != 0; };
    for (const int loss : losses_) {
      if (!std::isfinite(values[static_cast<size_t>(loss)])) {
        go_back(step, averages_.names()[static_cast<size_t>(loss)]);
        return false;
      }
    }
    ++result_.steps;
    const StepReport report{result_.steps, step / batches_.per_epoch(), reported(values)};
    for (Listener* listener : options_.listeners) listener->step(report);
    const bool until = std::any_of(until_.begin(), until_.end(), is_on);
    if (result_.steps % batches_.per_epoch() == 0) {
      const bool going = end_epoch();
      if (going && !until && result_.steps < options_.steps && is_save_due()) save();
      if (!going) return false;
    }
    if (until) return end(Training::Ending::until);
    if (options_.stop && options_.stop()) return end(Training::Ending::stopped);
    return true;
  }

  // Losses and metrics, without the conditions behind them.
  std::span<const double> reported(std::span<const double> values) const {
    return values.first(result_.names.size());
  }

  bool end(Training::Ending ending) {
    result_.ending = ending;
    return false;
  }

  // Reports; whether training goes on.
  bool end_epoch() {
    const int64_t epoch = (result_.steps - 1) / batches_.per_epoch();
    const auto values = reported(averages_.values());
    result_.values.assign(values.begin(), values.end());
    averages_.clear();
    std::span<const double> held_out;
    if (validation_.batches && validation_.batches->per_epoch() > 0) {
      evaluate(validation_calls_, *validation_.batches, held_out_,
               {options_.seed, result_.steps, epoch});
      held_out = held_out_.values();
      result_.validation.assign(held_out.begin(), held_out.end());
    }
    const EpochReport report{epoch, result_.steps, result_.values, held_out};
    for (Listener* listener : options_.listeners) listener->epoch(report);
    return !best_ || held_out.empty() || is_patient(held_out);
  }

  // Notes the best weights; whether it is worth while to go on.
  bool is_patient(std::span<const double> held_out) {
    const int position = held_out_.find(options_.loss);
    if (position < 0) fail(fmt::format("validation has no output `{}`", options_.loss));
    const double loss = held_out[static_cast<size_t>(position)];
    if (loss < best_loss_) {
      best_loss_ = loss;
      best_->take(variables_, result_.steps);
      best_values_.assign(held_out.begin(), held_out.end());
      waited_ = 0;
    } else if (++waited_ >= options_.patience) {
      return end(Training::Ending::patience);
    }
    return true;
  }

  // Brings the variables to what they were before that step, which is not before `note`.
  void replay(const Note& note, int64_t step) {
    note.restore(variables_);
    for (int64_t s = note.step(); s < step; ++s) update(s, batch_of(s));
  }

  // `failed` is the step in which the loss `culprit` was not finite. The weights before the step
  // before it are the last for which it was.
  void go_back(int64_t failed, const std::string& culprit) {
    result_.ending = Training::Ending::diverged;
    result_.culprit = culprit;
    if (options_.diverged) {
      replay(newer_, failed);
      options_.diverged(batch_of(failed), failed);
    }
    const int64_t good = std::max(first_step_, failed - 1);
    replay(newer_.step() <= good ? newer_ : older_, good);
    result_.steps = good;
  }

  Variables& variables_;
  Batches& batches_;
  const TrainingOptions& options_;
  const Validation& validation_;
  Arena arena_;
  Calls calls_;
  Calls validation_calls_;
  Averages averages_;
  Averages held_out_;
  std::vector<int> losses_;  // positions in averages_
  std::vector<int> until_;   // positions too
  int64_t first_step_ = 0;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
  Note newer_;
  Note older_;
  std::optional<Note> best_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  std::vector<double> best_values_;
  int64_t waited_ = 0;
  Training result_;
};

}  // namespace

Training train(std::span<const Program> programs, Variables& variables, Batches& batches,
               const TrainingOptions& options, const Validation& validation, ThreadPool* pool) {
  return Loop(programs, variables, batches, options, validation, pool).run();
}

}  // namespace gradus::runtime
