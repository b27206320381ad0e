#include <catch2/catch.hpp>
#include <cstring>

#include "compiler/codegen/codegen.h"
#include "compiler/gradient/gradient.h"
#include "compiler/graph/print.h"
#include "compiler/graph/rewrite.h"
#include "compiler/kernel/planner.h"
#include "compiler/simplify/simplify.h"
#include "runtime/threads.h"
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

// One array a slot, as the compiled step leaves them.
std::map<std::string, Array> run(const kernel::Plan& plan, const Bindings& leaves,
                                 runtime::ThreadPool* pool) {
  const runtime::Step step = codegen::compile(plan, {.cpu = "", .features = "", .threads = 1});
  std::vector<std::vector<char>> memory;
  std::vector<void*> pointers;
  const auto aligned = [](std::vector<char>& raw) {
    return raw.data() + (64 - reinterpret_cast<uintptr_t>(raw.data()) % 64) % 64;
  };
  for (const kernel::Slot& slot : plan.slots) {
    int64_t entries = 1;
    for (int64_t extent : slot.shape) entries *= extent;
    std::vector<char>& raw = memory.emplace_back(static_cast<size_t>(entries) * 8 + 64, 0x5a);
    pointers.push_back(aligned(raw));
    if (slot.role == kernel::Role::output) continue;
    const std::vector<double>& values = leaves.at(slot.name).entries;
    for (size_t k = 0; k < values.size(); ++k) {
      if (slot.type == kernel::Scalar::f64) {
        std::memcpy(aligned(raw) + 8 * k, &values[k], 8);
      } else if (slot.type == kernel::Scalar::i32) {
        const auto index = static_cast<int32_t>(values[k]);
        std::memcpy(aligned(raw) + 4 * k, &index, 4);
      } else {
        aligned(raw)[k] = values[k] != 0 ? 1 : 0;
      }
    }
  }
  std::vector<char> arena(static_cast<size_t>(step.arena_bytes) + 64, 0x7f);
  step.run(pointers.data(), aligned(arena), pool);
  std::map<std::string, Array> after;
  for (size_t k = 0; k < plan.slots.size(); ++k) {
    const kernel::Slot& slot = plan.slots[k];
    if (slot.type != kernel::Scalar::f64) continue;
    Array& array = after[slot.name];
    array.shape = slot.shape;
    int64_t entries = 1;
    for (int64_t extent : slot.shape) entries *= extent;
    array.entries.resize(static_cast<size_t>(entries));
    if (entries > 0) std::memcpy(array.entries.data(), pointers[k], array.entries.size() * 8);
  }
  return after;
}

void check(RandomProgram& program, const Function& function, const kernel::Options& options,
           runtime::ThreadPool* pool) {
  Graph& graph = program.graph;
  const Function numeric = specialise(graph, function, program.dims);
  const kernel::Plan plan = kernel::plan(graph, numeric, options);
  const auto after = run(plan, program.leaves, pool);
  const auto compare = [&](const std::string& name, Value value) {
    const Array wanted = interpret(graph, value, program.leaves, program.dims);
    const double error = test::error_between(after.at(name), wanted);
    if (!(error < 1e-9)) {
      FAIL("error " << error << " in " << name << " of\n"
                    << text(graph, std::span(&value, 1)) << "as\n"
                    << kernel::text(plan));
    }
  };
  for (const Definition& result : function.results) compare(result.name, result.value);
  for (const Update& update : function.updates) {
    compare(std::get<Named>(graph[update.target].attributes).name, update.value);
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
        FAIL("error " << error << " by " << name << " of\n"
                      << text(program.graph, std::span(&program.loss, 1)));
      }
    }
  }
  CHECK(compared > programs);
}

}  // namespace
}  // namespace gradus
