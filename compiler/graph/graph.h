#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/node.h"

namespace gradus {

// Where a value comes from: the user's name for it and its place in the sources (file number and
// byte offsets; meaning lies with whoever built the graph).
struct Provenance {
  std::string name;  // dotted, empty where it has none
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

// The tensor IR: immutable nodes, each once (hash-consed). Nodes are only ever added, and an
// operand stands before its users, so the numbers of the nodes are a topological order. All phases
// share one graph and differ in their roots.
//
// The constructors below infer the result's type. Their arguments must fit (users' mistakes are
// found by `check`): a misfit aborts with a message.
class Graph {
 public:
  const Node& operator[](Value value) const { return nodes_[value.id]; }
  const Type& type(Value value) const { return nodes_[value.id].type; }
  const Shape& shape(Value value) const { return nodes_[value.id].type.shape; }
  uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }

  // Leaves.
  Value constant(double value);                    // a real scalar
  Value boolean(bool value);                       // a boolean scalar
  Value symbol(std::string name, double value);    // a named real scalar
  Value size(const Dim& dim);                      // an extent as a real scalar
  Value iota(const Dim& n);                        // index(n)[n]
  Value leaf(Op op, std::string name, Type type);  // input, param, state, bound

  // An elementwise operator. Operands have the result's shape or are scalars; at least one has it.
  Value map(Op op, std::vector<Value> operands);

  Value view(Value x, View view);
  Value spread(Value x, View view);
  Value reshape(Value x, Shape shape);
  Value concat(std::vector<Value> parts, int axis);
  Value contract(std::vector<Value> factors, Contraction contraction);
  // reduce_…, logsumexp, norm, argmax, argmin: the axes are folded away.
  Value reduce(Op op, Value x, std::vector<int> axes);
  // softmax, log_softmax: over the axes, shape kept.
  Value normalise(Op op, Value x, std::vector<int> axes);
  Value cumsum(Value x, Along along);
  Value gather(Value table, std::vector<Value> indices, Gathering gathering);
  Value scatter_add(Value updates, std::vector<Value> indices, Gathering gathering);
  // One axis by one tensor of indices, whose axes take its place; and its adjoint, into `shape`.
  Value gather(Value table, Value indices, int axis);
  Value scatter_add(Value updates, Value indices, int axis, Shape shape);
  Value scan(std::vector<Value> operands, Scan scan);
  Value result(Value scan, int number);
  // Numbers drawn at a place of the program. `by`: the step, the low and the high 32 bits of the
  // seed, and the round where the place is in a loop (see draw.h); scalars that hold whole numbers.
  Value random(Draw draw, std::vector<Value> by);
  // inv, det, logdet, cholesky of A [.., n, n]; solve of A and b [.., n, k], or b [n].
  Value linear_algebra(Op op, std::vector<Value> operands);

  // The result of a function whose derivative by its inputs is overridden.
  Value call(Value result, std::vector<Value> inputs, std::shared_ptr<const Override> by);

  // Shorthands for views.
  // x's axis k becomes the result's axis axes[k]; the other axes of `shape` are new.
  Value broadcast(Value x, const Shape& shape, const std::vector<int>& axes);
  // NumPy's broadcasting: trailing axes are aligned, axes of extent 1 are stretched.
  Value broadcast(Value x, const Shape& shape);
  // Axis k of the result is axis permutation[k] of x.
  Value transpose(Value x, const std::vector<int>& permutation);
  // A scalar x as a tensor of this shape.
  Value full(Value x, const Shape& shape);

  // A node with the same operator and attributes and other operands. The types of the operands may
  // differ from the original's only as far as the attributes still fit.
  Value with_operands(const Node& node, std::vector<Value> operands);

  // The first name given to a value stays.
  void set_provenance(Value value, Provenance provenance);
  const Provenance* provenance(Value value) const;
  std::string_view name(Value value) const;

 private:
  Value add(Node node);
  size_t place_of(size_t hash, const Node& node) const;
  void enlarge_places();
  void require_coordinates(Op op, const std::vector<Value>& operands, const Gathering& gathering,
                           size_t axes) const;

  std::deque<Node> nodes_;      // references to nodes stay good while nodes are added
  std::vector<size_t> hashes_;  // by node
  // The nodes by their hashes: numbers plus 1, or 0 where there is none, each at the first free
  // place from its hash on. At most half of the places, a power of two, are taken.
  std::vector<uint32_t> places_ = std::vector<uint32_t>(64);
  std::deque<Provenance> provenance_;    // of those nodes that have one
  std::vector<uint32_t> provenance_of_;  // by node: its place there plus 1, or 0
};

// What a view does, where it is a special one.
// axes[k]: the result axis that operand axis k became; every access is one plain index, each used
// once and in order, the other axes are new. (A pure broadcast.)
std::optional<std::vector<int>> as_broadcast(const View& view);
// The permutation, where every result axis is read by exactly one operand axis, unshifted.
std::optional<std::vector<int>> as_transpose(const View& view);
// The same of a node, whose operand must also be read whole: a view alone does not tell x[0:n] from
// x. Nothing where the node is no such view.
std::optional<std::vector<int>> as_broadcast(const Graph& graph, Value value);
std::optional<std::vector<int>> as_transpose(const Graph& graph, Value value);
// The axis, where a gather or scatter reads one axis by a tensor of indices, whose axes stand in
// its place, and all the others as they are; all of them whole.
std::optional<int> as_one_axis(const Graph& graph, const Node& node);

// The type of an entry along an axis; and of entries stacked along a new one.
Type element_of(Type sequence, int axis);
Type stacked_type(Type element, const Dim& rounds, int axis);

// Aborts where operands do not fit a scan.
void check_scan(const Graph& graph, std::span<const Value> operands, const Scan& scan);
Type result_type(const Graph& graph, const Scan& scan, int number);
// What the body of a scan computes: what the next round sees, then what is yielded.
std::vector<Value> body_of(const Scan& scan);
// The scan with another body, in that order.
Scan with_body(Scan scan, std::span<const Value> body);

// The nodes that the roots need, operands first; not those in the bodies of scans.
std::vector<Value> reachable(const Graph& graph, std::span<const Value> roots);

}  // namespace gradus
