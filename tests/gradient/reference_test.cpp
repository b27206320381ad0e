#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compiler/gradient/gradient.h"
#include "compiler/graph/interpret.h"

// Values, first and second derivatives of the elementwise operators, simplified by nothing, against
// those of JAX in f64 that tests/reference/operators.json keeps.
namespace gradus {
namespace {

// Relative, except near 0.
double error(double got, double want) {
  const double off = std::fabs(got - want) / std::max(1e-3, std::fabs(want));
  return std::isnan(off) ? INFINITY : off;
}

}  // namespace

TEST_CASE("elementwise operators and their derivatives are those of JAX", "[gradient]") {
  std::ifstream stream(GRADUS_SOURCE_DIR "/tests/reference/operators.json");
  const auto table = nlohmann::json::parse(stream);
  for (const auto& [name, rows] : table.items()) {
    const Map* found = nullptr;
    for (const Map& row : maps()) {
      if (row.name == name) found = &row;
    }
    INFO(name);
    REQUIRE(found != nullptr);
    Graph graph;
    std::vector<Value> x;
    for (int k = 0; k < found->arity; ++k) {
      x.push_back(graph.leaf(Op::param, "x" + std::to_string(k), {}));
    }
    const Value value = graph.map(found->op, x);
    const std::vector<Value> first = gradient(graph, value, x);
    for (const auto& row : rows) {
      Bindings leaves;
      for (size_t k = 0; k < x.size(); ++k) {
        leaves["x" + std::to_string(k)] = {Element::real, {}, {row["at"][k].get<double>()}};
      }
      INFO("at " << row["at"].dump());
      const auto at_point = [&](Value each) { return interpret(graph, each, leaves).entries[0]; };
      CHECK(error(at_point(value), row["value"]) < 1e-12);
      for (size_t k = 0; k < x.size(); ++k) {
        INFO("by operand " << k);
        CHECK(error(at_point(first[k]), row["first"][k]) < 1e-11);
        const Value again = gradient(graph, first[k], std::span(&x[k], 1))[0];
        CHECK(error(at_point(again), row["second"][k]) < 1e-10);
      }
    }
  }
}

}  // namespace gradus
