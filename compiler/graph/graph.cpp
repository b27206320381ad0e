#include "compiler/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>

#include "compiler/graph/function.h"

namespace gradus {
namespace {

void require(bool holds, Op op, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "gradus: internal error: node {}: {}\n", name(op), what);
  std::abort();
}

void mix(size_t& seed, size_t value) {
  seed ^= value + 0x9e3779b97f4a7c15 + (seed << 6) + (seed >> 2);
}

void mix(size_t& seed, const Shape& shape) {
  for (const Dim& dim : shape) {
    if (auto number = dim.number()) {
      mix(seed, static_cast<size_t>(*number));
    } else {
      for (const std::string& name : dim.names()) mix(seed, std::hash<std::string>{}(name));
    }
  }
}

void mix(size_t& seed, const std::vector<Affine>& map) {
  for (const Affine& access : map) {
    mix(seed, access.terms.size());
    for (const auto& term : access.terms) {
      mix(seed, static_cast<size_t>(term.axis) * 31 + static_cast<size_t>(term.coefficient));
    }
    mix(seed, Shape{access.offset});
  }
}

struct MixAttributes {
  size_t& seed;
  void operator()(const Plain&) const {}
  void operator()(const Literal& a) const { mix(seed, std::bit_cast<uint64_t>(a.value)); }
  void operator()(const Named& a) const { mix(seed, std::hash<std::string>{}(a.name)); }
  void operator()(const Extent& a) const { mix(seed, Shape{a.dim}); }
  void operator()(const Axes& a) const {
    for (int axis : a.axes) mix(seed, static_cast<size_t>(axis));
  }
  void operator()(const Along& a) const {
    mix(seed, static_cast<size_t>(a.axis) * 4 + a.reverse * 2U + a.exclusive);
  }
  void operator()(const View& a) const {
    mix(seed, a.shape);
    mix(seed, a.map);
    if (a.fill) mix(seed, std::bit_cast<uint64_t>(*a.fill));
  }
  void operator()(const Target& a) const { mix(seed, a.shape); }
  void operator()(const Contraction& a) const {
    mix(seed, a.extents);
    mix(seed, static_cast<size_t>(a.free));
    for (const auto& access : a.accesses) mix(seed, access);
  }
  void operator()(const Overridden& a) const { mix(seed, std::hash<const void*>{}(a.by.get())); }
  void operator()(const Gathering& a) const {
    mix(seed, a.shape);
    for (const Coordinate& each : a.from) {
      mix(seed, static_cast<size_t>(each.operand));
      mix(seed, each.at);
    }
  }
  void operator()(const Scan& a) const {
    mix(seed, Shape{a.rounds});
    mix(seed, static_cast<size_t>(a.carries));
    for (const auto* values : {&a.bound, &a.next, &a.yields}) {
      for (Value value : *values) mix(seed, value.id);
    }
    for (const Along& along : a.stacked) (*this)(along);
  }
  void operator()(const Number& a) const { mix(seed, static_cast<size_t>(a.number)); }
  void operator()(const Draw& a) const {
    mix(seed, static_cast<size_t>(a.kind));
    mix(seed, static_cast<size_t>(a.site));
    mix(seed, a.shape);
  }
};

size_t hash_of(const Node& node) {
  auto seed = static_cast<size_t>(node.op);
  for (Value operand : node.operands) mix(seed, operand.id);
  std::visit(MixAttributes{seed}, node.attributes);
  seed *= 0x9e3779b97f4a7c15;
  return seed ^ (seed >> 32);
}

// The shape without these axes, which are sorted.
Shape without(const Shape& shape, const std::vector<int>& axes) {
  Shape rest;
  for (int k = 0; k < static_cast<int>(shape.size()); ++k) {
    if (!std::binary_search(axes.begin(), axes.end(), k)) rest.push_back(shape[k]);
  }
  return rest;
}

bool are_axes(const std::vector<int>& axes, int rank) {
  return std::is_sorted(axes.begin(), axes.end()) &&
         std::adjacent_find(axes.begin(), axes.end()) == axes.end() &&
         (axes.empty() || (axes.front() >= 0 && axes.back() < rank));
}

}  // namespace

bool operator==(const Literal& a, const Literal& b) {
  return std::bit_cast<uint64_t>(a.value) == std::bit_cast<uint64_t>(b.value);
}

std::string text(const Type& type) {
  const std::string shape = type.shape.empty() ? "" : text(type.shape);
  switch (type.element) {
    case Element::real:
      return shape.empty() ? "scalar" : shape;
    case Element::index:
      return fmt::format("index({}){}", type.bound.text(), shape);
    case Element::boolean:
      return "bool" + shape;
    case Element::tuple:
      return "results";
  }
  std::abort();
}

