#include "compiler/formula/notation.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace gradus::formula {
namespace {

// How tightly a formula holds together.
enum class Binding : int {
  choice,
  disjunction,
  conjunction,
  negation,
  comparison,
  sum,
  hadamard,
  product,
  power,
  postfix,
  atom,
};

Binding binding(const Expr& x) {
  switch (x->kind) {
    case Kind::choice:
      return Binding::choice;
    case Kind::logic:
      if (x->word == "or") return Binding::disjunction;
      return x->word == "and" ? Binding::conjunction : Binding::negation;
    case Kind::comparison:
      return Binding::comparison;
    case Kind::sum:
    case Kind::negative:
      return Binding::sum;
    case Kind::hadamard:
      return Binding::hadamard;
    case Kind::product:
    case Kind::quotient:
    case Kind::big:
      return Binding::product;
    case Kind::power:
      return Binding::power;
    case Kind::transpose:
    case Kind::entry:
      return Binding::postfix;
    case Kind::number:
      return x->value < 0 ? Binding::sum : Binding::atom;
    case Kind::call:
      if (is_inverse(x)) return Binding::postfix;
      return x->word == "sqrt" ? Binding::power : Binding::atom;  // √a
    case Kind::name:
    case Kind::bracket:
    case Kind::norm:
    case Kind::absolute:
    case Kind::list:
    case Kind::slice:
    case Kind::range:
      return Binding::atom;
    case Kind::derivative:
      return Binding::product;
  }
  std::abort();
}

// Σ takes all factors to its right, so it may stand last alone; `if` takes everything.
bool is_open_on_the_right(const Expr& x) {
  if (x.is(Kind::big) || x.is(Kind::choice)) return true;
  if (x.is(Kind::product)) return is_open_on_the_right(x->parts.back());
  return false;
}

}  // namespace

bool Notation::needs_parentheses(const Expr& x, size_t k) const {
  const Expr& part = x[k];
  const Binding inner = binding(part);
  const bool is_last = k + 1 == x->parts.size();
  // ∂J/∂w reads as one where it stands in a product; its entries are ∂J/∂w[i].
  if (part.is(Kind::derivative) && (x.is(Kind::entry) || x.is(Kind::hadamard))) return false;
  switch (x->kind) {
    case Kind::sum:
      // A negative part loses its sign to the sum.
      return inner < Binding::sum || (part.is(Kind::negative) && part[0].is(Kind::sum));
    case Kind::negative:
      return inner <= Binding::sum;
    case Kind::hadamard:
      return inner <= Binding::product && !(draws_fractions() && part.is(Kind::quotient));
    case Kind::product:
      if (part.is(Kind::big)) return !is_last;
      if (part.is(Kind::quotient)) return k > 0 && !draws_fractions();
      return inner < Binding::product;
    case Kind::quotient:
      if (draws_fractions()) return false;
      return k == 0 ? inner < Binding::product || is_open_on_the_right(part)
                    : inner <= Binding::product;
    case Kind::power:
      return k == 0 ? inner <= Binding::power || part.is(Kind::transpose) || is_inverse(part)
                    : !draws_fractions() && inner < Binding::atom;
    case Kind::transpose:
      return inner < Binding::postfix || part.is(Kind::transpose);
    case Kind::entry:
      return k == 0 && (inner < Binding::postfix || part.is(Kind::number));
    case Kind::big:
      return k == 0 && inner <= Binding::sum;
    case Kind::comparison:
      return inner <= Binding::comparison;
    case Kind::logic:
      return inner <= binding(x);
    case Kind::choice:
      return k < 2 && inner == Binding::choice;
    case Kind::call:
      // Of an inverse's transpose, A⁻ᵀ, the inverse is not written by itself.
      return is_inverse(x) &&
             (inner < Binding::postfix || part.is(Kind::transpose) || is_inverse(part));
    case Kind::number:
    case Kind::name:
    case Kind::bracket:
    case Kind::norm:
    case Kind::absolute:
    case Kind::list:
    case Kind::slice:
    case Kind::range:
    case Kind::derivative:
      return false;
  }
  std::abort();
}

std::string Notation::part(const Expr& x, size_t k) const {
  const std::string inner = written(x[k]);
  return needs_parentheses(x, k) ? in_parentheses(inner) : inner;
}

std::string Notation::commas(const Expr& x, size_t k) const {
  std::string out;
  for (size_t j = k; j < x->parts.size(); ++j) {
    if (j > k) out += ", ";
    out += part(x, j);
  }
  return out;
}

std::string Notation::written(const Expr& x) const {
  switch (x->kind) {
    case Kind::number:
      return of_number(x->value);
    case Kind::name:
      return of_name(x->symbol);
    case Kind::entry:
      return of_entry(x);
    case Kind::sum:
      return of_sum(x);
    case Kind::product:
      return of_product(x);
    case Kind::hadamard:
      return of_hadamard(x);
    case Kind::quotient:
      return of_quotient(x);
    case Kind::power:
      return of_power(x);
    case Kind::negative:
      return of_negative(x);
    case Kind::transpose:
      return of_transpose(x);
    case Kind::call:
      return of_call(x);
    case Kind::big:
      return of_big(x);
    case Kind::range:
      return of_range(x);
    case Kind::bracket:
      return of_bracket(x);
    case Kind::comparison:
      return of_comparison(x);
    case Kind::logic:
      return of_logic(x);
    case Kind::choice:
      return of_choice(x);
    case Kind::norm:
      return of_norm(x);
    case Kind::absolute:
      return of_absolute(x);
    case Kind::list:
      return of_list(x);
    case Kind::slice:
      return of_slice(x);
    case Kind::derivative:
      return of_derivative(x);
  }
  std::abort();
}

bool is_inverse(const Expr& x) { return x.is(Kind::call) && x->word == "inv"; }

bool is_with_complement(const Expr& product, size_t k) {
  const Expr& u = product[k];
  const Expr& rest = product[k + 1];
  const bool stands_alone = u.is(Kind::name) || (u.is(Kind::call) && u->words.empty());
  return stands_alone && rest.is(Kind::sum) && rest->parts.size() == 2 && rest[0].is_number(1) &&
         rest[1].is(Kind::negative) && rest[1][0] == u;
}

bool is_spaced(const Expr& product, size_t k) {
  const auto is_wide = [](const Expr& x) {
    return x.is(Kind::quotient) || x.is(Kind::big) || x.is(Kind::derivative);
  };
  return is_wide(product[k]) || is_wide(product[k + 1]);
}

std::string digits(double value) {
  if (std::isinf(value)) return "inf";
  std::string out = fmt::format("{}", std::fabs(value));
  // 1e-05 is written 1e-5.
  if (const size_t e = out.find('e'); e != std::string::npos) {
    size_t first = e + 2;
    while (first + 1 < out.size() && out[first] == '0') out.erase(first, 1);
    if (out[e + 1] == '+') out.erase(e + 1, 1);
  }
  return out;
}

std::string small_fraction(double value) {
  for (int bottom = 1; bottom <= 9; ++bottom) {
    const double top = value * bottom;
    if (top != std::trunc(top) || std::fabs(top) > 99) continue;
    if (bottom == 1) return fmt::format("{:.0f}", top);
    return fmt::format("{:.0f}/{}", top, bottom);
  }
  return "";
}

}  // namespace gradus::formula
