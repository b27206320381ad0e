// Matrices: transposes, inverses and determinants of each other.
#include <algorithm>

#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using patterns::rule;
constexpr Exactness rounding = Exactness::rounding;

std::vector<int> swapped_axes(int rank) {
  std::vector<int> order;
  for (int k = 0; k < rank; ++k) order.push_back(k);
  std::swap(order[rank - 1], order[rank - 2]);
  return order;
}

Value transposed(Rewriter& rewriter, Value matrix) {
  return rewriter.graph.transpose(matrix, swapped_axes(rewriter.rank(matrix)));
}

// A, where the value is A'.
Value under_transpose(const Rewriter& rewriter, Value value) {
  if (rewriter.rank(value) < 2) return {};
  const auto order = as_transpose(rewriter.graph, value);
  const bool is_plain = order && *order == swapped_axes(rewriter.rank(value));
  return is_plain ? rewriter.operand(value) : Value{};
}

Value function_of_transpose(Rewriter& rewriter, Value value) {
  const Value a = under_transpose(rewriter, rewriter.operand(value));
  if (!a.valid()) return {};
  const Value result = rewriter.graph.linear_algebra(rewriter.op(value), {a});
  const bool is_number = rewriter.op(value) == Op::det || rewriter.op(value) == Op::logdet;
  return is_number ? result : transposed(rewriter, result);
}

Value function_of_inverse(Rewriter& rewriter, Value value) {
  const Value inverse = rewriter.operand(value);
  if (rewriter.op(inverse) != Op::inv || rewriter.is_named(inverse)) return {};
  Graph& graph = rewriter.graph;
  const Value a = rewriter.operand(inverse);
  if (rewriter.op(value) == Op::inv) return a;
  const Value plain = graph.linear_algebra(rewriter.op(value), {a});
  if (rewriter.op(value) == Op::logdet) return graph.map(Op::neg, {plain});
  return graph.map(Op::div, {graph.full(graph.constant(1), graph.shape(plain)), plain});
}

Value log_of_determinant(Rewriter& rewriter, Value value) {
  const Value magnitude = rewriter.operand(value);
  if (rewriter.op(magnitude) != Op::abs) return {};
  const Value det = rewriter.operand(magnitude);
  if (rewriter.op(det) != Op::det) return {};
  return rewriter.graph.linear_algebra(Op::logdet, {rewriter.operand(det)});
}

// A for A', where A is symmetric.
Value transpose_of_symmetric(Rewriter& rewriter, Value value) {
  const Value a = under_transpose(rewriter, value);
  return a.valid() && rewriter.symmetry[a] ? a : Value{};
}

// Whether two accesses stand in descending order: of single indices, the lower one first.
bool is_descending(const Affine& first, const Affine& second) {
  const auto a = first.plain();
  const auto b = second.plain();
  return a && b && *a > *b;
}

// A symmetric factor is read in one of the two ways, so that A'·x and A·x are the same.
Value symmetric_factor(Rewriter& rewriter, Value value) {
  Contraction contraction = std::get<Contraction>(rewriter[value].attributes);
  bool changed = false;
  for (size_t k = 0; k < contraction.accesses.size(); ++k) {
    auto& accesses = contraction.accesses[k];
    const size_t rank = accesses.size();
    if (rank < 2 || !is_descending(accesses[rank - 2], accesses[rank - 1])) continue;
    if (!rewriter.symmetry[rewriter.operand(value, static_cast<int>(k))]) continue;
    std::swap(accesses[rank - 2], accesses[rank - 1]);
    changed = true;
  }
  if (!changed) return {};
  return rewriter.graph.contract(rewriter[value].operands, std::move(contraction));
}

// c, where the value is c times the identity matrix.
Value scale_of_identity(const Rewriter& rewriter, Value value) {
  if (rewriter.op(value) != Op::spread || rewriter.rank(value) != 2) return {};
  const auto& map = std::get<View>(rewriter[value].attributes).map;
  if (map[0].plain() != 0 || map[1].plain() != 0) return {};
  const Value diagonal = rewriter.operand(value);
  const bool is_repeated = rewriter.op(diagonal) == Op::view && rewriter.rank(diagonal) == 1 &&
                           rewriter.rank(rewriter.operand(diagonal)) == 0 &&
                           !std::get<View>(rewriter[diagonal].attributes).fill;
  return is_repeated && rewriter.shape(diagonal)[0] == rewriter.shape(value)[0]
             ? rewriter.operand(diagonal)
             : Value{};
}

