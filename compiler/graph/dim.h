#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gradus {

// Numbers for dimension names: what the data and the command line bind.
using DimBindings = std::map<std::string, int64_t>;

// The extent of an axis: a polynomial with integer coefficients in dimension names, `2*time - 1`.
// Two extents are equal where they are equal as polynomials.
class Dim {
 public:
  Dim(int64_t number = 0);  // NOLINT(google-explicit-constructor): a number is an extent
  static Dim named(std::string name);

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  friend bool operator==(const Dim& a, const Dim& b);
  friend std::strong_ordering operator<=>(const Dim& a, const Dim& b);

  // The number it is, if no name occurs in it.
  std::optional<int64_t> number() const { return named_ ? std::nullopt : std::optional(number_); }
  // Its name, if it is a name alone.
  std::optional<std::string> name() const;
  // The quotient, if it is a polynomial with integer coefficients; `divisor` has one term.
  std::optional<Dim> divided_by(const Dim& divisor) const;
  // The quotient rounded down, where it is a polynomial for all values of the names; n > 0.
  std::optional<Dim> floored(int64_t n) const;
  // With numbers for the names that are bound.
  Dim substituted(const DimBindings& bindings) const;
  // With another extent for a name.
  Dim substituted(const std::string& name, const Dim& by) const;
  // Whether it is at least 0 wherever every name is at least 1; false where that is not plain to
  // see.
  bool never_negative() const;
  // The names that occur, sorted, each once.
  std::vector<std::string> names() const;
  // As a user would write it: `2*time - 1`.
  std::string text() const;

  // A product of names, sorted, with repetition; the empty product is 1.
  using Monomial = std::vector<std::string>;
  using Terms = std::map<Monomial, int64_t>;
  // The coefficients that are not 0, by their monomials.
  Terms terms() const;

 private:
  explicit Dim(Terms terms);

  // Most extents are numbers, and are copied often: names are kept apart, and shared.
  int64_t number_ = 0;                  // the coefficient of the empty monomial
  std::shared_ptr<const Terms> named_;  // the others; null where there are none
};

using Shape = std::vector<Dim>;

// `[batch, 784]`.
std::string text(const Shape& shape);
// The number of entries: the product of the extents.
Dim size_of(const Shape& shape);

}  // namespace gradus
