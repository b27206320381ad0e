#include "compiler/gradient/overridden.h"

#include <variant>
#include <vector>

namespace gradus {
namespace {

// The values that are a stop_gradient or have an overridden derivative, and the scans with one in
// their bodies.
std::vector<Value> stopped(const Graph& graph, std::span<const Value> roots) {
  std::vector<Value> found;
  for (Value value : reachable(graph, roots)) {
    const Node& node = graph[value];
    const auto* scan = std::get_if<Scan>(&node.attributes);
    const bool is_inside = scan != nullptr && !stopped(graph, body_of(*scan)).empty();
    if (node.op == Op::stop_gradient || node.op == Op::call || is_inside) found.push_back(value);
  }
  return found;
}

}  // namespace

std::set<Value> overridden(const Graph& graph, Value loss) {
  const std::vector<Value> behind = reachable(graph, stopped(graph, std::span(&loss, 1)));
  return {behind.begin(), behind.end()};
}

}  // namespace gradus
