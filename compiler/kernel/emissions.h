#pragma once

#include <functional>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/kernel/emit.h"

namespace gradus::kernel {

// The kernels of groups of sweeps. While more values become stored, those groups whose sweeps are
// as they were, and compute none of these, are not written again. These are elementwise.
class Emissions {
 public:
  // `buffer` gives the memory of a leaf, or of a stored value: the same whenever it is asked.
  Emissions(const Graph& graph, Scalar real, std::function<int(Value)> buffer)
      : graph_(graph), real_(real), buffer_(std::move(buffer)) {}

  // One for each group.
  void emit(const ValueSet& stored, const std::vector<Sweep>& sweeps,
            const std::vector<Group>& groups);
  // What is stored now may be no elementwise value, so that all must be written again.
  void forget() { numbers_.clear(); }
  const std::vector<Emitted>& made() const { return made_; }
  std::vector<Emitted> take() { return std::move(made_); }

 private:
  // The first sweep of a group, which is in no other.
  using First = std::tuple<Value, bool, Value>;
  static First first(const std::vector<Sweep>& sweeps, const Group& group);
  Emitted* known(const ValueSet& stored, const std::vector<Sweep>& sweeps, const Group& group);

  const Graph& graph_;
  Scalar real_;
  std::function<int(Value)> buffer_;
  std::map<First, size_t> numbers_;  // of what was made last
  std::vector<Sweep> sweeps_;
  std::vector<Group> groups_;
  std::vector<Emitted> made_;
};

}  // namespace gradus::kernel
