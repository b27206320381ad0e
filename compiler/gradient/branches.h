#pragma once

#include <vector>

#include "compiler/graph/facts.h"
#include "compiler/graph/graph.h"

namespace gradus {

// Which entries of the nodes take part in the loss at all: where a branch of an `if` is not taken,
// it contributes exactly 0 to the gradient, even where its derivative is infinite or NaN, so that
// 0 · ∞ must not be computed there. Conditions are booleans of a node's shape, or scalars; an
// invalid value stands for "everywhere".
class Branches {
 public:
  // Of the nodes with numbers below `size`.
  Branches(Graph& graph, uint32_t size) : graph_(graph), facts_(graph), taken_(size) {}

  // The term of an operand, with 0 where the user is not taken and its derivative might not be
  // defined; and marks where the operand is taken by this user.
  Value term(Value user, int operand, Value adjoint);
  // Says that all entries of a value take part.
  void reach(Value operand) { mark(operand, {}); }

 private:
  struct Taken {
    bool reached = false;
    Value condition;
  };

  Value guarded(Value user, int operand, Value adjoint, Value condition);
  Value condition_of(Value user, int operand, Value condition);
  Value carried(Value user, int operand, Value condition);
  Value through_contraction(Value user, int operand, Value condition);
  void mark(Value operand, Value condition);

  Graph& graph_;
  Facts facts_;
  std::vector<Taken> taken_;  // by number
};

}  // namespace gradus
