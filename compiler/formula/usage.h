#pragma once

#include <functional>
#include <span>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::formula {

using Test = std::function<bool(Value)>;

// The values that are worth a name of their own in formulas of the roots, operands first: those
// that would be written out several times at more length than a line of their own costs, and
// adjoints on the way of a formula that would be long. Values that have a name are not looked
// into. `sparingly`: only where the formulas would be very long.
std::vector<Value> worth_a_name(const Graph& graph, std::span<const Value> roots,
                                const Test& is_named, const Test& is_adjoint, bool sparingly);

// The values with a name that the formula of a value reads, in order.
std::vector<Value> read_by(const Graph& graph, Value value, const Test& is_named);

}  // namespace gradus::formula
