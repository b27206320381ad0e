#pragma once

#include <vector>

#include "compiler/graph/graph.h"

namespace gradus {

struct GradientOptions;

namespace adjoint {

// The adjoints of a scan's operands, from those of its results (invalid where there is none): what
// a scan over the rounds in the opposite order gives. It carries the adjoints of what the scan
// carries, reads again what each round had computed, and collects the adjoints of what all rounds
// read. `wanted` says for which operands; an invalid value stands for zero.
//
// What the backward rounds need of the forward ones is yielded by a copy of the scan, which
// simplification makes one with it.
std::vector<Value> of_scan(Graph& graph, Value scan, const std::vector<Value>& adjoints,
                           const std::vector<bool>& wanted, const GradientOptions& options);

// How a scan's results move where its operands move along tangents (invalid: they do not): the
// results of a scan that carries tangents beside what it carries. Invalid: it does not move.
std::vector<Value> moved_scan(Graph& graph, Value scan, const std::vector<Value>& tangents);

}  // namespace adjoint
}  // namespace gradus
