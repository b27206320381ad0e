#pragma once

#include <map>
#include <span>
#include <string>

#include "compiler/certificate/evaluator.h"
#include "compiler/graph/interpret.h"

namespace gradus::certificate {

// Adds what happens in the rounds of the scans that the roots need: the values of names in their
// bodies at each place, by what `printed` says of them. What is carried is that of a place on entry
// to its round, as formulas have it. Scans within rounds are left out.
void add_rounds(Graph& graph, std::span<const Value> roots,
                const std::map<std::string, std::string>& printed, const Bindings& leaves,
                const DimBindings& dims, Given& given);

// Along which axis scans walk over a value, or stack it; −1 where none does.
int round_axis(const Graph& graph, std::span<const Value> roots, Value value);

}  // namespace gradus::certificate
