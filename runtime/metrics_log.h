#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "runtime/training.h"

namespace gradus::runtime {

// Writes `metrics.jsonl`: a JSON object a line. `{"step": 20, "epoch": 1, "J": 0.5}` after a step
// (about two thousand of them, evenly), and after an epoch
// `{"step": 32, "epoch": 1, "mean": {"J": 0.6}, "validation": {"J": 0.7}}`, with
// `"partial": true` where it is not at its end. A number that is not finite is a string.
class MetricsLog : public Listener {
 public:
  // Appends to the file. Of a run that goes on after `from` steps, lines of later steps and of
  // partial epochs are removed first.
  MetricsLog(const std::string& path, int64_t steps, int64_t per_epoch, int64_t from);
  ~MetricsLog() override;
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  // Whether the file could be opened.
  bool good() const { return file_ != nullptr; }

  void begin(std::span<const std::string> names, std::span<const std::string> validation) override;
  void step(const StepReport& report) override;
  void epoch(const EpochReport& report) override;
  void end() override;

 private:
  std::FILE* file_ = nullptr;
  int64_t interval_;
  int64_t per_epoch_;
  std::vector<std::string> names_;
  std::vector<std::string> validation_;
};

}  // namespace gradus::runtime
