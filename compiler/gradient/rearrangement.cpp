// Adjoints of the operators that move entries about.
#include <algorithm>

#include "compiler/gradient/adjoint.h"
#include "compiler/graph/access.h"

namespace gradus::adjoint {
namespace {

bool all_in_range(const std::vector<Affine>& map, const Shape& from, const Shape& to) {
  for (size_t k = 0; k < map.size(); ++k) {
    if (!in_range(map[k], from, to[k])) return false;
  }
  return true;
}

// The axes of a view's result that no access reads: along them the operand is repeated.
std::vector<int> new_axes(const View& view) {
  std::vector<bool> used(view.shape.size(), false);
  for (const Affine& access : view.map) {
    for (const auto& term : access.terms) used[term.axis] = true;
  }
  std::vector<int> fresh;
  for (int axis = 0; axis < static_cast<int>(used.size()); ++axis) {
    if (!used[axis]) fresh.push_back(axis);
  }
  return fresh;
}

// The same accesses over the axes that are left without `gone`.
std::vector<Affine> renumbered(std::vector<Affine> map, const std::vector<int>& gone) {
  for (Affine& access : map) {
    for (auto& term : access.terms) {
      term.axis -=
          static_cast<int>(std::lower_bound(gone.begin(), gone.end(), term.axis) - gone.begin());
    }
  }
  return map;
}

// Whether each of `rank` axes is read by one access alone, with coefficient 1 or −1: then the view
// moves every entry to one place, and its adjoint is a view back.
bool is_injective(const std::vector<Affine>& map, size_t rank) {
  std::vector<int> uses(rank, 0);
  for (const Affine& access : map) {
    if (access.terms.size() > 1) return false;
    for (const auto& term : access.terms) {
      if (term.coefficient != 1 && term.coefficient != -1) return false;
      if (++uses[term.axis] > 1) return false;
    }
  }
  return true;
}

// The view that brings an adjoint g back to `shape`, for an injective map from g's axes to those of
// `shape`: 0 where the map does not arrive.
Value inverse_view(Graph& graph, Value g, const std::vector<Affine>& map, const Shape& shape) {
  Shape extended = graph.shape(g);
  const int rank = static_cast<int>(extended.size());
  View inverse{shape, std::vector<Affine>(rank), std::nullopt};
  for (int axis = 0; axis < static_cast<int>(map.size()); ++axis) {
    const Affine& access = map[axis];
    if (!access.terms.empty()) {
      const auto& [from, sign] = access.terms[0];
      inverse.map[from] = Affine::axis(axis, sign, Dim(-sign) * access.offset);
    } else if (shape[axis] != Dim(1) || access.offset != Dim(0)) {
      // One position of a longer axis: an axis of extent 1, shifted there.
      extended.emplace_back(1);
      inverse.map.push_back(Affine::axis(axis, 1, Dim(0) - access.offset));
    }
  }
  std::vector<int> own(rank);
  for (int k = 0; k < rank; ++k) own[k] = k;
  g = graph.broadcast(g, extended, own);
  if (!all_in_range(inverse.map, shape, extended)) inverse.fill = 0.0;
  const auto axes = as_transpose(inverse);
  if (axes && extended == shape && std::is_sorted(axes->begin(), axes->end())) return g;
  return graph.view(g, std::move(inverse));
}

}  // namespace

Value of_view(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  const View& view = std::get<View>(node.attributes);
  const Shape& shape = graph.shape(node.operands[operand]);
  const std::vector<int> repeated = new_axes(view);
  if (!repeated.empty()) g = graph.reduce(Op::reduce_sum, g, repeated);
  const std::vector<Affine> map = renumbered(view.map, repeated);
  if (is_injective(map, graph.shape(g).size())) return inverse_view(graph, g, map, shape);
  return graph.spread(g, {shape, map, std::nullopt});
}

Value of_spread(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  const View& spread = std::get<View>(node.attributes);
  const Shape& shape = graph.shape(node.operands[operand]);
  View back{shape, spread.map, std::nullopt};
  if (!all_in_range(spread.map, shape, spread.shape)) back.fill = 0.0;
  return graph.view(g, std::move(back));
}

Value of_reshape(Graph& graph, Value user, int operand, Value g) {
  return graph.reshape(g, graph.shape(graph[user].operands[operand]));
}

Value of_concat(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  const int axis = std::get<Along>(node.attributes).axis;
  Dim offset = 0;
  for (int k = 0; k < operand; ++k) offset = offset + graph.shape(node.operands[k])[axis];
  View slice{graph.shape(node.operands[operand]), {}, std::nullopt};
  for (int k = 0; k < static_cast<int>(slice.shape.size()); ++k) {
    slice.map.push_back(Affine::axis(k, 1, k == axis ? offset : Dim(0)));
  }
  return graph.view(g, std::move(slice));
}

Value of_gather(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  Gathering back = std::get<Gathering>(node.attributes);
  back.shape = graph.shape(node.operands[operand]);
  return graph.scatter_add(g, {node.operands.begin() + 1, node.operands.end()}, std::move(back));
}

Value of_scatter_add(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  Gathering back = std::get<Gathering>(node.attributes);
  back.shape = graph.shape(node.operands[operand]);
  return graph.gather(g, {node.operands.begin() + 1, node.operands.end()}, std::move(back));
}

}  // namespace gradus::adjoint
