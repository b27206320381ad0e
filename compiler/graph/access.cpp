#include "compiler/graph/access.h"

#include <algorithm>

namespace gradus {

Bounds bounds(const Affine& access, const Shape& extents) {
  Bounds result{access.offset, access.offset};
  for (const auto& [axis, coefficient] : access.terms) {
    Dim& end = coefficient > 0 ? result.largest : result.least;
    end = end + Dim(coefficient) * (extents[axis] - Dim(1));
  }
  return result;
}

bool in_range(const Affine& access, const Shape& extents, const Dim& extent) {
  const Bounds reached = bounds(access, extents);
  return reached.least.never_negative() && (extent - Dim(1) - reached.largest).never_negative();
}

Affine composed(const Affine& access, const std::vector<Affine>& by) {
  Affine result = Affine::at(access.offset);
  std::vector<int64_t> coefficients;
  for (const auto& [index, coefficient] : access.terms) {
    const Affine& inner = by[index];
    result.offset = result.offset + Dim(coefficient) * inner.offset;
    for (const auto& term : inner.terms) {
      coefficients.resize(std::max<size_t>(coefficients.size(), term.axis + 1));
      coefficients[term.axis] += coefficient * term.coefficient;
    }
  }
  for (int axis = 0; axis < static_cast<int>(coefficients.size()); ++axis) {
    if (coefficients[axis] != 0) result.terms.push_back({axis, coefficients[axis]});
  }
  return result;
}

bool uses(const std::vector<Affine>& accesses, int index) {
  return std::any_of(accesses.begin(), accesses.end(), [&](const Affine& access) {
    return std::any_of(access.terms.begin(), access.terms.end(),
                       [&](const auto& term) { return term.axis == index; });
  });
}

bool may_read(const std::vector<Affine>& accesses, const Shape& extents, const Shape& shape) {
  for (size_t axis = 0; axis < accesses.size(); ++axis) {
    const auto index = accesses[axis].plain();
    if (index && extents[*index] != shape[axis]) return false;
  }
  return true;
}

}  // namespace gradus
