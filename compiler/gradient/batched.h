#pragma once

#include "compiler/graph/graph.h"

namespace gradus {

// `root` for many values of `leaf` at once. `values` has some axes before those of the leaf, and so
// has the result, also where the root does not depend on the leaf: entry i of it is the root where
// the leaf is entry i of `values`. One graph whatever the number of values: each node that depends
// on the leaf gets the leading axes (the transformation that JAX calls vmap).
Value batched(Graph& graph, Value root, Value leaf, Value values);

}  // namespace gradus
