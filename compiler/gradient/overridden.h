#pragma once

#include <set>

#include "compiler/graph/graph.h"

namespace gradus {

// The values that reach `loss` through a `stop_gradient` or a function whose derivative is
// overridden, also one in the body of a scan: the gradient by these is not meant to be the
// derivative.
std::set<Value> overridden(const Graph& graph, Value loss);

}  // namespace gradus
