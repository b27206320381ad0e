#include <catch2/catch.hpp>
#include <cmath>

#include "compiler/compile.h"
#include "compiler/graph/interpret.h"
#include "tests/compile/machine.h"

// Derivatives where there is none, or where a formula would say 0 · ∞: what the language's page
// promises, of what is compiled and of what the interpreter makes of the same graph.
namespace gradus {
namespace {

struct Kink {
  std::string text;  // over a scalar x
  double first;
  double second = NAN;  // NaN: nothing is promised
  double at = 0;
};

const Kink kinks[] = {
    // Conventions.
    {"abs(x)", 0, 0},
    {"relu(x)", 0, 0},
    {"x * abs(x)", 0, 0},
    {"relu(x)^2", 0},
    {"norm(x * ones([3]))", 0},
    {"std(x * iota(3))", 0},
    {"max(x, 2 * x)", 1, 0},
    {"max(2 * x, x)", 2, 0},
    {"min(x, 2 * x)", 1, 0},
    {"min(2 * x, x)", 2, 0},
    {"max(stack([x, 2 * x, -x]))", 2.0 / 3, 0},
    {"min(stack([x, 2 * x, 3 * x]))", 2, 0},
    {"max(stack([x, 2 * x]), axis = 0)", 1.5},
    {"stack([x, 2 * x])[argmax(stack([x, 2 * x]), axis = 0)]", 1, 0},
    {"stack([x, 2 * x])[argmin(stack([x, 2 * x]), axis = 0)]", 1, 0},
    {"leaky_relu(x)", 0.01, 0},
    // Powers.
    {"x^0", 0, 0},
    {"x^1", 1, 0},
    {"x^2", 0, 2},
    {"x^3", 0, 0},
    {"pow(x, 3 / 2)", 0, INFINITY},
    {"x^2.5", 0, 0},
    {"2^x", std::log(2.0)},
    {"(x^2)^0.5", 0},
    {"(x^2 + x^4)^0.5", 0},
    {"(1 + x)^0.5", 0.5, -0.25},
    // Roots.
    {"sqrt(x)", INFINITY},
    {"sqrt(x) * 0", 0},
    {"0 * sum(sqrt(x * ones([2])))", 0},
    {"x^2 * sqrt(x)", 0},
    {"x * sqrt(x)", 0},
    {"sqrt(x^2)", 0},
    {"sqrt(x^4)", 0},
    {"sqrt(x^2 + 1)", 0, 1},
    {"sqrt(x^2 + (2 * x)^2)", 0},
    {"sqrt(sum((x * iota(3))^2))", 0},
    {"sqrt(mean((x * iota(3))^2))", 0},
    {"exp(-sqrt(x^2 + 4 * x^2))", 0},
    {"sum(sqrt((x * iota(3))^2))", 0},
    {"norm(x * iota(3))^2", 0},
    // Products through zeros.
    {"prod(stack([x, x + 1, x]))", 0, 2},
    {"prod(x * ones([3]))", 0, 0},
    {"prod(stack([x, x + 2]))", 2, 2},
    // Branches that are not taken.
    {"if x > 0 then sqrt(x) else 3 * x", 3, 0},
    {"if x > 0 then log(x) else x^2", 0, 2},
    {"if x == 0 then 1 else sin(x) / x", 0, 0},
    {"sum(if iota(3) >= 0 then x * iota(3) else sqrt(x - 1))", 3, 0},
    {"if x < 0 then 1 / x else exp(x)", 1, 1},
    {"if x > 0 then inv(x * ones([1, 1]))[0, 0] else x", 1, 0},
    // Matrices.
    {"det(x * ones([1, 1]) + 1)", 1},
    {"det(x * ones([2, 2]) + reshape([1, 2, 2, 4], [2, 2]))", 1, 0},
    {"det(x * ones([3, 3]) + diag(2 - iota(3)))", 2, 0},
    {"det(ones([4, 4]) + x * diag(iota(4)))", 0},
    {"logdet((1 + x) * ones([1, 1]))", 1, -1},
    // No entries.
    {"sum(zeros([0]) * x) + prod(zeros([0]) * x) + norm(zeros([0]) * x)", 0, 0},
};

bool agrees(double got, double want) {
  if (std::isinf(want)) return got == want;
  return std::fabs(got - want) <= 1e-14;
}

TEST_CASE("derivatives at kinks and zeros", "[kinks]") {
  for (const Kink& kink : kinks) {
    INFO(kink.text);
    Program program = test::checked("param x = 0\nJ = " + kink.text + "\n");
    Graph& graph = program.graph;
    const std::vector<Definition> x = {{"x", program.find("x")}};
    const Value first = differentiate(graph, program.find("J"), x).simplified[0].value;
    const Value second = differentiate(graph, first, x).simplified[0].value;
    const Function function{{{"first", first}, {"second", second}}, {}};
    test::Machine machine(plan_of(graph, function, {}, Precision::f64));
    for (const kernel::Slot& slot : machine.slots()) {
      if (slot.name == "x") machine.set("x", {kink.at});
    }
    machine.run();
    const Bindings bindings = {{"x", {Element::real, {}, {kink.at}}}};
    const auto check = [&](const std::string& name, Value value, double want) {
      const double compiled = machine.output(name)[0];
      const double interpreted = interpret(graph, value, bindings).entries[0];
      INFO(name << " is " << compiled << ", " << interpreted << " interpreted, to be " << want);
      CHECK(agrees(compiled, want));
      CHECK(agrees(interpreted, want));
    };
    check("first", first, kink.first);
    if (!std::isnan(kink.second)) check("second", second, kink.second);
  }
}

}  // namespace
}  // namespace gradus
