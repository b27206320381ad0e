#include "compiler/simplify/simplify.h"

#include "compiler/simplify/rewriter.h"

namespace gradus {

using rewriting::Rewriter;
using rewriting::Stage;

std::vector<Value> simplify(Graph& graph, std::span<const Value> roots, Derivation* log) {
  const std::vector<Value> simpler = Rewriter(graph, Stage::simplify, log).normal(roots);
  // What remains of 1 − σ(z) under a line is made safe when nothing can cancel it any more.
  return Rewriter(graph, Stage::finish, log).normal(simpler);
}

std::vector<Value> recognise(Graph& graph, std::span<const Value> roots, Derivation* log) {
  return Rewriter(graph, Stage::recognise, log).normal(roots);
}

}  // namespace gradus
