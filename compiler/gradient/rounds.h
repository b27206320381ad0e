#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::adjoint {

// What the rounds of a scan compute, as the rounds of another scan read it: from memory, or
// computed again from what is in memory.
class Rounds {
 public:
  Rounds(Graph& graph, const Scan& scan);

  // Values of all rounds, along an axis.
  struct Stack {
    Value all;
    Along along;
  };

  // Where entries of a value are put: as the first sequence has them, so that all of them have the
  // rounds along the same axis in the same order.
  Along place(Value value) const;
  // Whether a value of the body differs by round.
  bool varies(Value value) const;
  // A value of the body that does not, as one of outside.
  Value outside(Value value, const std::vector<Value>& operands) const;

  // Says that a value of the body is needed of all rounds.
  void keep(Value value);
  // The same of the values that roots over more leaves, `others`, are made of: where it takes
  // little to compute one again it is not kept, nor where `recompute` says that nothing is but what
  // is carried.
  void save(std::span<const Value> roots, std::span<const Value> others, bool recompute);

  // The roots over leaves that stand for what is kept.
  std::vector<Value> with_saved(std::span<const Value> roots);
  // What a leaf stands for, which is a sequence of the scan or kept. Nothing for other leaves.
  std::optional<Stack> sequence(Value leaf, const std::vector<Value>& operands);
  // What is kept.
  Stack stack(Value value, const std::vector<Value>& operands);

 private:
  bool is_leaf_of_body(Value value) const;
  void need(Value value, bool recompute);
  bool is_cheap(Value value) const;
  void bases(Value value, std::vector<Value>& found) const;
  Value leaf_of(Value value);
  Value yielding(const std::vector<Value>& operands);

  Graph& graph_;
  const Scan& scan_;
  mutable std::map<Value, bool> varies_;  // of the body's values
  std::vector<Value> kept_;
  std::map<Value, Value> leaves_;  // of kept values
  Value scanned_;                  // the scan that yields what is kept
};

}  // namespace gradus::adjoint
