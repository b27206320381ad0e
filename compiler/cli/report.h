#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "compiler/check/program.h"
#include "compiler/cli/options.h"

namespace gradus::cli {

// The loss that a command is about: the one named, else the first `train` block's, else the first.
// Where there is none, an error is printed.
std::optional<NamedValue> chosen_loss(const Program& program, const std::string& name,
                                      const Options& options);

// A number in JSON: one that is not finite is the string "nan", "inf" or "-inf".
nlohmann::json number(double value);

// `{"loss": …, "losses": {…}, "metrics": {…}, "samples": …}`.
nlohmann::json report(const Program& program, const std::string& loss,
                      std::span<const std::string> names, std::span<const double> values,
                      std::optional<int64_t> samples);

// The same as lines for people, or as JSON where asked, on standard output.
void print_report(const Program& program, const std::string& loss,
                  std::span<const std::string> names, std::span<const double> values,
                  std::optional<int64_t> samples, const Options& options);

}  // namespace gradus::cli
