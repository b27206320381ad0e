#include <fmt/format.h>

#include "compiler/check/checker.h"

// What the shapes of a program ask of the data: numbers for dimension names, and extents that are
// large enough.
namespace gradus::checking {
namespace {

// The number n that makes a·n + b zero, where the difference is that polynomial in one name.
std::optional<int64_t> root(const Dim& difference, const std::string& name) {
  const auto at_zero = difference.substituted(name, Dim(0)).number();
  const auto at_one = difference.substituted(name, Dim(1)).number();
  if (!at_zero || !at_one) return std::nullopt;
  const int64_t slope = *at_one - *at_zero;
  const bool linear = difference == Dim(slope) * Dim::named(name) + Dim(*at_zero);
  if (!linear || slope == 0 || -*at_zero % slope != 0) return std::nullopt;
  return -*at_zero / slope;
}

}  // namespace

bool Checker::agree(const Dim& left, const Dim& right, Span at) {
  if (left == right) return true;
  // Two data-bound dimensions never meet, nor does one meet 1.
  if (!left.number() == !right.number() || left == Dim(1) || right == Dim(1)) return false;
  const Dim difference = left - right;
  const std::vector<std::string> names = difference.names();
  if (names.size() != 1 || names[0] == "batch" || !dims_.contains(names[0])) return false;
  const std::optional<int64_t> number = root(difference, names[0]);
  if (!number || *number < 0) return false;
  requirements_.push_back({names[0], *number, at});
  throw Restart{};
}

bool Checker::agree(const Shape& left, const Shape& right, Span at) {
  if (left.size() != right.size()) return false;
  for (size_t k = 0; k < left.size(); ++k) {
    if (!agree(left[k], right[k], at)) return false;
  }
  return true;
}

const Requirement* Checker::requirement(const std::string& dimension) const {
  for (const Requirement& each : requirements_) {
    if (each.dimension == dimension) return &each;
  }
  return nullptr;
}

void Checker::require(const Dim& least, std::string otherwise, Span at) {
  if (least.number() || least.never_negative()) return;
  program_.conditions.push_back({least, std::move(otherwise), at});
}

}  // namespace gradus::checking
