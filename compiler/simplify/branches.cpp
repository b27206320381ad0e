// Choices: `select` and logic.
#include <algorithm>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using namespace patterns;  // NOLINT(google-build-using-namespace): rules read like formulas
constexpr Exactness exact = Exactness::exact;

std::optional<bool> known(const Rewriter& rewriter, Value condition) {
  const Node& node = rewriter[condition];
  if (node.op == Op::view && !std::get<View>(node.attributes).fill) {
    return known(rewriter, node.operands[0]);
  }
  if (node.op != Op::constant) return std::nullopt;
  return std::get<Literal>(node.attributes).value != 0;
}

Value known_condition(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  const auto condition = known(rewriter, node.operands[0]);
  if (!condition) return {};
  return rewriter.graph.full(node.operands[*condition ? 1 : 2], node.type.shape);
}

Value known_logic(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  for (int k : {0, 1}) {
    const auto side = known(rewriter, node.operands[k]);
    if (!side) continue;
    const bool decides = *side == (node.op == Op::logical_or);
    const Value result = decides ? rewriter.graph.boolean(*side) : node.operands[1 - k];
    return rewriter.graph.full(result, node.type.shape);
  }
  return {};
}

// The axis whose index the entries are, counted from 0.
std::optional<int> index_of_axis(const Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (node.op == Op::iota) return 0;
  const bool is_read =
      node.op == Op::to_real || (node.op == Op::view && !std::get<View>(node.attributes).fill);
  const auto inner = is_read ? index_of_axis(rewriter, node.operands[0]) : std::nullopt;
  if (!inner || node.op == Op::to_real) return inner;
  return std::get<View>(node.attributes).map[*inner].plain();
}

// Whether among the indices of the folded axes there is one that equals the index of another axis,
// which has no more of them.
Value index_among_indices(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  Value condition = node.operands[0];
  const Shape& shape = rewriter.shape(condition);
  const auto* view = std::get_if<View>(&rewriter[condition].attributes);
  if (view != nullptr && rewriter[condition].op == Op::view && !view->fill) {
    condition = rewriter[condition].operands[0];
  } else {
    view = nullptr;
  }
  const Node& comparison = rewriter[condition];
  if (comparison.op != Op::le && comparison.op != Op::ge && comparison.op != Op::eq) return {};
  const auto compared = [&](int operand) {
    const auto axis = index_of_axis(rewriter, comparison.operands[operand]);
    return axis && view != nullptr ? view->map[*axis].plain() : axis;
  };
  auto kept = compared(0);
  auto folded = compared(1);
  if (!kept || !folded) return {};
  const std::vector<int>& axes = std::get<Axes>(node.attributes).axes;
  const auto is_folded = [&](int axis) {
    return std::find(axes.begin(), axes.end(), axis) != axes.end();
  };
  if (is_folded(*kept)) std::swap(kept, folded);
  if (is_folded(*kept) || !is_folded(*folded)) return {};
  // There are indices enough to compare with, and none where another folded axis is empty.
  for (int axis : axes) {
    if (axis != *folded && !(shape[axis] - Dim(1)).never_negative()) return {};
  }
  if (!(shape[*folded] - shape[*kept]).never_negative()) return {};
  return rewriter.graph.full(rewriter.graph.boolean(true), node.type.shape);
}

// Inside of a branch its condition is known. Looks through elementwise operators without a name,
// a few deep.
Value under(Rewriter& rewriter, Value value, Value condition, bool holds, int depth) {
  const Node& node = rewriter[value];
  if (!is_map(node.op) || depth == 0 || rewriter.is_named(value)) return value;
  if (node.op == Op::select && node.operands[0] == condition) {
    return under(rewriter, node.operands[holds ? 1 : 2], condition, holds, depth - 1);
  }
  std::vector<Value> operands = node.operands;
  for (Value& operand : operands) {
    if (rewriter.shape(operand) == node.type.shape) {
      operand = under(rewriter, operand, condition, holds, depth - 1);
    }
  }
  if (operands == node.operands) return value;
  return rewriter.graph.full(rewriter.graph.map(node.op, std::move(operands)), node.type.shape);
}

