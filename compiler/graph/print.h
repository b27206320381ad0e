#pragma once

#include <span>
#include <string>

#include "compiler/graph/function.h"
#include "compiler/graph/graph.h"

namespace gradus {

// The nodes that the roots need, one a line, numbered from 0 in topological order:
// `%5 = mul %3, %4 : [batch]  # yhat`. Index lists are over i, j, k …, the result's axes in order
// (of `spread`, the operand's); in `contract` the summed indices follow, each with its extent.
std::string text(const Graph& graph, std::span<const Value> roots);

// The same, then what the function returns and updates: `J = %7`, `w <- %9`.
std::string text(const Graph& graph, const Function& function);

}  // namespace gradus
