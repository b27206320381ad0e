#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "compiler/gradient/adjoint.h"
#include "compiler/gradient/gradient.h"
#include "compiler/gradient/scan.h"
#include "compiler/gradient/tangent.h"

namespace gradus {
namespace {

using adjoint::along;

// How a node moves where its operand number `operand` moves along `t`.
using Rule = Value (*)(Graph& graph, Value user, int operand, Value t);

// Linear in that operand: the node itself, of the tangent.
Value linear(Graph& graph, Value user, int operand, Value t) {
  const Node& node = graph[user];
  std::vector<Value> operands = node.operands;
  operands[operand] = t;
  return graph.with_operands(node, std::move(operands));
}

// The parts that do not move are zeros.
Value in_concat(Graph& graph, Value user, int operand, Value t) {
  const Node& node = graph[user];
  std::vector<Value> parts = node.operands;
  for (int k = 0; k < static_cast<int>(parts.size()); ++k) {
    parts[k] = k == operand ? t : graph.full(graph.constant(0), graph.shape(parts[k]));
  }
  return graph.with_operands(node, std::move(parts));
}

// Out of range a view is constant: its tangent is filled with zeros.
Value in_view(Graph& graph, Value user, int /*operand*/, Value t) {
  View view = std::get<View>(graph[user].attributes);
  if (view.fill) view.fill = 0.0;
  return graph.view(t, std::move(view));
}

// A reduction: Σ of its adjoint's weights times the tangent.
Value in_reduction(Graph& graph, Value user, int operand, Value t) {
  const std::vector<int> axes = std::get<Axes>(graph[user].attributes).axes;
  const Value one = graph.full(graph.constant(1), graph.shape(user));
  const Value weights = adjoint::term(graph, user, operand, one);
  return graph.reduce(Op::reduce_sum, graph.map(Op::mul, {weights, t}), axes);
}

// Jacobians of softmax are symmetric.
Value symmetric(Graph& graph, Value user, int operand, Value t) {
  return adjoint::term(graph, user, operand, t);
}

// t − Σ softmax(x) ⊙ t.
Value in_log_softmax(Graph& graph, Value user, int operand, Value t) {
  const Node& node = graph[user];
  const std::vector<int> axes = std::get<Axes>(node.attributes).axes;
  const Value weights = graph.normalise(Op::softmax, node.operands[operand], axes);
  const Value mean = graph.reduce(Op::reduce_sum, graph.map(Op::mul, {weights, t}), axes);
  return graph.map(Op::sub, {t, along(graph, mean, graph.shape(user), axes)});
}

Rule rule_of(Op op) {
  static const std::unordered_map<Op, Rule> rules = {
      {Op::call, adjoint::pushed_through_call},
      {Op::view, in_view},
      {Op::spread, linear},
      {Op::reshape, linear},
      {Op::concat, in_concat},
      {Op::contract, linear},
      {Op::reduce_sum, linear},
      {Op::reduce_prod, in_reduction},
      {Op::reduce_max, in_reduction},
      {Op::reduce_min, in_reduction},
      {Op::logsumexp, in_reduction},
      {Op::norm, in_reduction},
      {Op::softmax, symmetric},
      {Op::log_softmax, in_log_softmax},
      {Op::cumsum, linear},
      {Op::gather, linear},
      {Op::scatter_add, linear},
      {Op::inv, tangent::of_inv},
      {Op::solve, tangent::of_solve},
      {Op::det, tangent::of_determinant},
      {Op::adjugate, tangent::of_adjugate},
      {Op::logdet, tangent::of_determinant},
      {Op::cholesky, tangent::of_cholesky},
  };
  return rules.at(op);
}

// The operator table's templates are linear in g, so g may be the operand's tangent; a scalar
// operand's is repeated by the multiplication, and by a view where there is none.
Value in_map(Graph& graph, Value user, int operand, Value t) {
  const Shape& shape = graph.shape(user);
  const Value moved = adjoint::entrywise(graph, user, operand, t);
  return graph.shape(moved) == shape ? moved : graph.full(moved, shape);
}

}  // namespace

std::vector<Value> pushforward(Graph& graph, std::span<const Value> results,
                               std::span<const Value> inputs, std::span<const Value> tangents) {
  if (inputs.size() != tangents.size()) {
    fmt::print(stderr, "gradus: internal error: pushforward: not one tangent for each input\n");
    std::abort();
  }
  std::unordered_map<uint32_t, Value> moved;
  std::unordered_map<uint32_t, std::vector<Value>> scans;
  for (size_t k = 0; k < inputs.size(); ++k) moved[inputs[k].id] = tangents[k];
  const auto tangent_of = [&](Value value) {
    const auto found = moved.find(value.id);
    return found == moved.end() ? Value{} : found->second;
  };
  for (Value user : reachable(graph, results)) {
    if (moved.contains(user.id)) continue;
    const std::vector<Value> operands = graph[user].operands;
    const Op op = graph[user].op;
    if (op == Op::scan) {
      std::vector<Value> along;
      for (Value operand : operands) along.push_back(tangent_of(operand));
      scans[user.id] = adjoint::moved_scan(graph, user, along);
      continue;
    }
    if (op == Op::result) {
      const int number = std::get<Number>(graph[user].attributes).number;
      const Value tangent = scans.at(operands[0].id)[number];
      if (tangent.valid()) moved[user.id] = tangent;
      continue;
    }
    Value sum;
    for (int k = 0; k < static_cast<int>(operands.size()); ++k) {
      const Value tangent = tangent_of(operands[k]);
      if (!tangent.valid() || !adjoint::flows(graph, user, k)) continue;
      const Value term =
          is_map(op) ? in_map(graph, user, k, tangent) : rule_of(op)(graph, user, k, tangent);
      sum = sum.valid() ? graph.map(Op::add, {sum, term}) : term;
    }
    if (sum.valid()) moved[user.id] = sum;
  }
  std::vector<Value> all;
  for (Value result : results) all.push_back(tangent_of(result));
  return all;
}

Value pushforward(Graph& graph, Value result, std::span<const Value> inputs,
                  std::span<const Value> tangents) {
  const Value moved = pushforward(graph, std::span(&result, 1), inputs, tangents)[0];
  return moved.valid() ? moved : graph.full(graph.constant(0), graph.shape(result));
}

}  // namespace gradus
