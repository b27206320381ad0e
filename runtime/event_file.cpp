#include "runtime/event_file.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <chrono>

#include "runtime/progress.h"

namespace gradus::runtime {

namespace {

constexpr int64_t most_steps = 2000;

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = value;
  }
  return table;
}

// As TensorFlow masks checksums that are stored beside what they are of (tensorflow/core/lib/hash).
uint32_t masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

template <typename Number>
void put(std::string& out, Number number) {
  for (size_t k = 0; k < sizeof number; ++k) {
    out += static_cast<char>(static_cast<uint64_t>(number) >> (8 * k) & 0xff);
  }
}

// Protocol buffers' encoding: base-128 numbers; a field is its number and wire type, then its
// value.
void put_varint(std::string& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>((number & 0x7f) | 0x80);
  out += static_cast<char>(number);
}

void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_varint(out, static_cast<uint64_t>(field) << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_time(std::string& out, double time) {
  out += '\x09';  // field 1, 64 bits
  put(out, std::bit_cast<uint64_t>(time));
}

double now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> table = make_table();
  uint32_t crc = 0xffffffffU;
  for (const char each : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(each)) & 0xff] ^ (crc >> 8);
  }
  return ~crc;
}

std::string event_record(std::string_view data) {
  std::string record;
  put(record, static_cast<uint64_t>(data.size()));
  put(record, masked(crc32c(record)));
  record += data;
  put(record, masked(crc32c(data)));
  return record;
}

std::string version_event(double time) {
  std::string event;
  put_time(event, time);
  put_bytes(event, 3, "brain.Event:2");
  return event;
}

std::string scalar_event(double time, int64_t step, std::string_view tag, float value) {
  std::string entry;  // Summary.Value: tag = 1, simple_value = 2
  put_bytes(entry, 1, tag);
  entry += '\x15';  // field 2, 32 bits
  put(entry, std::bit_cast<uint32_t>(value));
  std::string summary;
  put_bytes(summary, 1, entry);
  std::string event;
  put_time(event, time);
  event += '\x10';  // field 2, a number
  put_varint(event, static_cast<uint64_t>(step));
  put_bytes(event, 5, summary);
  return event;
}

EventFile::EventFile(const std::string& folder, int64_t steps)
    : interval_(round_interval(steps, most_steps)) {
  const double time = now();
  const std::string path =
      fmt::format("{}/events.out.tfevents.{}.gradus", folder, static_cast<int64_t>(time));
  file_ = std::fopen(path.c_str(), "ab");
  if (file_ == nullptr) return;
  const std::string record = event_record(version_event(time));
  std::fwrite(record.data(), 1, record.size(), file_);
}

EventFile::~EventFile() {
  if (file_ != nullptr) std::fclose(file_);
}

void EventFile::begin(std::span<const std::string> names, std::span<const std::string> validation) {
  names_.assign(names.begin(), names.end());
  validation_.assign(validation.begin(), validation.end());
}

void EventFile::scalar(int64_t step, const std::string& tag, double value) {
  const std::string record =
      event_record(scalar_event(now(), step, tag, static_cast<float>(value)));
  std::fwrite(record.data(), 1, record.size(), file_);
}

void EventFile::step(const StepReport& report) {
  if (report.step % interval_ != 0) return;
  for (size_t k = 0; k < names_.size(); ++k) scalar(report.step, names_[k], report.values[k]);
}

void EventFile::epoch(const EpochReport& report) {
  for (size_t k = 0; k < report.validation.size(); ++k) {
    scalar(report.step, "validation/" + validation_[k], report.validation[k]);
  }
  std::fflush(file_);
}

}  // namespace gradus::runtime
