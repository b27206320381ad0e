#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "compiler/graph/interpret.h"

namespace gradus::test {

// The derivative of a scalar by each entry of the leaf: central differences of its interpretation.
// The error is of order step² where the function is smooth.
inline Array central_differences(const Graph& graph, Value scalar, const std::string& leaf,
                                 Bindings leaves, const DimBindings& dims = {},
                                 double step = 1e-5) {
  Array result = leaves.at(leaf);
  for (size_t k = 0; k < result.entries.size(); ++k) {
    double& x = leaves.at(leaf).entries[k];
    const double old = x;
    x = old + step;
    const double above = interpret(graph, scalar, leaves, dims).entries[0];
    x = old - step;
    const double below = interpret(graph, scalar, leaves, dims).entries[0];
    x = old;
    result.entries[k] = (above - below) / (2 * step);
  }
  return result;
}

// The largest difference of two arrays of one shape, relative to the largest entry or 1. Equal
// entries differ by 0, also where they are infinite or both NaN; else one that is not finite makes
// it infinite.
inline double error_between(const Array& a, const Array& b) {
  if (a.shape != b.shape) return INFINITY;
  double scale = 1;
  double difference = 0;
  for (size_t k = 0; k < a.entries.size(); ++k) {
    const double x = a.entries[k];
    const double y = b.entries[k];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (!std::isfinite(x) || !std::isfinite(y)) return INFINITY;
    scale = std::max({scale, std::fabs(x), std::fabs(y)});
    difference = std::max(difference, std::fabs(x - y));
  }
  return difference / scale;
}

}  // namespace gradus::test
