#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "runtime/training.h"

namespace gradus::runtime {

// Prints how training goes: a line for each epoch, about twenty in all where there are many; on a
// terminal below it a line of the step, the rate and the time that is left, ten times a second.
class Progress : public Listener {
 public:
  // `steps` in all, of which `per_epoch` make an epoch. Without a terminal nothing that is printed
  // depends on time.
  Progress(std::FILE* out, bool terminal, int64_t steps, int64_t per_epoch);

  void begin(std::span<const std::string> names, std::span<const std::string> validation) override;
  void step(const StepReport& report) override;
  void epoch(const EpochReport& report) override;
  void end() override;

 private:
  using Clock = std::chrono::steady_clock;

  void erase_line();

  std::FILE* out_;
  bool terminal_;
  int64_t steps_;
  int64_t per_epoch_;
  int64_t epochs_;
  int64_t epochs_a_line_;
  std::vector<std::string> names_;
  std::vector<std::string> validation_;
  int64_t first_step_ = -1;  // the first that was reported
  Clock::time_point start_;
  Clock::time_point printed_;
  bool line_ = false;  // whether a line that is to be erased stands on the terminal
};

// `name value  name value`, to five digits.
std::string text(std::span<const std::string> names, std::span<const double> values);

// 1, 2 or 5 times a power of ten: the least that cuts `count` into at most `most` parts.
int64_t round_interval(int64_t count, int64_t most);

// A time in words: `3 s`, `2 min 5 s`, `1 h 2 min`.
std::string duration(double seconds);

}  // namespace gradus::runtime