Value solution_for_identity(Rewriter& rewriter, Value value) {
  const Value scale = scale_of_identity(rewriter, rewriter.operand(value, 1));
  if (!scale.valid()) return {};
  Graph& graph = rewriter.graph;
  const Value inverse = graph.linear_algebra(Op::inv, {rewriter.operand(value, 0)});
  return graph.map(Op::mul, {scale, inverse});
}

// A factor of a product of two matrices, by the indices of its last axes.
struct MatrixFactor {
  Value value;
  int row = -1;
  int column = -1;  // −1: a vector
};

// The factor, where the leading axes run over the leading indices and the others over one each.
std::optional<MatrixFactor> matrix_factor(Value value, const std::vector<Affine>& accesses,
                                          int batch) {
  const int rank = static_cast<int>(accesses.size());
  if (rank != batch + 2 && !(rank == 1 && batch == 0)) return std::nullopt;
  std::vector<int> indices;
  for (const Affine& access : accesses) {
    if (!access.plain()) return std::nullopt;
    indices.push_back(*access.plain());
  }
  for (int k = 0; k < batch; ++k) {
    if (indices[k] != k) return std::nullopt;
  }
  MatrixFactor made{value, indices[batch]};
  if (rank == batch + 2) made.column = indices[batch + 1];
  return made;
}

// inv(A) @ b as solve(A, b), of matrices and of a vector b: one factorisation instead of two
// products, and the smaller error (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd
// edition, section 14.1). Only as the user wrote it: formulas of derivatives keep A⁻¹.
Value product_with_inverse(Rewriter& rewriter, Value value) {
  if (!rewriter.is_recognising() || rewriter[value].operands.size() != 2) return {};
  const auto& of = std::get<Contraction>(rewriter[value].attributes);
  const int sum = of.free;
  if (static_cast<int>(of.extents.size()) != sum + 1) return {};
  for (int k : {0, 1}) {
    Value inverse = rewriter.operand(value, k);
    if (const Value plain = under_transpose(rewriter, inverse); plain.valid()) inverse = plain;
    if (rewriter.op(inverse) != Op::inv || rewriter.is_named(inverse)) continue;
    const int batch = rewriter.rank(inverse) - 2;
    auto matrix = matrix_factor(inverse, of.accesses[k], batch);
    auto side = matrix_factor(rewriter.operand(value, 1 - k), of.accesses[1 - k], batch);
    if (!matrix || !side || matrix->row == matrix->column) continue;
    if (inverse != rewriter.operand(value, k)) std::swap(matrix->row, matrix->column);
    // Σ over a column of A⁻¹ is with A, over a row of it with A'.
    const Value a = rewriter.operand(inverse);
    if (matrix->row != sum && matrix->column != sum) continue;
    const Value left = matrix->column == sum ? a : transposed(rewriter, a);
    const int row = matrix->column == sum ? matrix->row : matrix->column;
    if (side->column < 0) {
      if (side->row != sum || sum != 1 || row != 0) continue;
      return rewriter.graph.linear_algebra(Op::solve, {left, side->value});
    }
    if ((side->row == sum) == (side->column == sum)) continue;
    const bool by_rows = side->row == sum;
    const int column = by_rows ? side->column : side->row;
    if (std::max(row, column) != batch + 1 || std::min(row, column) != batch || sum != batch + 2) {
      continue;
    }
    const Value right = by_rows ? side->value : transposed(rewriter, side->value);
    const Value x = rewriter.graph.linear_algebra(Op::solve, {left, right});
    return row < column ? x : transposed(rewriter, x);
  }
  return {};
}

std::vector<Rule> make_table() {
  constexpr Stage recognise = Stage::recognise;
  return {
      rule("function of a transpose", {Op::inv, Op::det, Op::adjugate, Op::logdet},
           function_of_transpose, "inv(x')", "inv(x)'", rounding, recognise),
      rule("function of an inverse", {Op::inv, Op::det, Op::logdet}, function_of_inverse,
           "logdet(inv(x))", "-logdet(x)", rounding, recognise),
      rule("log of a determinant", {Op::log}, log_of_determinant, "log(abs(det(x)))", "logdet(x)",
           rounding, recognise),
      rule("product with an inverse", {Op::contract}, product_with_inverse, "inv(x) @ y",
           "solve(x, y)", rounding, recognise),
      rule("solution for the identity", {Op::solve}, solution_for_identity, "solve(x, c * I)",
           "c * inv(x)", rounding),
      rule("transpose of a symmetric matrix", {Op::view}, transpose_of_symmetric, "x'", "x",
           rounding, Stage::simplify, "x is symmetric"),
      rule("symmetric factor", {Op::contract}, symmetric_factor, "x' @ y", "x @ y", rounding,
           Stage::simplify, "x is symmetric"),
  };
}

}  // namespace

std::span<const Rule> linear_algebra_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
