#include "compiler/gradient/adjoint.h"

#include <optional>

#include "compiler/graph/rewrite.h"

namespace gradus::adjoint {
namespace {

// A row for each structural operator that a derivative flows through, and into which operand (−1:
// into all). An operator that is not here stops derivatives: any, all, argmax, argmin, leaves.
struct Row {
  Op op;
  int operand;
  Value (*term)(Graph& graph, Value user, int operand, Value g);
};

constexpr Row rows[] = {
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
    {Op::scatter_add, 1, of_scatter_add},
};

const Row* row_of(Op op) {
  for (const Row& row : rows) {
    if (row.op == op) return &row;
  }
  return nullptr;
}

// The term of an operand of an elementwise node; a scalar among larger operands collects the sum.
Value of_map(Graph& graph, Value user, int operand, Value g) {
  const Value term = entrywise(graph, user, operand, g);
  const int rank = graph.type(user).rank();
  if (rank == 0 || graph.type(graph[user].operands[operand]).rank() != 0) return term;
  std::vector<int> axes(rank);
  for (int k = 0; k < rank; ++k) axes[k] = k;
  return graph.reduce(Op::reduce_sum, term, axes);
}

// An adjoint that is 0 where a branch was not taken, and elsewhere g: select(test, g, 0), or
// select(test, 0, g) where `otherwise`.
struct Masked {
  Value test;
  Value g;
  bool otherwise;
};

bool is_zero(const Graph& graph, Value x) {
  return graph[x].op == Op::constant && std::get<Literal>(graph[x].attributes).value == 0;
}

// Of an adjoint that came through a branch. The factor of an operator inside of the branch is put
// below the mask, not beside it: where the branch is not taken, that factor may be infinite or NaN,
// and 0 times that is not 0. Sums have the factor 1.
std::optional<Masked> without_mask(const Graph& graph, Op user, Value g) {
  if (graph[g].op != Op::select || user == Op::add || user == Op::sub || user == Op::neg) {
    return std::nullopt;
  }
  const std::vector<Value>& parts = graph[g].operands;
  if (is_zero(graph, parts[2])) return Masked{parts[0], parts[1], false};
  if (is_zero(graph, parts[1])) return Masked{parts[0], parts[2], true};
  return std::nullopt;
}

}  // namespace

Value entrywise(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  if (const auto masked = without_mask(graph, node.op, g)) {
    const Value inner = entrywise(graph, user, operand, masked->g);
    const Value zero = graph.constant(0);
    return graph.map(Op::select, {masked->test, masked->otherwise ? zero : inner,
                                  masked->otherwise ? inner : zero});
  }
  Holes holes = {{'r', user}, {'g', g}};
  for (size_t k = 0; k < node.operands.size(); ++k) holes["xyz"[k]] = node.operands[k];
  return instantiate(graph, map_of(node.op).gradient[operand], holes);
}

bool flows(const Graph& graph, Value user, int operand) {
  const Node& node = graph[user];
  if (graph.type(node.operands[operand]).element != Element::real) return false;
  if (node.type.element != Element::real) return false;
  if (is_map(node.op)) return !map_of(node.op).gradient[operand].empty();
  const Row* row = row_of(node.op);
  return row != nullptr && (row->operand == -1 || row->operand == operand);
}

Value term(Graph& graph, Value user, int operand, Value g) {
  const Op op = graph[user].op;
  return is_map(op) ? of_map(graph, user, operand, g) : row_of(op)->term(graph, user, operand, g);
}

}  // namespace gradus::adjoint
