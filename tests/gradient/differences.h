#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "compiler/gradient/gradient.h"
#include "compiler/gradient/jacobian.h"
#include "compiler/graph/interpret.h"
#include "compiler/graph/verify.h"

// Derivatives against central differences of the interpreter.
namespace gradus::differences {

// A value over some leaves, built anew for each check.
struct Case {
  std::string name;
  std::vector<std::vector<int64_t>> shapes;  // of the leaves x0, x1, …
  std::function<Value(Graph&, const std::vector<Value>&)> build;
  double least = -2;  // the range from which entries are drawn
  double largest = 2;
  bool twice = true;  // whether the second derivative exists where entries are drawn
};

inline Shape dims(const std::vector<int64_t>& shape) { return {shape.begin(), shape.end()}; }

inline std::vector<int> all_axes(const Graph& graph, Value x) {
  std::vector<int> axes(graph.type(x).rank());
  for (size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<int>(k);
  return axes;
}

inline Array drawn(const std::vector<int64_t>& shape, std::mt19937& random, double least,
                   double largest) {
  Array array{Element::real, shape, {}};
  int64_t size = 1;
  for (int64_t extent : shape) size *= extent;
  std::uniform_real_distribution<double> uniform(least, largest);
  for (int64_t k = 0; k < size; ++k) array.entries.push_back(uniform(random));
  return array;
}

// Σ x ⊙ w for a fixed w: a scalar whose derivatives by all the entries of x differ.
inline Value weighted_sum(Graph& graph, Value x, const std::string& weights) {
  const Value w = graph.leaf(Op::input, weights, {Element::real, graph.shape(x), 0});
  return graph.reduce(Op::reduce_sum, graph.map(Op::mul, {x, w}), all_axes(graph, x));
}

inline double central_difference(const Graph& graph, Value loss, Bindings leaves,
                                 const std::string& name, size_t entry, double step) {
  double& place = leaves.at(name).entries[entry];
  const double here = place;
  place = here + step;
  const double above = interpret(graph, loss, leaves).entries[0];
  place = here - step;
  const double below = interpret(graph, loss, leaves).entries[0];
  return (above - below) / (2 * step);
}

// The largest error of `derivative` (of `loss` by the leaf) beside central differences, relative to
// the larger of 1 and the derivative.
inline double worst_error(const Graph& graph, Value loss, Value derivative, const Bindings& leaves,
                          const std::string& name) {
  const Array found = interpret(graph, derivative, leaves);
  double worst = 0;
  for (size_t k = 0; k < found.entries.size(); ++k) {
    const double expected = central_difference(graph, loss, leaves, name, k, 1e-5);
    const double error = std::fabs(found.entries[k] - expected);
    worst = std::max(worst, std::isnan(error) ? 1e9 : error / std::max(1.0, std::fabs(expected)));
  }
  return worst;
}

struct Errors {
  double first = 0;    // of the gradient
  double forward = 0;  // of the pushforward, beside the gradient times the tangent
  double second = 0;   // of the gradient of a weighted sum of the gradient
  double batched = 0;  // of Jacobians and Hessians, beside the gradients of weighted sums
};

// The largest difference of two values, relative to the larger of 1 and the second.
inline double distance(const Graph& graph, Value a, Value b, const Bindings& bindings) {
  const Array x = interpret(graph, a, bindings);
  const Array y = interpret(graph, b, bindings);
  double worst = x.shape == y.shape ? 0 : 1e9;
  for (size_t k = 0; k < x.entries.size() && worst < 1e9; ++k) {
    const double error = std::fabs(x.entries[k] - y.entries[k]);
    worst =
        std::max(worst, std::isnan(error) ? 1e9 : error / std::max(1.0, std::fabs(y.entries[k])));
  }
  return worst;
}

// Σ over the leading axes, those of the weights, of a matrix of derivatives times the weights.
inline Value rows_weighted(Graph& graph, Value matrix, const Shape& rows,
                           const std::string& weights) {
  std::vector<int> axes(rows.size());
  for (size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<int>(k);
  const Value w = graph.leaf(Op::input, weights, {Element::real, rows, 0});
  const Value scale = graph.broadcast(w, graph.shape(matrix), axes);
  return graph.reduce(Op::reduce_sum, graph.map(Op::mul, {matrix, scale}), axes);
}

// All the rows of a Jacobian, and of a Hessian where there is one, at once: beside one at a time.
inline double batched_error(Graph& graph, Value result, Value loss, Value leaf, Value first,
                            bool twice, const std::string& number, const Bindings& bindings) {
  const Value rows = rows_weighted(graph, jacobian(graph, result, leaf), graph.shape(result), "w");
  double worst = distance(graph, rows, first, bindings);
  if (!twice) return worst;
  const Value sum = weighted_sum(graph, first, "v" + number);
  const Value product = gradient(graph, sum, std::vector{leaf})[0];
  const Value curved =
      rows_weighted(graph, hessian(graph, loss, leaf), graph.shape(leaf), "v" + number);
  worst = std::max(worst, distance(graph, curved, product, bindings));
  verify(graph, std::vector{rows, curved});
  return worst;
}

inline Errors errors_of(const Case& example, unsigned seed = 1) {
  Graph graph;
  std::mt19937 random(seed);
  std::vector<Value> leaves;
  std::vector<Value> tangents;
  Bindings bindings;
  const auto bind = [&](const std::string& name, double least, double largest,
                        const std::vector<int64_t>& shape) {
    bindings[name] = drawn(shape, random, least, largest);
  };
  for (size_t k = 0; k < example.shapes.size(); ++k) {
    const Type type{Element::real, dims(example.shapes[k]), 0};
    const std::string number = std::to_string(k);
    leaves.push_back(graph.leaf(Op::param, "x" + number, type));
    tangents.push_back(graph.leaf(Op::input, "t" + number, type));
    bind("x" + number, example.least, example.largest, example.shapes[k]);
    bind("t" + number, -1, 1, example.shapes[k]);
    bind("v" + number, -1, 1, example.shapes[k]);
  }
  const Value result = example.build(graph, leaves);
  std::vector<int64_t> shape;
  for (const Dim& dim : graph.shape(result)) shape.push_back(*dim.number());
  bind("w", -1, 1, shape);
  const Value loss = weighted_sum(graph, result, "w");
  const std::vector<Value> first = gradient(graph, loss, leaves);

  Errors errors;
  double along = 0;
  for (size_t k = 0; k < leaves.size(); ++k) {
    const std::string number = std::to_string(k);
    errors.first =
        std::max(errors.first, worst_error(graph, loss, first[k], bindings, "x" + number));
    const Value product = weighted_sum(graph, first[k], "t" + number);
    along += interpret(graph, product, bindings).entries[0];
    errors.batched = std::max(
        errors.batched,
        batched_error(graph, result, loss, leaves[k], first[k], example.twice, number, bindings));
  }
  const Value moved = pushforward(graph, loss, leaves, tangents);
  errors.forward = std::fabs(interpret(graph, moved, bindings).entries[0] - along) /
                   std::max(1.0, std::fabs(along));

  std::vector<Value> all = first;
  all.push_back(moved);
  if (example.twice) {
    Value sum = graph.constant(0);
    for (size_t k = 0; k < leaves.size(); ++k) {
      sum = graph.map(Op::add, {sum, weighted_sum(graph, first[k], "v" + std::to_string(k))});
    }
    const std::vector<Value> second = gradient(graph, sum, leaves);
    all.insert(all.end(), second.begin(), second.end());
    for (size_t k = 0; k < leaves.size(); ++k) {
      errors.second = std::max(
          errors.second, worst_error(graph, sum, second[k], bindings, "x" + std::to_string(k)));
    }
  }
  verify(graph, all);
  return errors;
}

}  // namespace gradus::differences
