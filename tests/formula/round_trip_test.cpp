// What is printed reads as what was meant.

#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "compiler/formula/notation.h"
#include "tests/formula/text_reader.h"

namespace gradus::formula {
namespace {

Expr some(int depth);

std::vector<Expr> several(int depth) {
  std::vector<Expr> parts;
  for (int k = *rc::gen::inRange(2, 4); k > 0; --k) parts.push_back(some(depth));
  return parts;
}

Expr condition(int depth) {
  const Expr left = some(depth);
  const Expr plain =
      comparison(left, *rc::gen::element<std::string_view>("<", "≥", "="), some(depth));
  switch (depth == 0 ? 0 : *rc::gen::inRange(0, 4)) {
    case 1:
      return logic("and", {condition(depth - 1), plain});
    case 2:
      return logic("or", {plain, condition(depth - 1)});
    case 3:
      return logic("not", {condition(depth - 1)});
    default:
      return plain;
  }
}

Expr some(int depth) {
  if (depth == 0) {
    return *rc::gen::inRange(0, 3) == 0
               ? number(*rc::gen::inRange(2, 9))
               : word(*rc::gen::element<std::string_view>("a", "b", "c", "x"));
  }
  switch (*rc::gen::inRange(0, 13)) {
    case 0:
      return sum(several(depth - 1));
    case 1:
      return product(several(depth - 1));
    case 2:
      return hadamard(several(depth - 1));
    case 3:
      return quotient(some(depth - 1), some(depth - 1));
    case 4:
      return power(some(depth - 1), *rc::gen::element(number(2), word("b"), number(3)));
    case 5:
      return negative(some(depth - 1));
    case 6:
      return transpose(some(depth - 1));
    case 7:
      return big("Σ", some(depth - 1));
    case 8:
      return choice(condition(depth - 1), some(depth - 1), some(depth - 1));
    case 9:
      return bracket(condition(depth - 1));
    case 10:
      return entry(some(depth - 1), {some(depth - 1)});
    case 11:
      return call(*rc::gen::element<std::string_view>("sqrt", "exp"), {some(depth - 1)});
    default:
      return some(depth - 1);
  }
}

TEST_CASE("a formula's text reads as the formula", "[notation]") {
  CHECK(rc::check([] {
    const std::string printed = text(some(4));
    // (Flattening and signs: what is read is printed the same, and so meant the same.)
    RC_ASSERT(text(test::TextReader(printed).read()) == printed);
  }));
  // And no two formulas that differ print alike.
  CHECK(rc::check([] {
    const Expr x = some(3);
    RC_LOG(text(x));
    RC_ASSERT(test::TextReader(text(x)).read() == x);
  }));
}

}  // namespace
}  // namespace gradus::formula
