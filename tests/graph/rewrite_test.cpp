#include "compiler/graph/rewrite.h"

#include <catch2/catch.hpp>

#include "compiler/graph/interpret.h"
#include "compiler/graph/print.h"
#include "compiler/graph/template_functions.h"

namespace gradus {
namespace {

struct Model {
  Graph graph;
  Dim batch = Dim::named("batch");
  Value x = graph.leaf(Op::input, "x", {Element::real, {batch, 3}, 0});
  Value w = graph.leaf(Op::param, "w", {Element::real, {3}, 0});
  Value z = graph.contract(
      {x, w}, {{batch, 3}, 1, {{Affine::axis(0), Affine::axis(1)}, {Affine::axis(1)}}});
  Value total = graph.reduce(Op::reduce_sum, z, {0});
  Value mean = graph.map(Op::div, {total, graph.size(batch)});

  Model() {
    graph.set_provenance(z, {"z", 0, 10, 20});
    graph.set_provenance(mean, {"J", 0, 30, 40});
  }
};

TEST_CASE("a template with values in its holes is the expression", "[rewrite]") {
  Model model;
  const Template a = Template::hole('a');
  const Template b = Template::hole('b');
  const Value made =
      instantiate(model.graph, rules::exp(a) * (b - 1), {{'a', model.z}, {'b', model.total}});
  Graph& g = model.graph;
  CHECK(made ==
        g.map(Op::mul, {g.map(Op::exp, {model.z}), g.map(Op::sub, {model.total, g.constant(1)})}));
}

TEST_CASE("users of what is replaced are rebuilt and keep their names", "[rewrite]") {
  Model model;
  Graph& g = model.graph;
  const Value v = g.leaf(Op::param, "v", {Element::real, {3}, 0});
  const Value roots[] = {model.mean, model.x, model.w};
  const auto changed = substitute(g, roots, {{model.w, v}});
  CHECK(changed[0] != model.mean);
  CHECK(g.name(changed[0]) == "J");
  CHECK(changed[1] == model.x);
  CHECK(changed[2] == v);
  const Bindings leaves = {{"x", {Element::real, {2, 3}, {1, 2, 3, 4, 5, 6}}},
                           {"v", {Element::real, {3}, {1, 0, 1}}}};
  CHECK(interpret(g, changed[0], leaves).entries == std::vector<double>{7});
  CHECK(substitute(g, roots, {})[0] == model.mean);
}

TEST_CASE("a function with numbers for its dimensions has no names left", "[rewrite]") {
  Model model;
  Graph& g = model.graph;
  const Value rate = g.symbol("rate", 0.5);
  const Value stepped = g.map(Op::sub, {model.w, rate});
  const Function function{{{"J", model.mean}}, {{model.w, stepped}}};
  const auto roots = function.roots();
  CHECK(unbound_dims(g, roots, {}) == std::vector<std::string>{"batch"});
  CHECK(unbound_dims(g, roots, {{"batch", 2}}).empty());

  const Function numbers = specialise(g, function, {{"batch", 2}});
  CHECK(numbers.updates[0].target == model.w);
  CHECK(text(g, numbers) ==
        "%0 = param w : [3]\n"
        "%1 = input x : [2, 3]\n"
        "%2 = contract %1[i, j], %0[j] over j < 3 : [2]  # z\n"
        "%3 = reduce_sum %2 over [0] : scalar\n"
        "%4 = constant 2 : scalar\n"
        "%5 = div %3, %4 : scalar  # J\n"
        "%6 = constant 0.5 : scalar\n"
        "%7 = sub %0, %6 : [3]\n"
        "J = %5\n"
        "w <- %7\n");
}

TEST_CASE("names that are not bound stay", "[rewrite]") {
  Model model;
  CHECK(specialise(model.graph, std::span(&model.mean, 1), {{"time", 4}})[0] == model.mean);
}

}  // namespace
}  // namespace gradus
