#pragma once

#include <vector>

#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {

// What the arithmetic above `atoms` costs: operations, times the entries they are applied to. Atoms
// cost nothing; neither do values with names (but `value` itself) and what is not arithmetic. A
// rewrite of sums and products is made only where this becomes less.
double cost(Rewriter& rewriter, Value value, const std::vector<Value>& atoms);

// A stand-in for the number of entries: names of dimensions count as 64.
double volume(const Shape& shape);

}  // namespace gradus::rewriting
