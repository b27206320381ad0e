#pragma once

#include <string>

#include "compiler/formula/expr.h"

namespace gradus::formula {

// Writes formulas in one format. Where parentheses stand, and how tightly things bind, is decided
// here for all formats; a format says how each kind of formula looks.
class Notation {
 public:
  virtual ~Notation() = default;
  std::string operator()(const Expr& x) const { return written(x); }

 protected:
  // The part number k of x, in parentheses where it needs them.
  std::string part(const Expr& x, size_t k) const;
  // The parts from k on, separated by commas.
  std::string commas(const Expr& x, size_t k = 0) const;
  std::string written(const Expr& x) const;

  // Whether a quotient and a power show by themselves where they end, as a fraction does.
  virtual bool draws_fractions() const { return false; }
  virtual std::string in_parentheses(const std::string& inner) const = 0;
  virtual std::string of_number(double value) const = 0;
  virtual std::string of_name(const Symbol& symbol) const = 0;
  virtual std::string of_entry(const Expr& x) const = 0;
  virtual std::string of_sum(const Expr& x) const = 0;
  virtual std::string of_product(const Expr& x) const = 0;
  virtual std::string of_hadamard(const Expr& x) const = 0;
  virtual std::string of_quotient(const Expr& x) const = 0;
  virtual std::string of_power(const Expr& x) const = 0;
  virtual std::string of_negative(const Expr& x) const = 0;
  virtual std::string of_transpose(const Expr& x) const = 0;
  virtual std::string of_call(const Expr& x) const = 0;
  virtual std::string of_big(const Expr& x) const = 0;
  virtual std::string of_range(const Expr& x) const = 0;
  virtual std::string of_bracket(const Expr& x) const = 0;
  virtual std::string of_comparison(const Expr& x) const = 0;
  virtual std::string of_logic(const Expr& x) const = 0;
  virtual std::string of_choice(const Expr& x) const = 0;
  virtual std::string of_norm(const Expr& x) const = 0;
  virtual std::string of_absolute(const Expr& x) const = 0;
  virtual std::string of_list(const Expr& x) const = 0;
  virtual std::string of_slice(const Expr& x) const = 0;
  virtual std::string of_derivative(const Expr& x) const = 0;

  bool needs_parentheses(const Expr& x, size_t k) const;
};

// Whether it is the inverse of a matrix, which is written A⁻¹.
bool is_inverse(const Expr& x);
// Whether the factors k and k + 1 of a product are u and 1 − u, which are written together.
bool is_with_complement(const Expr& product, size_t k);
// Whether the sign between the factors k and k + 1 stands apart from them.
bool is_spaced(const Expr& product, size_t k);
// The digits of a number: `1e-5`, `0.25`; of its magnitude.
std::string digits(double value);
// A literal exponent as a fraction of small whole numbers, `-1/2`; empty where it is none.
std::string small_fraction(double value);

// Unicode: `1/batch · Σ (ŷ − y)·a₁`.
std::string text(const Expr& x);
std::string text(const Equation& equation);
// LaTeX's mathematics. An equation has an `&` before its first sign, for align*.
std::string latex(const Expr& x);
std::string latex(const Equation& equation);
// Presentation MathML (Core), https://www.w3.org/TR/mathml-core/: one element.
std::string mathml(const Expr& x);
std::string mathml(const Equation& equation);
// What stands behind the left side of an equation, as elements.
std::string mathml_right(const Equation& equation);

}  // namespace gradus::formula
