// Adjoints and tangents of linear algebra (Giles, "An extended collection of matrix derivative
// results for forward and reverse mode algorithmic differentiation", 2008; of the Cholesky factor:
// Murray, "Differentiation of the Cholesky decomposition", 2016).
#include "compiler/gradient/adjoint.h"
#include "compiler/gradient/tangent.h"

namespace gradus {
namespace {

std::vector<int> last_two(const Graph& graph, Value matrix) {
  const int rank = graph.type(matrix).rank();
  return {rank - 2, rank - 1};
}

Value transposed(Graph& graph, Value matrix) {
  const int rank = graph.type(matrix).rank();
  std::vector<int> order;
  for (int k = 0; k < rank; ++k) order.push_back(k);
  std::swap(order[rank - 1], order[rank - 2]);
  return graph.transpose(matrix, order);
}

// a·b of matrices, and of a matrix and a vector; a·bᵀ of two vectors.
Value product(Graph& graph, Value a, Value b) {
  const Shape& left = graph.shape(a);
  const Shape& right = graph.shape(b);
  const int batch = static_cast<int>(left.size()) - 2;
  Contraction of;
  if (left.size() == 1) {
    of = {{left[0], right[0]}, 2, {{Affine::axis(0)}, {Affine::axis(1)}}};
    return graph.contract({a, b}, std::move(of));
  }
  if (right.size() == 1) {
    of = {left, 1, {{Affine::axis(0), Affine::axis(1)}, {Affine::axis(1)}}};
    return graph.contract({a, b}, std::move(of));
  }
  std::vector<Affine> leading;
  for (int k = 0; k < batch; ++k) leading.push_back(Affine::axis(k));
  of.extents = {left.begin(), left.end() - 1};
  of.extents.push_back(right.back());
  of.extents.push_back(left.back());
  of.free = batch + 2;
  of.accesses = {leading, leading};
  of.accesses[0].push_back(Affine::axis(batch));
  of.accesses[0].push_back(Affine::axis(batch + 2));
  of.accesses[1].push_back(Affine::axis(batch + 2));
  of.accesses[1].push_back(Affine::axis(batch + 1));
  return graph.contract({a, b}, std::move(of));
}

Value solve(Graph& graph, Value a, Value b) { return graph.linear_algebra(Op::solve, {a, b}); }

Value negative(Graph& graph, Value x) { return graph.map(Op::neg, {x}); }

// Numbers, one a matrix, repeated over the matrix's entries.
Value over_matrix(Graph& graph, Value numbers, Value matrix) {
  return adjoint::along(graph, numbers, graph.shape(matrix), last_two(graph, matrix));
}

// The entries for which the row's number compares so with the column's, and 0 elsewhere.
Value where(Graph& graph, Op compares, Value matrix) {
  const Shape shape = graph.shape(matrix);
  const int rank = static_cast<int>(shape.size());
  const Value numbers = graph.iota(shape.back());
  const Value holds = graph.map(compares, {graph.broadcast(numbers, shape, {rank - 2}),
                                           graph.broadcast(numbers, shape, {rank - 1})});
  return graph.map(Op::select, {holds, matrix, graph.constant(0)});
}

// The lower triangle, with half of the diagonal: what Φ is in the papers.
Value half_below(Graph& graph, Value matrix) {
  const Value diagonal = where(graph, Op::eq, matrix);
  return graph.map(
      Op::add, {where(graph, Op::gt, matrix), graph.map(Op::div, {diagonal, graph.constant(2)})});
}

Value symmetric(Graph& graph, Value x) {
  const Value both = graph.map(Op::add, {x, transposed(graph, x)});
  return graph.map(Op::div, {both, graph.constant(2)});
}

// a⁻¹·m·a⁻ᵀ.
Value between(Graph& graph, Value a, Value m) {
  const Value half = solve(graph, a, m);
  return transposed(graph, solve(graph, a, transposed(graph, half)));
}

}  // namespace

namespace adjoint {

// −A⁻ᵀ·g·A⁻ᵀ.
Value of_inv(Graph& graph, Value user, int /*operand*/, Value g) {
  const Value b = transposed(graph, user);
  return negative(graph, product(graph, product(graph, b, g), b));
}

// A⁻ᵀ·g for b, and −(A⁻ᵀ·g)·xᵀ for A.
Value of_solve(Graph& graph, Value user, int operand, Value g) {
  const Value a = transposed(graph, graph[user].operands[0]);
  const Value side = solve(graph, a, g);
  if (operand == 1) return side;
  const bool is_vector = graph.type(user).rank() == 1;
  const Value x = is_vector ? user : transposed(graph, user);
  return negative(graph, product(graph, side, x));
}

// g·det(A)·A⁻ᵀ.
Value of_det(Graph& graph, Value user, int operand, Value g) {
  const Value a = graph[user].operands[operand];
  const Value inverse = transposed(graph, graph.linear_algebra(Op::inv, {a}));
  return graph.map(Op::mul, {over_matrix(graph, graph.map(Op::mul, {g, user}), a), inverse});
}

// g·A⁻ᵀ.
Value of_logdet(Graph& graph, Value user, int operand, Value g) {
  const Value a = graph[user].operands[operand];
  const Value inverse = transposed(graph, graph.linear_algebra(Op::inv, {a}));
  return graph.map(Op::mul, {over_matrix(graph, g, a), inverse});
}

// The symmetric part of L⁻ᵀ·Φ(Lᵀ·g)·L⁻¹; of g, the lower triangle counts.
Value of_cholesky(Graph& graph, Value user, int /*operand*/, Value g) {
  const Value across = transposed(graph, user);
  const Value lower = where(graph, Op::ge, g);
  const Value inner = half_below(graph, product(graph, across, lower));
  return symmetric(graph, between(graph, across, inner));
}

}  // namespace adjoint

namespace tangent {

// −A⁻¹·t·A⁻¹.
Value of_inv(Graph& graph, Value user, int /*operand*/, Value t) {
  return negative(graph, product(graph, product(graph, user, t), user));
}

// A⁻¹·t for b, and −A⁻¹·(t·x) for A.
Value of_solve(Graph& graph, Value user, int operand, Value t) {
  const Value a = graph[user].operands[0];
  if (operand == 1) return solve(graph, a, t);
  return negative(graph, solve(graph, a, product(graph, t, user)));
}

// Σ of the adjoint's weights times the tangent, matrix by matrix.
Value of_determinant(Graph& graph, Value user, int operand, Value t) {
  const Value one = graph.full(graph.constant(1), graph.shape(user));
  const Value weights = adjoint::term(graph, user, operand, one);
  return graph.reduce(Op::reduce_sum, graph.map(Op::mul, {weights, t}), last_two(graph, t));
}

// L·Φ(L⁻¹·t·L⁻ᵀ) of the symmetric part of t.
Value of_cholesky(Graph& graph, Value user, int /*operand*/, Value t) {
  return product(graph, user, half_below(graph, between(graph, user, symmetric(graph, t))));
}

}  // namespace tangent
}  // namespace gradus
