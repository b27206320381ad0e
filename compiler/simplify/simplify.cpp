#include "compiler/simplify/simplify.h"

#include <set>

#include "compiler/simplify/rewriter.h"
#include "compiler/simplify/scans.h"

namespace gradus {

using rewriting::Rewriter;
using rewriting::Stage;

namespace {

// Which operators are among what the roots need, also in the bodies of scans.
void find_operators(const Graph& graph, std::span<const Value> roots, std::set<Op>& found) {
  for (Value value : reachable(graph, roots)) {
    found.insert(graph[value].op);
    const auto* scan = std::get_if<Scan>(&graph[value].attributes);
    if (scan != nullptr) find_operators(graph, body_of(*scan), found);
  }
}

// Whether a rule of the last stage may apply.
bool has_exponentials(const Graph& graph, std::span<const Value> roots) {
  std::set<Op> found;
  find_operators(graph, roots, found);
  return found.contains(Op::exp) || found.contains(Op::sigmoid);
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
  return has_exponentials(graph, simpler) ? Rewriter(graph, Stage::finish, log).normal(simpler)
                                          : simpler;
}

std::vector<Value> stabilise(Graph& graph, std::span<const Value> roots) {
  std::set<Op> found;
  find_operators(graph, roots, found);
  const bool any = found.contains(Op::sigmoid) || found.contains(Op::exp);
  return any ? Rewriter(graph, Stage::evaluate, nullptr).normal(roots)
             : std::vector<Value>(roots.begin(), roots.end());
}

std::vector<Value> recognise(Graph& graph, std::span<const Value> roots, Derivation* log) {
  const std::vector<Value> simpler = Rewriter(graph, Stage::recognise, log).normal(roots);
  return rewriting::with_less_in_rounds(graph, simpler);
}

}  // namespace gradus
