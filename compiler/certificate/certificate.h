#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/certificate/evaluator.h"

namespace gradus::certificate {

// The largest difference that passes, relative to the largest entry of the gradient.
inline constexpr double tolerance = 1e-6;

// A derivative whose formula is held against differences.
struct Wanted {
  std::string name;        // as the model file spells the variable
  std::string printed;     // the left side of its formula, `∂J/∂w₁`
  std::vector<double> at;  // the variable's entries
  Shape shape;
  std::function<double(std::span<const double>)> loss;  // of other entries of it
  bool is_overridden = false;
};

// What came of a formula.
struct Verdict {
  std::string name;
  std::string printed;
  double error = 0;
  int entries = 0;             // that were looked at
  int unsettled = 0;           // of these, where the differences do not tell: at a kink of the loss
  std::string problem;         // why it could not be evaluated; empty where it was
  bool is_overridden = false;  // and so not meant to be the derivative

  bool is_judged() const {
    return problem.empty() && !is_overridden && (entries == 0 || unsettled < entries);
  }
  bool passed() const { return is_overridden || (problem.empty() && !(error > tolerance)); }
};

// Parses printed text, evaluates its formulas with the values that are given for the names of the
// model file, and compares each with central differences of the loss.
std::vector<Verdict> verdicts(std::string_view text, Given given, std::span<const Wanted> wanted);

// The text with a remark behind each formula that was looked at: `# ∂J/∂w: largest error 3e-10`.
std::string with_remarks(std::string_view text, std::span<const Verdict> verdicts);

}  // namespace gradus::certificate
