#include "compiler/cli/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/cli/model.h"
#include "grammar/diagnostic.h"

namespace gradus::cli {
namespace {

double value_of(const std::string& name, std::span<const std::string> names,
                std::span<const double> values) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? NAN : values[static_cast<size_t>(found - names.begin())];
}

}  // namespace

std::optional<NamedValue> chosen_loss(const Program& program, const std::string& name,
                                      const Options& options) {
  if (program.losses.empty()) {
    print_error(options, fmt::format("{} has no loss", options.file),
                "declare one: `loss J = mean((yhat - y)^2)`");
    return std::nullopt;
  }
  std::string wanted = name;
  if (wanted.empty() && !program.trains.empty()) wanted = program.trains[0].loss;
  if (wanted.empty()) return program.losses[0];
  std::vector<std::string> names;
  for (const NamedValue& loss : program.losses) {
    if (loss.name == wanted) return loss;
    names.push_back(loss.name);
  }
  const auto near = closest(wanted, names);
  print_error(options, fmt::format("there is no loss `{}` in {}", wanted, options.file),
              near.empty() ? fmt::format("the first is `{}`", names[0])
                           : fmt::format("did you mean `{}`?", near));
  return std::nullopt;
}

nlohmann::json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

nlohmann::json report(const Program& program, const std::string& loss,
                      std::span<const std::string> names, std::span<const double> values,
                      std::optional<int64_t> samples) {
  nlohmann::json object;
  object["loss"] = number(value_of(loss, names, values));
  object["losses"] = nlohmann::json::object();
  object["metrics"] = nlohmann::json::object();
  for (const NamedValue& each : program.losses) {
    object["losses"][each.name] = number(value_of(each.name, names, values));
  }
  for (const NamedValue& each : program.metrics) {
    object["metrics"][each.name] = number(value_of(each.name, names, values));
  }
  object["samples"] = samples ? nlohmann::json(*samples) : nlohmann::json(nullptr);
  return object;
}

void print_report(const Program& program, const std::string& loss,
                  std::span<const std::string> names, std::span<const double> values,
                  std::optional<int64_t> samples, const Options& options) {
  if (options.json) {
    fmt::print("{}\n", report(program, loss, names, values, samples).dump());
    return;
  }
  for (const auto* list : {&program.losses, &program.metrics}) {
    for (const NamedValue& each : *list) {
      fmt::print("{} = {:.6g}\n", each.name, value_of(each.name, names, values));
    }
  }
  if (samples) fmt::print("{} samples\n", *samples);
}

}  // namespace gradus::cli
