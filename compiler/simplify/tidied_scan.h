#pragma once

#include <map>
#include <set>

#include "compiler/graph/graph.h"

namespace gradus::rewriting {

// A scan with less in its rounds: constants are read inside, what no round changes is not carried,
// products of what is read with what stays the same are made for all rounds at once, yields that
// are the same in all rounds are repeated outside, carries that nobody reads are left out, and
// where there is one round, or none, there is no scan. What the results with these numbers are
// then; one that is left out stays as it is.
std::map<int, Value> tidied_scan(Graph& graph, Value scan, const std::set<int>& used);

}  // namespace gradus::rewriting
