#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus {

// How far a rewrite keeps the value.
enum class Exactness : uint8_t {
  exact,     // the same bits
  rounding,  // equal in real arithmetic
  assumes,   // equal under an assumption that is stated
};

// One application of a simplification rule.
struct Rewrite {
  std::string_view rule;
  Exactness exactness = Exactness::exact;
  Value before;
  Value after;
  std::string assumption;  // for `assumes`
};

// One term of an adjoint: what flows from `user` into its operand number `operand`.
struct Contribution {
  Value user;
  int operand = 0;
  Value adjoint;  // of the user
  Value term;     // of the operand
};

// The compile log of a derivative: recorded by `gradient` and `simplify`, printed by `formula`.
struct Derivation {
  std::vector<Contribution> contributions;  // in the order they were made: from the loss backwards
  std::map<Value, Value> adjoints;          // a node and the sum of its terms
  std::vector<Rewrite> rewrites;            // in the order they were made
};

}  // namespace gradus
