// Functions whose derivative the program says itself.
#include "compiler/gradient/adjoint.h"
#include "compiler/gradient/gradient.h"
#include "compiler/graph/rewrite.h"

namespace gradus::adjoint {
namespace {

const Override& override_of(const Graph& graph, Value user) {
  return *std::get<Overridden>(graph[user].attributes).by;
}

}  // namespace

bool is_overridden_by_zero(const Graph& graph, Value user, int operand) {
  return operand == 0 || !override_of(graph, user).adjoints[operand - 1].valid();
}

Value of_call(Graph& graph, Value user, int operand, Value g) {
  const Override& by = override_of(graph, user);
  const std::vector<Value> operands = graph[user].operands;
  std::map<Value, Value> actual = {{by.adjoint, g}};
  for (size_t k = 0; k < by.inputs.size(); ++k) actual[by.inputs[k]] = operands[k + 1];
  const Value adjoint = by.adjoints[operand - 1];
  const Value made = substitute(graph, std::span(&adjoint, 1), actual)[0];
  return graph.broadcast(made, graph.shape(operands[operand]));
}

Value pushed_through_call(Graph& graph, Value user, int operand, Value t) {
  const Value g = graph.leaf(Op::input, "adjoint of a call", graph.type(user));
  const Value adjoint = of_call(graph, user, operand, g);
  const Value moved = pullback(graph, adjoint, t, std::span(&g, 1))[0];
  const Value zero = graph.full(graph.constant(0), graph.shape(user));
  return substitute(graph, std::span(&moved, 1), {{g, zero}})[0];
}

}  // namespace gradus::adjoint