Type element_of(Type sequence, int axis) {
  sequence.shape.erase(sequence.shape.begin() + axis);
  return sequence;
}

Type stacked_type(Type element, const Dim& rounds, int axis) {
  element.shape.insert(element.shape.begin() + axis, rounds);
  return element;
}

void check_scan(const Graph& graph, std::span<const Value> operands, const Scan& scan) {
  const size_t sequences = scan.sequences.size();
  const auto carries = static_cast<size_t>(scan.carries);
  require(operands.size() == scan.bound.size() && operands.size() >= sequences + carries, Op::scan,
          "not one bound leaf for each operand");
  require(scan.next.size() == carries, Op::scan, "not one value for each carry");
  require(scan.yields.size() == scan.stacked.size(), Op::scan, "not one axis for each yield");
  for (size_t k = 0; k < operands.size(); ++k) {
    Type seen = graph.type(operands[k]);
    if (k < sequences) {
      const int axis = scan.sequences[k].axis;
      require(axis >= 0 && axis < seen.rank() && seen.shape[axis] == scan.rounds, Op::scan,
              "a sequence of another length");
      seen = element_of(std::move(seen), axis);
    }
    require(graph[scan.bound[k]].op == Op::bound && graph.type(scan.bound[k]) == seen, Op::scan,
            "a bound leaf of another type");
  }
  for (size_t k = 0; k < carries; ++k) {
    require(graph.type(scan.next[k]) == graph.type(scan.bound[sequences + k]), Op::scan,
            "a carry that changes its type");
  }
}

Type result_type(const Graph& graph, const Scan& scan, int number) {
  const auto yields = static_cast<int>(scan.yields.size());
  require(number >= 0 && number < yields + scan.carries, Op::result, "no such result");
  if (number >= yields) return graph.type(scan.next[number - yields]);
  return stacked_type(graph.type(scan.yields[number]), scan.rounds, scan.stacked[number].axis);
}

Value Graph::add(Node node) {
  const size_t hash = hash_of(node);
  uint32_t& place = places_[place_of(hash, node)];
  if (place != 0) return {place - 1};
  const Value made{size()};
  place = made.id + 1;
  nodes_.push_back(std::move(node));
  hashes_.push_back(hash);
  if (2 * nodes_.size() > places_.size()) enlarge_places();
  return made;
}

// Where the node is, or would be.
size_t Graph::place_of(size_t hash, const Node& node) const {
  const size_t last = places_.size() - 1;
  for (size_t at = hash & last;; at = (at + 1) & last) {
    const uint32_t there = places_[at];
    if (there == 0 || (hashes_[there - 1] == hash && nodes_[there - 1] == node)) return at;
  }
}

void Graph::enlarge_places() {
  places_.assign(2 * places_.size(), 0);
  const size_t last = places_.size() - 1;
  for (uint32_t id = 0; id < size(); ++id) {
    size_t at = hashes_[id] & last;
    while (places_[at] != 0) at = (at + 1) & last;
    places_[at] = id + 1;
  }
}

Value Graph::constant(double value) { return add({Op::constant, {}, Literal{value}, {}}); }

Value Graph::boolean(bool value) {
  return add({Op::constant, {}, Literal{value ? 1.0 : 0.0}, {Element::boolean, {}, 0}});
}

Value Graph::symbol(std::string name, double value) {
  return add({Op::symbol, {}, Named{std::move(name), value}, {}});
}

Value Graph::size(const Dim& dim) {
  if (auto number = dim.number()) return constant(static_cast<double>(*number));
  return add({Op::size, {}, Extent{dim}, {}});
}

Value Graph::iota(const Dim& n) { return add({Op::iota, {}, Extent{n}, {Element::index, {n}, n}}); }

Value Graph::leaf(Op op, std::string name, Type type) {
  require(op == Op::input || op == Op::param || op == Op::state || op == Op::bound, op,
          "not a leaf");
  return add({op, {}, Named{std::move(name)}, std::move(type)});
}

