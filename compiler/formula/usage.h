#pragma once

#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::formula {

using Test = std::function<bool(Value)>;

// The values that are worth a name of their own in formulas of the roots, operands first: those
// that would be written out several times at more length than a line of their own costs, and
// adjoints on the way of a formula that would be long. Values that have a name are not looked
// into, but for the roots. `sparingly`: only where the formulas would be very long.
std::vector<Value> worth_a_name(const Graph& graph, std::span<const Value> roots,
                                const Test& is_named, const Test& is_adjoint, bool sparingly);

// About how many symbols values are written with: found without writing them, which takes as long
// as the formula is. Names that are given later are not seen.
class Lengths {
 public:
  Lengths(const Graph& graph, Test is_named) : graph_(graph), is_named_(std::move(is_named)) {}
  int of(Value value);

 private:
  const Graph& graph_;
  Test is_named_;
  std::map<Value, int> known_;
};

// The values with a name that the formula of a value reads, in order.
std::vector<Value> read_by(const Graph& graph, Value value, const Test& is_named);

}  // namespace gradus::formula
