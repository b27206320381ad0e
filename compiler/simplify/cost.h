#pragma once

#include <vector>

#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {

// What an expression costs to compute, and how far its constants and signs are from the front.
// A rewrite of sums and products is made only where this becomes less.
struct Measure {
  double cost = 0;    // operations, times the entries they are applied to
  int misplaced = 0;  // signs and constants inside of products

  bool is_less_than(const Measure& other) const;
  bool is_at_most(const Measure& other) const { return !other.is_less_than(*this); }
};

// Of the arithmetic above `atoms`, which cost nothing; neither do values with names (but `value`
// itself) and what is not arithmetic.
Measure measure(Rewriter& rewriter, Value value, const std::vector<Value>& atoms);

// A stand-in for the number of entries: names of dimensions count as 64.
double volume(const Shape& shape);

}  // namespace gradus::rewriting
