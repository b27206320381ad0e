#pragma once

#include <functional>
#include <vector>

#include "compiler/kernel/fusion.h"
#include "compiler/kernel/plan.h"

// From groups of sweeps to kernels.
namespace gradus::kernel {

// A value without memory of its own, computed in a kernel that often.
struct Computed {
  Value value;
  int64_t times = 0;
};

struct Emitted {
  Kernel kernel;
  std::vector<Computed> computed;
};

// `buffer` gives the memory of a leaf, or of a stored value.
Emitted emit(const Graph& graph, const ValueSet& stored, Scalar real,
             const std::vector<Sweep>& sweeps, const Group& group,
             const std::function<int(Value)>& buffer);

}  // namespace gradus::kernel
