#pragma once

#include <limits>
#include <map>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus {

// What is known of all the entries of a value, in real arithmetic, whatever finite numbers the
// leaves hold. Dimension names are at least 1.
struct Fact {
  double least = -std::numeric_limits<double>::infinity();
  double largest = std::numeric_limits<double>::infinity();
  bool above = false;     // every entry is above `least`, never equal
  bool below = false;     // every entry is below `largest`
  bool finite = false;    // neither infinite nor NaN, even if leaves are
  bool defined = false;   // neither infinite nor NaN where leaves are not, but for overflow of sums
                          // and products
  bool constant = false;  // a scalar that is known when compiling: of literals, symbols and extents

  bool positive() const { return least > 0 || (least == 0 && above); }
  bool negative() const { return largest < 0 || (largest == 0 && below); }
  bool nonzero() const { return positive() || negative(); }
  bool nonnegative() const { return least >= 0; }
};

// The facts of a graph's nodes, found on demand by interval arithmetic. Of the leaves of a scan's
// body something is known where it is said: the same leaf may stand in several bodies.
class Facts {
 public:
  explicit Facts(const Graph& graph, std::map<Value, Fact> leaves = {})
      : graph_(graph), leaves_(std::move(leaves)) {}
  const Fact& operator[](Value value);
  // Whether the derivatives of an elementwise node are defined, as `Fact::defined` says.
  bool has_defined_derivative(Value value);
  // Of the leaves of a scan's body, in every round.
  std::map<Value, Fact> leaves_of(Value scan);

 private:
  struct Rounds {
    std::map<Value, Fact> leaves;
    std::vector<Fact> results;
  };

  Fact find(Value value);
  Rounds rounds(const Scan& scan, const std::vector<Value>& operands) const;

  const Graph& graph_;
  std::map<Value, Fact> leaves_;
  std::vector<Fact> known_;         // of the nodes 0 … size - 1
  std::map<Value, Rounds> rounds_;  // of scans
};

}  // namespace gradus
