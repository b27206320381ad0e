#include "compiler/certificate/certificate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "compiler/certificate/reader.h"
#include "compiler/gradient/differences.h"

namespace gradus::certificate {
namespace {

constexpr int most_entries = 12;  // of a derivative that are looked at

// The lines of a text, those that were continued put together again.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("  ") && !lines.empty()) {
      lines.back() += line.substr(1);
    } else {
      lines.emplace_back(line);
    }
  }
  return lines;
}

bool is_formula(std::string_view line) { return !line.empty() && !line.starts_with("#"); }

// Everything that the lines say.
Evaluator evaluator_of(std::string_view text, Given given) {
  const std::vector<std::string> lines = lines_of(text);
  Known known;
  for (const auto& [name, value] : given.values) known.insert(name);
  for (const auto& [name, rounds] : given.rounds) known.insert(name);
  // Those with rounds first: of others, δₕₙ may be a round of δₕ.
  Known of_rounds;
  for (const bool has_rounds : {true, false}) {
    for (const std::string& line : lines) {
      if (!is_formula(line) || has_rounds != (line.find(", …, ") != std::string::npos)) continue;
      const std::string name = defined_name(line);
      if (has_rounds) of_rounds.insert(name);
      if (has_rounds || round_begin(name, of_rounds) == 0) known.insert(name);
    }
  }
  Evaluator evaluator(std::move(given));
  for (const std::string& line : lines) {
    if (!is_formula(line)) continue;
    try {
      evaluator.define(Reader(line, known).equation());
    } catch (const Unreadable& error) {
      evaluator.refuse(defined_name(line), error.what());
    } catch (const Meaningless& error) {
      evaluator.refuse(defined_name(line), error.what());
    }
  }
  return evaluator;
}

// The places to look at: all, or some at random and the largest.
std::vector<size_t> chosen_places(const std::vector<double>& gradient) {
  std::vector<size_t> places(gradient.size());
  for (size_t k = 0; k < places.size(); ++k) places[k] = k;
  if (places.size() <= most_entries) return places;
  std::mt19937_64 random(1);
  for (size_t k = 0; k < most_entries; ++k) {
    std::swap(places[k], places[k + random() % (places.size() - k)]);
  }
  const auto largest = std::max_element(gradient.begin(), gradient.end(), [](double a, double b) {
    return std::fabs(a) < std::fabs(b);
  });
  places.resize(most_entries);
  places[0] = static_cast<size_t>(largest - gradient.begin());
  return places;
}

void compare(const Wanted& wanted, const std::vector<double>& gradient, Verdict& verdict) {
  double scale = 0;
  for (const double each : gradient) {
    if (!std::isfinite(each)) verdict.problem = fmt::format("it is {} at random data", each);
    scale = std::max(scale, std::fabs(each));
  }
  if (!verdict.problem.empty()) return;
  // Rounding of the loss limits what a difference can tell of a gradient that is all but zero.
  scale = std::max(scale, 1e-6 * std::max(1.0, std::fabs(wanted.loss(wanted.at))));
  std::vector<double> entries = wanted.at;
  for (const size_t place : chosen_places(gradient)) {
    const Difference found = ridders(
        [&](double x) {
          entries[place] = x;
          return wanted.loss(entries);
        },
        wanted.at[place]);
    entries[place] = wanted.at[place];
    ++verdict.entries;
    if (!(found.error <= tolerance * scale)) {
      ++verdict.unsettled;
      continue;
    }
    verdict.error = std::max(verdict.error, std::fabs(found.value - gradient[place]) / scale);
  }
}

// Whether a line that defines `name`, maybe for several layers, is about what prints so:
// `∂J/∂y[l].W` is about ∂J/∂y[0].W.
bool is_about(std::string_view name, std::string_view printed) {
  while (true) {
    const size_t open = name.find('[');
    if (open == std::string_view::npos) return name == printed;
    const size_t close = name.find(']');
    const size_t end = printed.find(']');
    if (printed.substr(0, open + 1) != name.substr(0, open + 1)) return false;
    if (close == std::string_view::npos || end == std::string_view::npos) return false;
    const std::string_view place = name.substr(open + 1, close - open - 1);
    const bool is_number = place.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_number && place != printed.substr(open + 1, end - open - 1)) return false;
    name.remove_prefix(close + 1);
    printed.remove_prefix(end + 1);
  }
}

std::string remark(const Verdict& verdict) {
  const std::string& of = verdict.printed;
  if (!verdict.problem.empty()) return fmt::format("# {}: not verified: {}", of, verdict.problem);
  if (verdict.is_overridden) return fmt::format("# {}: overridden, not judged", of);
  if (!verdict.is_judged()) return fmt::format("# {}: at a kink of the loss, not judged", of);
  std::string all = fmt::format("# {}: largest error {:.0e}", of, verdict.error);
  if (verdict.unsettled > 0) {
    all += fmt::format(", {} of {} entries at a kink and not judged", verdict.unsettled,
                       verdict.entries);
  }
  return all;
}

}  // namespace

std::vector<Verdict> verdicts(std::string_view text, Given given, std::span<const Wanted> wanted) {
  Evaluator evaluator = evaluator_of(text, std::move(given));
  std::vector<Verdict> all;
  for (const Wanted& each : wanted) {
    Verdict verdict;
    verdict.name = each.name;
    verdict.printed = each.printed;
    verdict.is_overridden = each.is_overridden;
    try {
      const Tensor gradient = evaluator.value(each.printed, each.shape);
      if (!each.is_overridden) compare(each, gradient.entries, verdict);
    } catch (const Meaningless& error) {
      verdict.problem = error.what();
    }
    all.push_back(std::move(verdict));
  }
  return all;
}

std::string with_remarks(std::string_view text, std::span<const Verdict> verdicts) {
  std::string out;
  std::string waiting;  // a remark, until the formula's last line
  std::set<std::string> told;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with("  ")) out += std::exchange(waiting, "");
    out += std::string(line) + "\n";
    for (const Verdict& verdict : verdicts) {
      const bool is_its = is_formula(line) && is_about(defined_name(line), verdict.printed);
      if (is_its && told.insert(verdict.printed).second) waiting += remark(verdict) + "\n";
    }
  }
  return out + waiting;
}

}  // namespace gradus::certificate
