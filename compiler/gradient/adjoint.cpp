#include "compiler/gradient/adjoint.h"

#include "compiler/graph/rewrite.h"

namespace gradus::adjoint {
namespace {

// A row for each structural operator that a derivative flows through, and into which operand (−1:
// into all). An operator that is not here stops derivatives: any, all, argmax, argmin,
// random numbers, leaves.
struct Row {
  Op op;
  int operand;
  Value (*term)(Graph& graph, Value user, int operand, Value g);
};

constexpr Row rows[] = {
    {Op::call, -1, of_call},
    {Op::view, 0, of_view},
    {Op::spread, 0, of_spread},
    {Op::reshape, 0, of_reshape},
    {Op::concat, -1, of_concat},
    {Op::contract, -1, of_contract},
    {Op::reduce_sum, 0, of_sum},
    {Op::reduce_prod, 0, of_prod},
    {Op::reduce_max, 0, of_extremum},
    {Op::reduce_min, 0, of_extremum},
    {Op::logsumexp, 0, of_logsumexp},
    {Op::norm, 0, of_norm},
    {Op::softmax, 0, of_softmax},
    {Op::log_softmax, 0, of_log_softmax},
    {Op::cumsum, 0, of_cumsum},
    {Op::gather, 0, of_gather},
    {Op::scatter_add, 0, of_scatter_add},
    {Op::inv, 0, of_inv},
    {Op::solve, -1, of_solve},
    {Op::det, 0, of_det},
    {Op::adjugate, 0, of_adjugate},
    {Op::logdet, 0, of_logdet},
    {Op::cholesky, 0, of_cholesky},
};

const Row* row_of(Op op) {
  for (const Row& row : rows) {
    if (row.op == op) return &row;
  }
  return nullptr;
}

}  // namespace

Value entrywise(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  Holes holes = {{'r', user}, {'g', g}};
  for (size_t k = 0; k < node.operands.size(); ++k) holes["xyz"[k]] = node.operands[k];
  return instantiate(graph, map_of(node.op).gradient[operand], holes);
}

Value summed(Graph& graph, Value entries, Value operand) {
  const int rank = graph.type(entries).rank();
  if (rank == 0 || graph.type(operand).rank() != 0) return entries;
  std::vector<int> axes(rank);
  for (int k = 0; k < rank; ++k) axes[k] = k;
  return graph.reduce(Op::reduce_sum, entries, axes);
}

bool flows(const Graph& graph, Value user, int operand) {
  const Node& node = graph[user];
  if (node.op == Op::result) return node.type.element == Element::real;
  if (graph.type(node.operands[operand]).element != Element::real) return false;
  if (node.op == Op::scan) return true;
  if (node.type.element != Element::real) return false;
  if (is_map(node.op)) return !map_of(node.op).gradient[operand].empty();
  if (node.op == Op::call && is_overridden_by_zero(graph, user, operand)) return false;
  const Row* row = row_of(node.op);
  return row != nullptr && (row->operand == -1 || row->operand == operand);
}

Value term(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  if (!is_map(node.op)) return row_of(node.op)->term(graph, user, operand, g);
  return summed(graph, entrywise(graph, user, operand, g), node.operands[operand]);
}

}  // namespace gradus::adjoint
