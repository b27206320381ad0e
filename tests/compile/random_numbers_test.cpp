#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "compiler/compile.h"
#include "compiler/graph/draw.h"
#include "compiler/graph/interpret.h"
#include "tests/compile/machine.h"

namespace gradus {
namespace {

using test::Machine;

// Uneven extents: vectors have a rest, and rows begin at any place.
const std::string model = R"(
param mu: [37, 5] = 0.5
param sigma = 2
eps   = normal([37, 5])
z     = mu + sigma * eps
u     = uniform([999])
b     = bernoulli(0.25, [999])
c     = categorical(zeros([999, 4]))
d     = dropout(ones([100, 10]), 0.2)
wide  = sum(normal([300, 300]) * uniform([300, 300])', axis = 0)
loss J = mean(z^2)
metric share  = mean(b)
metric third  = mean(c == 2)
metric kept   = mean(d)
train J { optimizer = sgd(rate = 0.1), epochs = 1 }
)";

Bindings bindings_of(double step, double low, double high) {
  const auto number = [](double x) { return Array{Element::index, {}, {x}}; };
  Array mu{Element::real, {37, 5}, std::vector<double>(185, 0.5)};
  return {{drawn_step, number(step)},
          {drawn_low, number(low)},
          {drawn_high, number(high)},
          {"sigma", {Element::real, {}, {2}}},
          {"mu", mu}};
}

Function named(const Program& program) {
  Function function;
  for (const NamedValue& each : program.definitions) {
    function.results.push_back({each.name, each.value});
  }
  return function;
}

TEST_CASE("compiled numbers are those of the interpreter", "[random]") {
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    Program program = test::checked(model);
    const Function function = named(program);
    Machine machine(plan_of(program.graph, function, {}, precision));
    const Bindings bindings = bindings_of(7, 4000000000.0, 5);
    for (const auto& [name, array] : bindings) {
      const bool is_word = name.starts_with("draw:");
      machine.set(name, is_word ? std::vector<double>{static_cast<double>(static_cast<int32_t>(
                                      static_cast<uint32_t>(array.entries[0])))}
                                : array.entries);
    }
    machine.run();
    const bool wide = precision == Precision::f64;
    for (const Definition& each : function.results) {
      const Array want = interpret(program.graph, each.value, bindings);
      const std::vector<double> got = machine.output(each.name);
      REQUIRE(got.size() == want.entries.size());
      double worst = 0;
      int different = 0;
      for (size_t k = 0; k < got.size(); ++k) {
        const double error =
            std::fabs(got[k] - want.entries[k]) / std::fmax(1, std::fabs(want.entries[k]));
        worst = std::fmax(worst, error);
        different += error > 0.5;
      }
      INFO(each.name << " " << (wide ? "f64" : "f32") << " " << worst);
      CHECK(worst <= (wide ? 1e-13 : 2e-4));
      CHECK(different == 0);
    }
  }
}

TEST_CASE("the same bits with any number of threads; other steps have others", "[random]") {
  const auto run = [](int threads, double step) {
    Program program = test::checked(model);
    const Function function = named(program);
    Machine machine(plan_of(program.graph, function, {}, Precision::f32));
    machine.set(drawn_step, {step});
    runtime::ThreadPool pool(threads);
    machine.run(&pool);
    std::vector<std::vector<double>> all;
    for (const Definition& each : function.results) all.push_back(machine.output(each.name));
    return all;
  };
  const auto alone = run(1, 3);
  CHECK(alone == run(2, 3));
  CHECK(alone == run(3, 3));
  const auto later = run(1, 4);
  CHECK(alone[0] != later[0]);
  CHECK(alone[2] != later[2]);
}

TEST_CASE("each round of a loop, and of a loop in a loop, has numbers of its own", "[random]") {
  Program program = test::checked(R"(
input x: [4, 3]
y = scan (r in x over axis = 0; t = 0) {
  t = t + normal([])
  z = scan (v in r over axis = 0; s = 0) {
    s = uniform([]) + 0 * v
    s
  }
  z
}
)");
  const Value y = program.find("y");
  Bindings bindings = bindings_of(3, 1, 2);
  bindings["x"] = {Element::real, {4, 3}, std::vector<double>(12, 0.0)};
  const Array want = interpret(program.graph, y, bindings);
  std::vector<double> sorted = want.entries;
  std::sort(sorted.begin(), sorted.end());
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  Machine machine(plan_of(program.graph, {{{"y", y}}, {}}, {}, Precision::f64));
  machine.set(drawn_step, {3});
  machine.set(drawn_low, {1});
  machine.set(drawn_high, {2});
  machine.run();
  CHECK(machine.output("y") == want.entries);
}

TEST_CASE("a derivative flows through what is computed from draws", "[random]") {
  Program program = test::checked(model);
  const Gradients gradients =
      differentiate(program.graph, program.losses[0].value, parameters_of(program));
  const Bindings bindings = bindings_of(0, 1, 2);
  const Array z = interpret(program.graph, program.find("z"), bindings);
  const Array eps = interpret(program.graph, program.find("eps"), bindings);
  const Array by_mu = interpret(program.graph, gradients.simplified[0].value, bindings);
  const Array by_sigma = interpret(program.graph, gradients.simplified[1].value, bindings);
  double sigma = 0;
  for (size_t k = 0; k < z.entries.size(); ++k) {
    CHECK(by_mu.entries[k] == Approx(2 * z.entries[k] / 185));
    sigma += 2 * z.entries[k] * eps.entries[k] / 185;
  }
  CHECK(by_sigma.entries[0] == Approx(sigma));
}

TEST_CASE("shares are those that were asked for", "[random]") {
  Program program = test::checked(model);
  const Bindings bindings = bindings_of(0, 1, 2);
  const auto value = [&](const std::string& name) {
    return interpret(program.graph, program.find(name), bindings).entries[0];
  };
  CHECK(value("share") == Approx(0.25).margin(0.07));
  CHECK(value("third") == Approx(0.25).margin(0.07));
  CHECK(value("kept") == Approx(1).margin(0.08));
  const Array d = interpret(program.graph, program.find("d"), bindings);
  for (double x : d.entries) CHECK((x == 0 || x == 1.25));
}

}  // namespace
}  // namespace gradus
