// Identities of single operators, and what is known when compiling.
#include <algorithm>
#include <cmath>

#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using namespace patterns;  // NOLINT(google-build-using-namespace): rules read like formulas
constexpr Exactness exact = Exactness::exact;
constexpr Exactness rounding = Exactness::rounding;

bool x_is_finite(Rewriter& rewriter, const Match& match) {
  return rewriter.facts[match['x']].finite;
}
bool x_is_nonnegative(Rewriter& rewriter, const Match& match) {
  return rewriter.facts[match['x']].nonnegative();
}
bool x_is_at_least_y(Rewriter& rewriter, const Match& match) {
  return rewriter.facts[match['x']].least >= rewriter.facts[match['y']].largest &&
         rewriter.facts[match['y']].finite;
}
bool x_is_at_most_y(Rewriter& rewriter, const Match& match) {
  return rewriter.facts[match['x']].largest <= rewriter.facts[match['y']].least &&
         rewriter.facts[match['y']].finite;
}

// A number is worth folding where it is as short as what it replaces: 2 · 3, not log 2.
bool is_short(double value) {
  return std::isfinite(value) && std::nearbyint(value * 64) == value * 64 &&
         std::fabs(value) < 1e15;
}

// An operator of literals.
Value fold(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  double operands[3] = {0, 0, 0};
  for (size_t k = 0; k < node.operands.size(); ++k) {
    const Node& operand = rewriter[node.operands[k]];
    if (operand.op != Op::constant) return {};
    operands[k] = std::get<Literal>(operand.attributes).value;
  }
  const double result = map_of(node.op).value(operands[0], operands[1], operands[2]);
  if (node.type.element == Element::boolean) return rewriter.graph.boolean(result != 0);
  if (node.type.element != Element::real || !is_short(result)) return {};
  return rewriter.graph.constant(result);
}

// A broadcast scalar among operands of the full shape is the scalar.
Value repeated_scalar(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  std::vector<Value> operands = node.operands;
  int full = 0;
  for (Value& operand : operands) {
    const bool scalar = rewriter.op(operand) == Op::view &&
                        rewriter.rank(rewriter.operand(operand)) == 0 &&
                        !std::get<View>(rewriter[operand].attributes).fill;
    if (scalar) {
      operand = rewriter.operand(operand);
    } else if (rewriter.rank(operand) != 0) {
      ++full;
    }
  }
  if (operands == node.operands) return {};
  const Value result = rewriter.graph.map(node.op, std::move(operands));
  return full > 0 ? result : rewriter.graph.full(result, node.type.shape);
}

// What stands under a root in a denominator, as the slope of a root has it.
Value under_root(Rewriter& rewriter, Value denominator) {
  for (const Factor& factor : product_of(rewriter, denominator).factors) {
    if (rewriter.op(factor.base) == Op::sqrt) return rewriter.operand(factor.base);
  }
  return {};
}

// x/y that is 0 where both are. Where what is under a root can not be negative, 0 is its least
// value: its own slope is 0 there, and so is what the chain rule makes of both, though the root's
// is infinite.
Value slope_of_root(Rewriter& rewriter, Value value) {
  Graph& graph = rewriter.graph;
  const std::vector<Value> operands = rewriter[value].operands;
  if (rewriter.facts[operands[1]].nonzero()) return graph.map(Op::div, operands);
  const Value root = under_root(rewriter, operands[1]);
  if (root.valid() && rewriter.facts[root].nonnegative()) return graph.map(Op::div0, operands);
  if (rewriter.facts[operands[0]].nonzero()) return graph.map(Op::div, operands);
  return {};
}

// Numbers in front of either side stand in front of the quotient.
Value constants_of_ratio(Rewriter& rewriter, Value value) {
  Product top = product_of(rewriter, rewriter.operand(value, 0));
  Product bottom = product_of(rewriter, rewriter.operand(value, 1));
  const Product above = take_constants(rewriter, top);
  Product front = take_constants(rewriter, bottom);
  if ((is_one(above) && is_one(front)) || above.top == 0 || front.top == 0) return {};
  std::swap(front.top, front.bottom);
  for (Factor& factor : front.factors) factor.power = -factor.power;
  front = times(above, front);
  const Shape& shape = rewriter.shape(value);
  front.factors.push_back(
      {rewriter.graph.map(Op::ratio, {build(rewriter, top, shape), build(rewriter, bottom, shape)}),
       1});
  return build(rewriter, front, shape);
}

