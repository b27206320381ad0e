#include "tests/graph/random_graph.h"

#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <set>

#include "compiler/graph/print.h"
#include "compiler/graph/rewrite.h"
#include "compiler/graph/verify.h"
#include "tests/graph/numeric.h"

namespace gradus {
namespace {

TEST_CASE("random graphs are well typed, finite, the same for a seed, and of every operator",
          "[random]") {
  std::set<Op> seen;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    const test::RandomProgram program = test::random_program(seed);
    const Value roots[] = {program.loss};
    verify(program.graph, roots);
    CHECK(unbound_dims(program.graph, roots, program.dims).empty());
    CHECK(std::isfinite(
        interpret(program.graph, program.loss, program.leaves, program.dims).entries[0]));
    if (seed % 20 == 0) {
      const test::RandomProgram again = test::random_program(seed);
      CHECK(text(program.graph, roots) == text(again.graph, std::span(&again.loss, 1)));
    }
    for (Value value : reachable(program.graph, roots)) seen.insert(program.graph[value].op);
  }
  for (Op op : {Op::state, Op::stop_gradient, Op::call, Op::bound}) seen.insert(op);  // not drawn
  for (int op = 0; op <= static_cast<int>(Op::scatter_add); ++op) {
    INFO(name(static_cast<Op>(op)));
    CHECK(seen.count(static_cast<Op>(op)) == 1);
  }
}

TEST_CASE("with numbers for its dimensions a graph has the same value", "[random]") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    test::RandomProgram program = test::random_program(seed, {.smooth = false});
    const Array symbolic = interpret(program.graph, program.loss, program.leaves, program.dims);
    const auto numbers = specialise(program.graph, std::span(&program.loss, 1), program.dims);
    verify(program.graph, numbers);
    CHECK(unbound_dims(program.graph, numbers, {}).empty());
    const Array special = interpret(program.graph, numbers[0], program.leaves);
    CHECK(test::error_between(symbolic, special) == 0);
  }
}

// Whether a call aborts; in a process of its own, whose message is dropped.
bool aborts(const std::function<void()>& call) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    call();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST_CASE("the verifier finds what the constructors let pass", "[verify]") {
  Graph graph;
  const Value x = graph.leaf(Op::input, "x", {Element::real, {4}, 0});
  const Value truth = graph.map(Op::lt, {x, graph.constant(0)});
  const auto refused = [&](Value value) {
    return aborts([&] { verify(graph, std::span(&value, 1)); });
  };
  CHECK(!refused(truth));
  CHECK(refused(graph.view(x, {{4}, {Affine::axis(0, 1, 1)}, std::nullopt})));
  CHECK(!refused(graph.view(x, {{4}, {Affine::axis(0, 1, 1)}, 0.0})));
  CHECK(refused(graph.view(x, {{4}, {Affine::axis(1)}, 0.0})));
  CHECK(refused(graph.contract({x}, {{4, 2}, 0, {{Affine{{{0, 1}, {1, 1}}, 0}}}})));
  CHECK(refused(graph.map(Op::add, {truth, truth})));
  CHECK(refused(graph.map(Op::logical_and, {truth, x})));
  CHECK(refused(graph.map(Op::eq, {truth, x})));
  CHECK(refused(graph.map(Op::select, {x, x, x})));
}

TEST_CASE("a leaf without a value is our error", "[interpret]") {
  Graph graph;
  const Value x = graph.leaf(Op::input, "x", {Element::real, {Dim::named("n")}, 0});
  CHECK(aborts([&] { interpret(graph, x, {}); }));
  CHECK(aborts([&] { interpret(graph, graph.size(Dim::named("m")), {}); }));
  CHECK(!aborts([&] { interpret(graph, x, {{"x", {Element::real, {1}, {2}}}}); }));
}

}  // namespace
}  // namespace gradus
