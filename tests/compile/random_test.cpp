#include <catch2/catch.hpp>

#include "compiler/gradient/gradient.h"
#include "compiler/graph/print.h"
#include "compiler/graph/rewrite.h"
#include "compiler/kernel/planner.h"
#include "compiler/simplify/simplify.h"
#include "tests/compile/machine.h"
#include "tests/graph/numeric.h"
#include "tests/graph/random_graph.h"

// Programs by chance, all the way: what is compiled is what the interpreter says.
namespace gradus {
namespace {

using test::RandomProgram;

// Under sanitizers fewer: they make each ten times as slow.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GRADUS_SLOW
#endif
#endif
#ifdef GRADUS_SLOW
constexpr uint64_t programs = 300;
#else
constexpr uint64_t programs = 3000;
#endif

// The loss, its gradients, and a step against each gradient; in some programs two parameters of one
// shape also change places.
Function step_of(RandomProgram& program, uint64_t seed, bool simple) {
  Graph& graph = program.graph;
  std::vector<Value> roots = gradient(graph, program.loss, program.params);
  roots.push_back(program.loss);
  if (simple) roots = simplify(graph, roots);
  Function made;
  made.results.push_back({"loss", roots.back()});
  for (size_t k = 0; k < program.params.size(); ++k) {
    const std::string name(std::get<Named>(graph[program.params[k]].attributes).name);
    made.results.push_back({"gradient of " + name, roots[k]});
    const Value rate = graph.full(graph.constant(0.125), graph.shape(roots[k]));
    const Value change = graph.map(Op::mul, {rate, roots[k]});
    Value from = program.params[k];
    for (size_t other = 0; other < program.params.size() && seed % 3 == 0; ++other) {
      const Value swapped = program.params[(k + 1 + other) % program.params.size()];
      if (graph.type(swapped) == graph.type(from)) {
        from = swapped;
        break;
      }
    }
    const bool moves = seed % 5 == 0;
    made.updates.push_back({program.params[k], moves ? from : graph.map(Op::sub, {from, change})});
  }
  return made;
}

void check(RandomProgram& program, const Function& function, const kernel::Options& options,
           runtime::ThreadPool* pool) {
  Graph& graph = program.graph;
  const Function numeric = specialise(graph, function, program.dims);
  const kernel::Plan plan = kernel::plan(graph, numeric, options);
  test::Machine machine(plan);
  for (const kernel::Slot& slot : machine.slots()) {
    if (slot.role == kernel::Role::output) continue;
    machine.set(slot.name, program.leaves.at(slot.name).entries);
  }
  machine.run(pool);
  const auto compare = [&](const std::string& name, Value value, std::vector<double> entries) {
    const Array wanted = interpret(graph, value, program.leaves, program.dims);
    const Array found{wanted.element, wanted.shape, std::move(entries)};
    const double error = test::error_between(found, wanted);
    if (!(error < 1e-9)) {
      FAIL("error " << error << " in " << name << " of\n"
                    << text(graph, std::span(&value, 1)) << "as\n"
                    << kernel::text(plan));
    }
  };
  for (const Definition& result : function.results) {
    compare(result.name, result.value, machine.output(result.name));
  }
  for (const Update& update : function.updates) {
    const std::string& name = std::get<Named>(graph[update.target].attributes).name;
    compare(name, update.value, machine.get(name));
  }
}

TEST_CASE("compiled steps of programs by chance do what the interpreter does", "[random]") {
  runtime::ThreadPool pool(2);
  size_t compared = 0;
  for (uint64_t seed = 0; seed < programs; ++seed) {
    INFO("seed " << seed);
    RandomProgram program = test::random_program(seed);
    const Function function = step_of(program, seed, seed % 2 == 0);
    kernel::Options options{.real = kernel::Scalar::f64};
    // As if everything were large, so that small programs take all paths.
    if (seed % 4 > 1) options = {kernel::Scalar::f64, 1, 1};
    check(program, function, options, seed % 7 == 0 ? &pool : nullptr);
    compared += function.results.size() + function.updates.size();
  }
  CHECK(compared > 4 * programs);
}

TEST_CASE("gradients of programs by chance are those of central differences", "[random]") {
  size_t compared = 0;
  for (uint64_t seed = 0; seed < programs; ++seed) {
    INFO("seed " << seed);
    RandomProgram program = test::random_program(seed);
    std::vector<Value> roots = gradient(program.graph, program.loss, program.params);
    if (seed % 2 == 0) roots = simplify(program.graph, roots);
    for (size_t k = 0; k < roots.size(); ++k) {
      const std::string& name = std::get<Named>(program.graph[program.params[k]].attributes).name;
      const Array found = interpret(program.graph, roots[k], program.leaves, program.dims);
      const Array expected = test::central_differences(program.graph, program.loss, name,
                                                       program.leaves, program.dims);
      const double error = test::error_between(found, expected);
      ++compared;
      if (!(error < 1e-4)) {
        FAIL("error " << error << " by " << name << ", at "
                      << Catch::rangeToString(program.leaves.at(name).entries) << ": "
                      << Catch::rangeToString(found.entries) << ", by differences "
                      << Catch::rangeToString(expected.entries) << ", of\n"
                      << text(program.graph, std::span(&program.loss, 1)));
      }
    }
  }
  CHECK(compared > programs);
}

}  // namespace
}  // namespace gradus
