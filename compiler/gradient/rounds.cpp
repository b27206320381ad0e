#include "compiler/gradient/rounds.h"

#include <algorithm>
#include <set>
#include <string>

#include "compiler/graph/rewrite.h"

namespace gradus::adjoint {

Rounds::Rounds(Graph& graph, const Scan& scan) : graph_(graph), scan_(scan) {
  const size_t outside = scan.sequences.size() + scan.next.size();
  for (size_t k = 0; k < scan.bound.size(); ++k) varies_[scan.bound[k]] = k < outside;
}

bool Rounds::varies(Value value) const {
  if (const auto known = varies_.find(value); known != varies_.end()) return known->second;
  const auto& operands = graph_[value].operands;
  const bool any =
      std::any_of(operands.begin(), operands.end(), [&](Value operand) { return varies(operand); });
  return varies_[value] = any;
}

Along Rounds::place(Value value) const {
  if (scan_.sequences.empty()) return {};
  const Along& first = scan_.sequences[0];
  return {std::min(first.axis, graph_.type(value).rank()), first.reverse, false};
}

Value Rounds::outside(Value value, const std::vector<Value>& operands) const {
  std::map<Value, Value> known;
  for (size_t k = 0; k < operands.size(); ++k) known[scan_.bound[k]] = operands[k];
  return substitute(graph_, std::span(&value, 1), known)[0];
}

void Rounds::keep(Value value) {
  const auto end = scan_.bound.begin() + static_cast<long>(scan_.sequences.size());
  if (std::find(scan_.bound.begin(), end, value) != end) return;
  if (std::find(kept_.begin(), kept_.end(), value) == kept_.end()) kept_.push_back(value);
}

// One pass over a body is as quick to do again as it is to read its result.
bool Rounds::is_cheap(Value value) const {
  constexpr Op ops[] = {Op::neg,         Op::add,        Op::sub,
                        Op::mul,         Op::min,        Op::max,
                        Op::abs,         Op::sign,       Op::lt,
                        Op::le,          Op::gt,         Op::ge,
                        Op::eq,          Op::ne,         Op::div,
                        Op::logical_and, Op::logical_or, Op::logical_not,
                        Op::select,      Op::to_real,    Op::stop_gradient,
                        Op::view,        Op::reshape};
  return std::find(std::begin(ops), std::end(ops), graph_[value].op) != std::end(ops);
}

// What a value is computed from by cheap operators: what differs by round and is no sequence.
void Rounds::bases(Value value, std::vector<Value>& found) const {
  if (!varies(value)) return;
  const auto end = scan_.bound.begin() + static_cast<long>(scan_.sequences.size());
  if (std::find(scan_.bound.begin(), end, value) != end) return;
  if (!is_cheap(value)) {
    if (std::find(found.begin(), found.end(), value) == found.end()) found.push_back(value);
    return;
  }
  for (Value operand : graph_[value].operands) bases(operand, found);
}

void Rounds::need(Value value, bool recompute) {
  const Op op = graph_[value].op;
  if (op == Op::bound || (!recompute && !is_cheap(value))) return keep(value);
  if (recompute) {
    for (Value leaf : reachable(graph_, std::span(&value, 1))) {
      if (graph_[leaf].op == Op::bound && varies(leaf)) keep(leaf);
    }
    return;
  }
  std::vector<Value> from;
  bases(value, from);
  const auto missing = std::count_if(from.begin(), from.end(), [&](Value base) {
    return std::find(kept_.begin(), kept_.end(), base) == kept_.end();
  });
  if (missing > 1) return keep(value);
  for (Value base : from) keep(base);
}

void Rounds::save(std::span<const Value> roots, std::span<const Value> others, bool recompute) {
  const std::vector<Value> order = reachable(graph_, roots);
  std::set<Value> theirs(others.begin(), others.end());
  for (Value value : order) {
    const auto& operands = graph_[value].operands;
    if (std::any_of(operands.begin(), operands.end(),
                    [&](Value operand) { return theirs.contains(operand); })) {
      theirs.insert(value);
    }
  }
  // The body's own values that the others are made of, dear ones first.
  std::vector<Value> needed;
  const auto add = [&](Value value) {
    if (!theirs.contains(value) && varies(value)) needed.push_back(value);
  };
  for (Value root : roots) add(root);
  for (Value value : order) {
    if (!theirs.contains(value)) continue;
    for (Value operand : graph_[value].operands) add(operand);
  }
  std::stable_partition(needed.begin(), needed.end(),
                        [&](Value value) { return !is_cheap(value); });
  for (Value value : needed) need(value, recompute);
}

Value Rounds::leaf_of(Value value) {
  if (graph_[value].op == Op::bound) return value;
  std::string name(graph_.name(value));
  const std::string& first = std::get<Named>(graph_[scan_.bound[0]].attributes).name;
  if (name.empty()) name = "kept" + std::to_string(leaves_.size()) + ":" + first;
  Value leaf = graph_.leaf(Op::bound, name, graph_.type(value));
  while (varies_.contains(leaf)) {
    name += "'";
    leaf = graph_.leaf(Op::bound, name, graph_.type(value));
  }
  if (const Provenance* from = graph_.provenance(value)) graph_.set_provenance(leaf, *from);
  varies_[leaf] = true;
  return leaf;
}

std::vector<Value> Rounds::with_saved(std::span<const Value> roots) {
  for (Value value : kept_) {
    if (!leaves_.contains(value)) leaves_[value] = leaf_of(value);
  }
  return substitute(graph_, roots, leaves_);
}

Value Rounds::yielding(const std::vector<Value>& operands) {
  if (scanned_.valid()) return scanned_;
  Scan made = scan_;
  for (Value value : kept_) {
    if (std::find(made.yields.begin(), made.yields.end(), value) != made.yields.end()) continue;
    made.yields.push_back(value);
    made.stacked.push_back(place(value));
  }
  return scanned_ = graph_.scan(operands, std::move(made));
}

Rounds::Stack Rounds::stack(Value value, const std::vector<Value>& operands) {
  for (size_t k = 0; k < scan_.sequences.size(); ++k) {
    if (scan_.bound[k] == value) return {operands[k], scan_.sequences[k]};
  }
  const Value scanned = yielding(operands);
  const auto& scan = std::get<Scan>(graph_[scanned].attributes);
  const auto found = std::find(scan.yields.begin(), scan.yields.end(), value);
  const auto number = found - scan.yields.begin();
  return {graph_.result(scanned, static_cast<int>(number)), scan.stacked[number]};
}

std::optional<Rounds::Stack> Rounds::sequence(Value leaf, const std::vector<Value>& operands) {
  for (size_t k = 0; k < scan_.sequences.size(); ++k) {
    if (scan_.bound[k] == leaf) return Stack{operands[k], scan_.sequences[k]};
  }
  for (const auto& [value, known] : leaves_) {
    if (known == leaf) return stack(value, operands);
  }
  return std::nullopt;
}

}  // namespace gradus::adjoint