Value Graph::map(Op op, std::vector<Value> operands) {
  require(is_map(op), op, "not elementwise");
  const Map& row = map_of(op);
  require(static_cast<int>(operands.size()) == row.arity, op, "wrong number of operands");
  Type result;
  for (Value operand : operands) {
    const Shape& shape = type(operand).shape;
    if (shape.empty()) continue;
    require(result.shape.empty() || result.shape == shape, op, "operands of different shapes");
    result.shape = shape;
  }
  switch (row.result) {
    case Result::real:
      break;
    case Result::boolean:
      result.element = Element::boolean;
      break;
    case Result::operands:
      result.element = type(operands.back()).element;
      result.bound = type(operands.back()).bound;
      require(type(operands[operands.size() - 2]).element == result.element, op,
              "branches of different elements");
      break;
  }
  return add({op, std::move(operands), Plain{}, std::move(result)});
}

Value Graph::view(Value x, View view) {
  require(static_cast<int>(view.map.size()) == type(x).rank(), Op::view,
          "not one access for each axis");
  Type result = type(x);
  result.shape = view.shape;
  return add({Op::view, {x}, std::move(view), std::move(result)});
}

Value Graph::spread(Value x, View view) {
  require(view.map.size() == view.shape.size(), Op::spread, "not one access for each axis");
  Type result{Element::real, view.shape, 0};
  return add({Op::spread, {x}, std::move(view), std::move(result)});
}

Value Graph::reshape(Value x, Shape shape) {
  require(size_of(shape) == size_of(type(x).shape), Op::reshape, "different sizes");
  if (shape == type(x).shape) return x;
  Type result = type(x);
  result.shape = shape;
  return add({Op::reshape, {x}, Target{std::move(shape)}, std::move(result)});
}

Value Graph::concat(std::vector<Value> parts, int axis) {
  require(!parts.empty(), Op::concat, "no parts");
  Type result = type(parts[0]);
  require(axis >= 0 && axis < result.rank(), Op::concat, "no such axis");
  for (size_t k = 1; k < parts.size(); ++k) {
    const Shape& shape = type(parts[k]).shape;
    require(without(shape, {axis}) == without(result.shape, {axis}), Op::concat,
            "parts of different shapes");
    require(type(parts[k]).element == result.element && type(parts[k]).bound == result.bound,
            Op::concat, "parts of different elements");
    result.shape[axis] = result.shape[axis] + shape[axis];
  }
  if (parts.size() == 1) return parts[0];
  return add({Op::concat, std::move(parts), Along{axis}, std::move(result)});
}

Value Graph::contract(std::vector<Value> factors, Contraction contraction) {
  require(factors.size() == contraction.accesses.size(), Op::contract,
          "not one access list for each factor");
  for (size_t k = 0; k < factors.size(); ++k) {
    require(static_cast<int>(contraction.accesses[k].size()) == type(factors[k]).rank(),
            Op::contract, "not one access for each axis");
    for (size_t axis = 0; axis < contraction.accesses[k].size(); ++axis) {
      if (auto plain = contraction.accesses[k][axis].plain()) {
        require(contraction.extents[*plain] == type(factors[k]).shape[axis], Op::contract,
                "an index of another extent than its axis");
      }
    }
  }
  Type result;
  result.shape.assign(contraction.extents.begin(), contraction.extents.begin() + contraction.free);
  return add({Op::contract, std::move(factors), std::move(contraction), std::move(result)});
}

Value Graph::reduce(Op op, Value x, std::vector<int> axes) {
  require(is_reduction(op), op, "not a reduction");
  require(are_axes(axes, type(x).rank()), op, "no such axes");
  Type result{type(x).element, without(type(x).shape, axes), 0};
  if (op == Op::argmax || op == Op::argmin) {
    require(axes.size() == 1, op, "not one axis");
    result.element = Element::index;
    result.bound = type(x).shape[axes[0]];
  }
  return add({op, {x}, Axes{std::move(axes)}, std::move(result)});
}

Value Graph::normalise(Op op, Value x, std::vector<int> axes) {
  require(op == Op::softmax || op == Op::log_softmax, op, "not a normalisation");
  require(are_axes(axes, type(x).rank()), op, "no such axes");
  return add({op, {x}, Axes{std::move(axes)}, type(x)});
}

Value Graph::cumsum(Value x, Along along) {
  require(along.axis >= 0 && along.axis < type(x).rank(), Op::cumsum, "no such axis");
  return add({Op::cumsum, {x}, along, type(x)});
}

void Graph::require_coordinates(Op op, const std::vector<Value>& operands,
                                const Gathering& gathering, size_t axes) const {
  require(gathering.from.size() == axes, op, "not one coordinate for each axis");
  for (const Coordinate& each : gathering.from) {
    require(each.operand < static_cast<int>(operands.size()) && each.operand != 0, op,
            "a coordinate of no operand");
    const size_t rank =
        each.operand < 0 ? 1 : static_cast<size_t>(type(operands[each.operand]).rank());
    require(each.at.size() == rank, op, "a coordinate that is not read at one entry");
  }
  for (size_t k = 1; k < operands.size(); ++k) {
    require(type(operands[k]).element == Element::index, op, "not indexed by indices");
  }
}

