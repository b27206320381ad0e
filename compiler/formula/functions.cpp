// Elementwise operators as formulas.

#include "compiler/formula/reader.h"

namespace gradus::formula {

std::string_view Reader::comparison_sign(Op op) {
  if (op == Op::lt) return "<";
  if (op == Op::le) return "≤";
  if (op == Op::gt) return ">";
  if (op == Op::ge) return "≥";
  if (op == Op::eq) return "=";
  if (op == Op::ne) return "≠";
  return {};
}

// An operator that is not mentioned here is a function of its name in the language.
Expr Reader::applied(Op op, std::vector<Expr> x) const {
  if (auto sign = comparison_sign(op); !sign.empty()) return comparison(x[0], sign, x[1]);
  if (op == Op::neg) return negative(x[0]);
  if (op == Op::add) return sum({x[0], x[1]});
  if (op == Op::sub) return sum({x[0], negative(x[1])});
  if (op == Op::mul) return product({x[0], x[1]});
  if (op == Op::div || op == Op::div0 || op == Op::ratio) return quotient(x[0], x[1]);
  if (op == Op::pow) return power(x[0], x[1]);
  if (op == Op::abs) return absolute(x[0]);
  if (op == Op::sigmoid) return call(names_.is_taken("σ") ? "sigmoid" : "σ", std::move(x));
  if (op == Op::polygamma) {
    if (x[0].is_number(0)) return call("ψ", {x[1]});
    return call("polygamma", std::move(x));
  }
  if (op == Op::logical_and) return logic("and", std::move(x));
  if (op == Op::logical_or) return logic("or", std::move(x));
  if (op == Op::logical_not) return negation(x[0]);
  if (op == Op::select) return choice(x[0], x[1], x[2]);
  if (op == Op::to_real || op == Op::stop_gradient) return x[0];
  return call(gradus::name(op), std::move(x));
}

}  // namespace gradus::formula
