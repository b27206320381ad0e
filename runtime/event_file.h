#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/training.h"

namespace gradus::runtime {

// CRC-32C (Castagnoli, polynomial 0x1EDC6F41, reflected), which TensorFlow's records carry.
uint32_t crc32c(std::string_view bytes);

// A TFRecord: length, its masked checksum, the data, their masked checksum; little endian.
std::string event_record(std::string_view data);

// TensorFlow's `Event` as protocol buffer bytes: the file's version, or one scalar.
std::string version_event(double time);
std::string scalar_event(double time, int64_t step, std::string_view tag, float value);

// Writes scalars for TensorBoard: each loss and metric after a step (about two thousand, evenly)
// and, under `validation/`, after an epoch.
class EventFile : public Listener {
 public:
  // Creates `events.out.tfevents.<time>.gradus` in the folder.
  EventFile(const std::string& folder, int64_t steps);
  ~EventFile() override;
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  bool good() const { return file_ != nullptr; }

  void begin(std::span<const std::string> names, std::span<const std::string> validation) override;
  void step(const StepReport& report) override;
  void epoch(const EpochReport& report) override;

 private:
  void scalar(int64_t step, const std::string& tag, double value);

  std::FILE* file_ = nullptr;
  int64_t interval_;
  std::vector<std::string> names_;
  std::vector<std::string> validation_;
};

}  // namespace gradus::runtime
