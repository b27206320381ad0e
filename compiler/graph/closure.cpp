#include "compiler/graph/closure.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/graph/rewrite.h"

namespace gradus {
namespace {

class Closing {
 public:
  Closing(Graph& graph, std::vector<Value> operands, Scan scan, const std::string& prefix)
      : graph_(graph), operands_(std::move(operands)), scan_(std::move(scan)), prefix_(prefix) {
    for (Value leaf : scan_.bound) taken_.insert(leaf);
  }

  Value run() {
    const std::vector<Value> body = body_of(scan_);
    const std::vector<Value> order = reachable(graph_, body);
    std::set<Value> inside(scan_.bound.begin(), scan_.bound.end());
    for (Value value : order) {
      const auto& operands = graph_[value].operands;
      const bool depends = std::any_of(operands.begin(), operands.end(),
                                       [&](Value operand) { return inside.contains(operand); });
      if (depends) inside.insert(value);
    }
    for (Value root : body) {
      if (!inside.contains(root)) read(root);
    }
    for (Value value : order) {
      if (!inside.contains(value)) continue;
      for (Value operand : graph_[value].operands) {
        if (!inside.contains(operand)) read(operand);
      }
    }
    Scan made = with_body(scan_, substitute(graph_, body, leaves_));
    return graph_.scan(std::move(operands_), std::move(made));
  }

 private:
  // A value that no round changes.
  void read(Value value) {
    const Node& node = graph_[value];
    if (leaves_.contains(value) || is_constant(value)) return;
    if (as_broadcast(graph_, value)) return read(node.operands[0]);
    std::string name(graph_.name(value));
    if (name.empty()) name = fmt::format("{}outside{}", prefix_, leaves_.size());
    Value leaf = graph_.leaf(Op::bound, name, node.type);
    for (int k = 2; !taken_.insert(leaf).second; ++k) {
      leaf = graph_.leaf(Op::bound, fmt::format("{}'{}", name, k), node.type);
    }
    if (const Provenance* from = graph_.provenance(value)) graph_.set_provenance(leaf, *from);
    leaves_[value] = leaf;
    operands_.push_back(value);
    scan_.bound.push_back(leaf);
  }

  // Made of literals, named constants and extents.
  bool is_constant(Value value) const {
    const Node& node = graph_[value];
    if (node.op == Op::constant || node.op == Op::symbol || node.op == Op::size ||
        node.op == Op::iota) {
      return true;
    }
    return is_map(node.op) && std::all_of(node.operands.begin(), node.operands.end(),
                                          [&](Value operand) { return is_constant(operand); });
  }

  Graph& graph_;
  std::vector<Value> operands_;
  Scan scan_;
  const std::string& prefix_;
  std::map<Value, Value> leaves_;  // of values of outside
  std::set<Value> taken_;
};

}  // namespace

Value closed_scan(Graph& graph, std::vector<Value> operands, Scan scan, const std::string& prefix) {
  return Closing(graph, std::move(operands), std::move(scan), prefix).run();
}

}  // namespace gradus
