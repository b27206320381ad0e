#include <catch2/catch.hpp>

#include "compiler/gradient/gradient.h"
#include "compiler/graph/print.h"
#include "compiler/graph/verify.h"
#include "compiler/simplify/simplify.h"
#include "tests/graph/numeric.h"
#include "tests/graph/random_graph.h"

namespace gradus {
namespace {

using test::RandomProgram;

// Dimension names are at least 1; extents that are numbers may be 0.
bool has_empty_dimension(const RandomProgram& program) {
  return std::any_of(program.dims.begin(), program.dims.end(),
                     [](const auto& dim) { return dim.second == 0; });
}

// The loss and its gradients.
std::vector<Value> roots_of(RandomProgram& program) {
  std::vector<Value> roots = gradient(program.graph, program.loss, program.params);
  roots.push_back(program.loss);
  return roots;
}

// Where the simplified value is NaN the original is.
bool has_new_nan(const Array& before, const Array& after) {
  for (size_t k = 0; k < before.entries.size(); ++k) {
    if (std::isnan(after.entries[k]) && std::isfinite(before.entries[k])) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("simplification keeps values, and doing it again changes nothing", "[simplify]") {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    INFO("seed " << seed);
    RandomProgram program = test::random_program(seed);
    if (has_empty_dimension(program)) continue;
    const std::vector<Value> roots = roots_of(program);
    const std::vector<Value> simple = simplify(program.graph, roots);
    verify(program.graph, simple);
    const std::vector<Value> again = simplify(program.graph, simple);
    if (again != simple) {
      FAIL(text(program.graph, simple) << "becomes\n" << text(program.graph, again));
    }
    const auto before = interpret(program.graph, roots, program.leaves, program.dims);
    const auto after = interpret(program.graph, simple, program.leaves, program.dims);
    for (size_t k = 0; k < roots.size(); ++k) {
      REQUIRE(program.graph.type(roots[k]) == program.graph.type(simple[k]));
      const double error = test::error_between(before[k], after[k]);
      if (!(error < 1e-8)) {
        FAIL("error " << error << " in\n"
                      << text(program.graph, std::span(&roots[k], 1)) << "becomes\n"
                      << text(program.graph, std::span(&simple[k], 1)));
      }
    }
  }
}

TEST_CASE("simplification makes no NaN of a finite value", "[simplify]") {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    INFO("seed " << seed);
    RandomProgram program = test::random_program(seed, {.steps = 16, .smooth = false});
    if (has_empty_dimension(program)) continue;
    const std::vector<Value> roots = roots_of(program);
    const std::vector<Value> simple = simplify(program.graph, roots);
    const auto before = interpret(program.graph, roots, program.leaves, program.dims);
    const auto after = interpret(program.graph, simple, program.leaves, program.dims);
    for (size_t k = 0; k < roots.size(); ++k) CHECK(!has_new_nan(before[k], after[k]));
  }
}

TEST_CASE("recognising functions keeps values", "[simplify]") {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    RandomProgram program = test::random_program(seed);
    const Value roots[] = {program.loss};
    const std::vector<Value> known = recognise(program.graph, roots);
    verify(program.graph, known);
    CHECK(recognise(program.graph, known) == known);
    const auto before = interpret(program.graph, roots, program.leaves, program.dims);
    const auto after = interpret(program.graph, known, program.leaves, program.dims);
    CHECK(test::error_between(before[0], after[0]) < 1e-10);
  }
}

}  // namespace gradus
