#pragma once

#include <vector>

#include "compiler/graph/node.h"

namespace gradus::kernel {

// Some of a graph's values: asked for far more often than one is added.
class ValueSet {
 public:
  bool contains(Value value) const { return value.id < in_.size() && in_[value.id]; }
  // Whether it was not among them.
  bool insert(Value value) {
    if (in_.size() <= value.id) in_.resize(value.id + 1);
    const bool fresh = !in_[value.id];
    in_[value.id] = true;
    return fresh;
  }

 private:
  std::vector<bool> in_;  // by number
};

}  // namespace gradus::kernel
