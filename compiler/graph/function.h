#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus {

// A value with the name that users know it by.
struct Definition {
  std::string name;
  Value value;
};

// A leaf (param or state) and what is written to it when the function has run. All right sides are
// computed from the old values.
struct Update {
  Value target;
  Value value;
};

// What is computed from a graph: named results and updates. A training step has the losses and
// metrics as results and the optimizer's assignments as updates.
struct Function {
  std::vector<Definition> results;
  std::vector<Update> updates;

  std::vector<Value> roots() const;
};

}  // namespace gradus
