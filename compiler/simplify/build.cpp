// Products and sums back to nodes.
#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

// The axes of the product's shape that a factor varies along; none for all of them.
using Support = std::optional<std::vector<int>>;

Support support_of(const Rewriter& rewriter, Value base, size_t rank) {
  if (rewriter.rank(base) == 0) return rank == 0 ? Support{} : Support{std::vector<int>{}};
  Support axes = as_broadcast(rewriter.graph, base);
  return axes && axes->size() == rank ? std::nullopt : axes;
}

// Factors that vary along the same axes, in the shape of these axes alone.
struct Group {
  Support support;
  std::vector<Factor> factors;
};

class Building {
 public:
  Building(Rewriter& rewriter, const Shape& shape)
      : rewriter_(rewriter), graph_(rewriter.graph), shape_(shape) {}

  Value product(Product product) {
    const Product constants = take_constants(rewriter_, product);
    std::vector<Group> groups = grouped(product.factors);
    merge_nested(groups);
    Value front = product_of_powers(constants, true);
    const Value below = product_of_powers(constants, false);
    bool negative = constants.top < 0;
    if (front.valid() && below.valid()) front = map(Op::div, {front, below});

    Value result;
    for (const Group& group : groups) multiply(result, group);
    if (!result.valid()) {  // no factor stands above the line: the constants do
      result = front.valid() ? signed_literal(front, negative) : graph_.constant(1);
      if (!front.valid() && below.valid()) result = map(Op::div, {result, below});
      divide_by_rest(result, groups);
    } else {
      divide_by_rest(result, groups);
      if (front.valid()) {
        result = map(Op::mul, {signed_literal(front, negative), result});
      } else if (below.valid()) {
        result = map(Op::div, {result, below});
      }
    }
    if (negative) result = negated(result);
    return shaped(result);
  }

  Value shaped(Value value) {
    return rewriter_.shape(value) == shape_ ? value : graph_.full(value, shape_);
  }

 private:
  Value map(Op op, std::vector<Value> operands) { return graph_.map(op, std::move(operands)); }

  Value negated(Value value) {
    if (auto number = rewriter_.literal(value)) return graph_.constant(-*number);
    return map(Op::neg, {value});
  }

  // A literal in front takes the sign: −2 · x, but −(x/n).
  Value signed_literal(Value front, bool& negative) {
    auto number = rewriter_.literal(front);
    if (!negative || !number) return front;
    negative = false;
    return graph_.constant(-*number);
  }

  Value raised(Value base, int power) {
    if (power == 1) return base;
    if (power == 2) return map(Op::mul, {base, base});
    return map(Op::pow, {base, graph_.constant(power)});
  }

  // The constants above or below the line, or nothing for 1. Without a sign.
  Value product_of_powers(const Product& constants, bool above) {
    const double number = std::fabs(above ? constants.top : constants.bottom);
    Value result;
    if (number != 1) result = graph_.constant(number);
    for (const Factor& factor : constants.factors) {
      if ((factor.power > 0) != above) continue;
      const Value power = raised(factor.base, std::abs(factor.power));
      result = result.valid() ? map(Op::mul, {result, power}) : power;
    }
    return result;
  }

  std::vector<Group> grouped(const std::vector<Factor>& factors) {
    std::vector<Group> groups;
    for (Factor factor : factors) {
      Support support = support_of(rewriter_, factor.base, shape_.size());
      if (support && rewriter_.rank(factor.base) != 0) {
        factor.base = rewriter_.operand(factor.base);
      }
      auto same = std::find_if(groups.begin(), groups.end(),
                               [&](const Group& group) { return group.support == support; });
      if (same == groups.end()) {
        groups.push_back({std::move(support), {factor}});
      } else {
        same->factors.push_back(factor);
      }
    }
    return groups;
  }

  Shape shape_of(const std::vector<int>& support) const {
    Shape shape;
    for (int axis : support) shape.push_back(shape_[axis]);
    return shape;
  }

  // Whether no factor stands above the line.
  static bool is_divisor(const Group& group) {
    return std::all_of(group.factors.begin(), group.factors.end(),
                       [](const Factor& factor) { return factor.power < 0; });
  }
  // A single divisor divides at the full shape, x/n; several are turned into one factor.
  static bool divides_alone(const Group& group) {
    return group.factors.size() == 1 && group.factors[0].power == -1;
  }

