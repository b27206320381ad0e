#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "compiler/compile.h"
#include "tests/allocations.h"
#include "tests/compile/machine.h"

// Whole training steps, as the command line runs them.
namespace gradus {
namespace {

using test::Machine;

const std::vector<double> xs = {0.5, -1.0, 2.0, 0.1};
const std::vector<double> ys = {1, 0, 1, 0};

Machine two_neurons(bool train) {
  Program program = test::checked(test::file("examples/two_neurons.grad"));
  const Gradients gradients =
      differentiate(program.graph, program.losses[0].value, parameters_of(program));
  const Function function = train ? training_step(program, 0) : with_gradients(program, gradients);
  const DimBindings dims = {{"batch", 4}};
  Machine machine(plan_of(program.graph, function, dims, Precision::f64));
  machine.set("x", xs);
  machine.set("y", ys);
  machine.set("w1", {0.5});
  machine.set("w2", {-0.3});
  return machine;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST_CASE("two neurons have the gradients of the closed forms", "[two_neurons]") {
  Machine machine = two_neurons(false);
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-3, 3);
  for (int round = 0; round < 100; ++round) {
    const double w1 = round == 0 ? 0.5 : uniform(random);
    const double w2 = round == 0 ? -0.3 : uniform(random);
    machine.set("w1", {w1});
    machine.set("w2", {w2});
    machine.run();
    // ∂J/∂w₂ = mean((ŷ − y)·a₁), ∂J/∂w₁ = mean((ŷ − y)·w₂·a₁·(1 − a₁)·x)
    double by_w1 = 0;
    double by_w2 = 0;
    double loss = 0;
    for (size_t k = 0; k < xs.size(); ++k) {
      const double a = sigmoid(w1 * xs[k]);
      const double p = sigmoid(w2 * a);
      by_w2 += (p - ys[k]) * a / 4;
      by_w1 += (p - ys[k]) * w2 * a * (1 - a) * xs[k] / 4;
      loss -= (ys[k] * std::log(p) + (1 - ys[k]) * std::log(1 - p)) / 4;
    }
    CHECK(std::fabs(machine.output("w1")[0] - by_w1) < 1e-12);
    CHECK(std::fabs(machine.output("w2")[0] - by_w2) < 1e-12);
    CHECK(std::fabs(machine.output("J")[0] - loss) < 1e-12);
  }
}

TEST_CASE("two neurons learn: the loss falls at every step", "[two_neurons]") {
  Machine machine = two_neurons(true);
  double before = INFINITY;
  for (int step = 0; step <= 10000; ++step) {
    machine.run();
    const double loss = machine.output("J")[0];  // from the weights before this step's update
    if (step <= 1000) CHECK(loss < before);
    before = loss;
    if (step == 0) CHECK(std::fabs(loss - 0.7117937) < 5e-8);
    if (step == 999) {
      CHECK(std::fabs(machine.get("w1")[0] - 4.1445) < 5e-5);
      CHECK(std::fabs(machine.get("w2")[0] - 1.3155) < 5e-5);
    }
    if (step == 1000) CHECK(std::fabs(loss - 0.5944024) < 5e-8);
    if (step == 10000) CHECK(std::fabs(loss - 0.5942617) < 5e-8);
  }
}

// A classifier that is large enough for tiles, and for work that is cut among threads.
Machine classifier() {
  Program program = test::checked(R"(
input x: [batch, 96]
input label: index(10)[batch]
h      = dense(x, 128, act = tanh)
logits = dense(h, 10)
loss J = mean(cross_entropy(logits, label))
train J { optimizer = adam(), epochs = 1, batch = 256 }
)");
  const Function function = training_step(program, 0);
  Machine machine(plan_of(program.graph, function, {{"batch", 256}}, Precision::f32));
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (const kernel::Slot& slot : machine.slots()) {
    if (slot.role == kernel::Role::output || slot.role == kernel::Role::optimizer_state) continue;
    std::vector<double> entries = machine.get(slot.name);
    for (double& entry : entries) {
      entry = slot.type == kernel::Scalar::i32       ? static_cast<double>(random() % 10)
              : slot.shape.empty()                   ? 0
              : slot.role == kernel::Role::parameter ? uniform(random) / 8
                                                     : uniform(random);
    }
    machine.set(slot.name, entries);
  }
  return machine;
}

TEST_CASE("a step allocates nothing", "[step]") {
  Machine machine = classifier();
  runtime::ThreadPool pool(2);
  machine.run(&pool);
  const int64_t before = tests::allocations();
  for (int step = 0; step < 10; ++step) machine.run(&pool);
  CHECK(tests::allocations() == before);
}

TEST_CASE("one thread and two leave the same bits in the weights", "[step]") {
  Machine alone = classifier();
  Machine together = classifier();
  runtime::ThreadPool pool(2);
  for (int step = 0; step < 100; ++step) {
    alone.set("step", {static_cast<double>(step)});
    together.set("step", {static_cast<double>(step)});
    alone.run();
    together.run(&pool);
  }
  for (const kernel::Slot& slot : alone.slots()) {
    const bool result = slot.role == kernel::Role::output;
    const auto of = [&](const Machine& machine) {
      return result ? machine.output(slot.name) : machine.get(slot.name);
    };
    CHECK(of(alone) == of(together));
  }
  CHECK(alone.output("J")[0] < 1.5);  // it has learnt something
}

}  // namespace
}  // namespace gradus