Value Graph::gather(Value table, std::vector<Value> indices, Gathering gathering) {
  indices.insert(indices.begin(), table);
  require_coordinates(Op::gather, indices, gathering, type(table).shape.size());
  Type result = type(table);
  result.shape = gathering.shape;
  return add({Op::gather, std::move(indices), std::move(gathering), std::move(result)});
}

Value Graph::scatter_add(Value updates, std::vector<Value> indices, Gathering gathering) {
  indices.insert(indices.begin(), updates);
  require_coordinates(Op::scatter_add, indices, gathering, gathering.shape.size());
  Type result{Element::real, gathering.shape, 0};
  return add({Op::scatter_add, std::move(indices), std::move(gathering), std::move(result)});
}

namespace {

// The coordinates of `rank` axes, the one at `axis` said by operand 1 of so many axes.
std::vector<Coordinate> along_one_axis(int rank, int axis, int indices) {
  std::vector<Coordinate> from;
  int next = 0;
  for (int k = 0; k < rank; ++k) {
    if (k != axis) {
      from.push_back(Coordinate::affine(Affine::axis(next++)));
      continue;
    }
    from.push_back(Coordinate::said_by(1, {}));
    for (int inner = 0; inner < indices; ++inner) from.back().at.push_back(Affine::axis(next++));
  }
  return from;
}

}  // namespace

Value Graph::gather(Value table, Value indices, int axis) {
  require(axis >= 0 && axis < type(table).rank(), Op::gather, "no such axis");
  const Shape& inner = type(indices).shape;
  Shape shape = type(table).shape;
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, inner.begin(), inner.end());
  return gather(table, {indices},
                {std::move(shape), along_one_axis(type(table).rank(), axis, type(indices).rank())});
}

Value Graph::scatter_add(Value updates, Value indices, int axis, Shape shape) {
  const int rank = static_cast<int>(shape.size());
  require(axis >= 0 && axis < rank, Op::scatter_add, "no such axis");
  return scatter_add(updates, {indices},
                     {std::move(shape), along_one_axis(rank, axis, type(indices).rank())});
}

std::optional<int> as_one_axis(const Graph& graph, const Node& node) {
  if (node.operands.size() != 2) return std::nullopt;
  const auto& gathering = std::get<Gathering>(node.attributes);
  const Shape& indices = graph.shape(node.operands[1]);
  // What is read or written by data, and what runs over the indices.
  Shape table = node.op == Op::gather ? graph.shape(node.operands[0]) : node.type.shape;
  const Shape& runs = node.op == Op::gather ? node.type.shape : graph.shape(node.operands[0]);
  const int rank = static_cast<int>(table.size());
  for (int axis = 0; axis < rank; ++axis) {
    if (gathering.from != along_one_axis(rank, axis, static_cast<int>(indices.size()))) continue;
    table.erase(table.begin() + axis);
    table.insert(table.begin() + axis, indices.begin(), indices.end());
    return table == runs ? std::optional(axis) : std::nullopt;
  }
  return std::nullopt;
}

Value Graph::call(Value result, std::vector<Value> inputs, std::shared_ptr<const Override> by) {
  require(inputs.size() == by->inputs.size(), Op::call, "not one input for each leaf");
  Type type = this->type(result);
  inputs.insert(inputs.begin(), result);
  return add({Op::call, std::move(inputs), Overridden{std::move(by)}, std::move(type)});
}

Value Graph::scan(std::vector<Value> operands, Scan scan) {
  check_scan(*this, operands, scan);
  return add({Op::scan, std::move(operands), std::move(scan), {Element::tuple, {}, 0}});
}

Value Graph::result(Value scan, int number) {
  Type type = result_type(*this, std::get<Scan>((*this)[scan].attributes), number);
  return add({Op::result, {scan}, Number{number}, std::move(type)});
}

Value Graph::random(Draw draw, std::vector<Value> by) {
  require(by.size() == 3 || by.size() == 4, Op::random, "not by a step, a seed and a round");
  for (Value each : by) require(type(each).rank() == 0, Op::random, "drawn by what is no scalar");
  Type result{Element::real, draw.shape, 0};
  return add({Op::random, std::move(by), std::move(draw), std::move(result)});
}

