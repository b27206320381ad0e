#pragma once

#include <string>
#include <vector>

#include "compiler/kernel/plan.h"

namespace gradus::codegen {

// A kernel by itself: its buffers are numbered by first use, so that kernels that are equal up to
// their buffers are equal.
struct Local {
  struct Buffer {
    kernel::Scalar type = kernel::Scalar::f32;
    int64_t size = 0;
  };
  kernel::Kernel kernel;
  std::vector<Buffer> buffers;
  std::vector<int> arguments;  // the plan's buffer for each of them
  std::string key;             // equal for equal kernels: all but names and arguments
};

Local localise(const kernel::Plan& plan, const kernel::Kernel& kernel);

// Loops and accumulators of a kernel, each sorted.
struct Dependencies {
  std::vector<int> loops;
  std::vector<int> accumulators;

  void add(const kernel::Index& index);
  void add(const Dependencies& other);
};

// What each expression of a kernel depends on, by its operands too.
std::vector<Dependencies> dependencies(const kernel::Kernel& kernel);

// About how many instructions one iteration of the statements takes, inner loops included.
int64_t cost(const kernel::Kernel& kernel, const std::vector<kernel::Statement>& body);

// About how much code a kernel becomes, in instructions.
int64_t code_size(const kernel::Kernel& kernel);

}  // namespace gradus::codegen
