#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>

#include "compiler/compile.h"
#include "compiler/gradient/gradient.h"
#include "compiler/gradient/jacobian.h"
#include "compiler/graph/interpret.h"
#include "compiler/graph/print.h"
#include "compiler/graph/verify.h"
#include "compiler/kernel/planner.h"
#include "compiler/simplify/simplify.h"
#include "tests/compile/machine.h"
#include "tests/graph/numeric.h"

// Scans by chance: bodies of random expressions over sequences along any axis, in both directions,
// carries of several shapes, scans in scans; their derivatives, and those of the derivatives.
namespace gradus {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GRADUS_SLOW
#endif
#endif
#ifdef GRADUS_SLOW
constexpr unsigned programs = 20;
#else
constexpr unsigned programs = 150;
#endif

Array drawn(const std::vector<int64_t>& shape, std::mt19937& random, double least, double most) {
  Array made{Element::real, shape, {}};
  int64_t entries = 1;
  for (int64_t extent : shape) entries *= extent;
  std::uniform_real_distribution<> draw(least, most);
  for (int64_t k = 0; k < entries; ++k) made.entries.push_back(draw(random));
  return made;
}

// A model file with one or two scans. Tensors in bodies are [rows, n], and some are numbers.
class RandomScan {
 public:
  explicit RandomScan(unsigned seed) : random_(seed) {}

  std::string text() {
    rows_ = pick(1, 3);
    n_ = pick(1, 4);
    rounds_ = pick(0, 9) == 0 ? pick(0, 1) : pick(2, 5);
    std::string out = fmt::format(
        "param W: [{0}, {0}] = 0\nparam b: [{0}] = 0\nparam s = 0\nparam h0: [{1}, {0}] = 0\n", n_,
        rows_);
    const int axis = pick(0, 2);
    out += fmt::format("input x: {}\ninput y: {}\n", sequence(axis), sequence(axis));
    out += scan("hs", "x", "y", axis, 0);
    std::string loss = "sum(hs^2) / 4 + sum(hs)";
    if (chance(3)) {
      out += scan("gs", "hs", "x", axis, 0);
      loss += " + sum(gs * hs)";
    }
    return out + "loss J = " + loss + "\n";
  }

 private:
  int pick(int least, int most) { return std::uniform_int_distribution<>(least, most)(random_); }
  bool chance(int of) { return pick(1, of) == 1; }
  std::string any(const std::vector<std::string>& of) {
    return of[static_cast<size_t>(pick(0, static_cast<int>(of.size()) - 1))];
  }

  std::string sequence(int axis) const {
    std::vector<int> shape = {rows_, n_};
    shape.insert(shape.begin() + axis, rounds_);
    return fmt::format("[{}, {}, {}]", shape[0], shape[1], shape[2]);
  }

  std::string scan(const std::string& name, const std::string& x, const std::string& y, int axis,
                   int depth) {
    std::vector<std::string> matrices = {"xt", "yt", "h", "h0"};
    std::vector<std::string> numbers = {"k", "s"};
    const char* back = chance(3) ? " reverse" : "";
    const char* other = chance(2) ? " reverse" : "";
    std::string out = fmt::format(
        "{} = scan (xt in {}{} over axis = {}, yt in {}{} over axis = {}; h = {}, k = 0) {{\n",
        name, x, back, axis, y, other, axis,
        chance(2) ? "h0" : fmt::format("zeros([{}, {}])", rows_, n_));
    const int lines = pick(1, 3);
    for (int line = 0; line < lines; ++line) {
      const std::string made = fmt::format("t{}", line);
      if (depth == 0 && chance(4)) {
        out += fmt::format(
            "  {} = scan (v in {} over axis = 0; u = {}) {{\n    u = tanh(u * s + v)\n    u * v\n  "
            "}}\n",
            made, matrix(matrices, numbers), chance(2) ? "b" : fmt::format("zeros([{}])", n_));
      } else {
        out += fmt::format("  {} = {}\n", made, matrix(matrices, numbers));
      }
      matrices.push_back(made);
    }
    if (chance(2)) out += fmt::format("  k = k / 2 + mean({})\n", any(matrices));
    out += fmt::format("  h = tanh({})\n", matrix(matrices, numbers));
    return out + fmt::format("  {}\n}}\n", chance(2) ? "h" : matrix(matrices, numbers));
  }

