#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "compiler/graph/function.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/template.h"

namespace gradus {

// Values for the holes of a template.
using Holes = std::map<char, Value>;

// The expression with values in its holes. Values and results have one shape or are scalars, as
// `Graph::map` asks. A hole without a value, or an empty template, aborts.
Value instantiate(Graph& graph, const Template& expression, const Holes& holes);

// The node with other operands and attributes of the same kind; its type is inferred anew. A leaf
// comes back as it is.
Value rebuild(Graph& graph, const Node& node, std::vector<Value> operands, Attributes attributes);

// The roots with other values in place of some nodes, wherever those are used. Users are rebuilt
// and keep their provenance; what is put in place is not looked into.
std::vector<Value> substitute(Graph& graph, std::span<const Value> roots,
                              const std::map<Value, Value>& replacements);

// The roots with the results of functions in place of calls: when all derivatives are taken, it
// does not matter any more which were overridden.
std::vector<Value> without_calls(Graph& graph, std::span<const Value> roots);

// The dimension names that these roots depend on and `dims` does not bind, sorted.
std::vector<std::string> unbound_dims(const Graph& graph, std::span<const Value> roots,
                                      const DimBindings& dims);

// The roots with numbers for the dimension names: in types, in attributes, and `size` and `symbol`
// as constants. Names that are not bound stay. Provenance is kept.
std::vector<Value> specialise(Graph& graph, std::span<const Value> roots, const DimBindings& dims);

// The same for a function: its results, and the targets and values of its updates.
Function specialise(Graph& graph, const Function& function, const DimBindings& dims);

}  // namespace gradus
