#pragma once

#include <map>
#include <vector>

#include "compiler/graph/facts.h"
#include "compiler/graph/graph.h"

namespace gradus {

struct GradientOptions;
struct Share;

namespace adjoint {

// Which operands a derivative may flow through, to the chosen ones or from them: what is carried is
// among them where it comes to depend on one.
std::vector<bool> active(const Graph& graph, const Scan& scan, std::vector<bool> chosen);

// The shares of a scan's operands in the loss, from those of its results: what
// a scan over the rounds in the opposite order gives. It carries the adjoints of what the scan
// carries, reads again what each round had computed, and collects the adjoints of what all rounds
// read. `wanted` says for which operands. Where a branch that is not taken leaves results or rounds
// out, the rounds carry conditions too. `leaves`: what is known of the body's.
//
// What the backward rounds need of the forward ones is yielded by a copy of the scan, which
// simplification makes one with it.
std::vector<Share> of_scan(Graph& graph, Value scan, const std::vector<Share>& shares,
                           const std::vector<bool>& wanted, const GradientOptions& options,
                           const std::map<Value, Fact>& leaves);

// How a scan's results move where its operands move along tangents (invalid: they do not): the
// results of a scan that carries tangents beside what it carries. Invalid: it does not move.
std::vector<Value> moved_scan(Graph& graph, Value scan, const std::vector<Value>& tangents);

}  // namespace adjoint
}  // namespace gradus
