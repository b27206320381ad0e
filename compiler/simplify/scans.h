#pragma once

#include <span>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::rewriting {

// The roots with less done in rounds: scans that run the same rounds are one; what nobody reads is
// not computed; what no round changes is not carried, and is computed outside; one round is no
// loop. Bodies likewise. The same roots where there is nothing to do.
std::vector<Value> with_less_in_rounds(Graph& graph, std::span<const Value> roots);

}  // namespace gradus::rewriting
