// Scatters that are no accumulations: each row of the result gets at most one entry.
#include <algorithm>

#include "compiler/graph/access.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using patterns::rule;

// For each axis of what is scattered the axis of the result that it becomes; nothing where some
// axis is added up, or where an affine coordinate is more than that.
std::optional<std::vector<int>> kept_axes(const Gathering& gathering, const Shape& updates) {
  std::vector<int> axis_of(updates.size(), -1);
  for (int k = 0; k < static_cast<int>(gathering.from.size()); ++k) {
    const Coordinate& from = gathering.from[k];
    if (from.operand >= 0) continue;
    const auto axis = from.at[0].plain();
    if (!axis || axis_of[*axis] != -1 || updates[*axis] != gathering.shape[k]) return std::nullopt;
    axis_of[*axis] = k;
  }
  if (std::find(axis_of.begin(), axis_of.end(), -1) != axis_of.end()) return std::nullopt;
  return axis_of;
}

// Where the coordinate that data say is the place along its axis.
Value is_there(Rewriter& rewriter, const Node& scatter, int axis, const std::vector<Affine>& kept) {
  const auto& gathering = std::get<Gathering>(scatter.attributes);
  const Coordinate& from = gathering.from[axis];
  View said{gathering.shape, {}, std::nullopt};
  for (const Affine& access : from.at) said.map.push_back(composed(access, kept));
  Graph& graph = rewriter.graph;
  const Value positions = graph.iota(gathering.shape[axis]);
  return graph.map(Op::eq, {graph.view(scatter.operands[from.operand], std::move(said)),
                            graph.broadcast(positions, gathering.shape, {axis})});
}

Value one_entry_a_row(Rewriter& rewriter, Value value) {
  const Node scatter = rewriter[value];
  const auto& gathering = std::get<Gathering>(scatter.attributes);
  const Value updates = scatter.operands[0];
  const auto axes = kept_axes(gathering, rewriter.shape(updates));
  if (!axes) return {};
  Graph& graph = rewriter.graph;
  std::vector<Affine> kept;
  View spread_out{gathering.shape, {}, std::nullopt};
  for (int axis : *axes) kept.push_back(Affine::axis(axis));
  spread_out.map = kept;
  Value there;
  for (int axis = 0; axis < static_cast<int>(gathering.from.size()); ++axis) {
    if (gathering.from[axis].operand < 0) continue;
    const Value here = is_there(rewriter, scatter, axis, kept);
    there = there.valid() ? graph.map(Op::logical_and, {there, here}) : here;
  }
  const Value entries = graph.view(updates, std::move(spread_out));
  if (!there.valid()) return entries;
  if (rewriter.facts[updates].finite) {
    return graph.map(Op::mul, {entries, graph.map(Op::to_real, {there})});
  }
  return graph.map(Op::select, {there, entries, graph.constant(0)});
}

}  // namespace

std::span<const Rule> scatter_rules() {
  static const std::vector<Rule> table = {
      rule("scatter of one entry a row", {Op::scatter_add}, one_entry_a_row, "scatter(x, y)[i, j]",
           "if y[i] == j then x[i] else 0", Exactness::exact),
  };
  return table;
}

}  // namespace gradus::rewriting
