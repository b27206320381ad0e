#pragma once

#include "compiler/graph/graph.h"

namespace gradus {

// ∂y/∂x with y's axes, then x's. Of the two modes the one with fewer directions: y's entries pulled
// back or x's moved along, all at once (`batched`), so that the graph does not grow with their
// number. Both are real; x is held as independent of its operands.
Value jacobian(Graph& graph, Value y, Value x);

// ∂²loss/∂x² with x's axes twice: the gradient moved along x's entries (forward over reverse).
Value hessian(Graph& graph, Value loss, Value x);

}  // namespace gradus
