#include "compiler/simplify/simplify.h"

#include <algorithm>

#include "compiler/simplify/rewriter.h"
#include "compiler/simplify/scans.h"

namespace gradus {

using rewriting::Rewriter;
using rewriting::Stage;

namespace {

bool is_exponential(Op op) { return op == Op::exp || op == Op::sigmoid; }

// Of what the roots need, the values at which no rule of the last stages applies: those rules are
// about exponentials, which stand in what they match under elementwise operators and views alone.
std::vector<Value> far_from_exponentials(const Graph& graph, std::span<const Value> roots) {
  std::vector<bool> near(graph.size());
  std::vector<Value> far;
  for (Value value : reachable(graph, roots)) {
    const Node& node = graph[value];
    const bool passes = is_map(node.op) || node.op == Op::view || node.op == Op::reshape;
    near[value.id] = is_exponential(node.op) ||
                     (passes && std::any_of(node.operands.begin(), node.operands.end(),
                                            [&](Value operand) { return near[operand.id]; }));
    if (!near[value.id]) far.push_back(value);
  }
  return far;
}

// Whether an exponential is among what the roots need, also in the bodies of scans.
bool has_exponentials(const Graph& graph, std::span<const Value> roots) {
  for (Value value : reachable(graph, roots)) {
    if (is_exponential(graph[value].op)) return true;
    const auto* scan = std::get_if<Scan>(&graph[value].attributes);
    if (scan != nullptr && has_exponentials(graph, body_of(*scan))) return true;
  }
  return false;
}

// The rules of one of the last stages, for roots to which those before it have been applied.
std::vector<Value> in_last_stage(Graph& graph, Stage stage, std::span<const Value> roots,
                                 Derivation* log) {
  if (!has_exponentials(graph, roots)) return {roots.begin(), roots.end()};
  Rewriter rewriter(graph, stage, log);
  rewriter.settle(far_from_exponentials(graph, roots));
  return rewriter.normal(roots);
}

}  // namespace

std::vector<Value> simplify(Graph& graph, std::span<const Value> roots, Derivation* log) {
  std::vector<Value> simpler = Rewriter(graph, Stage::simplify, log).normal(roots);
  for (;;) {
    const std::vector<Value> less = rewriting::with_less_in_rounds(graph, simpler);
    if (less == simpler) break;
    simpler = Rewriter(graph, Stage::simplify, log).normal(less);
  }
  // What remains of quotients of exponentials is made safe when nothing can cancel it any more.
  return in_last_stage(graph, Stage::finish, simpler, log);
}

std::vector<Value> stabilise(Graph& graph, std::span<const Value> roots) {
  return in_last_stage(graph, Stage::evaluate, roots, nullptr);
}

std::vector<Value> recognise(Graph& graph, std::span<const Value> roots, Derivation* log) {
  const std::vector<Value> simpler = Rewriter(graph, Stage::recognise, log).normal(roots);
  return rewriting::with_less_in_rounds(graph, simpler);
}

}  // namespace gradus
