#include <catch2/catch.hpp>
#include <functional>

#include "compiler/gradient/gradient.h"
#include "compiler/graph/interpret.h"
#include "compiler/graph/verify.h"
#include "tests/simplify/expression.h"

namespace gradus {
namespace {

using namespace expression;  // NOLINT(google-build-using-namespace)

E positive(E x) { return map(Op::gt, x, number(*x.graph, 0)); }
E zeros(E x) { return {x.graph, x.graph->full(x.graph->constant(0), x.shape())}; }

// A function of x whose `if` leaves out where it is infinite or NaN; its derivative and its second
// derivative at some x.
struct Example {
  std::string text;
  std::function<E(E x)> of;
  std::vector<double> at;
  std::vector<double> first;
  std::vector<double> second;
};

const std::vector<Example> examples = {
    {"if x > 0 then log(x) else 0",
     [](E x) { return select(positive(x), log(x), zeros(x)); },
     {2, 0, -1},
     {0.5, 0, 0},
     {-0.25, 0, 0}},
    {"if x > 0 then sqrt(x) else x",
     [](E x) { return select(positive(x), sqrt(x), x); },
     {4, 0, -1},
     {0.25, 1, 1},
     {-0.03125, 0, 0}},
    {"if x > 0 then x * log(x) else 0",
     [](E x) { return select(positive(x), x * log(x), zeros(x)); },
     {1, 0},
     {1, 0},
     {1, 0}},
    {"if x > 0 then x else expm1(x)",
     [](E x) { return select(positive(x), x, map(Op::expm1, x)); },
     {2000, 0},
     {1, 1},
     {0, 1}},
    {"if x > 0 then 1 / x else 0",
     [](E x) { return select(positive(x), 1 / x, zeros(x)); },
     {2, 0},
     {-0.25, 0},
     {0.25, 0}},
    {"(if x > 0 then log(x) else 0)^2 + x",
     [](E x) { return pow(select(positive(x), log(x), zeros(x)), 2) + x; },
     {1, 0},
     {1, 1},
     {2, 0}},
    {"if x > 0 then (if x > 1 then log(log(x)) else log(x)) else 0",
     [](E x) {
       const E inner = select(map(Op::gt, x, number(*x.graph, 1)), log(log(x)), log(x));
       return select(positive(x), inner, zeros(x));
     },
     {0.5, 1, 0},
     {2, 1, 0},
     {-4, -1, 0}},
    {"if x > 0 then sum(sqrt(x)) else 0, row by row",
     [](E x) {
       Graph& graph = *x.graph;
       const E rows{&graph, graph.broadcast(x, {x.shape()[0], 2}, {0})};
       return select(positive(x), sum(sqrt(rows), 1), zeros(x));
     },
     {4, 0},
     {0.5, 0},
     {-0.0625, 0}},
};

}  // namespace

TEST_CASE("a branch that is not taken contributes nothing, even where it is infinite",
          "[gradient]") {
  for (const Example& example : examples) {
    INFO(example.text);
    Graph graph;
    const auto size = static_cast<int64_t>(example.at.size());
    const E x = param(graph, "x", {size});
    const Value inputs[] = {x};
    const E first{&graph, gradient(graph, sum(example.of(x)), inputs)[0]};
    const Value second = gradient(graph, sum(first), inputs)[0];
    const Value roots[] = {first, second};
    verify(graph, roots);
    const Bindings leaves{{"x", {Element::real, {size}, example.at}}};
    CHECK(interpret(graph, first, leaves).entries == example.first);
    CHECK(interpret(graph, second, leaves).entries == example.second);
  }
}

TEST_CASE("where no branch is infinite, none is guarded", "[gradient]") {
  Graph graph;
  const E x = param(graph, "x", {3});
  const E y = select(positive(x), tanh(x), sigmoid(x) * x);
  const Value inputs[] = {x};
  const Value found = gradient(graph, sum(y), inputs)[0];
  int choices = 0;
  for (Value value : reachable(graph, std::span(&found, 1)))
    choices += graph[value].op == Op::select;
  CHECK(choices == 2);  // those of the two branches' adjoints
}

}  // namespace gradus
