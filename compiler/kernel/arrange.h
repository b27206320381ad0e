#pragma once

#include "compiler/kernel/planner.h"

namespace gradus::kernel {

// Contractions that are large enough for a kernel of their own to pay, brought into a form that
// there is one for: products of two factors, in each of which what is summed is one stretch of
// memory. Of more factors, two at a time are multiplied; a factor whose sums are scattered (the
// windows of a convolution) is copied first. What is to be copied stands under a `stop_gradient`,
// which computes nothing and is no view. The extents are numbers.
Function arranged(Graph& graph, Function function, const Options& options);

}  // namespace gradus::kernel
