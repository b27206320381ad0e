#include "compiler/gradient/jacobian.h"

#include <numeric>

#include "compiler/gradient/batched.h"
#include "compiler/gradient/gradient.h"

namespace gradus {
namespace {

// All the unit tensors of a shape, one a place in the leading axes, which are the shape again.
Value basis(Graph& graph, const Shape& shape) {
  View diagonal{shape, {}, std::nullopt};
  diagonal.shape.insert(diagonal.shape.end(), shape.begin(), shape.end());
  const int rank = static_cast<int>(shape.size());
  for (int copy : {0, 1}) {
    (void)copy;
    for (int axis = 0; axis < rank; ++axis) diagonal.map.push_back(Affine::axis(axis));
  }
  const Value ones = graph.full(graph.constant(1), shape);
  return rank == 0 ? ones : graph.spread(ones, std::move(diagonal));
}

// A leaf that stands for a direction: of a name that no file can have.
Value direction(Graph& graph, const Shape& shape) {
  return graph.leaf(Op::input, "direction " + text(shape), {Element::real, shape, 0});
}

Value by_rows(Graph& graph, Value y, Value x) {
  const Value adjoint = direction(graph, graph.shape(y));
  const Value row = pullback(graph, y, adjoint, std::span(&x, 1))[0];
  return batched(graph, row, adjoint, basis(graph, graph.shape(y)));
}

Value by_columns(Graph& graph, Value y, Value x) {
  const Value tangent = direction(graph, graph.shape(x));
  const Value column = pushforward(graph, y, std::span(&x, 1), std::span(&tangent, 1));
  const Value columns = batched(graph, column, tangent, basis(graph, graph.shape(x)));
  const int of_x = graph.type(x).rank();
  const int of_y = graph.type(y).rank();
  std::vector<int> permutation(of_x + of_y);
  std::iota(permutation.begin(), permutation.begin() + of_y, of_x);
  std::iota(permutation.begin() + of_y, permutation.end(), 0);
  return graph.transpose(columns, permutation);
}

}  // namespace

Value jacobian(Graph& graph, Value y, Value x) {
  const Dim more = size_of(graph.shape(y)) - size_of(graph.shape(x));
  const bool is_tall = more != Dim(0) && more.never_negative();
  return is_tall ? by_columns(graph, y, x) : by_rows(graph, y, x);
}

Value hessian(Graph& graph, Value loss, Value x) {
  return by_columns(graph, gradient(graph, loss, std::span(&x, 1))[0], x);
}

}  // namespace gradus
