#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/graph/node.h"
#include "compiler/kernel/plan.h"

// Places in tensors as affine functions of the loops of a kernel.
namespace gradus::kernel {

// One index for each axis of a tensor.
using Position = std::vector<Index>;

// The value of a loop.
Index loop_index(int loop);
// The loop, where the index is that loop alone.
std::optional<int> plain(const Index& index);
// The coefficient of a loop; 0 where it does not occur.
int64_t coefficient(const Index& index, int loop);
// scale · index, added to a sum.
void add(Index& sum, const Index& index, int64_t scale);
// An affine access over the axes that `at` gives indices for.
Index composed(const Affine& access, const Position& at);
// Where an entry of a tensor of this shape lies in row-major order.
Index row_major(const Shape& shape, const Position& at);
// The row-major strides of a shape.
std::vector<int64_t> strides(const Shape& shape);

// Extents as numbers, and how many entries they span.
std::vector<int64_t> numbers(const Shape& shape);
int64_t count(const std::vector<int64_t>& extents);

// Replaces an outer and an inner loop, which run one directly in the other, by one (`inner`) over
// all their iterations, where that is possible for every index of the kernel: the inner loop's new
// extent is the product. Whether it was.
bool merge_loops(Kernel& kernel, int outer, int inner);

}  // namespace gradus::kernel
