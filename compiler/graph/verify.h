#pragma once

#include <span>

#include "compiler/graph/graph.h"

namespace gradus {

// Aborts with a message where a node that the roots need breaks an invariant of node.h: operands
// stand before their users, attributes are those of the operator, the type is the one that the
// constructors infer, arithmetic takes reals and logic booleans, and accesses stay in range
// (where extents are numbers; a view may have a fill instead).
void verify(const Graph& graph, std::span<const Value> roots);

}  // namespace gradus
