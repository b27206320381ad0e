// Adjoints of reductions and of what is normalised over axes.
#include <algorithm>

#include "compiler/gradient/adjoint.h"

namespace gradus::adjoint {
namespace {

const std::vector<int>& axes_of(const Graph& graph, Value user) {
  return std::get<Axes>(graph[user].attributes).axes;
}

// For entries i and j of the reduced axes: whether they are the same entry. `shape` has the axes of
// the operand, then a second copy of the reduced ones.
Value same_entry(Graph& graph, const Shape& shape, const std::vector<int>& axes) {
  const int rank = static_cast<int>(shape.size() - axes.size());
  Value all;
  for (int k = 0; k < static_cast<int>(axes.size()); ++k) {
    const Value positions = graph.iota(shape[axes[k]]);
    const Value same = graph.map(Op::eq, {graph.broadcast(positions, shape, {axes[k]}),
                                          graph.broadcast(positions, shape, {rank + k})});
    all = all.valid() ? graph.map(Op::logical_and, {all, same}) : same;
  }
  return all;
}

}  // namespace

Value along(Graph& graph, Value x, const Shape& shape, const std::vector<int>& axes) {
  std::vector<int> kept;
  for (int k = 0; k < static_cast<int>(shape.size()); ++k) {
    if (!std::binary_search(axes.begin(), axes.end(), k)) kept.push_back(k);
  }
  return graph.broadcast(x, shape, kept);
}

Value of_sum(Graph& graph, Value user, int operand, Value g) {
  return along(graph, g, graph.shape(graph[user].operands[operand]), axes_of(graph, user));
}

// ∂Π/∂xᵢ = Π_{j ≠ i} xⱼ, written out, so that zeros among the x do no harm to it or to its own
// derivatives; the product over j runs over a second copy of the reduced axes.
Value of_prod(Graph& graph, Value user, int operand, Value g) {
  const Value x = graph[user].operands[operand];
  const std::vector<int> axes = axes_of(graph, user);
  const Shape shape = graph.shape(x);
  const int rank = static_cast<int>(shape.size());
  if (axes.empty()) return g;

  Shape pairs = shape;
  View other{{}, {}, std::nullopt};
  std::vector<int> copies;
  for (int k = 0; k < rank; ++k) other.map.push_back(Affine::axis(k));
  for (int axis : axes) {
    other.map[axis] = Affine::axis(static_cast<int>(pairs.size()));
    copies.push_back(static_cast<int>(pairs.size()));
    pairs.push_back(shape[axis]);
  }
  other.shape = pairs;
  const Value others = graph.map(Op::select, {same_entry(graph, pairs, axes), graph.constant(1),
                                              graph.view(x, std::move(other))});
  const Value product = graph.reduce(Op::reduce_prod, others, copies);
  return graph.map(Op::mul, {along(graph, g, shape, axes), product});
}

// The entries that tie for the extremum share its adjoint equally.
Value of_extremum(Graph& graph, Value user, int operand, Value g) {
  const Value x = graph[user].operands[operand];
  const std::vector<int> axes = axes_of(graph, user);
  const Shape shape = graph.shape(x);
  const bool single =
      std::all_of(axes.begin(), axes.end(), [&](int axis) { return shape[axis] == Dim(1); });
  if (single) return along(graph, g, shape, axes);
  const Value ties = graph.map(Op::eq, {x, along(graph, user, shape, axes)});
  const Value count = graph.reduce(Op::reduce_sum, graph.map(Op::to_real, {ties}), axes);
  const Value share = graph.map(Op::div, {g, count});
  return graph.map(Op::select, {ties, along(graph, share, shape, axes), graph.constant(0)});
}

Value of_logsumexp(Graph& graph, Value user, int operand, Value g) {
  const Value x = graph[user].operands[operand];
  const std::vector<int> axes = axes_of(graph, user);
  const Value weights = graph.normalise(Op::softmax, x, axes);
  return graph.map(Op::mul, {along(graph, g, graph.shape(x), axes), weights});
}

// x/‖x‖, and 0 where the norm is 0.
Value of_norm(Graph& graph, Value user, int operand, Value g) {
  const Value x = graph[user].operands[operand];
  const std::vector<int> axes = axes_of(graph, user);
  const Shape shape = graph.shape(x);
  const Value direction = graph.map(Op::div0, {x, along(graph, user, shape, axes)});
  return graph.map(Op::mul, {along(graph, g, shape, axes), direction});
}

// s ⊙ (g − Σ s ⊙ g).
Value of_softmax(Graph& graph, Value user, int /*operand*/, Value g) {
  const std::vector<int> axes = axes_of(graph, user);
  const Value mean = graph.reduce(Op::reduce_sum, graph.map(Op::mul, {user, g}), axes);
  const Value centred = graph.map(Op::sub, {g, along(graph, mean, graph.shape(user), axes)});
  return graph.map(Op::mul, {user, centred});
}

// g − softmax(x) · Σ g.
Value of_log_softmax(Graph& graph, Value user, int operand, Value g) {
  const Value x = graph[user].operands[operand];
  const std::vector<int> axes = axes_of(graph, user);
  const Value total = along(graph, graph.reduce(Op::reduce_sum, g, axes), graph.shape(x), axes);
  const Value weights = graph.normalise(Op::softmax, x, axes);
  return graph.map(Op::sub, {g, graph.map(Op::mul, {weights, total})});
}

Value of_cumsum(Graph& graph, Value user, int /*operand*/, Value g) {
  Along along = std::get<Along>(graph[user].attributes);
  along.reverse = !along.reverse;
  return graph.cumsum(g, along);
}

}  // namespace gradus::adjoint
