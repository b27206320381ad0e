#pragma once
#include "compiler/graph/function.h"
#include "compiler/kernel/plan.h"
namespace gradus::kernel {
struct Options {
  Scalar real = Scalar::f32;
};
Plan plan(Graph& graph, const Function& function, const Options& options);
}  // namespace gradus::kernel
