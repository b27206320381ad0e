#pragma once

#include <map>
#include <span>

#include "compiler/graph/graph.h"

namespace gradus::rewriting {

// A sequence that is 0 in all rounds but the first, and is added to what is carried, which starts
// from 0: what is carried starts from that entry, and the sequence is gone. So it is with the
// adjoint of a loss that reads the last state alone. The results of the first scan of which this
// is true, by those that they were; empty where there is none.
std::map<Value, Value> first_round_in_start(Graph& graph, std::span<const Value> roots);

}  // namespace gradus::rewriting
