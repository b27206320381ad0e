#pragma once

#include <functional>
#include <set>
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
  std::vector<Read> loaded;
  std::vector<Computed> computed;
};

// Where values are in memory, and which of them must be.
struct Memory {
  std::function<int(Value)> buffer;  // of a leaf, or of a stored value
  std::set<Value> loaded;            // the stored values that some kernel loads
};

Emitted emit(const Graph& graph, const std::set<Value>& stored, Scalar real,
             const std::vector<Sweep>& sweeps, const Group& group, const Memory& memory);

}  // namespace gradus::kernel