bool is_empty(const Shape& shape) {
  return std::find(shape.begin(), shape.end(), Dim(0)) != shape.end();
}

// Zeros, where there are no entries, or none to sum.
Value of_nothing(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (node.type.element != Element::real) return {};
  bool nothing = is_empty(node.type.shape);
  if (node.op == Op::reduce_sum) nothing |= is_empty(rewriter.shape(node.operands[0]));
  if (node.op == Op::det || node.op == Op::logdet) return {};  // of matrices without entries: 1, 0
  if (node.op == Op::contract) {
    nothing |= is_empty(std::get<Contraction>(node.attributes).extents);
  }
  if (!nothing) return {};
  return rewriter.graph.full(rewriter.graph.constant(0), node.type.shape);
}

std::vector<Op> everything() {
  std::vector<Op> ops;
  for (size_t op = 0; op < op_count; ++op) {
    if (!is_leaf(static_cast<Op>(op))) ops.push_back(static_cast<Op>(op));
  }
  return ops;
}

std::vector<Op> elementwise() {
  std::vector<Op> ops;
  for (const Map& row : maps()) ops.push_back(row.op);
  return ops;
}

std::vector<Rule> make_table() {
  return {
      rule("of no entries", everything(), of_nothing, "sum(x) over nothing", "0", exact),
      rule("arithmetic of numbers", elementwise(), fold, "2 + 3", "5", exact),
      rule("a number among tensors", elementwise(), repeated_scalar, "x + repeated(c)", "x + c",
           exact, Stage::recognise),
      rule("first power", pow(x, 1), x, exact),
      rule("power of 0", pow(x, 0), 1, exact),  // IEEE 754: of NaN too
      rule("power of 1", pow(1, x), 1, exact, Stage::simplify, {x_is_finite, "x is finite"}),
      rule("slope of a root", {Op::ratio}, slope_of_root, "x / y, and 0 for 0 / 0", "x / y", exact,
           Stage::simplify, "y is not 0, or x is not"),
      rule("constants of a quotient", {Op::ratio}, constants_of_ratio, "ratio(c * x, k * y)",
           "c / k * ratio(x, y)", rounding),
      rule("root", pow(x, 0.5), sqrt(x), rounding, Stage::recognise),
      rule("root of a square", sqrt(x * x), abs(x), rounding, Stage::recognise),
      rule("root of a square", sqrt(pow(x, 2)), abs(x), rounding, Stage::recognise),
      rule("square of a root", pow(sqrt(x), 2), x, rounding, Stage::simplify,
           {x_is_nonnegative, "x is at least 0"}),
      rule("absolute value", abs(-x), abs(x), exact),
      rule("absolute value", abs(x), x, exact, Stage::simplify,
           {x_is_nonnegative, "x is at least 0"}),
      rule("of equal operands", max(x, x), x, exact),
      rule("of equal operands", min(x, x), x, exact),
      rule("maximum of ordered values", max(x, y), x, exact, Stage::simplify,
           {x_is_at_least_y, "x is at least y, y finite"}),
      rule("minimum of ordered values", min(x, y), x, exact, Stage::simplify,
           {x_is_at_most_y, "x is at most y, y finite"}),
      rule("hyperbolic tangent", sinh(x) / cosh(x), tanh(x), rounding),
      rule("even function", cos(-x), cos(x), exact),
      rule("even function", cosh(-x), cosh(x), exact),
      rule("odd function", sin(-x), -sin(x), exact),
      rule("odd function", tanh(-x), -tanh(x), exact),
      rule("odd function", sinh(-x), -sinh(x), exact),
      rule("odd function", erf(-x), -erf(x), exact),
      rule("odd function", sign(-x), -sign(x), exact),
  };
}

}  // namespace

std::span<const Rule> identity_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
