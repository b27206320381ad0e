#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "compiler/graph/dim.h"

// Indices and places in arrays, for the interpreter.
namespace gradus::interpreting {

using Extents = std::vector<int64_t>;

[[noreturn]] inline void fail(const std::string& what) {
  fmt::print(stderr, "gradus: internal error: interpreter: {}\n", what);
  std::abort();
}

inline int64_t number(const Dim& dim, const DimBindings& dims) {
  auto number = dim.substituted(dims).number();
  if (!number) fail(fmt::format("dimension `{}` is not bound", dim.text()));
  return *number;
}

inline Extents numbers(const Shape& shape, const DimBindings& dims) {
  Extents extents;
  for (const Dim& dim : shape) extents.push_back(number(dim, dims));
  return extents;
}

inline int64_t product(const Extents& extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t{1}, std::multiplies<>());
}

// Calls visit(index) for every index below the extents, in row-major order.
template <class Visit>
void for_each_index(const Extents& extents, Visit visit) {
  if (product(extents) == 0) return;
  Extents index(extents.size(), 0);
  for (;;) {
    visit(index);
    size_t k = extents.size();
    while (k > 0 && ++index[k - 1] == extents[k - 1]) index[--k] = 0;
    if (k == 0) return;
  }
}

// Row-major place of an index, −1 where it is out of range.
inline int64_t place(const Extents& extents, const Extents& index) {
  int64_t at = 0;
  for (size_t k = 0; k < extents.size(); ++k) {
    if (index[k] < 0 || index[k] >= extents[k]) return -1;
    at = at * extents[k] + index[k];
  }
  return at;
}

}  // namespace gradus::interpreting
