#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "compiler/graph/interpret.h"

// Random well-typed graphs: the same seed gives the same graph everywhere.
namespace gradus::test {

struct RandomOptions {
  // Values that are added one after another.
  int steps = 12;
  // Only finite values of moderate size, at some distance from kinks and poles, so that
  // differences of the loss approximate its derivative.
  bool smooth = true;
  // Extents of 0 occur.
  bool empty = true;
};

struct RandomProgram {
  Graph graph;
  Value loss;                 // a scalar
  std::vector<Value> params;  // leaves that it may depend on
  Bindings leaves;            // arrays for them and the inputs
  DimBindings dims;           // numbers for all dimension names
};

// What there is to build from: leaves, and a pool of values with what they evaluate to.
class RandomPool {
 public:
  RandomPool(uint64_t seed, const RandomOptions& options) : engine_(seed), options_(options) {}

 protected:
  struct Known {
    Value value;
    Array array;
  };

  Graph& graph() { return out_.graph; }
  const Shape& shape(Value x) { return graph().shape(x); }
  int below(int n) { return static_cast<int>(engine_() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  // Between −1.5 and 1.5, in steps that doubles hold exactly.
  double real() { return (below(3073) - 1536) / 1024.0; }

  const Known& any() { return pool_[below(static_cast<int>(pool_.size()))]; }
  // Any value; more often a late one.
  Value pick() {
    const int n = static_cast<int>(pool_.size());
    return chance(50) ? any().value : pool_[n - 1 - below(std::min(n, 4))].value;
  }
  // A value of that shape, or none.
  std::optional<Value> pick(const Shape& wanted) {
    for (int k = 0; k < 12; ++k) {
      if (Value x = pick(); shape(x) == wanted) return x;
    }
    return std::nullopt;
  }

  Dim extent() {
    const int sort = below(10);
    if (sort < 3) return Dim::named("batch");
    if (sort < 4) return Dim::named("width");
    if (sort < 5 && options_.empty && chance(15)) return 0;
    static constexpr int numbers[] = {1, 2, 3, 4, 5, 7};
    return numbers[below(6)];
  }

  void leaf(Op op, const std::string& name, const Type& type) {
    const Value value = graph().leaf(op, name, type);
    Array array{type.element, {}, {}};
    int64_t size = 1;
    for (const Dim& dim : type.shape) {
      array.shape.push_back(*dim.substituted(out_.dims).number());
      size *= array.shape.back();
    }
    const auto bound = type.bound.substituted(out_.dims).number();
    for (int64_t k = 0; k < size; ++k) {
      array.entries.push_back(type.element == Element::index ? below(static_cast<int>(*bound))
                                                             : real());
    }
    out_.leaves[name] = array;
    if (op == Op::param) out_.params.push_back(value);
    if (type.element == Element::real) pool_.push_back({value, std::move(array)});
    if (type.element == Element::index) indices_.push_back(value);
  }

  void leaves() {
    static constexpr int numbers[] = {1, 2, 3, 5};
    out_.dims["batch"] = options_.empty && chance(3) ? 0 : numbers[below(4)];
    out_.dims["width"] = numbers[below(4)];
    for (int k = 0; k < 5; ++k) {
      Type type;
      for (int rank = below(4); rank > 0; --rank) type.shape.push_back(extent());
      leaf(k < 2 ? Op::input : Op::param, (k < 2 ? "x" : "w") + std::to_string(k), type);
    }
    // Indices into axes of extent 3 and `width`.
    leaf(Op::input, "i", {Element::index, {extent()}, 3});
    leaf(Op::input, "j", {Element::index, {Dim::named("batch")}, Dim::named("width")});
  }

  // Evaluates a new value and adds it to the pool, unless it is too large or not fit for it.
  bool keep(Value value) {
    for (const Known& known : pool_) {
      if (known.value == value) return false;
    }
    if (auto size = size_of(shape(value)).substituted(out_.dims).number(); *size > 400) {
      return false;
    }
    Array array = interpret(graph(), value, out_.leaves, out_.dims);
    if (array.element != Element::real) return false;
    if (options_.smooth) {
      for (double x : array.entries) {
        if (!(std::fabs(x) < 30)) return false;
      }
    }
    pool_.push_back({value, std::move(array)});
    return true;
  }

  Array array(Value value) { return interpret(graph(), value, out_.leaves, out_.dims); }
  template <class Holds>
  bool all(Value value, Holds holds) {
    if (!options_.smooth) return true;
    const Array x = array(value);
    return std::all_of(x.entries.begin(), x.entries.end(), holds);
  }
  bool apart(Value x, Value y) {
    return all(graph().map(Op::sub, {x, y}), [](double d) { return std::fabs(d) > 0.01; });
  }

  std::mt19937_64 engine_;
  RandomOptions options_;
  RandomProgram out_;
  std::vector<Known> pool_;     // real values
  std::vector<Value> indices_;  // inputs of type index(…), of rank 1
};

}  // namespace gradus::test
