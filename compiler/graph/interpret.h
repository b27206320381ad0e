#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus {

// A tensor of numbers in row-major order; booleans are 0 and 1.
struct Array {
  Element element = Element::real;
  std::vector<int64_t> shape;
  std::vector<double> entries;
  friend bool operator==(const Array&, const Array&) = default;
};

// Arrays for the leaves (input, param, state), by name.
using Bindings = std::map<std::string, Array>;

// The slow obvious evaluation of a graph in double, the oracle of the tests.
//
// Dimension names get their numbers from `dims` and from the shapes of the leaves that are bound.
// A leaf or a dimension without a value, or a leaf of another shape than its type says, aborts with
// a message. An entry gathered from out of range is NaN; an update scattered there is dropped.
std::vector<Array> interpret(const Graph& graph, std::span<const Value> roots,
                             const Bindings& leaves, const DimBindings& dims = {});
Array interpret(const Graph& graph, Value root, const Bindings& leaves,
                const DimBindings& dims = {});

// `dims` with the numbers that the leaves' shapes give to dimension names that are extents alone.
DimBindings bound_dims(const Graph& graph, std::span<const Value> roots, const Bindings& leaves,
                       DimBindings dims = {});

// One node, which is no input, param or state, from the arrays of its operands.
Array evaluate(const Node& node, std::span<const Array* const> operands, const DimBindings& dims);

}  // namespace gradus
