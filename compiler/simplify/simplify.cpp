#include "compiler/simplify/simplify.h"

#include <algorithm>

#include "compiler/simplify/rewriter.h"

namespace gradus {

using rewriting::Rewriter;
using rewriting::Stage;

namespace {

// Whether a rule of the last stage may apply.
bool has_exponentials(const Graph& graph, std::span<const Value> roots) {
  const std::vector<Value> values = reachable(graph, roots);
  const auto divides = [&](Value value) { return graph[value].op == Op::div; };
  const auto is_exponential = [&](Value value) {
    return graph[value].op == Op::exp || graph[value].op == Op::sigmoid;
  };
  return std::any_of(values.begin(), values.end(), divides) &&
         std::any_of(values.begin(), values.end(), is_exponential);
}

}  // namespace

std::vector<Value> simplify(Graph& graph, std::span<const Value> roots, Derivation* log) {
  const std::vector<Value> simpler = Rewriter(graph, Stage::simplify, log).normal(roots);
  // What remains of quotients of exponentials is made safe when nothing can cancel it any more.
  return has_exponentials(graph, simpler) ? Rewriter(graph, Stage::finish, log).normal(simpler)
                                          : simpler;
}

std::vector<Value> recognise(Graph& graph, std::span<const Value> roots, Derivation* log) {
  return Rewriter(graph, Stage::recognise, log).normal(roots);
}

}  // namespace gradus
