#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/formula/expr.h"

// Reads the text of formulas back, as a reader does who knows how tightly the signs bind: from
// loosest to tightest `if`, or, and, not, comparisons, + and −, ⊙, · and / and Σ, powers, ᵀ and
// entries. Names are single letters.
namespace gradus::test {

class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}

  formula::Expr read() {
    const formula::Expr all = choice();
    if (!rest_.empty()) throw std::runtime_error("left over: " + std::string(rest_));
    return all;
  }

 private:
  using Expr = formula::Expr;

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  bool next_is(std::string_view sign) const { return rest_.substr(0, sign.size()) == sign; }
  bool take(std::string_view sign) {
    if (!next_is(sign)) return false;
    rest_.remove_prefix(sign.size());
    return true;
  }
  void expect(std::string_view sign) {
    if (!take(sign))
      throw std::runtime_error("no " + std::string(sign) + ": " + std::string(rest_));
  }

  Expr choice() {
    if (!take("if ")) return disjunction();
    const Expr condition = disjunction();
    expect(" then ");
    const Expr then = disjunction();
    expect(" else ");
    return formula::choice(condition, then, choice());
  }

  Expr disjunction() {
    std::vector<Expr> parts = {conjunction()};
    while (take(" or ")) parts.push_back(conjunction());
    return parts.size() == 1 ? parts[0] : formula::logic("or", parts);
  }

  Expr conjunction() {
    std::vector<Expr> parts = {negation()};
    while (take(" and ")) parts.push_back(negation());
    return parts.size() == 1 ? parts[0] : formula::logic("and", parts);
  }

  Expr negation() { return take("not ") ? formula::logic("not", {comparison()}) : comparison(); }

  Expr comparison() {
    const Expr left = sum();
    for (std::string_view sign : {"<", "≤", ">", "≥", "=", "≠"}) {
      if (take(" " + std::string(sign) + " ")) return formula::comparison(left, sign, sum());
    }
    return left;
  }

  Expr sum() {
    std::vector<Expr> terms = {term()};
    while (true) {
      if (take(" + ")) {
        terms.push_back(term());
      } else if (take(" − ")) {
        terms.push_back(formula::negative(term()));
      } else {
        return terms.size() == 1 ? terms[0] : formula::sum(terms);
      }
    }
  }

  Expr term() {
    if (take("−")) return formula::negative(term());
    std::vector<Expr> parts = {product()};
    while (take(" ⊙ ")) parts.push_back(product());
    return parts.size() == 1 ? parts[0] : formula::hadamard(parts);
  }

  // · and / bind alike, from the left; Σ takes all that follows, up to + and −.
  Expr product() {
    Expr left = factor();
    while (true) {
      if (take(" · ") || take("·") || next_is("(")) {
        left = formula::product({left, factor()});
      } else if (take("/")) {
        left = formula::quotient(left, power());
      } else {
        return left;
      }
    }
  }

  Expr factor() { return take("Σ ") ? formula::big("Σ", term()) : power(); }

  Expr power() {
    const Expr base = postfix();
    if (take("²")) return formula::power(base, formula::number(2));
    if (take("³")) return formula::power(base, formula::number(3));
    if (take("^")) return formula::power(base, atom());
    return base;
  }

  Expr postfix() {
    Expr x = atom();
    while (true) {
      if (take("ᵀ")) {
        x = formula::transpose(x);
      } else if (take("[")) {
        x = formula::entry(x, {choice()});
        expect("]");
      } else {
        return x;
      }
    }
  }

  Expr atom() {
    if (take("(")) return closed(")");
    if (take("[")) return formula::bracket(closed("]"));
    if (take("√")) return formula::call("sqrt", {atom()});
    if (take("exp(")) return formula::call("exp", {closed(")")});
    if (rest_.empty()) throw std::runtime_error("ends too early");
    const char first = rest_[0];
    rest_.remove_prefix(1);
    if (is_digit(first)) {
      double value = first - '0';
      for (; !rest_.empty() && is_digit(rest_[0]); rest_.remove_prefix(1)) {
        value = 10 * value + (rest_[0] - '0');
      }
      return formula::number(value);
    }
    if (first < 'a' || first > 'z') throw std::runtime_error("no name: " + std::string(rest_));
    return formula::word(std::string_view(&first, 1));
  }

  Expr closed(std::string_view end) {
    const Expr inner = choice();
    expect(end);
    return inner;
  }

  std::string_view rest_;
};

}  // namespace gradus::test
