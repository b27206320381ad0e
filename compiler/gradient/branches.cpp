#include "compiler/gradient/branches.h"

#include <algorithm>
#include <numeric>

#include "compiler/gradient/adjoint.h"
#include "compiler/graph/access.h"

namespace gradus {
namespace {

Value negation(Graph& graph, Value condition) {
  const Node& node = graph[condition];
  return node.op == Op::logical_not ? node.operands[0] : graph.map(Op::logical_not, {condition});
}

bool is_conjunction_with(const Graph& graph, Value whole, Value part) {
  const Node& node = graph[whole];
  return node.op == Op::logical_and && (node.operands[0] == part || node.operands[1] == part);
}

Value both(Graph& graph, Value a, Value b) {
  if (!a.valid() || a == b) return b;
  return graph.map(Op::logical_and, {a, b});
}

// An `if` takes one of its branches: a or not a is everywhere, and p and a, or p and not a, is p.
Value either(Graph& graph, Value a, Value b) {
  if (!a.valid() || !b.valid()) return {};
  if (a == b || is_conjunction_with(graph, b, a)) return a;
  if (is_conjunction_with(graph, a, b)) return b;
  if (negation(graph, a) == b || negation(graph, b) == a) return {};
  const std::vector<Value>& x = graph[a].operands;
  const std::vector<Value>& y = graph[b].operands;
  if (graph[a].op == Op::logical_and && graph[b].op == Op::logical_and && x[0] == y[0] &&
      (negation(graph, x[1]) == y[1] || negation(graph, y[1]) == x[1])) {
    return x[0];
  }
  return graph.map(Op::logical_or, {a, b});
}

// Whether the adjoint goes through an operator without being multiplied.
bool only_moves(Op op) {
  constexpr Op ops[] = {Op::neg,        Op::add,    Op::sub,    Op::select,     Op::min,
                        Op::max,        Op::view,   Op::spread, Op::reshape,    Op::concat,
                        Op::reduce_sum, Op::cumsum, Op::gather, Op::scatter_add};
  return std::find(std::begin(ops), std::end(ops), op) != std::end(ops);
}

// What an adjoint is where the condition holds: without the `if` that it came through.
Value under(const Graph& graph, Value adjoint, Value condition) {
  const Node& node = graph[adjoint];
  if (node.op != Op::select) return adjoint;
  const auto fits = [&](Value side) { return graph.shape(side) == node.type.shape; };
  if (node.operands[0] == condition && fits(node.operands[1])) return node.operands[1];
  const Node& test = graph[condition];
  const bool negated = test.op == Op::logical_not && test.operands[0] == node.operands[0];
  return negated && fits(node.operands[2]) ? node.operands[2] : adjoint;
}

std::vector<int> all_axes(int rank) {
  std::vector<int> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

}  // namespace

Value Branches::term(Value user, int operand, Value adjoint) {
  const Value condition = taken_[user.id].condition;
  const Value target = graph_[user].operands[operand];
  mark(target, condition_of(user, operand, condition));
  return guarded(user, operand, adjoint, condition);
}

Value Branches::guarded(Value user, int operand, Value adjoint, Value condition) {
  const Op op = graph_[user].op;
  if (!condition.valid() || only_moves(op)) return adjoint::term(graph_, user, operand, adjoint);
  const Value zero = graph_.constant(0);
  if (is_map(op)) {
    if (facts_.has_defined_derivative(user)) return adjoint::term(graph_, user, operand, adjoint);
    Value entries = adjoint::entrywise(graph_, user, operand, under(graph_, adjoint, condition));
    entries = graph_.map(Op::select, {condition, entries, zero});
    return adjoint::summed(graph_, entries, graph_[user].operands[operand]);
  }
  if (op == Op::contract) return of_contraction(user, operand, adjoint, condition);
  const Value term = adjoint::term(graph_, user, operand, adjoint);
  const auto defined = [&](Value value) { return facts_[value].defined; };
  const std::vector<Value> operands = graph_[user].operands;
  // Of a singular matrix not even the inverse is defined.
  const bool is_defined = std::all_of(operands.begin(), operands.end(), defined);
  if (is_defined && !is_linear_algebra(op)) return term;
  const Value here = carried(user, operand, condition);
  return here.valid() ? graph_.map(Op::select, {here, term, zero}) : term;
}

// Where the operand is taken, if the user is where `condition` says.
Value Branches::condition_of(Value user, int operand, Value condition) {
  if (graph_[user].op == Op::select) {
    const Value own = graph_[user].operands[0];
    const Value chosen = both(graph_, condition, operand == 1 ? own : negation(graph_, own));
    return carried(user, operand, chosen);
  }
  return condition.valid() ? carried(user, operand, condition) : condition;
}

// A condition on a node's entries as one on its operand's: where some entry that it contributes to
// is taken. Everywhere, where that is not simple to say.
Value Branches::carried(Value user, int operand, Value condition) {
  const Op op = graph_[user].op;
  const Value target = graph_[user].operands[operand];
  const int rank = graph_.type(condition).rank();
  if (rank == 0) return condition;
  if (is_map(op)) {
    if (graph_.type(target).rank() != 0) return condition;
    return graph_.reduce(Op::reduce_any, condition, all_axes(rank));
  }
  if (op == Op::call) return {};
  if (op == Op::contract) return through_contraction(user, operand, condition);
  if (op == Op::softmax || op == Op::log_softmax) {
    const std::vector<int> axes = std::get<Axes>(graph_[user].attributes).axes;
    const Value any = graph_.reduce(Op::reduce_any, condition, axes);
    return adjoint::along(graph_, any, graph_.shape(target), axes);
  }
  if (is_reduction(op)) {
    const std::vector<int> axes = std::get<Axes>(graph_[user].attributes).axes;
    return adjoint::along(graph_, condition, graph_.shape(target), axes);
  }
  if (is_linear_algebra(op)) {
    // Every entry of a matrix takes part in all that is made of it.
    const int matrices = graph_.type(graph_[user].operands[0]).rank() - 2;
    std::vector<int> inside = all_axes(rank);
    inside.erase(inside.begin(), inside.begin() + matrices);
    if (!inside.empty()) condition = graph_.reduce(Op::reduce_any, condition, inside);
    std::vector<int> axes = all_axes(graph_.type(target).rank());
    axes.erase(axes.begin(), axes.begin() + matrices);
    return adjoint::along(graph_, condition, graph_.shape(target), axes);
  }
  // The others move entries: the adjoint of a 1 for each entry taken is above 0 where one arrives.
  const Value ones = graph_.map(Op::to_real, {condition});
  const Value arrived = adjoint::term(graph_, user, operand, ones);
  return graph_.map(Op::gt, {arrived, graph_.constant(0)});
}

// Some entry over the result's other indices.
Value Branches::through_contraction(Value user, int operand, Value condition) {
  const auto& contraction = std::get<Contraction>(graph_[user].attributes);
  const Value target = graph_[user].operands[operand];
  std::vector<int> axis_of(contraction.free, -1);  // of the operand, by index
  for (int axis = 0; axis < graph_.type(target).rank(); ++axis) {
    const auto index = contraction.accesses[operand][axis].plain();
    if (!index) return counted(user, operand, condition);
    if (*index < contraction.free) axis_of[*index] = axis;
  }
  std::vector<int> others;
  View view{graph_.shape(target), {}, std::nullopt};
  for (int index = 0; index < contraction.free; ++index) {
    if (axis_of[index] == -1) {
      others.push_back(index);
    } else {
      view.map.push_back(Affine::axis(axis_of[index]));
    }
  }
  if (!others.empty()) condition = graph_.reduce(Op::reduce_any, condition, others);
  return graph_.view(condition, std::move(view));
}

// The adjoint of a 1 for each entry taken is above 0 where one arrives, if all that it is
// multiplied by is 1.
Value Branches::counted(Value user, int operand, Value condition) {
  std::vector<Value> factors = graph_[user].operands;
  for (Value& each : factors) each = graph_.full(graph_.constant(1), graph_.shape(each));
  factors[operand] = graph_[user].operands[operand];
  const Value alone = graph_.with_operands(graph_[user], factors);
  const Value ones = graph_.map(Op::to_real, {graph_.broadcast(condition, graph_.shape(user))});
  const Value arrived = adjoint::term(graph_, alone, operand, ones);
  return graph_.map(Op::gt, {arrived, graph_.constant(0)});
}

// The adjoint is multiplied by the other factors: by 0 where these are not taken.
Value Branches::of_contraction(Value user, int operand, Value adjoint, Value condition) {
  std::vector<Value> factors = graph_[user].operands;
  for (int k = 0; k < static_cast<int>(factors.size()); ++k) {
    if (k == operand || facts_[factors[k]].defined) continue;
    const Value here = carried(user, k, condition);
    factors[k] = graph_.map(Op::select, {here, factors[k], graph_.constant(0)});
  }
  return adjoint::term(graph_, graph_.with_operands(graph_[user], factors), operand, adjoint);
}

void Branches::mark(Value operand, Value condition) {
  Taken& taken = taken_[operand.id];
  taken.condition = taken.reached ? either(graph_, taken.condition, condition) : condition;
  taken.reached = true;
}

}  // namespace gradus
