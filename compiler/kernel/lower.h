#pragma once

#include "compiler/graph/function.h"

namespace gradus::kernel {

// The function in terms of what one sweep of loops computes: leaves, elementwise operators with a
// primitive, views, spreads, reshapes, concatenations, contractions, plain reductions, gathers and
// scatters. softmax, norms, cumulated sums and the like become several of these; they are computed
// relative to the maximum where the graph's own evaluation is. All extents are numbers.
Function lowered(Graph& graph, Function function);

}  // namespace gradus::kernel