  std::string matrix(const std::vector<std::string>& matrices,
                     const std::vector<std::string>& numbers) {
    const std::string a = any(matrices);
    const std::string b = any(matrices);
    switch (pick(0, 10)) {
      case 0:
        return fmt::format("{} @ W + b", a);
      case 1:
        return fmt::format("{} * {}", a, b);
      case 2:
        return fmt::format("{} - {} * {}", a, any(numbers), b);
      case 3:
        return fmt::format("sigmoid({}) * {}", a, b);
      case 4:
        return fmt::format("softmax({})", a);
      case 5:
        return fmt::format("sin({}) + flip({})", a, b);
      case 6:
        return fmt::format("{} * sum({}, axis = 1, keep = true)", a, b);
      case 7:
        return fmt::format("tanh({} @ W) - {}", a, b);
      case 8:
        return fmt::format("{} @ ({}' @ {})", a, b, b);
      case 9:
        return fmt::format("exp(-{}^2) * b", a);
      default:
        return fmt::format("{} + {}", a, b);
    }
  }

  std::mt19937 random_;
  int rows_ = 1;
  int n_ = 1;
  int rounds_ = 1;
};

// The loss, its gradients, and those of the sum of their squares.
struct Derivatives {
  std::vector<Value> leaves;
  Value loss;
  std::vector<Value> first;
  Value norm;
  std::vector<Value> second;
};

Derivatives derivatives_of(Program& program, bool recompute) {
  Graph& graph = program.graph;
  Derivatives made;
  for (const Parameter& each : program.parameters) made.leaves.push_back(each.value);
  made.leaves.push_back(program.inputs[0].value);
  const Value loss = program.losses[0].value;
  made.loss = recognise(graph, std::span(&loss, 1))[0];
  made.first = gradient(graph, made.loss, made.leaves, nullptr, {.recompute = recompute});
  made.norm = graph.constant(0);
  for (Value each : made.first) {
    const Value square = graph.map(Op::mul, {each, each});
    std::vector<int> axes;
    for (int k = 0; k < graph.type(each).rank(); ++k) axes.push_back(k);
    made.norm = graph.map(Op::add, {made.norm, graph.reduce(Op::reduce_sum, square, axes)});
  }
  made.second = gradient(graph, made.norm, made.leaves);
  return made;
}

Bindings bound(const Program& program, unsigned seed) {
  std::mt19937 random(seed + 1000);
  Bindings leaves;
  const auto bind = [&](const std::string& name, Value leaf) {
    std::vector<int64_t> shape;
    for (const Dim& dim : program.graph.shape(leaf)) shape.push_back(*dim.number());
    leaves[name] = drawn(shape, random, -1, 1);
  };
  for (const Parameter& each : program.parameters) bind(each.name, each.value);
  for (const Input& each : program.inputs) bind(each.name, each.value);
  return leaves;
}

// By the leaf whose entries move all at once, along random directions.
double by_differences(const Graph& graph, Value value, const Bindings& leaves,
                      const std::string& name, const Array& direction) {
  const double step = 1e-5;
  const auto at = [&](double by) {
    Bindings moved = leaves;
    for (size_t k = 0; k < direction.entries.size(); ++k) {
      moved[name].entries[k] += by * direction.entries[k];
    }
    return interpret(graph, value, moved).entries[0];
  };
  return (at(step) - at(-step)) / (2 * step);
}

void compare_with_differences(const Graph& graph, Value value, std::span<const Value> derivatives,
                              std::span<const Value> by, const Bindings& leaves, unsigned seed) {
  std::mt19937 random(seed);
  for (size_t k = 0; k < by.size(); ++k) {
    const std::string& name = std::get<Named>(graph[by[k]].attributes).name;
    const Array direction = drawn(leaves.at(name).shape, random, -1, 1);
    const Array found = interpret(graph, derivatives[k], leaves);
    double along = 0;
    for (size_t i = 0; i < found.entries.size(); ++i) {
      along += found.entries[i] * direction.entries[i];
    }
    const double expected = by_differences(graph, value, leaves, name, direction);
    INFO("by " << name);
    CHECK(along == Approx(expected).epsilon(1e-5).margin(1e-6));
  }
}

void compare_compiled(Graph& graph, const std::vector<Value>& values, const Bindings& leaves,
                      const kernel::Options& options, runtime::ThreadPool* pool) {
  Function function;
  for (size_t k = 0; k < values.size(); ++k) {
    function.results.push_back({fmt::format("result {}", k), values[k]});
  }
  const kernel::Plan plan = kernel::plan(graph, function, options);
  test::Machine machine(plan);
  for (const kernel::Slot& slot : machine.slots()) {
    if (slot.role != kernel::Role::output) machine.set(slot.name, leaves.at(slot.name).entries);
  }
  machine.run(pool);
  const std::vector<Array> wanted = interpret(graph, values, leaves);
  for (size_t k = 0; k < values.size(); ++k) {
    const Array found{wanted[k].element, wanted[k].shape,
                      machine.output(fmt::format("result {}", k))};
    const double error = test::error_between(found, wanted[k]);
    if (!(error < 1e-9)) {
      FAIL("error " << error << " in result " << k << " of\n"
                    << text(graph, values) << "as\n"
                    << kernel::text(plan));
    }
  }
}

TEST_CASE("scans by chance: derivatives, and compiled steps", "[random]") {
  runtime::ThreadPool pool(2);
  for (unsigned seed = 0; seed < programs; ++seed) {
    const std::string model = RandomScan(seed).text();
    INFO("seed " << seed << "\n" << model);
    Program program = test::checked(model);
    Graph& graph = program.graph;
    const Bindings leaves = bound(program, seed);
    const Derivatives made = derivatives_of(program, seed % 4 == 3);
    std::vector<Value> all = {made.loss};
    all.insert(all.end(), made.first.begin(), made.first.end());
    all.insert(all.end(), made.second.begin(), made.second.end());
    verify(graph, all);
    compare_with_differences(graph, made.loss, made.first, made.leaves, leaves, seed);
    compare_with_differences(graph, made.norm, made.second, made.leaves, leaves, seed);
    const std::vector<Value> simple = simplify(graph, all);
    verify(graph, simple);
    for (size_t k = 0; k < all.size(); ++k) {
      const double error = test::error_between(interpret(graph, simple[k], leaves),
                                               interpret(graph, all[k], leaves));
      INFO("simplified " << k);
      CHECK(error < 1e-9);
    }
    kernel::Options options{.real = kernel::Scalar::f64};
    if (seed % 4 > 1) options = {kernel::Scalar::f64, 1, 1};
    compare_compiled(graph, seed % 3 == 0 ? all : simple, leaves, options,
                     seed % 5 == 0 ? &pool : nullptr);
  }
}

TEST_CASE("scans by chance: tangents are gradients along directions", "[random]") {
  for (unsigned seed = 0; seed < programs; ++seed) {
    const std::string model = RandomScan(seed + 5000).text();
    INFO("seed " << seed << "\n" << model);
    Program program = test::checked(model);
    Graph& graph = program.graph;
    Bindings leaves = bound(program, seed);
    const Derivatives made = derivatives_of(program, false);
    std::mt19937 random(seed);
    Value along = graph.constant(0);
    std::vector<Value> tangents;
    for (size_t k = 0; k < made.leaves.size(); ++k) {
      const std::string name = fmt::format("t{}", k);
      tangents.push_back(graph.leaf(Op::input, name, graph.type(made.leaves[k])));
      leaves[name] = drawn(leaves.at(std::get<Named>(graph[made.leaves[k]].attributes).name).shape,
                           random, -1, 1);
      const Value product = graph.map(Op::mul, {made.first[k], tangents[k]});
      std::vector<int> axes;
      for (int axis = 0; axis < graph.type(product).rank(); ++axis) axes.push_back(axis);
      along = graph.map(Op::add, {along, graph.reduce(Op::reduce_sum, product, axes)});
    }
    const Value moved = pushforward(graph, made.loss, made.leaves, tangents);
    verify(graph, std::span(&moved, 1));
    CHECK(interpret(graph, moved, leaves).entries[0] ==
          Approx(interpret(graph, along, leaves).entries[0]).epsilon(1e-9).margin(1e-9));
  }
}

// The parameter `b` is a vector.
TEST_CASE("scans by chance: Hessians have the tangents of gradients as columns", "[random]") {
  for (unsigned seed = 0; seed < programs / 3; ++seed) {
    const std::string model = RandomScan(seed + 9000).text();
    INFO("seed " << seed << "\n" << model);
    Program program = test::checked(model);
    Graph& graph = program.graph;
    const Bindings leaves = bound(program, seed);
    const Derivatives made = derivatives_of(program, false);
    const Value b = made.leaves[1];
    const Value all = hessian(graph, made.loss, b);
    const Value rows = jacobian(graph, made.first[1], b);
    verify(graph, std::vector{all, rows});
    const Array whole = interpret(graph, all, leaves);
    CHECK(test::error_between(interpret(graph, rows, leaves), whole) < 1e-9);
    const int64_t n = whole.shape[0];
    for (int64_t k = 0; k < n; ++k) {
      const Value unit = graph.view(graph.constant(1), {graph.shape(b), {}, std::nullopt});
      const Value places = graph.map(Op::to_real, {graph.iota(n)});
      const Value at = graph.constant(static_cast<double>(k));
      const Value direction =
          graph.map(Op::select, {graph.map(Op::eq, {places, at}), unit, graph.constant(0)});
      const Array column = interpret(
          graph, pushforward(graph, made.first[1], std::vector{b}, std::vector{direction}), leaves);
      for (int64_t i = 0; i < n; ++i) {
        CHECK(whole.entries[i * n + k] == Approx(column.entries[i]).epsilon(1e-9).margin(1e-9));
      }
    }
  }
}

// Bytes of scratch memory of the gradients of a deep recurrent network.
int64_t scratch_of(int rounds, bool recompute) {
  Program program = test::checked(fmt::format(
      "input x: [{}, 4, 8]\nparam W: [8, 8] ~ glorot_normal\nparam U: [8, 8] ~ glorot_normal\n"
      "hs = scan (xt in x over axis = 0; h = zeros([4, 8])) {{\n"
      "  a = tanh(xt @ W + h @ U)\n  b = tanh(a @ U)\n  c = tanh(b @ U)\n  h = sin(c @ U)\n"
      "  mean(h)\n}}\nloss J = mean(hs)\n",
      rounds));
  std::vector<Value> leaves;
  for (const Parameter& each : program.parameters) leaves.push_back(each.value);
  const std::vector<Value> first = simplify(
      program.graph,
      gradient(program.graph, program.losses[0].value, leaves, nullptr, {.recompute = recompute}));
  const Function function{{{"W", first[0]}, {"U", first[1]}}, {}};
  return kernel::plan(program.graph, function, {.real = kernel::Scalar::f64}).arena_bytes;
}

TEST_CASE("memory grows with the rounds, and less where they are computed again") {
  const int64_t stored = scratch_of(200, false);
  CHECK(scratch_of(400, false) < 2.05 * static_cast<double>(stored));
  CHECK(scratch_of(200, true) < 0.6 * static_cast<double>(stored));
}

// What the kernels of a round write is the round's, however large the loop.
TEST_CASE("a scan is a loop of as many kernels as its body needs") {
  const auto kernels_of = [](int rounds) {
    Program program = test::checked(
        fmt::format("input x: [{}, 3]\nparam U: [3, 3] = 0\nhs = scan (xt in x over axis = 0; h = "
                    "zeros([3])) {{\n  h = tanh(xt + h @ U)\n  h\n}}\nloss J = sum(hs)\n",
                    rounds));
    const Function function{{{"J", program.losses[0].value}}, {}};
    return kernel::plan(program.graph, function, {.real = kernel::Scalar::f64}).kernels.size();
  };
  CHECK(kernels_of(5) == kernels_of(5000));
}

}  // namespace
}  // namespace gradus
