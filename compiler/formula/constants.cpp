// Numbers as they are written: digits, where they are few, else what they are the digits of.

#include <cmath>
#include <numbers>
#include <optional>

#include "compiler/formula/notation.h"
#include "compiler/formula/reader.h"

namespace gradus::formula {
namespace {

// Longer ones were computed.
constexpr size_t most_digits = 12;
// How far computing a constant may be off, relatively: a few roundings.
constexpr double tolerance = 1e-15;

struct Ratio {
  int top;
  int bottom;
};

std::optional<Ratio> ratio(double value) {
  for (int bottom = 1; bottom <= 16; ++bottom) {
    const double top = std::round(value * bottom);
    if (top < 1 || top > 99) continue;
    if (std::fabs(value * bottom - top) <= tolerance * top)
      return Ratio{static_cast<int>(top), bottom};
  }
  return std::nullopt;
}

}  // namespace

Reader::Fraction Reader::fraction(double value) const {
  Fraction as_it_is = {{number(value)}, {}};
  if (!std::isfinite(value) || digits(value).size() <= most_digits) return as_it_is;
  if (const auto plain = ratio(value)) return {{number(plain->top)}, {number(plain->bottom)}};

  constexpr double pi = std::numbers::pi;
  const Expr letter = word("π");
  struct Root {
    double value;
    Expr under;
    bool has_pi;
  };
  const Root roots[] = {{2, number(2), false}, {3, number(3), false},
                        {5, number(5), false}, {6, number(6), false},
                        {7, number(7), false}, {10, number(10), false},
                        {pi, letter, true},    {2 * pi, product({number(2), letter}), true},
                        {pi * pi, {}, true}};
  for (const Root& root : roots) {
    if (root.has_pi && names_.is_taken("π")) continue;
    const Expr written = root.under.valid() ? call("sqrt", {root.under}) : letter;
    if (const auto before = ratio(value / std::sqrt(root.value))) {
      return {{number(before->top), written}, {number(before->bottom)}};
    }
    if (const auto before = ratio(value * std::sqrt(root.value))) {
      return {{number(before->top)}, {number(before->bottom), written}};
    }
  }
  return as_it_is;
}

Expr Reader::constant(double value) const {
  const Fraction found = fraction(std::fabs(value));
  const Expr magnitude = quotient(product(found.top), product(found.bottom));
  return std::signbit(value) ? negative(magnitude) : magnitude;
}

}  // namespace gradus::formula
