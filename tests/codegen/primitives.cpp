#include <catch2/catch.hpp>
#include <cmath>

#include "tests/codegen/reference.h"

namespace gradus::codegen {
namespace {

using kernel::ExprId;
using kernel::Role;
using kernel::Scalar;

// Arguments with all that is special about numbers, in every pair.
Entries arguments() {
  return {0,    -0.0, 0.5, -0.5,   1,        -1,        2,   -2.5,   3,   7.25,
          -7.5, 10,   100, -1e-3f, INFINITY, -INFINITY, NAN, 1e-30f, -88, 1.5};
}

bool takes_booleans(Op op, size_t operand) {
  return op == Op::logical_and || op == Op::logical_or || op == Op::logical_not ||
         (op == Op::select && operand == 0);
}

// All pairs of arguments through one operator; a third operand repeats the first.
void check_operator(const Map& row, Scalar real) {
  const Entries values = arguments();
  const auto count = static_cast<int64_t>(values.size());
  Builder b(real);
  const int x = b.buffer(count);
  const int out = row.result == Result::boolean ? b.buffer(count * count, Role::output, Scalar::u8)
                                                : b.output(count * count);
  const int i = b.loop(count);
  const int j = b.loop(count);
  const ExprId first = b.load(x, at({{i, 1}}));
  const ExprId second = b.load(x, at({{j, 1}}));
  std::vector<ExprId> operands;
  for (int k = 0; k < row.arity; ++k) {
    const ExprId one = k == 0 ? second : k == 1 ? first : second;
    const bool truth = takes_booleans(row.op, static_cast<size_t>(k));
    operands.push_back(truth ? b.map(Op::gt, {one, b.literal(0.75)}) : one);
  }
  if (row.op == Op::polygamma) operands = {b.literal(1), second};
  const ExprId value = b.map(row.op, operands);
  b.nest({serial(i, {vector(j, {b.store(out, at({{i, count}, {j, 1}}), value)})})});
  INFO(row.name << (real == Scalar::f32 ? ", f32" : ", f64"));
  const Entries results(static_cast<size_t>(count * count), 0);
  check(b.plan, {values, results}, real == Scalar::f32 ? 1e-6 : 1e-13);
}

TEST_CASE("every elementwise operator on special numbers", "[primitives]") {
  for (const Map& row : maps()) {
    if (row.op == Op::to_real) continue;  // its operands are of other types
    check_operator(row, Scalar::f32);
    check_operator(row, Scalar::f64);
  }
}

TEST_CASE("operators on integers", "[primitives]") {
  const int64_t n = 37;
  Builder b;
  const int x = b.buffer(n, Role::input, Scalar::i32);
  const int out = b.output(n);
  const int flags = b.buffer(n, Role::output, Scalar::u8);
  const int i = b.loop(n);
  const auto loaded = b.load(x, at({{i, 1}}));
  const auto place = b.position(at({{i, 2}}, 1));
  b.nest({vector(
      i, {b.store(out, at({{i, 1}}),
                  b.map(Op::add, {b.map(Op::to_real, {loaded}), b.map(Op::to_real, {place})})),
          b.store(flags, at({{i, 1}}), b.map(Op::lt, {loaded, place}))})});
  check(b.plan, {whole_numbers(n, 60, 1), numbers(n, 2), whole_numbers(n, 2, 3)}, 0);
}

TEST_CASE("powers with constant exponents", "[primitives]") {
  const Entries values = arguments();
  const auto n = static_cast<int64_t>(values.size());
  for (const Scalar real : {Scalar::f32, Scalar::f64}) {
    for (const double exponent : {0.0, 0.5, 1.0, 2.0, 3.0, -1.0, 2.5, -2.0, -0.5}) {
      Builder b(real);
      const int x = b.buffer(n);
      const int out = b.output(n);
      const int i = b.loop(n);
      const auto value = b.map(Op::pow, {b.load(x, at({{i, 1}})), b.literal(exponent)});
      b.nest({vector(i, {b.store(out, at({{i, 1}}), value)})});
      INFO("exponent " << exponent);
      check(b.plan, {values, Entries(values.size(), 0)}, real == Scalar::f32 ? 1e-6 : 1e-14);
    }
  }
}

}  // namespace
}  // namespace gradus::codegen
