#include "compiler/simplify/rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "compiler/graph/rewrite.h"
#include "compiler/simplify/match.h"

namespace gradus::rewriting {
namespace {

// Every rule lowers the measure that the README states, so that rewriting ends; this many steps
// from one graph show that one does not.
constexpr size_t most_steps_a_node = 1000;

}  // namespace

Rewriter::Rewriter(Graph& graph, Stage stage, Derivation* log)
    : graph(graph), facts(graph), symmetry(graph), stage_(stage), log_(log) {}

std::optional<double> Rewriter::literal(Value value) const {
  const Node& node = graph[value];
  if (node.op != Op::constant || node.type.element != Element::real) return std::nullopt;
  return std::get<Literal>(node.attributes).value;
}

void Rewriter::settle(std::span<const Value> values) {
  settled_.resize(graph.size());
  for (Value value : values) settled_[value.id] = true;
}

std::vector<Value> Rewriter::normal(std::span<const Value> roots) {
  for (Value value : reachable(graph, roots)) normal(value);
  std::vector<Value> results;
  for (Value root : roots) results.push_back(normal(root));
  return results;
}

Value Rewriter::normal(Value value) {
  if (value.id < normal_.size() && normal_[value.id].valid()) return normal_[value.id];
  // Rules that undo one another have led back here: the value stays as it is.
  if (value.id < open_.size() && open_[value.id]) return value;
  if (open_.size() <= value.id) open_.resize(graph.size());
  open_[value.id] = true;
  Value result = with_normal_operands(value);
  if (result != value) {
    inherit_name(value, result);
    result = normal(result);
  } else if (const Value next = rewritten(value); next.valid()) {
    inherit_name(value, next);
    result = normal(next);
  }
  open_[value.id] = false;
  remember(value, result);
  remember(result, result);
  return result;
}

Value Rewriter::with_normal_operands(Value value) {
  const Node& node = graph[value];
  std::vector<Value> operands;
  for (Value operand : node.operands) operands.push_back(normal(operand));
  if (const auto* scan = std::get_if<Scan>(&node.attributes)) {
    return graph.scan(std::move(operands), with_body(*scan, normal(body_of(*scan))));
  }
  return operands == node.operands ? value : graph.with_operands(node, std::move(operands));
}

// One step at the root; invalid where no rule applies.
Value Rewriter::rewritten(Value value) {
  if (value.id < settled_.size() && settled_[value.id]) return {};
  Match unbound;
  unbound.shape = &graph.shape(value);
  for (const Rule* rule : rules_at(graph[value].op)) {
    if (!is_active(*rule)) continue;
    if (rule->apply != nullptr) {
      const Value after = rule->apply(*this, value);
      if (after.valid() && after != value) return checked(*rule, value, after);
      continue;
    }
    for (const Match& match : matches(*this, rule->from, value, unbound, *unbound.shape)) {
      if (rule->holds != nullptr && !rule->holds(*this, match)) continue;
      const Value after = instantiate(*this, rule->to, match);
      return checked(*rule, value, graph.full(after, *unbound.shape));
    }
  }
  return {};
}

Value Rewriter::checked(const Rule& rule, Value before, Value after) {
  const bool same_type = graph.type(before) == graph.type(after);
  if (!same_type || ++steps_ > most_steps_a_node * (graph.size() + 1)) {
    fmt::print(stderr, "gradus: internal error: rule \"{}\" {}\n", rule.name,
               same_type ? "does not end" : "changes the type");
    std::abort();
  }
  record(rule, before, after);
  return after;
}

void Rewriter::record(const Rule& rule, Value before, Value after) {
  if (log_ == nullptr || rule.name.empty()) return;
  log_->rewrites.push_back(
      {rule.name, rule.exactness, before, after, std::string(rule.assumption)});
}

// A name moves on to the successor, which is the same value by another way; a leaf or a number
// keeps its own.
void Rewriter::inherit_name(Value from, Value to) {
  const Provenance* known = graph.provenance(from);
  if (known != nullptr && !is_leaf(graph[to].op)) graph.set_provenance(to, *known);
}

void Rewriter::remember(Value value, Value normal) {
  if (normal_.size() <= value.id) normal_.resize(std::max<size_t>(value.id + 1, graph.size()));
  normal_[value.id] = normal;
}

}  // namespace gradus::rewriting
