#include "runtime/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gradus::runtime {

namespace {

constexpr int64_t most_lines = 20;
constexpr auto between_prints = std::chrono::milliseconds(100);
constexpr const char* erase = "\r\x1b[K";

}  // namespace

std::string text(std::span<const std::string> names, std::span<const double> values) {
  std::string line;
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) {
    line += fmt::format("{}{} {:.5g}", i ? "  " : "", names[i], values[i]);
  }
  return line;
}

int64_t round_interval(int64_t count, int64_t most) {
  for (int64_t power = 1;; power *= 10) {
    for (const int64_t digit : {1, 2, 5}) {
      if (count / (digit * power) <= most) return digit * power;
    }
  }
}

std::string duration(double seconds) {
  const auto whole = std::llround(std::clamp(seconds, 0.0, 1e9));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Progress::Progress(std::FILE* out, bool terminal, int64_t steps, int64_t per_epoch)
    : out_(out),
      terminal_(terminal),
      steps_(steps),
      per_epoch_(std::max<int64_t>(1, per_epoch)),
      epochs_((steps + per_epoch_ - 1) / per_epoch_),
      epochs_a_line_(round_interval(epochs_, most_lines)) {}

void Progress::begin(std::span<const std::string> names, std::span<const std::string> validation) {
  names_.assign(names.begin(), names.end());
  validation_.assign(validation.begin(), validation.end());
  start_ = printed_ = Clock::now();
}

void Progress::step(const StepReport& report) {
  if (first_step_ < 0) first_step_ = report.step - 1;
  if (!terminal_) return;
  const auto now = Clock::now();
  if (now - printed_ < between_prints) return;
  printed_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(report.step - first_step_) / seconds;
  const double left = static_cast<double>(steps_ - report.step) / rate;
  fmt::print(out_, "{}epoch {}/{}  step {}/{}  {}  {:.0f} steps/s  {} left", erase,
             report.epoch + 1, epochs_, report.step, steps_, text(names_, report.values), rate,
             duration(left));
  std::fflush(out_);
  line_ = true;
}

void Progress::epoch(const EpochReport& report) {
  const int64_t done = report.epoch + 1;
  const bool whole = report.step % per_epoch_ == 0;
  const bool due = done == 1 || done == epochs_ || done % epochs_a_line_ == 0 || !whole;
  if (!due) return;
  erase_line();
  fmt::print(out_, "epoch {}/{}  {}", done, epochs_, text(names_, report.values));
  if (!report.validation.empty()) {
    fmt::print(out_, "  held out: {}", text(validation_, report.validation));
  }
  fmt::print(out_, "\n");
  std::fflush(out_);
}

void Progress::end() { erase_line(); }

void Progress::erase_line() {
  if (line_) fmt::print(out_, "{}", erase);
  line_ = false;
}

}  // namespace gradus::runtime
