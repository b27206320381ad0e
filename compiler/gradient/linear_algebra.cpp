// Adjoints and tangents of linear algebra (Giles, "An extended collection of matrix derivative
// results for forward and reverse mode algorithmic differentiation", 2008; of the Cholesky factor:
// Murray, "Differentiation of the Cholesky decomposition", 2016).
#include "compiler/gradient/adjoint.h"
#include "compiler/gradient/gradient.h"
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

// Entry (i, j) is entry (i + rows, j + columns) of the matrix, counted round.
Value rolled(Graph& graph, Value matrix, int64_t rows, int64_t columns) {
  const std::vector<int> axes = last_two(graph, matrix);
  const int64_t by[] = {rows, columns};
  for (int side = 0; side < 2; ++side) {
    if (by[side] == 0) continue;
    const auto part = [&](const Dim& from, const Dim& length) {
      View view{graph.shape(matrix), {}, {}};
      view.shape[axes[side]] = length;
      for (int axis = 0; axis <= axes[1]; ++axis) {
        view.map.push_back(Affine::axis(axis, 1, axis == axes[side] ? from : Dim(0)));
      }
      return graph.view(matrix, std::move(view));
    };
    const Dim rest = graph.shape(matrix)[axes[side]] - Dim(by[side]);
    matrix = graph.concat({part(Dim(by[side]), rest), part(Dim(0), Dim(by[side]))}, axes[side]);
  }
  return matrix;
}

// Of matrices of at most three rows, as polynomials of the entries; an invalid value else.
Value adjugate_written_out(Graph& graph, Value a) {
  const auto n = graph.shape(a).back().number();
  if (n == 1) return graph.full(graph.constant(1), graph.shape(a));
  if (n == 2) {
    View across{graph.shape(a), {}, {}};
    const int rank = graph.type(a).rank();
    for (int axis = 0; axis < rank; ++axis) {
      across.map.push_back(axis < rank - 2 ? Affine::axis(axis) : Affine::axis(axis, -1, 1));
    }
    const Value opposite = graph.view(a, std::move(across));
    const Value on = where(graph, Op::eq, opposite);
    return transposed(graph, graph.map(Op::sub, {on, where(graph, Op::ne, opposite)}));
  }
  if (n != 3) return {};
  const auto times = [&](int64_t i, int64_t j) {
    return graph.map(Op::mul, {rolled(graph, a, 1, i), rolled(graph, a, 2, j)});
  };
  return transposed(graph, graph.map(Op::sub, {times(1, 2), times(2, 1)}));
}

// (Σ of the entries · B − what is taken off)/det(A), matrix by matrix.
Value quotient_of_adjugate(Graph& graph, Value a, Value entries, Value b, Value less) {
  const Value sum = graph.reduce(Op::reduce_sum, entries, last_two(graph, a));
  const Value whole = graph.map(Op::mul, {over_matrix(graph, sum, a), b});
  const Value det = graph.linear_algebra(Op::det, {a});
  return graph.map(Op::div, {graph.map(Op::sub, {whole, less}), over_matrix(graph, det, a)});
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

// g·adj(A)ᵀ (Jacobi's formula): finite also where A is singular. Of h/det(A), what a logarithm
// passes on, it is h·A⁻ᵀ.
Value of_det(Graph& graph, Value user, int operand, Value g) {
  const Value a = graph[user].operands[operand];
  const Node& over = graph[g];
  const bool of_log = over.op == Op::div && over.operands[1] == user;
  const Value weights = graph.broadcast(of_log ? over.operands[0] : g, graph.shape(user));
  const Op op = of_log ? Op::inv : Op::adjugate;
  const Value matrix = transposed(graph, graph.linear_algebra(op, {a}));
  return graph.map(Op::mul, {over_matrix(graph, weights, a), matrix});
}

// (⟨g, B⟩·Bᵀ − Bᵀ·g·Bᵀ)/det(A), where B = adj(A); of small matrices without dividing.
Value of_adjugate(Graph& graph, Value user, int operand, Value g) {
  const Value a = graph[user].operands[operand];
  if (const Value written = adjugate_written_out(graph, a); written.valid()) {
    return pullback(graph, written, g, std::span(&a, 1))[0];
  }
  const Value across = transposed(graph, user);
  return quotient_of_adjugate(graph, a, graph.map(Op::mul, {g, user}), across,
                              product(graph, product(graph, across, g), across));
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

// (tr(B·t)·B − B·t·B)/det(A), where B = adj(A); of small matrices without dividing.
Value of_adjugate(Graph& graph, Value user, int operand, Value t) {
  const Value a = graph[user].operands[operand];
  if (const Value written = adjugate_written_out(graph, a); written.valid()) {
    return pushforward(graph, written, std::span(&a, 1), std::span(&t, 1));
  }
  return quotient_of_adjugate(graph, a, graph.map(Op::mul, {transposed(graph, user), t}), user,
                              product(graph, product(graph, user, t), user));
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
