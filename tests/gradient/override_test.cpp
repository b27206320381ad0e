#include <catch2/catch.hpp>

#include "compiler/gradient/gradient.h"
#include "compiler/gradient/jacobian.h"
#include "compiler/graph/interpret.h"
#include "compiler/graph/rewrite.h"
#include "compiler/graph/verify.h"

// Functions whose derivative is said beside them.
namespace gradus {
namespace {

// y = x², of which the program says that the adjoint of x is 3 g x.
struct Model {
  Graph graph;
  Type type{Element::real, {2}, 0};
  Value x = graph.leaf(Op::param, "x", type);
  std::shared_ptr<Override> by = std::make_shared<Override>();
  Value y;
  Bindings leaves = {{"x", {Element::real, {2}, {0.5, -2}}}, {"t", {Element::real, {2}, {1, 10}}}};

  Model() {
    const Value input = graph.leaf(Op::input, "x of f", type);
    const Value adjoint = graph.leaf(Op::input, "g of f", type);
    by->function = "f";
    by->inputs = {input};
    by->adjoint = adjoint;
    by->adjoints = {graph.map(Op::mul, {graph.constant(3), graph.map(Op::mul, {adjoint, input})})};
    y = graph.call(graph.map(Op::mul, {x, x}), {x}, by);
  }
  std::vector<double> entries(Value value) {
    const Value plain = without_calls(graph, std::span(&value, 1))[0];
    verify(graph, std::vector{value, plain});
    return interpret(graph, plain, leaves).entries;
  }
  Value sum(Value value) { return graph.reduce(Op::reduce_sum, value, {0}); }
};

}  // namespace

TEST_CASE("an override takes the place of the derivative, at every order", "[override]") {
  Model m;
  const Value first = gradient(m.graph, m.sum(m.y), std::vector{m.x})[0];
  CHECK(m.entries(m.y) == std::vector<double>{0.25, 4});
  CHECK(m.entries(first) == std::vector<double>{1.5, -6});
  CHECK(m.entries(gradient(m.graph, m.sum(first), std::vector{m.x})[0]) ==
        std::vector<double>{3, 3});
}

TEST_CASE("forward mode transposes an override", "[override]") {
  Model m;
  const Value t = m.graph.leaf(Op::input, "t", m.type);
  const Value moved = pushforward(m.graph, m.y, std::vector{m.x}, std::vector{t});
  CHECK(m.entries(moved) == std::vector<double>{1.5, -60});
  CHECK(m.entries(jacobian(m.graph, m.y, m.x)) == std::vector<double>{1.5, 0, 0, -6});
  CHECK(m.entries(hessian(m.graph, m.sum(m.y), m.x)) == std::vector<double>{3, 0, 0, 3});
}

TEST_CASE("no derivative flows where an override says none", "[override]") {
  Model m;
  m.by->adjoints = {Value{}};
  const Value first = gradient(m.graph, m.sum(m.y), std::vector{m.x})[0];
  CHECK(m.entries(first) == std::vector<double>{0, 0});
}

TEST_CASE("calls are their results when all derivatives are taken", "[override]") {
  Model m;
  const Value plain = without_calls(m.graph, std::span(&m.y, 1))[0];
  CHECK(m.graph[plain].op == Op::mul);
}

}  // namespace gradus
