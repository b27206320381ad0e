#pragma once

#include <string>

#include "compiler/graph/graph.h"

namespace gradus::document {

// What stands on a node: `+`, `σ`, `Σ over 0`, `0.5`, `batch`.
std::string title_of(const Graph& graph, Value value);

// Whether its operands may change places.
bool is_commutative(Op op);

}  // namespace gradus::document
