#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "compiler/compile.h"
#include "compiler/graph/rewrite.h"
#include "grammar/format.h"
#include "grammar/parser.h"
#include "tests/compile/machine.h"
#include "tests/compile/random_source.h"
#include "tests/graph/numeric.h"

// Models by chance from text to machine code: what is compiled is what the interpreter says,
// gradients are those of central differences, and the formatter changes nothing that is meant.
namespace gradus {
namespace {

const DimBindings sizes = {{"batch", 3}, {"n", 2}};

// Under sanitizers fewer: they make each ten times as slow.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GRADUS_SLOW
#endif
#endif
#ifdef GRADUS_SLOW
constexpr uint64_t few = 40;
#else
constexpr uint64_t few = 400;
#endif

// How many models: a few in every run of the tests, as many as GRADUS_PROGRAMS says in a long one.
uint64_t programs() {
  const char* asked = std::getenv("GRADUS_PROGRAMS");
  return asked == nullptr ? few : std::strtoull(asked, nullptr, 10);
}

Bindings drawn_leaves(const Program& program, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Bindings leaves;
  const auto draw = [&](const std::string& name, Value leaf) {
    const Type& type = program.graph.type(leaf);
    Array array{type.element, {}, {}};
    int64_t size = 1;
    for (const Dim& extent : type.shape) {
      array.shape.push_back(extent.substituted(sizes).number().value_or(0));
      size *= array.shape.back();
    }
    for (int64_t k = 0; k < size; ++k) {
      array.entries.push_back(type.element == Element::index ? static_cast<double>(random() % 3)
                                                             : uniform(random));
    }
    leaves[name] = array;
  };
  for (const Input& input : program.inputs) draw(input.name, input.value);
  for (const Parameter& parameter : program.parameters) draw(parameter.name, parameter.value);
  return leaves;
}

void check_format(const std::string& text) {
  Sources sources;
  Diagnostics errors;
  const SourceFile& file = sources.add("model.grad", text);
  const std::optional<std::string> once = syntax::format(file, errors);
  REQUIRE(once);
  const SourceFile& formatted = sources.add("formatted.grad", *once);
  CHECK(*syntax::format(formatted, errors) == *once);
  CHECK(syntax::print(syntax::parse(formatted, errors)) ==
        syntax::print(syntax::parse(file, errors)));
}

void check_compiled(Program& program, const Function& function, const Bindings& leaves) {
  test::Machine machine(plan_of(program.graph, function, sizes, Precision::f64));
  for (const kernel::Slot& slot : machine.slots()) {
    if (slot.role != kernel::Role::output) machine.set(slot.name, leaves.at(slot.name).entries);
  }
  machine.run();
  for (const Definition& result : function.results) {
    const Array wanted = interpret(program.graph, result.value, leaves, sizes);
    const Array found{wanted.element, wanted.shape, machine.output(result.name)};
    INFO(result.name);
    CHECK(test::error_between(found, wanted) < 1e-9);
  }
}

// A kink within the difference shows as differences of two widths that do not agree; there they
// tell nothing.
void check_differences(Program& program, Value loss, const std::string& name, Value gradient,
                       const Bindings& leaves) {
  const Array found = interpret(program.graph, gradient, leaves, sizes);
  const Array wide = test::central_differences(program.graph, loss, name, leaves, sizes, 1e-5);
  const Array narrow = test::central_differences(program.graph, loss, name, leaves, sizes, 2e-6);
  for (size_t k = 0; k < found.entries.size(); ++k) {
    const double scale = std::max(1.0, std::fabs(wide.entries[k]));
    if (std::fabs(wide.entries[k] - narrow.entries[k]) > 1e-7 * scale) continue;
    INFO(name << " entry " << k << ": " << found.entries[k] << ", by differences "
              << wide.entries[k]);
    CHECK(std::fabs(found.entries[k] - wide.entries[k]) < 1e-5 * scale);
  }
}

TEST_CASE("models by chance, from text to machine code", "[random]") {
  const uint64_t count = programs();
  for (uint64_t seed = 0; seed < count; ++seed) {
    const std::string text = test::random_source(seed);
    INFO("seed " << seed << "\n" << text);
    check_format(text);
    Program program = test::checked(text);
    const Bindings leaves = drawn_leaves(program, seed);
    const Value loss = program.find("J");
    const Gradients gradients = differentiate(program.graph, loss, parameters_of(program));
    check_compiled(program, with_gradients(program, gradients), leaves);
    for (size_t k = 0; k < gradients.simplified.size(); ++k) {
      check_differences(program, loss, gradients.simplified[k].name, gradients.simplified[k].value,
                        leaves);
    }
  }
}

}  // namespace
}  // namespace gradus
