#pragma once

#include <span>

#include "compiler/graph/graph.h"

namespace gradus {

// A value for a hole of a template.
struct Filling {
  char hole;
  Value value;
};

// Builds a template as nodes, with these values for its holes; each hole must have one.
Value instantiate(Graph& graph, const Template& form, std::span<const Filling> fillings);

// The adjoint of operand number `operand` of an elementwise node, where the node's own is
// `adjoint`, before it is summed to the operand's shape: the operator table's template. An invalid
// value where no derivative flows.
Value instantiate_gradient(Graph& graph, Value user, int operand, Value adjoint);

}  // namespace gradus
