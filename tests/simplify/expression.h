#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"

// Graphs written like formulas, with NumPy's broadcasting.
namespace gradus::expression {

struct E {
  Graph* graph = nullptr;
  Value value;

  operator Value() const { return value; }  // NOLINT(google-explicit-constructor)
  const Shape& shape() const { return graph->shape(value); }
  E named(std::string name) const {
    graph->set_provenance(value, {std::move(name)});
    return *this;
  }
};

inline E leaf(Graph& graph, std::string name, Shape shape, Op op = Op::input) {
  const E e{&graph, graph.leaf(op, name, {Element::real, std::move(shape), 0})};
  return e.named(std::move(name));
}
inline E param(Graph& graph, std::string name, Shape shape = {}) {
  return leaf(graph, std::move(name), std::move(shape), Op::param);
}
inline E label(Graph& graph, std::string name, Dim bound, Shape shape) {
  const E e{&graph, graph.leaf(Op::input, name, {Element::index, std::move(shape), bound})};
  return e.named(std::move(name));
}
inline E number(Graph& graph, double value) { return {&graph, graph.constant(value)}; }
inline E size(Graph& graph, const Dim& dim) { return {&graph, graph.size(dim)}; }

inline Shape joint_shape(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const size_t added = longer.size() - shorter.size();
  for (size_t k = 0; k < shorter.size(); ++k) {
    if (result[k + added] == Dim(1)) result[k + added] = shorter[k];
  }
  return result;
}

inline E map(Op op, E a) { return {a.graph, a.graph->map(op, {a.value})}; }
inline E map(Op op, E a, E b) {
  Graph& graph = *a.graph;
  if (a.shape().empty() || b.shape().empty()) return {&graph, graph.map(op, {a, b})};
  const Shape shape = joint_shape(a.shape(), b.shape());
  return {&graph, graph.map(op, {graph.broadcast(a, shape), graph.broadcast(b, shape)})};
}

inline E operator-(E a) { return map(Op::neg, a); }
inline E operator+(E a, E b) { return map(Op::add, a, b); }
inline E operator-(E a, E b) { return map(Op::sub, a, b); }
inline E operator*(E a, E b) { return map(Op::mul, a, b); }
inline E operator/(E a, E b) { return map(Op::div, a, b); }
inline E operator+(E a, double b) { return a + number(*a.graph, b); }
inline E operator-(E a, double b) { return a - number(*a.graph, b); }
inline E operator*(E a, double b) { return a * number(*a.graph, b); }
inline E operator/(E a, double b) { return a / number(*a.graph, b); }
inline E operator+(double a, E b) { return number(*b.graph, a) + b; }
inline E operator-(double a, E b) { return number(*b.graph, a) - b; }
inline E operator*(double a, E b) { return number(*b.graph, a) * b; }
inline E operator/(double a, E b) { return number(*b.graph, a) / b; }

inline E exp(E x) { return map(Op::exp, x); }
inline E log(E x) { return map(Op::log, x); }
inline E sqrt(E x) { return map(Op::sqrt, x); }
inline E tanh(E x) { return map(Op::tanh, x); }
inline E sigmoid(E x) { return map(Op::sigmoid, x); }
inline E softplus(E x) { return map(Op::softplus, x); }
inline E relu(E x) { return map(Op::max, number(*x.graph, 0), x); }
inline E pow(E x, double y) { return map(Op::pow, x, number(*x.graph, y)); }
inline E select(E c, E x, E y) { return {x.graph, x.graph->map(Op::select, {c, x, y})}; }

inline std::vector<int> all_axes(E x) {
  std::vector<int> axes;
  for (int k = 0; k < static_cast<int>(x.shape().size()); ++k) axes.push_back(k);
  return axes;
}

inline E reduce(Op op, E x, std::vector<int> axes, bool keep = false) {
  Graph& graph = *x.graph;
  const E result{&graph, graph.reduce(op, x, axes)};
  if (!keep) return result;
  Shape shape = x.shape();
  std::vector<int> kept;
  for (int k = 0; k < static_cast<int>(shape.size()); ++k) {
    const bool folded = std::find(axes.begin(), axes.end(), k) != axes.end();
    if (folded) shape[k] = 1;
    if (!folded) kept.push_back(k);
  }
  return {&graph, graph.broadcast(result, shape, kept)};
}
inline E sum(E x) { return reduce(Op::reduce_sum, x, all_axes(x)); }
inline E sum(E x, int axis, bool keep = false) { return reduce(Op::reduce_sum, x, {axis}, keep); }
inline E mean(E x) { return sum(x) / size(*x.graph, size_of(x.shape())); }
inline E mean(E x, int axis, bool keep = false) {
  return sum(x, axis, keep) / size(*x.graph, x.shape()[axis]);
}
inline E max(E x, int axis, bool keep = false) { return reduce(Op::reduce_max, x, {axis}, keep); }
inline E softmax(E x) {
  const int last = static_cast<int>(x.shape().size()) - 1;
  return {x.graph, x.graph->normalise(Op::softmax, x, {last})};
}
inline E log_softmax(E x) {
  const int last = static_cast<int>(x.shape().size()) - 1;
  return {x.graph, x.graph->normalise(Op::log_softmax, x, {last})};
}
inline E transposed(E x) { return {x.graph, x.graph->transpose(x, {1, 0})}; }

// The product of two matrices, or of a matrix and a vector.
inline E matmul(E a, E b) {
  Graph& graph = *a.graph;
  const auto at = [](int axis) { return Affine::axis(axis); };
  const Dim rows = a.shape()[0];
  const Dim inner = a.shape()[1];
  if (b.shape().size() == 1) {
    return {&graph, graph.contract({a, b}, {{rows, inner}, 1, {{at(0), at(1)}, {at(1)}}})};
  }
  const Dim columns = b.shape()[1];
  return {&graph,
          graph.contract({a, b}, {{rows, columns, inner}, 2, {{at(0), at(2)}, {at(2), at(1)}}})};
}

// index(n) as rows of 0 and 1.
inline E one_hot(E index, const Dim& n) {
  Graph& graph = *index.graph;
  Shape shape = index.shape();
  shape.push_back(n);
  const int last = static_cast<int>(shape.size()) - 1;
  std::vector<int> axes;
  for (int k = 0; k < last; ++k) axes.push_back(k);
  const Value positions = graph.broadcast(graph.iota(n), shape, {last});
  const Value hot = graph.map(Op::eq, {graph.broadcast(index, shape, axes), positions});
  return {&graph, graph.map(Op::to_real, {hot})};
}

}  // namespace gradus::expression
