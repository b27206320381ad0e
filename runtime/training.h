#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "runtime/batches.h"
#include "runtime/call.h"
#include "runtime/evaluation.h"

namespace gradus::runtime {

// After a step. `values` are the losses and metrics of its batch, before its update.
struct StepReport {
  int64_t step = 0;  // how many are done
  int64_t epoch = 0;
  std::span<const double> values;
};

// After an epoch, or what of it was done when training ended.
struct EpochReport {
  int64_t epoch = 0;
  int64_t step = 0;                    // how many are done
  std::span<const double> values;      // averages over the epoch's samples
  std::span<const double> validation;  // of the held-out samples afterwards; empty where none are
};

// Who is told of the progress: the terminal, a log, a curve.
class Listener {
 public:
  virtual ~Listener() = default;
  // Before the first step: the names of the values, and of those of validation.
  virtual void begin(std::span<const std::string> names, std::span<const std::string> validation) {
    (void)names, (void)validation;
  }
  virtual void step(const StepReport& report) { (void)report; }
  virtual void epoch(const EpochReport& report) { (void)report; }
  virtual void end() {}
};

// What a run that was stopped needs beside its variables to go on as if it had not been.
struct Standing {
  int64_t step = 0;          // how many are done
  int64_t samples = 0;       // of the epoch that is under way
  std::vector<double> sums;  // of its values, weighed by samples
  // Of patience: the weights of the smallest validation loss, where there was an epoch.
  double best_loss = std::numeric_limits<double>::infinity();
  int64_t best_step = -1;
  int64_t waited = 0;  // epochs since
  std::vector<double> best_values;
  std::vector<Tensor> best;  // one a variable
};

struct TrainingOptions {
  int64_t steps = 0;               // in all; for whole epochs a multiple of Batches::per_epoch
  const Standing* from = nullptr;  // where a run that was stopped goes on
  std::string loss = {};  // must stay finite, and is what patience watches; an output's name
  std::vector<std::string> losses = {};  // further ones that must stay finite
  uint64_t seed = 0;                     // of random numbers
  // Training stops after a step in which one of these outputs is not 0. They stand behind the
  // losses and metrics, and are not reported.
  std::vector<std::string> until = {};
  int64_t patience = 0;  // epochs without a smaller validation loss before training stops; 0: never
  std::function<bool()> stop = {};  // asked after each step, e.g. whether the user interrupted
  // Told of a loss that is not finite, when the variables are as they were before that step.
  std::function<void(const Batches::Batch& batch, int64_t step)> diverged = {};
  // Told where training stands after an epoch, if that was not told for some seconds, and when it
  // ends other than by divergence; the variables are then the newest ones.
  std::function<void(const Standing& standing)> save = {};
  double seconds_between_saves = 30;
  std::vector<Listener*> listeners = {};
};

// What is held out, and how it is evaluated.
struct Validation {
  std::span<const Program> programs = {};
  Batches* batches = nullptr;
};

struct Training {
  enum class Ending : uint8_t { done, until, patience, stopped, diverged };
  Ending ending = Ending::done;
  int64_t steps = 0;    // done since step 0; those whose effect is kept where it diverged
  double seconds = 0;   // of the loop alone
  std::string culprit;  // the loss that was not finite
  std::vector<std::string> names;
  std::vector<double> values;      // of the last epoch
  std::vector<double> validation;  // of the held-out samples, for the weights that are kept
};

// Trains: runs the programs on one batch after the other, each step given `step` and `epoch`, which
// count from 0, and updates `variables`. Allocates nothing within a step.
//
// Where a loss is not finite, training goes back to the last weights for which it was: every 64
// steps the variables are noted, and since a step is a function of them and its number, the steps
// up to there are simply done again. With patience, the weights of the smallest validation loss are
// kept.
Training train(std::span<const Program> programs, Variables& variables, Batches& batches,
               const TrainingOptions& options, const Validation& validation = {},
               ThreadPool* pool = nullptr);

}  // namespace gradus::runtime
