#pragma once

#include "compiler/graph/graph.h"

namespace gradus {

// How the samples of a value depend on those of a variable, its entries along one axis.
struct SampleUse {
  enum class Kind : uint8_t {
    none,     // not at all
    aligned,  // sample i of the value on sample i of the variable alone
    unknown,  // not plain to see
    mixed,    // a sample of the value on other samples of the variable
  };
  Kind kind = Kind::none;
  int axis = -1;  // aligned: the axis of the samples in the value
  Value where;    // mixed: the node where samples meet first

  friend bool operator==(const SampleUse&, const SampleUse&) = default;
};

// How `value` depends on `variable`, whose samples lie along `axis`; with axis −1 it has but one.
SampleUse sample_use(const Graph& graph, Value value, Value variable, int axis);

}  // namespace gradus
