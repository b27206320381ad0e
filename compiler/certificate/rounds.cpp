#include "compiler/certificate/rounds.h"

#include <algorithm>
#include <vector>

namespace gradus::certificate {
namespace {

// A value of a body with the name that it prints with, and how far from the place of its round the
// place is that it belongs to.
struct Named {
  std::string printed;
  Value value;
  int64_t shift = 0;
};

int direction_of(const Scan& scan) {
  return !scan.sequences.empty() && scan.sequences[0].reverse ? -1 : 1;
}

std::vector<Named> named_values(const Graph& graph, const Scan& scan,
                                const std::map<std::string, std::string>& printed) {
  std::vector<Named> found;
  const auto add = [&](const std::string& name, Value value, int64_t shift) {
    const auto known = printed.find(name);
    if (known != printed.end()) found.push_back({known->second, value, shift});
  };
  for (size_t k = 0; k < scan.next.size(); ++k) {
    const Value leaf = scan.bound[scan.sequences.size() + k];
    const std::string& name = std::get<gradus::Named>(graph[leaf].attributes).name;
    add(name, leaf, 0);
    add(name, scan.next[k], direction_of(scan));
  }
  for (Value value : reachable(graph, body_of(scan))) {
    const bool is_next = std::find(scan.next.begin(), scan.next.end(), value) != scan.next.end();
    if (!is_leaf(graph[value].op) && !is_next) add(std::string(graph.name(value)), value, 0);
  }
  return found;
}

Quantity quantity(const Array& array) {
  Tensor tensor{array.shape, array.entries};
  tensor.is_boolean = array.element == Element::boolean;
  return tensor;
}

}  // namespace

void add_rounds(Graph& graph, std::span<const Value> roots,
                const std::map<std::string, std::string>& printed, const Bindings& leaves,
                const DimBindings& dims, Given& given) {
  for (Value value : reachable(graph, roots)) {
    if (graph[value].op != Op::scan) continue;
    Scan scan = std::get<Scan>(graph[value].attributes);
    const std::vector<Named> named = named_values(graph, scan, printed);
    if (named.empty()) continue;
    Along along;
    along.axis = 0;
    along.reverse = direction_of(scan) < 0;
    scan.yields.clear();
    scan.stacked.clear();
    for (const Named& each : named) {
      scan.yields.push_back(each.value);
      scan.stacked.push_back(along);
    }
    const Value wide = graph.scan(graph[value].operands, scan);
    for (size_t k = 0; k < named.size(); ++k) {
      const Value result = graph.result(wide, static_cast<int>(k));
      const Quantity all = quantity(interpret(graph, result, leaves, dims));
      auto& places = given.rounds[named[k].printed];
      for (int64_t at = 0; at < all.tensor().shape[0]; ++at) {
        places.insert_or_assign(at + named[k].shift, part(all, 0, at));
      }
    }
  }
}

int round_axis(const Graph& graph, std::span<const Value> roots, Value value) {
  for (Value each : reachable(graph, roots)) {
    const Node& node = graph[each];
    if (node.op == Op::scan) {
      const Scan& scan = std::get<Scan>(node.attributes);
      for (size_t k = 0; k < scan.sequences.size(); ++k) {
        if (node.operands[k] == value) return scan.sequences[k].axis;
      }
    } else if (node.op == Op::result && each == value) {
      const Scan& scan = std::get<Scan>(graph[node.operands[0]].attributes);
      const auto number = static_cast<size_t>(std::get<Number>(node.attributes).number);
      if (number < scan.stacked.size()) return scan.stacked[number].axis;
    }
  }
  return -1;
}

}  // namespace gradus::certificate