Value Graph::linear_algebra(Op op, std::vector<Value> operands) {
  require(is_linear_algebra(op), op, "not of matrices");
  require(operands.size() == (op == Op::solve ? 2 : 1), op, "wrong number of operands");
  const Shape& matrix = type(operands[0]).shape;
  const size_t rank = matrix.size();
  require(rank >= 2 && matrix[rank - 1] == matrix[rank - 2], op, "not square");
  Type result{Element::real, matrix, 0};
  if (op == Op::det || op == Op::logdet) result.shape.resize(rank - 2);
  if (op == Op::solve) {
    result.shape = type(operands[1]).shape;
    const bool is_vector = rank == 2 && result.rank() == 1;
    require(is_vector || result.shape.size() == rank, op, "a right side of another rank");
    for (size_t k = 0; k + 1 < rank; ++k) {
      require(result.shape[is_vector ? 0 : k] == matrix[k], op, "a right side that does not fit");
    }
  }
  return add({op, std::move(operands), Plain{}, std::move(result)});
}

Value Graph::broadcast(Value x, const Shape& shape, const std::vector<int>& axes) {
  if (shape == type(x).shape) return x;
  View view{shape, {}, std::nullopt};
  for (int axis : axes) view.map.push_back(Affine::axis(axis));
  return this->view(x, std::move(view));
}

Value Graph::broadcast(Value x, const Shape& shape) {
  const Shape& own = type(x).shape;
  if (shape == own) return x;
  const int added = static_cast<int>(shape.size() - own.size());
  View view{shape, {}, std::nullopt};
  for (int k = 0; k < static_cast<int>(own.size()); ++k) {
    const bool stretched = own[k] == Dim(1) && shape[k + added] != Dim(1);
    view.map.push_back(stretched ? Affine::at(0) : Affine::axis(k + added));
  }
  return this->view(x, std::move(view));
}

Value Graph::transpose(Value x, const std::vector<int>& permutation) {
  if (std::is_sorted(permutation.begin(), permutation.end())) return x;
  View view;
  view.map.resize(permutation.size());
  for (int k = 0; k < static_cast<int>(permutation.size()); ++k) {
    view.shape.push_back(type(x).shape[permutation[k]]);
    view.map[permutation[k]] = Affine::axis(k);
  }
  return this->view(x, std::move(view));
}

Value Graph::full(Value x, const Shape& shape) { return broadcast(x, shape, {}); }

Value Graph::with_operands(const Node& node, std::vector<Value> operands) {
  if (operands == node.operands) return add(node);
  if (is_map(node.op)) return map(node.op, std::move(operands));
  Node changed = node;
  changed.operands = std::move(operands);
  return add(std::move(changed));
}

void Graph::set_provenance(Value value, Provenance provenance) {
  provenance_of_.resize(nodes_.size());
  uint32_t& place = provenance_of_[value.id];
  if (place != 0) return;
  provenance_.push_back(std::move(provenance));
  place = static_cast<uint32_t>(provenance_.size());
}

const Provenance* Graph::provenance(Value value) const {
  const uint32_t place = value.id < provenance_of_.size() ? provenance_of_[value.id] : 0;
  return place == 0 ? nullptr : &provenance_[place - 1];
}

std::string_view Graph::name(Value value) const {
  const Provenance* known = provenance(value);
  return known == nullptr ? std::string_view{} : std::string_view(known->name);
}

std::vector<Value> body_of(const Scan& scan) {
  std::vector<Value> body = scan.next;
  body.insert(body.end(), scan.yields.begin(), scan.yields.end());
  return body;
}

Scan with_body(Scan scan, std::span<const Value> body) {
  const auto carries = static_cast<long>(scan.next.size());
  scan.next.assign(body.begin(), body.begin() + carries);
  scan.yields.assign(body.begin() + carries, body.end());
  return scan;
}

std::vector<Value> reachable(const Graph& graph, std::span<const Value> roots) {
  uint32_t end = 0;
  for (Value root : roots) end = std::max(end, root.id + 1);
  std::vector<bool> needed(end, false);
  for (Value root : roots) needed[root.id] = true;
  for (uint32_t id = end; id-- > 0;) {
    if (!needed[id]) continue;
    for (Value operand : graph[Value{id}].operands) needed[operand.id] = true;
  }
  std::vector<Value> order;
  for (uint32_t id = 0; id < end; ++id) {
    if (needed[id]) order.push_back(Value{id});
  }
  return order;
}

std::vector<Value> Function::roots() const {
  std::vector<Value> all;
  for (const Definition& result : results) all.push_back(result.value);
  for (const Update& update : updates) all.push_back(update.value);
  return all;
}

}  // namespace gradus