Value nested_condition(Rewriter& rewriter, Value value) {
  constexpr int deep = 4;
  const std::vector<Value> operands = rewriter[value].operands;
  const Value yes = under(rewriter, operands[1], operands[0], true, deep);
  const Value no = under(rewriter, operands[2], operands[0], false, deep);
  if (yes == operands[1] && no == operands[2]) return {};
  return rewriter.graph.full(rewriter.graph.map(Op::select, {operands[0], yes, no}),
                             rewriter.shape(value));
}

// A term of a sum that is 0 in one of the branches of a condition.
struct OneBranch {
  Value condition;
  int branch = 0;  // 1 or 2: where it is not 0
  size_t factor = 0;
};

// The condition's factor, where all others are finite for finite leaves, so that 0 times them is 0:
// what the branch that is not taken adds to a gradient.
std::optional<OneBranch> one_branch(Rewriter& rewriter, const Product& term) {
  std::optional<OneBranch> found;
  for (size_t k = 0; k < term.factors.size(); ++k) {
    const auto& [base, power] = term.factors[k];
    if (rewriter.op(base) == Op::select && power == 1 && !rewriter.is_named(base) && !found) {
      for (int branch : {1, 2}) {
        if (rewriter.literal(rewriter.operand(base, 3 - branch)) != 0.0) continue;
        found = OneBranch{rewriter.operand(base, 0), branch, k};
      }
      if (found) continue;
    }
    if (!rewriter.facts[base].finite && !rewriter.facts[base].defined) return std::nullopt;
  }
  return found;
}

// Terms that are 0 in the one and in the other branch of a condition are one choice.
Value terms_of_branches(Rewriter& rewriter, Value value) {
  Sum sum = sum_of(rewriter, value);
  const Shape& shape = rewriter.shape(value);
  for (size_t i = 0; i < sum.size(); ++i) {
    const auto first = one_branch(rewriter, sum[i]);
    if (!first || rewriter.shape(first->condition) != shape) continue;
    for (size_t j = i + 1; j < sum.size(); ++j) {
      const auto second = one_branch(rewriter, sum[j]);
      if (!second || second->condition != first->condition || second->branch == first->branch) {
        continue;
      }
      const auto chosen = [&](Product term, const OneBranch& from) {
        Value& base = term.factors[from.factor].base;
        base = rewriter.operand(base, from.branch);
        return build(rewriter, term, shape);
      };
      const Value a = chosen(sum[i], *first);
      const Value b = chosen(sum[j], *second);
      const bool in_order = first->branch == 1;
      const Value both =
          rewriter.graph.map(Op::select, {first->condition, in_order ? a : b, in_order ? b : a});
      sum[i] = {1, 1, {{both, 1}}};
      sum.erase(sum.begin() + static_cast<std::ptrdiff_t>(j));
      return build(rewriter, sum, shape);
    }
  }
  return {};
}

std::vector<Rule> make_table() {
  const Template no = logical_not(c);
  return {
      rule("known condition", {Op::select}, known_condition, "select(true, x, y)", "x", exact),
      rule("equal branches", select(c, x, x), x, exact),
      rule("condition negated", select(no, x, y), select(c, y, x), exact),
      rule("nested condition", {Op::select}, nested_condition, "select(c, f(select(c, x, y)), z)",
           "select(c, f(x), z)", exact),
      rule("branches joined", select(c, x, 0) + select(c, 0, y), select(c, x, y), exact),
      rule("branches joined", select(c, x, 0) - select(c, 0, y), select(c, x, -y), exact),
      rule("branches joined", {Op::add, Op::sub}, terms_of_branches,
           "select(c, x, 0) + z * select(c, 0, y)", "select(c, x, z * y)", exact, Stage::simplify,
           "z is defined"),
      rule("known condition", {Op::logical_and, Op::logical_or}, known_logic, "true and c", "c",
           exact),
      rule("index among indices", {Op::reduce_any}, index_among_indices, "any over k of (i ≤ k)",
           "true", exact),
      rule("not twice", logical_not(no), c, exact),
      rule("of equal operands", logical_and(c, c), c, exact),
      rule("of equal operands", logical_or(c, c), c, exact),
  };
}

}  // namespace

std::span<const Rule> branch_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
