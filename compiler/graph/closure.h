#pragma once

#include <string>

#include "compiler/graph/graph.h"

namespace gradus {

// The scan whose body may still read values of outside: what it reads becomes operands, with bound
// leaves of its own, called as the value is, or by `prefix` and a number. `operands` and
// `scan.bound` are the sequences and carries. What costs nothing to have inside, constants and
// repetitions, is not read from outside. Values that no round changes are thereby computed once.
Value closed_scan(Graph& graph, std::vector<Value> operands, Scan scan, const std::string& prefix);

}  // namespace gradus
