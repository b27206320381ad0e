#pragma once

#include <map>
#include <utility>
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
  // Of the nodes with numbers below `size`; in the body of a scan, with what is known of its
  // leaves.
  Branches(Graph& graph, uint32_t size, std::map<Value, Fact> leaves)
      : graph_(graph), facts_(graph, std::move(leaves)), taken_(size) {}

  Facts& facts() { return facts_; }
  // The term of an operand, with 0 where the user is not taken and its derivative might not be
  // defined; and marks where the operand is taken by this user.
  Value term(Value user, int operand, Value adjoint);
  // Says that the entries of a value take part for which a condition holds; all, if it is invalid.
  void mark(Value operand, Value condition);
  // Which entries of a value take part for all that has been said of it.
  Value condition(Value value) const { return taken_[value.id].condition; }

 private:
  struct Taken {
    bool reached = false;
    Value condition;
  };

  Value guarded(Value user, int operand, Value adjoint, Value condition);
  Value condition_of(Value user, int operand, Value condition);
  Value carried(Value user, int operand, Value condition);
  Value through_contraction(Value user, int operand, Value condition);
  Value counted(Value user, int operand, Value condition);
  Value of_contraction(Value user, int operand, Value adjoint, Value condition);

  Graph& graph_;
  Facts facts_;
  std::vector<Taken> taken_;  // by number
};

}  // namespace gradus