  // The product of a group's factors, where one stands above the line or several below.
  Value value_of(const Group& group) {
    Value result;
    for (const Factor& factor : group.factors) {
      if (factor.power < 0) continue;
      const Value power = raised(factor.base, factor.power);
      result = result.valid() ? map(Op::mul, {result, power}) : power;
    }
    if (!result.valid()) result = graph_.constant(1);
    for (const Factor& factor : group.factors) {
      for (int k = factor.power; k < 0; ++k) result = map(Op::div, {result, factor.base});
    }
    return result;
  }

  // What varies along fewer axes is multiplied into what varies along more, but not along all.
  void merge_nested(std::vector<Group>& groups) {
    for (size_t small = 0; small < groups.size(); ++small) {
      if (!groups[small].support) continue;
      for (size_t large = 0; large < groups.size(); ++large) {
        if (large == small || !groups[large].support) continue;
        const auto& inner = *groups[small].support;
        const auto& outer = *groups[large].support;
        if (!std::includes(outer.begin(), outer.end(), inner.begin(), inner.end())) continue;
        std::vector<int> axes;
        for (int axis : inner) {
          axes.push_back(
              static_cast<int>(std::find(outer.begin(), outer.end(), axis) - outer.begin()));
        }
        const bool alone = divides_alone(groups[small]);
        Value value = alone ? groups[small].factors[0].base : value_of(groups[small]);
        if (!inner.empty()) value = graph_.broadcast(value, shape_of(outer), axes);
        groups[large].factors.push_back({value, alone ? -1 : 1});
        groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(small));
        return merge_nested(groups);
      }
    }
  }

  Value widened(Value value, const Support& support) {
    return !support || support->empty() ? value : graph_.broadcast(value, shape_, *support);
  }

  void multiply(Value& result, const Group& group) {
    if (!group.support) {  // factors of full shape: divisors come last
      for (const Factor& factor : group.factors) {
        if (factor.power < 0) continue;
        const Value power = raised(factor.base, factor.power);
        result = result.valid() ? map(Op::mul, {result, power}) : power;
      }
      return;
    }
    if (divides_alone(group)) return;
    const Value value = widened(value_of(group), group.support);
    result = result.valid() ? map(Op::mul, {result, value}) : value;
  }

  void divide_by_rest(Value& result, const std::vector<Group>& groups) {
    for (const Group& group : groups) {
      if (group.support && !divides_alone(group)) continue;
      for (const Factor& factor : group.factors) {
        const Value base = widened(factor.base, group.support);
        for (int k = factor.power; k < 0; ++k) result = map(Op::div, {result, base});
      }
    }
  }

  Rewriter& rewriter_;
  Graph& graph_;
  const Shape& shape_;
};

}  // namespace

Value build(Rewriter& rewriter, const Product& product, const Shape& shape) {
  return Building(rewriter, shape).product(product);
}

Value build(Rewriter& rewriter, const Sum& sum, const Shape& shape) {
  Graph& graph = rewriter.graph;
  if (sum.empty()) return graph.full(graph.constant(0), shape);
  // The first term without a sign begins, so that a difference needs no negation.
  auto first =
      std::find_if(sum.begin(), sum.end(), [](const Product& term) { return term.top > 0; });
  if (first == sum.end()) first = sum.begin();
  // A term of scalars stays a scalar among larger ones.
  const auto shape_of = [&](const Product& term) {
    const bool scalar =
        std::all_of(term.factors.begin(), term.factors.end(),
                    [&](const Factor& factor) { return rewriter.rank(factor.base) == 0; });
    return scalar ? Shape{} : shape;
  };
  Value result = build(rewriter, *first, shape_of(*first));
  for (auto term = sum.begin(); term != sum.end(); ++term) {
    if (term == first) continue;
    Product magnitude = *term;
    magnitude.top = std::fabs(magnitude.top);
    const Op op = term->top < 0 ? Op::sub : Op::add;
    result = graph.map(op, {result, build(rewriter, magnitude, shape_of(*term))});
  }
  return Building(rewriter, shape).shaped(result);
}

}  // namespace gradus::rewriting
