#pragma once

#include "compiler/graph/function.h"
#include "compiler/kernel/plan.h"

namespace gradus::kernel {

struct Options {
  Scalar real = Scalar::f32;  // what real numbers are: f32 or f64
  // A contraction of fewer products is loops like any other, which fuse with what is around.
  int64_t least_products = 2048;
  // A value that is computed several times is stored where that saves at least so many additions.
  int64_t least_saving = 4096;
};

// The kernels that compute a function, whose extents are all numbers. Slots: the leaves in the
// order in which the graph needs them, the targets of updates that it does not read, then the
// results, which are written. Updates are made in place, after all that reads the old entries.
//
// What is elementwise is computed where it is used; reductions, contractions, and what would
// otherwise be computed often, are stored (`sweep.h`); what reads the same or each other shares
// loops (`fusion.h`). Graph nodes are added, which only this function's plan needs.
Plan plan(Graph& graph, const Function& function, const Options& options);

}  // namespace gradus::kernel
