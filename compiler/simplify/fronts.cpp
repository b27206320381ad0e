// Constants and signs are brought to the front of products and out of sums, one operator at a time,
// so that they meet. What they are taken from is kept as it is, with all that shares it.
#include <algorithm>
#include <cmath>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using patterns::rule;
constexpr Exactness rounding = Exactness::rounding;

// constants · rest, where rest is invalid for 1.
struct Front {
  Product constants;
  Value rest;
};

bool is_constant(Rewriter& rewriter, Value value) {
  return rewriter.rank(value) == 0 && rewriter.facts[value].constant;
}

Product inverse(Product product) {
  std::swap(product.top, product.bottom);
  for (Factor& factor : product.factors) factor.power = -factor.power;
  return product;
}

Front front_of(Rewriter& rewriter, Value value, bool open = false) {
  Front front;
  for (;; open = false) {
    if (is_constant(rewriter, value)) {
      front.constants = times(front.constants, product_of(rewriter, value, false));
      return front;
    }
    front.rest = value;
    if (rewriter.is_named(value) && !open) return front;
    const Node& node = rewriter[value];
    if (node.op == Op::neg) {
      front.constants.top = -front.constants.top;
    } else if (node.op == Op::mul && is_constant(rewriter, node.operands[1])) {
      front.constants = times(front.constants, product_of(rewriter, node.operands[1], false));
    } else if (node.op == Op::mul && is_constant(rewriter, node.operands[0])) {
      front.constants = times(front.constants, product_of(rewriter, node.operands[0], false));
      value = node.operands[1];
      continue;
    } else if (node.op == Op::div && is_constant(rewriter, node.operands[1])) {
      front.constants =
          times(front.constants, inverse(product_of(rewriter, node.operands[1], false)));
    } else {
      return front;
    }
    value = node.operands[0];
  }
}

// −(a − b) = b − a, also as a factor; invalid where no difference is at hand.
Value negated(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (rewriter.is_named(value) || is_constant(rewriter, value)) return {};
  if (node.op == Op::sub) return reversed(rewriter, value);
  if (node.op != Op::mul && node.op != Op::div) return {};
  for (int k : {0, 1}) {
    const Value side = node.operands[k];
    if (rewriter.op(side) != Op::sub || rewriter.is_named(side)) continue;
    if (is_constant(rewriter, side)) continue;
    std::vector<Value> operands = node.operands;
    operands[k] = reversed(rewriter, side);
    return rewriter.graph.map(node.op, std::move(operands));
  }
  return {};
}

// constants · value^power in normal form.
Value built(Rewriter& rewriter, Product constants, Value value, const Shape& shape, int power = 1) {
  merge_factors(rewriter, constants);
  if (value.valid() && constants.top < 0) {
    if (const Value other = negated(rewriter, value); other.valid()) {
      value = other;
      constants.top = -constants.top;
    }
  }
  if (value.valid()) constants.factors.push_back({value, power});
  return build(rewriter, constants, shape);
}

Value constants_in_front(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (node.op == Op::neg) {
    const Front front = front_of(rewriter, value, true);
    if (front.constants.top == 0) return {};
    return built(rewriter, front.constants, front.rest, node.type.shape);
  }
  const Front left = front_of(rewriter, node.operands[0]);
  const Front right = front_of(rewriter, node.operands[1]);
  if (left.constants.top == 0 || right.constants.top == 0) return {};
  const bool divides = node.op == Op::div;
  Product constants = times(left.constants, divides ? inverse(right.constants) : right.constants);
  if (left.rest.valid() && right.rest.valid()) {
    if (is_one(left.constants) && is_one(right.constants)) return {};
    merge_factors(rewriter, constants);
    const Value rest = rewriter.graph.map(node.op, {left.rest, right.rest});
    return built(rewriter, constants, rest, node.type.shape);
  }
  if (right.rest.valid()) {
    return built(rewriter, constants, right.rest, node.type.shape, divides ? -1 : 1);
  }
  return built(rewriter, constants, left.rest, node.type.shape);
}

// The value without a sign before it.
Value magnitude(Rewriter& rewriter, const Front& front, const Shape& shape) {
  Product constants = front.constants;
  constants.top = std::fabs(constants.top);
  if (front.rest.valid()) constants.factors.push_back({front.rest, 1});
  return build(rewriter, constants, shape);
}

// x + −y = x − y, −x + y = y − x, −x − y = −(x + y).
Value signs(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  const Front left = front_of(rewriter, node.operands[0]);
  const Front right = front_of(rewriter, node.operands[1]);
  if (left.constants.top >= 0 && right.constants.top >= 0) return {};
  const auto shape = [&](int k) { return rewriter.shape(node.operands[k]); };
  const bool first = left.constants.top < 0;
  const bool second = (right.constants.top < 0) != (node.op == Op::sub);
  Graph& graph = rewriter.graph;
  const Value x = first ? magnitude(rewriter, left, shape(0)) : node.operands[0];
  const Value y = right.constants.top < 0 ? magnitude(rewriter, right, shape(1)) : node.operands[1];
  if (first && second) return graph.map(Op::neg, {graph.map(Op::add, {x, y})});
  if (first) return graph.map(Op::sub, {y, x});
  return graph.map(second ? Op::sub : Op::add, {x, y});
}

bool same_magnitude(const Product& a, const Product& b) {
  const auto equal = [](const Factor& x, const Factor& y) {
    return x.base == y.base && x.power == y.power;
  };
  return std::fabs(a.top) == std::fabs(b.top) && a.bottom == b.bottom &&
         std::is_permutation(a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(),
                             equal);
}

// x/n + y/n = (x + y)/n. Signs are out of the way already.
Value common_constants(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  const Front left = front_of(rewriter, node.operands[0]);
  const Front right = front_of(rewriter, node.operands[1]);
  if (!left.rest.valid() || !right.rest.valid() || is_one(left.constants)) return {};
  if (left.constants.top <= 0 || !same_magnitude(left.constants, right.constants)) return {};
  const Value inner = rewriter.graph.map(node.op, {left.rest, right.rest});
  return built(rewriter, left.constants, inner, node.type.shape);
}

Value adding_zero(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  for (int k : {0, 1}) {
    if (rewriter.literal(node.operands[k]) != 0.0) continue;
    Value other = node.operands[1 - k];
    if (k == 0 && node.op == Op::sub) other = rewriter.graph.map(Op::neg, {other});
    return rewriter.graph.full(other, node.type.shape);
  }
  return {};
}

std::vector<Rule> make_table() {
  return {
      rule("adding zero", {Op::add, Op::sub}, adding_zero, "x + 0", "x", Exactness::exact),
      rule("constants in front", {Op::neg, Op::mul, Op::div}, constants_in_front,
           "x * (2 * y), x / n * y, -(x - y)", "2 * (x * y), (x * y) / n, y - x", rounding),
      rule("signs", {Op::add, Op::sub}, signs, "x + -y, -x + y, -x - y", "x - y, y - x, -(x + y)",
           Exactness::exact),
      rule("constant factor of a sum", {Op::add, Op::sub}, common_constants, "x / n + y / n",
           "(x + y) / n", rounding),
  };
}

}  // namespace

std::span<const Rule> front_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
