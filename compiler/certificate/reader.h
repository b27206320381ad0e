#pragma once

#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "compiler/formula/expr.h"

namespace gradus::certificate {

// What the text can not be read as, with the place. Caught where a line is read.
struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The names that may stand in a formula, as they print.
using Known = std::set<std::string, std::less<>>;

// Reads the text of formulas back, as a reader does who knows how tightly the signs bind: from
// loosest to tightest `if`, or, and, not, comparisons, + and −, ⊙, · and / and Σ, powers, and
// last ᵀ, ⁻¹ and entries. A name with a round as its subscript, hₜ₊₁, is read as the entry h[t +
// 1].
class Reader {
 public:
  Reader(std::string_view text, const Known& known) : all_(text), rest_(text), known_(known) {}

  // The whole text; what is no formula throws Unreadable.
  formula::Expr formula();
  // `left = right` and maybe the rounds that it is about, `, t = time − 1, …, 0`.
  formula::Equation equation();

 private:
  using Expr = formula::Expr;

  bool next_is(std::string_view sign);
  bool take(std::string_view sign);
  bool touches(std::string_view sign) const { return rest_.starts_with(sign); }
  bool take_touching(std::string_view sign);
  bool next_is_word(std::string_view word);
  bool take_word(std::string_view word);
  void expect(std::string_view sign);
  [[noreturn]] void fail(const std::string& what) const;
  void skip_spaces();

  Expr choice();
  Expr disjunction();
  Expr conjunction();
  Expr negation();
  Expr comparison();
  Expr sum();
  Expr term();
  Expr product();
  Expr factor();
  bool take_big(std::string& operation, std::string& bound);
  Expr big(const std::string& operation, const std::string& bound);
  Expr bound_index();
  Expr power();
  Expr postfix();
  std::vector<Expr> indices();
  Expr index();
  Expr atom();
  Expr in_brackets();
  Expr named();
  Expr call(const std::string& function);
  Expr argument(std::vector<std::string>& keywords, bool is_first);
  Expr derivative();
  Expr number();
  bool complement_follows(const Expr& name);
  std::string_view take_name();
  Expr name_or_round(std::string_view name);
  Expr place(const std::string& spelt);
  std::vector<Expr> rounds();

  std::string_view all_;
  std::string_view rest_;
  const Known& known_;
  bool in_argument_ = false;  // where a list of one is no condition
};

// Where the round begins that stands behind a known name as its subscript, hₜ₊₁; 0 where none does.
size_t round_begin(std::string_view name, const Known& known);

// The name that a line `name = …`, `name[i, j] = …` or `nameₜ = …, t = 0, …, time − 1` defines;
// `∂J/∂w` of a derivative.
std::string defined_name(std::string_view line);

}  // namespace gradus::certificate
