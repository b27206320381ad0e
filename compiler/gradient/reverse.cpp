#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "compiler/gradient/adjoint.h"
#include "compiler/gradient/branches.h"
#include "compiler/gradient/gradient.h"

namespace gradus {
namespace {

void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "gradus: internal error: gradient: {}\n", what);
  std::abort();
}

Value zeros(Graph& graph, const Shape& shape) { return graph.full(graph.constant(0), shape); }

// The nodes up to `result` through which a change of an input reaches it, by number.
std::vector<bool> dependent(const Graph& graph, Value result, std::span<const Value> inputs) {
  std::vector<bool> depends(result.id + 1, false);
  for (Value input : inputs) {
    if (input.id <= result.id) depends[input.id] = true;
  }
  for (uint32_t id = 0; id <= result.id; ++id) {
    const Node& node = graph[Value{id}];
    for (int k = 0; !depends[id] && k < static_cast<int>(node.operands.size()); ++k) {
      depends[id] = depends[node.operands[k].id] && adjoint::flows(graph, Value{id}, k);
    }
  }
  return depends;
}

}  // namespace

std::vector<Value> pullback(Graph& graph, Value result, Value adjoint,
                            std::span<const Value> inputs, Derivation* log) {
  require(graph.shape(result) == graph.shape(adjoint), "an adjoint of another shape");
  const std::vector<bool> depends = dependent(graph, result, inputs);
  std::vector<Value> adjoints(result.id + 1);
  adjoints[result.id] = adjoint;
  Branches branches(graph, result);

  // Operands stand before their users, so when a node's turn comes its adjoint is complete.
  for (uint32_t id = result.id + 1; id-- > 0;) {
    const Value user{id};
    if (!adjoints[id].valid() || !depends[id]) continue;
    if (log != nullptr) log->adjoints[user] = adjoints[id];
    const std::vector<Value> operands = graph[user].operands;
    for (int k = 0; k < static_cast<int>(operands.size()); ++k) {
      const Value operand = operands[k];
      if (!depends[operand.id] || !adjoint::flows(graph, user, k)) continue;
      const Value term = branches.term(user, k, adjoints[id]);
      require(graph.shape(term) == graph.shape(operand), "a term of another shape");
      Value& sum = adjoints[operand.id];
      sum = sum.valid() ? graph.map(Op::add, {sum, term}) : term;
      if (log != nullptr) log->contributions.push_back({user, k, adjoints[id], term});
    }
  }

  std::vector<Value> results;
  for (Value input : inputs) {
    const bool reached = input.id <= result.id && adjoints[input.id].valid();
    results.push_back(reached ? adjoints[input.id] : zeros(graph, graph.shape(input)));
  }
  return results;
}

std::vector<Value> gradient(Graph& graph, Value loss, std::span<const Value> inputs,
                            Derivation* log) {
  require(graph.shape(loss).empty(), "of a value that is not a scalar");
  return pullback(graph, loss, graph.constant(1), inputs, log);
}

Value local_derivative(Graph& graph, Value user, int operand) {
  if (!adjoint::flows(graph, user, operand)) return {};
  return adjoint::entrywise(graph, user, operand, graph.constant(1));
}

}  // namespace gradus
