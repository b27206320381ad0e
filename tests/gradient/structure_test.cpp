#include <catch2/catch.hpp>

#include "tests/gradient/differences.h"

namespace gradus {
namespace {

using differences::Case;
using differences::errors_of;
using Xs = const std::vector<Value>&;

void check(const Case& example) {
  INFO(example.name);
  const auto errors = errors_of(example);
  CHECK(errors.first < 1e-7);
  CHECK(errors.forward < 1e-12);
  CHECK(errors.batched < 1e-10);
  CHECK(errors.second < 2e-6);
}

// Makes the second derivative of a linear operator something to see.
Value cubed(Graph& graph, Value x) { return graph.map(Op::mul, {x, graph.map(Op::mul, {x, x})}); }

Case view(std::string name, std::vector<int64_t> shape, View view) {
  return {std::move(name), {std::move(shape)}, [view](Graph& graph, Xs x) {
            return graph.view(cubed(graph, x[0]), view);
          }};
}

Affine at(int axis, int64_t coefficient = 1, int64_t offset = 0) {
  return Affine::axis(axis, coefficient, offset);
}

}  // namespace

TEST_CASE("adjoints of views", "[gradient]") {
  check(view("transpose", {2, 3, 4}, {{4, 2, 3}, {at(1), at(2), at(0)}, {}}));
  check(view("broadcast", {3}, {{2, 3, 4}, {at(1)}, {}}));
  check(view("broadcast of a scalar", {}, {{2, 3}, {}, {}}));
  check(view("stretch", {1, 3}, {{2, 3}, {Affine::at(0), at(1)}, {}}));
  check(view("slice", {5, 4}, {{2, 4}, {at(0, 1, 2), at(1)}, {}}));
  check(view("one position", {5, 4}, {{4}, {Affine::at(3), at(0)}, {}}));
  check(view("one position repeated", {5, 4}, {{2, 4}, {Affine::at(3), at(1)}, {}}));
  check(view("flip", {5}, {{5}, {at(0, -1, 4)}, {}}));
  check(view("stride", {7}, {{3}, {at(0, 2, 1)}, {}}));
  check(view("diagonal", {4, 4}, {{4}, {at(0), at(0)}, {}}));
  check(view("windows", {6}, {{4, 3}, {{{{0, 1}, {1, 1}}, 0}}, {}}));
  check(view("pad", {3}, {{6}, {at(0, 1, -2)}, 0.5}));
  check(view("pad and crop", {5}, {{4}, {at(0, 1, 3)}, -1.0}));
  check(view("pad of nothing", {0}, {{2}, {at(0, 1, 0)}, 1.0}));
  check(view("no entries", {0, 3}, {{3, 0}, {at(1), at(0)}, {}}));
}

TEST_CASE("adjoints of what moves entries", "[gradient]") {
  check({"spread of windows", {{4, 3}}, [](Graph& graph, Xs x) {
           return graph.spread(cubed(graph, x[0]), {{6}, {{{{0, 1}, {1, 1}}, 0}}, {}});
         }});
  check({"spread that leaves", {{4}}, [](Graph& graph, Xs x) {
           return graph.spread(cubed(graph, x[0]), {{3}, {at(0, 2, -1)}, {}});
         }});
  check({"reshape", {{2, 6}}, [](Graph& graph, Xs x) {
           return graph.reshape(cubed(graph, x[0]), {3, 4});
         }});
  check({"concat", {{2, 3}, {2, 0}, {2, 1}}, [](Graph& graph, Xs x) {
           return cubed(graph, graph.concat({x[0], x[1], x[2], x[0]}, 1));
         }});
  for (bool reverse : {false, true}) {
    for (bool exclusive : {false, true}) {
      check({"cumsum", {{2, 3}}, [=](Graph& graph, Xs x) {
               return graph.cumsum(cubed(graph, x[0]), {1, reverse, exclusive});
             }});
    }
  }
  check({"gather", {{4, 2}}, [](Graph& graph, Xs x) {
           View flipped{{4}, {at(0, -1, 3)}, {}};
           const Value indices = graph.view(graph.iota(4), flipped);
           return graph.gather(cubed(graph, x[0]), indices, 0);
         }});
  check({"gather, some twice", {{2, 4}}, [](Graph& graph, Xs x) {
           const Value zeros = graph.view(graph.iota(4), {{2, 3}, {{{{0, 1}}, 1}}, {}});
           return graph.gather(cubed(graph, x[0]), zeros, 1);
         }});
  // x[i, p[k], p[k + 1]] for p = 0, 2, 1.
  const Gathering two{
      {2, 2},
      {Coordinate::affine(Affine::axis(0)), Coordinate::said_by(1, {Affine::axis(1)}),
       Coordinate::said_by(2, {Affine::axis(1, 1, 1)})}};
  const View turned{{3}, {Affine::axis(0, -1, 2)}, {}};
  check({"gather by two coordinates", {{2, 3, 3}}, [&](Graph& graph, Xs x) {
           const Value p = graph.view(graph.iota(3), turned);
           return graph.gather(cubed(graph, x[0]), {p, p}, two);
         }});
  check({"scatter_add by two coordinates", {{2, 2}}, [&](Graph& graph, Xs x) {
           const Value p = graph.view(graph.iota(3), turned);
           Gathering back = two;
           back.shape = {2, 3, 3};
           return graph.scatter_add(cubed(graph, x[0]), {p, p}, back);
         }});
  check({"scatter_add", {{2, 3}}, [](Graph& graph, Xs x) {
           const Value indices = graph.view(graph.iota(3), {{2}, {at(0, 1, 1)}, {}});
           return graph.scatter_add(cubed(graph, x[0]), indices, 0, {4, 3});
         }});
}

TEST_CASE("adjoints of reductions", "[gradient]") {
  const auto reduction = [](Op op, std::vector<int64_t> shape, std::vector<int> axes,
                            double least = -2, double largest = 2) {
    check({std::string(name(op)),
           {std::move(shape)},
           [=](Graph& graph, Xs x) { return graph.reduce(op, x[0], axes); },
           least,
           largest});
  };
  for (Op op :
       {Op::reduce_sum, Op::reduce_prod, Op::reduce_max, Op::reduce_min, Op::logsumexp, Op::norm}) {
    reduction(op, {5}, {0});
    reduction(op, {2, 3}, {1});
    reduction(op, {3, 2, 2}, {0, 2});
    reduction(op, {3, 1}, {1});
    reduction(op, {0, 3}, {1});
    reduction(op, {2, 3}, {0, 1});
  }
  for (Op op : {Op::softmax, Op::log_softmax}) {
    for (const auto& axes : std::vector<std::vector<int>>{{1}, {0}, {0, 1}}) {
      check({std::string(name(op)), {{3, 4}}, [=](Graph& graph, Xs x) {
               return graph.normalise(op, x[0], axes);
             }});
    }
  }
}

TEST_CASE("a product is differentiated through zeros, at every order", "[gradient]") {
  Graph graph;
  const Value x = graph.leaf(Op::param, "x", {Element::real, {3}, 0});
  const Value product = graph.reduce(Op::reduce_prod, x, {0});
  const Value inputs[] = {x};
  const Value first = gradient(graph, product, inputs)[0];
  const auto by_last = [&](Value v) { return graph.view(v, {{}, {Affine::at(2)}, {}}); };
  const Value second = gradient(graph, by_last(first), inputs)[0];
  const auto at = [&](Value v, std::vector<double> entries) {
    return interpret(graph, v, {{"x", {Element::real, {3}, std::move(entries)}}}).entries;
  };
  CHECK(at(first, {0, 2, 3}) == std::vector<double>{6, 0, 0});
  CHECK(at(first, {0, 0, 3}) == std::vector<double>{0, 0, 0});
  CHECK(at(second, {0, 2, 3}) == std::vector<double>{2, 0, 0});
  CHECK(at(second, {0, 0, 5}) == std::vector<double>{0, 0, 0});
  CHECK(at(second, {4, 0, 0}) == std::vector<double>{0, 4, 0});
}

TEST_CASE("ties of an extremum share its adjoint; the norm of 0 has derivative 0", "[gradient]") {
  Graph graph;
  const Value x = graph.leaf(Op::param, "x", {Element::real, {4}, 0});
  const Value inputs[] = {x};
  const auto of = [&](Op op, std::vector<double> entries) {
    const Value derivative = gradient(graph, graph.reduce(op, x, {0}), inputs)[0];
    return interpret(graph, derivative, {{"x", {Element::real, {4}, entries}}}).entries;
  };
  CHECK(of(Op::reduce_max, {1, 3, 3, 2}) == std::vector<double>{0, 0.5, 0.5, 0});
  CHECK(of(Op::reduce_min, {1, 3, 3, 1}) == std::vector<double>{0.5, 0, 0, 0.5});
  CHECK(of(Op::norm, {0, 0, 0, 0}) == std::vector<double>{0, 0, 0, 0});
  CHECK(of(Op::norm, {3, 0, 4, 0}) == std::vector<double>{0.6, 0, 0.8, 0});
}

}  // namespace gradus
