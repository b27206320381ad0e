#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compiler/compile.h"
#include "compiler/graph/interpret.h"
#include "tests/compile/machine.h"

// Naive spellings of functions of exponentials: what is compiled, and what the interpreter makes of
// the same graph, beside what tests/reference/stability.py found with as many digits as it took.
namespace gradus {
namespace {

using nlohmann::json;

constexpr double tolerance = 1e-12;

double number(const json& value) {
  if (!value.is_string()) return value.get<double>();
  return value.get<std::string>() == "inf" ? INFINITY : -INFINITY;
}

// Relative to the value, but for the last of the denormals; relative to `scale` where that is
// larger.
bool is_close(double got, double want, double scale) {
  if (got == want) return true;
  if (!std::isfinite(got) || !std::isfinite(want)) return false;
  return std::fabs(got - want) <= tolerance * std::fmax(std::fabs(want), scale) + 1e-320;
}

std::vector<double> points(const json& list) {
  std::vector<double> all;
  for (const json& each : list) {
    if (each.is_array()) {
      for (const json& inner : each) all.push_back(number(inner));
    } else {
      all.push_back(number(each));
    }
  }
  return all;
}

// Where a function passes through 0 its digits are those of what it is the difference of. The slope
// of tanh is computed as 1 − tanh².
double scale_of(const std::string& text, double z, size_t order) {
  const bool is_tanh = text.find("2 * z") != std::string::npos || text.starts_with("(exp(z) - exp");
  return std::fabs(z) <= 1e-3 || (is_tanh && order > 0) ? 1 : 0;
}

// A spelling's value, and the first and second derivatives of its sum.
struct Spelling {
  std::string text;
  Function function;
};

Spelling spelt(Program& program, const std::string& text, const std::string& result,
               Value weights) {
  Graph& graph = program.graph;
  const Value value = program.find(result);
  const auto total = [&](Value x) {
    std::vector<int> axes(graph.shape(x).size());
    for (size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<int>(k);
    return graph.reduce(Op::reduce_sum, x, axes);
  };
  const std::vector<Definition> z = {{"z", program.find("z")}};
  const Gradients first = differentiate(graph, total(value), z);
  Value slopes = first.simplified[0].value;
  if (weights.valid()) {
    slopes = graph.map(Op::mul, {slopes, graph.broadcast(weights, graph.shape(slopes))});
  }
  const Gradients second = differentiate(graph, total(slopes), z);
  return {text,
          {{{"value", value},
            {"first", first.simplified[0].value},
            {"second", second.simplified[0].value}},
           {}}};
}

TEST_CASE("functions of one exponential, as they are spelt", "[stability]") {
  const json table = json::parse(test::file("tests/reference/stability.json"));
  const std::vector<double> z = points(table["points"]);
  for (const auto& [text, rows] : table["scalars"].items()) {
    Program program = test::checked(fmt::format("param z: [{}] = 0\nr = {}\n", z.size(), text));
    const Spelling spelling = spelt(program, text, "r", {});
    const kernel::Plan plan = plan_of(program.graph, spelling.function, {}, Precision::f64);
    test::Machine machine(plan);
    machine.set("z", z);
    machine.run();
    for (size_t order = 0; order < 3; ++order) {
      const std::string& name = spelling.function.results[order].name;
      const std::vector<double> got = machine.output(name);
      for (size_t k = 0; k < z.size(); ++k) {
        const double want = number(rows[k][order]);
        INFO(text << ": " << name << " at " << z[k] << " is " << got[k] << ", to be " << want);
        CHECK(is_close(got[k], want, scale_of(text, z[k], order)));
      }
    }
  }
}

TEST_CASE("functions of rows of exponentials, as they are spelt", "[stability]") {
  const json table = json::parse(test::file("tests/reference/stability.json"));
  const std::vector<double> z = points(table["logits"]);
  const size_t count = table["logits"].size();
  std::vector<double> t;
  for (size_t k = 0; k < count; ++k) {
    for (size_t i = 0; i < 4; ++i) t.push_back(i == k % 4 ? 1 : 0);
  }
  for (const auto& [text, rows] : table["rows"].items()) {
    Program program = test::checked(fmt::format(
        "param z: [{0}, 4] = 0\ninput t: [{0}, 4]\nw = iota(4) + 1\nr = {1}\n", count, text));
    const Spelling spelling = spelt(program, text, "r", program.find("w"));
    test::Machine machine(plan_of(program.graph, spelling.function, {}, Precision::f64));
    machine.set("z", z);
    for (const kernel::Slot& slot : machine.slots()) {
      if (slot.name == "t") machine.set("t", t);
    }
    machine.run();
    for (size_t order = 0; order < 3; ++order) {
      const std::string& name = spelling.function.results[order].name;
      const std::vector<double> got = machine.output(name);
      const size_t width = order == 0 ? 1 : 4;
      for (size_t k = 0; k < got.size(); ++k) {
        const json& row = rows[k / width][order];
        const double want = number(order == 0 ? row : row[k % width]);
        INFO(text << ": " << name << "[" << k << "] is " << got[k] << ", to be " << want);
        // Differences of probabilities and targets are exact to a rounding of these.
        CHECK(is_close(got[k], want, order == 0 ? 0 : 1));
      }
    }
  }
}

}  // namespace
}  // namespace gradus
