#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/formula/derive.h"
#include "compiler/gradient/gradient.h"
#include "compiler/graph/graph.h"
#include "compiler/simplify/simplify.h"

// Models built by hand, as `check` builds them from a file.
namespace gradus::test {

struct ModelBuilder {
  Graph graph;
  formula::Subject subject;
  std::vector<formula::Wanted> wanted;
  Dim batch = Dim::named("batch");

  Value input(const std::string& name, Shape shape) {
    return graph.leaf(Op::input, name, {Element::real, std::move(shape), 0});
  }
  Value label(const std::string& name, Shape shape, Dim bound) {
    return graph.leaf(Op::input, name, {Element::index, std::move(shape), std::move(bound)});
  }
  Value param(const std::string& name, Shape shape = {}) {
    const Value value = graph.leaf(Op::param, name, {Element::real, std::move(shape), 0});
    wanted.push_back({name, value, {}});
    return value;
  }
  Value define(const std::string& name, Value value) {
    graph.set_provenance(value, {name, 0, 0, 0});
    subject.definitions.push_back({name, value});
    return value;
  }

  // An elementwise operator with NumPy's broadcasting.
  Value map(Op op, std::vector<Value> x) {
    Shape shape;
    for (Value operand : x) {
      if (graph.shape(operand).size() > shape.size()) shape = graph.shape(operand);
    }
    for (Value& operand : x) {
      if (!graph.shape(operand).empty()) operand = graph.broadcast(operand, shape);
    }
    return graph.map(op, std::move(x));
  }
  Value number(double value) { return graph.constant(value); }
  Value add(Value x, Value y) { return map(Op::add, {x, y}); }
  Value sub(Value x, Value y) { return map(Op::sub, {x, y}); }
  Value mul(Value x, Value y) { return map(Op::mul, {x, y}); }
  Value div(Value x, Value y) { return map(Op::div, {x, y}); }
  Value neg(Value x) { return map(Op::neg, {x}); }
  Value log(Value x) { return map(Op::log, {x}); }
  Value square(Value x) { return map(Op::pow, {x, number(2)}); }

  // NumPy's `@` for operands of rank 1 and 2.
  Value matmul(Value x, Value y) {
    const Shape& left = graph.shape(x);
    const Shape& right = graph.shape(y);
    Contraction c;
    std::vector<Affine> of_x;
    std::vector<Affine> of_y;
    if (left.size() == 2) c.extents.push_back(left[0]);
    if (right.size() == 2) c.extents.push_back(right[1]);
    c.free = static_cast<int>(c.extents.size());
    c.extents.push_back(left.back());
    if (left.size() == 2) of_x.push_back(Affine::axis(0));
    of_x.push_back(Affine::axis(c.free));
    of_y.push_back(Affine::axis(c.free));
    if (right.size() == 2) of_y.push_back(Affine::axis(c.free - 1));
    c.accesses = {of_x, of_y};
    return graph.contract({x, y}, c);
  }
  Value sum(Value x) {
    std::vector<int> axes;
    for (int k = 0; k < graph.type(x).rank(); ++k) axes.push_back(k);
    return axes.empty() ? x : graph.reduce(Op::reduce_sum, x, axes);
  }
  Value mean(Value x) { return div(sum(x), graph.size(size_of(graph.shape(x)))); }

  // Differentiates the loss by all parameters.
  void finish(const std::string& name, Value loss) {
    define(name, loss);
    subject.loss = {name, loss};
    std::vector<Value> variables;
    for (const auto& w : wanted) variables.push_back(w.variable);
    const auto gradients = gradient(graph, loss, variables, &subject.derivation);
    for (size_t k = 0; k < wanted.size(); ++k) wanted[k].gradient = gradients[k];
  }
  // As the compiler does before it prints and compiles.
  ModelBuilder& simplify() {
    std::vector<Value> roots = {subject.loss.value};
    for (const auto& w : wanted) roots.push_back(w.gradient);
    roots = gradus::simplify(graph, roots);
    subject.simplified = roots[0];
    for (size_t k = 0; k < wanted.size(); ++k) wanted[k].gradient = roots[k + 1];
    return *this;
  }
  std::string derive(const formula::Options& options = {}) {
    return formula::derive(graph, subject, wanted, options);
  }
};

inline ModelBuilder two_neurons() {
  ModelBuilder m;
  const Value x = m.input("x", {m.batch});
  const Value y = m.input("y", {m.batch});
  const Value w1 = m.param("w1");
  const Value w2 = m.param("w2");
  const Value z1 = m.define("z1", m.mul(w1, x));
  const Value a1 = m.define("a1", m.map(Op::sigmoid, {z1}));
  const Value z2 = m.define("z2", m.mul(w2, a1));
  const Value yhat = m.define("yhat", m.map(Op::sigmoid, {z2}));
  const Value one = m.number(1);
  m.finish(
      "J",
      m.mean(m.neg(m.add(m.mul(y, m.log(yhat)), m.mul(m.sub(one, y), m.log(m.sub(one, yhat)))))));
  return m;
}

}  // namespace gradus::test
