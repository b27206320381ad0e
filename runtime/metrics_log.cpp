#include "runtime/metrics_log.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/file.h"
#include "runtime/progress.h"

namespace gradus::runtime {

namespace {

constexpr int64_t most_steps = 2000;

nlohmann::ordered_json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

void add(nlohmann::ordered_json& object, std::span<const std::string> names,
         std::span<const double> values) {
  for (size_t k = 0; k < names.size() && k < values.size(); ++k) {
    object[names[k]] = number(values[k]);
  }
}

// The lines of a log that hold of the first `steps` steps.
std::string kept(const std::string& text, int64_t steps) {
  std::string result;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object() || !object.contains("step")) continue;
    const auto& step = object["step"];
    if (!step.is_number_integer() || step.get<int64_t>() > steps) continue;
    if (object.contains("partial")) continue;
    result += line + "\n";
  }
  return result;
}

}  // namespace

MetricsLog::MetricsLog(const std::string& path, int64_t steps, int64_t per_epoch, int64_t from)
    : interval_(round_interval(steps, most_steps)), per_epoch_(std::max<int64_t>(1, per_epoch)) {
  std::string before;
  if (from > 0) {
    if (const auto text = read_file(path)) before = kept(*text, from);
  }
  file_ = std::fopen(path.c_str(), "w");
  if (file_ != nullptr) fmt::print(file_, "{}", before);
}

MetricsLog::~MetricsLog() {
  if (file_ != nullptr) std::fclose(file_);
}

void MetricsLog::begin(std::span<const std::string> names,
                       std::span<const std::string> validation) {
  names_.assign(names.begin(), names.end());
  validation_.assign(validation.begin(), validation.end());
}

void MetricsLog::step(const StepReport& report) {
  if (report.step % interval_ != 0) return;
  nlohmann::ordered_json line = {{"step", report.step}, {"epoch", report.epoch}};
  add(line, names_, report.values);
  fmt::print(file_, "{}\n", line.dump());
}

void MetricsLog::epoch(const EpochReport& report) {
  nlohmann::ordered_json line = {{"step", report.step}, {"epoch", report.epoch}};
  add(line["mean"] = nlohmann::ordered_json::object(), names_, report.values);
  if (!report.validation.empty()) {
    add(line["validation"] = nlohmann::ordered_json::object(), validation_, report.validation);
  }
  if (report.step % per_epoch_ != 0) line["partial"] = true;
  fmt::print(file_, "{}\n", line.dump());
  std::fflush(file_);
}

void MetricsLog::end() { std::fflush(file_); }

}  // namespace gradus::runtime
