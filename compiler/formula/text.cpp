// Formulas in Unicode, on one line.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "compiler/formula/notation.h"

namespace gradus::formula {
namespace {

class Text : public Notation {
  std::string in_parentheses(const std::string& inner) const override { return "(" + inner + ")"; }

  std::string of_number(double value) const override {
    if (std::isnan(value)) return "nan";
    const std::string magnitude = std::isinf(value) ? "∞" : digits(value);
    return std::signbit(value) ? "−" + magnitude : magnitude;
  }

  std::string of_name(const Symbol& symbol) const override { return text(symbol); }

  std::string of_entry(const Expr& x) const override {
    return fmt::format("{}[{}]", part(x, 0), commas(x, 1));
  }

  std::string of_sum(const Expr& x) const override {
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) {
      if (x[k].is(Kind::negative)) {
        out += " − " + part(x[k], 0);
      } else if (x[k].is(Kind::number) && x[k]->value < 0) {
        out += " − " + of_number(-x[k]->value);
      } else {
        out += " + " + part(x, k);
      }
    }
    return out;
  }

  std::string of_product(const Expr& x) const override {
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) {
      if (!is_with_complement(x, k - 1)) out += is_spaced(x, k - 1) ? " · " : "·";
      out += part(x, k);
    }
    return out;
  }

  std::string of_hadamard(const Expr& x) const override {
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) out += " ⊙ " + part(x, k);
    return out;
  }

  std::string of_quotient(const Expr& x) const override { return part(x, 0) + "/" + part(x, 1); }

  std::string of_power(const Expr& x) const override {
    if (x[1].is(Kind::number)) {
      if (x[1]->value == 0.5) return "√" + root(x);
      const std::string plain = small_fraction(x[1]->value);
      if (!plain.empty()) return part(x, 0) + superscripts(plain);
    }
    return part(x, 0) + "^" + part(x, 1);
  }

  // What stands under a root: a name as it is, else in parentheses.
  std::string root(const Expr& x) const {
    const bool bare = x[0].is(Kind::name) || (x[0].is(Kind::number) && x[0]->value >= 0);
    return bare ? written(x[0]) : in_parentheses(written(x[0]));
  }

  std::string of_negative(const Expr& x) const override { return "−" + part(x, 0); }
  std::string of_transpose(const Expr& x) const override {
    return is_inverse(x[0]) ? part(x[0], 0) + "⁻ᵀ" : part(x, 0) + "ᵀ";
  }

  std::string of_call(const Expr& x) const override {
    if (is_inverse(x)) return part(x, 0) + "⁻¹";
    if (x->word == "sqrt") return "√" + root(x);
    std::string out = x->word + "(";
    const size_t plain = x->parts.size() - x->words.size();
    for (size_t k = 0; k < x->parts.size(); ++k) {
      if (k > 0) out += ", ";
      if (k >= plain) out += x->words[k - plain] + " = ";
      out += part(x, k);
    }
    return out + ")";
  }

  std::string of_big(const Expr& x) const override {
    std::string bound;
    if (x->parts.size() == 2 && x[1].is(Kind::name)) bound = subscripts(written(x[1]));
    if (bound.empty() && x->parts.size() > 1) bound = fmt::format("_{{{}}}", commas(x, 1));
    return x->word + bound + " " + part(x, 0);
  }

  std::string of_range(const Expr& x) const override { return part(x, 0) + " in 0.." + part(x, 1); }

  std::string of_bracket(const Expr& x) const override { return "[" + part(x, 0) + "]"; }

  std::string of_comparison(const Expr& x) const override {
    return part(x, 0) + " " + x->word + " " + part(x, 1);
  }

  std::string of_logic(const Expr& x) const override {
    if (x->word == "not") return "not " + part(x, 0);
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) out += " " + x->word + " " + part(x, k);
    return out;
  }

  std::string of_choice(const Expr& x) const override {
    return fmt::format("if {} then {} else {}", part(x, 0), part(x, 1), part(x, 2));
  }

  std::string of_norm(const Expr& x) const override { return "‖" + part(x, 0) + "‖"; }
  std::string of_absolute(const Expr& x) const override { return "|" + part(x, 0) + "|"; }
  std::string of_list(const Expr& x) const override { return "[" + commas(x) + "]"; }

  std::string of_slice(const Expr& x) const override {
    std::string out = x[0].valid() ? part(x, 0) : "";
    out += ":";
    if (x[1].valid()) out += part(x, 1);
    if (x[2].valid()) out += ":" + part(x, 2);
    return out;
  }

  std::string of_derivative(const Expr& x) const override {
    return fmt::format("∂{}/∂{}", written(x[0]), written(x[1]));
  }
};

}  // namespace

std::string text(const Expr& x) { return Text()(x); }

std::string text(const Equation& equation) {
  std::string out = text(equation.left);
  for (const Expr& side : equation.right) {
    out += side.is_condition() ? " = (" + text(side) + ")" : " = " + text(side);
  }
  const auto& rounds = equation.rounds;
  for (size_t k = 0; k < rounds.size(); k += 3) {
    out +=
        fmt::format(", {} = {}, …, {}", text(rounds[k]), text(rounds[k + 1]), text(rounds[k + 2]));
  }
  return out;
}

}  // namespace gradus::formula
