#pragma once

#include <optional>
#include <span>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/graph/interpret.h"

namespace gradus::certificate {

// Numbers for dimension names, and random arrays for the leaves.
struct Sample {
  DimBindings dims;
  Bindings leaves;
};

// Small numbers for the dimension names that the roots depend on, which differ from each other and
// from the extents that are numbers, so that what fits by chance is seen. `fixed` are kept, and no
// extent of `least` is negative. Nothing where no such numbers are found.
std::optional<DimBindings> sizes(const Graph& graph, std::span<const Value> roots,
                                 const DimBindings& fixed, std::span<const Dim> least);

// Data for the leaves of the roots, the same each time for each number of a `kind`: normal, or
// positive below 1, and square matrices as they come, or symmetric and positive definite. Functions
// are not defined everywhere: one kind fits, or another.
inline constexpr int kinds = 4;
Bindings leaves(const Graph& graph, std::span<const Value> roots, const DimBindings& dims,
                int kind);

}  // namespace gradus::certificate
