// Which views are broadcasts, and which are transposes.

#include "compiler/graph/graph.h"

namespace gradus {

std::optional<std::vector<int>> as_broadcast(const View& view) {
  std::vector<int> axes;
  for (const Affine& access : view.map) {
    auto axis = access.plain();
    if (!axis || (!axes.empty() && *axis <= axes.back())) return std::nullopt;
    axes.push_back(*axis);
  }
  return view.fill ? std::nullopt : std::optional(axes);
}

std::optional<std::vector<int>> as_transpose(const View& view) {
  if (view.fill || view.map.size() != view.shape.size()) return std::nullopt;
  std::vector<int> permutation(view.map.size(), -1);
  for (int k = 0; k < static_cast<int>(view.map.size()); ++k) {
    auto axis = view.map[k].plain();
    if (!axis || permutation[*axis] != -1) return std::nullopt;
    permutation[*axis] = k;
  }
  return permutation;
}

namespace {

bool reads_whole_axes(const Graph& graph, Value value) {
  const auto& view = std::get<View>(graph[value].attributes);
  const Shape& shape = graph.shape(graph[value].operands[0]);
  for (size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] != view.shape[*view.map[k].plain()]) return false;
  }
  return true;
}

}  // namespace

std::optional<std::vector<int>> as_broadcast(const Graph& graph, Value value) {
  if (graph[value].op != Op::view) return std::nullopt;
  const auto axes = as_broadcast(std::get<View>(graph[value].attributes));
  return axes && reads_whole_axes(graph, value) ? axes : std::nullopt;
}

std::optional<std::vector<int>> as_transpose(const Graph& graph, Value value) {
  if (graph[value].op != Op::view) return std::nullopt;
  const auto axes = as_transpose(std::get<View>(graph[value].attributes));
  return axes && reads_whole_axes(graph, value) ? axes : std::nullopt;
}

}  // namespace gradus
