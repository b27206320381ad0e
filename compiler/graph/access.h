#pragma once

#include <vector>

#include "compiler/graph/node.h"

namespace gradus {

// The least and the largest value of an access over indices 0 .. extent.
struct Bounds {
  Dim least;
  Dim largest;
};
Bounds bounds(const Affine& access, const Shape& extents);
// Whether an access is plain to see to stay within 0 .. extent, dimension names being at least 1.
bool in_range(const Affine& access, const Shape& extents, const Dim& extent);

// The access with other accesses in place of its indices: index k becomes by[k].
Affine composed(const Affine& access, const std::vector<Affine>& by);
// Whether some access uses the index.
bool uses(const std::vector<Affine>& accesses, int index);
// Whether a contraction over indices of these extents may read an operand of this shape so: an
// index alone runs over the whole axis.
bool may_read(const std::vector<Affine>& accesses, const Shape& extents, const Shape& shape);

}  // namespace gradus
