#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "compiler/graph/interpret.h"
#include "compiler/graph/op.h"
#include "compiler/graph/rewrite.h"

// What holds of every row of the table of elementwise operators.
namespace gradus {
namespace {

// Points at which a row is smooth, for operands x, y, z.
std::vector<std::array<double, 3>> points(Op op) {
  if (op == Op::polygamma) return {{0, 1.3, 0}, {1, 2.7, 0}, {2, 0.4, 0}};
  if (op == Op::select) return {{1, 0.3, 0.8}, {0, 0.3, 0.8}};
  if (op == Op::log || op == Op::sqrt || op == Op::lgamma || op == Op::log1p) {
    return {{0.3, 0, 0}, {1.7, 0, 0}, {4.2, 0, 0}};
  }
  if (op == Op::asin || op == Op::acos) return {{0.3, 0, 0}, {-0.8, 0, 0}};
  if (op == Op::pow) return {{0.7, 1.3, 0}, {2.1, -0.4, 0}, {1.4, 2, 0}};
  return {{0.3, 0.8, 0}, {-1.3, 0.6, 0}, {2.2, -0.7, 0}, {-0.4, -1.6, 0}};
}

struct Row {
  Graph graph;
  std::vector<Value> operands;
  Value result;
  Bindings leaves;

  explicit Row(const Map& row) {
    for (int k = 0; k < row.arity; ++k) {
      const bool condition = row.op == Op::select && k == 0;
      const std::string name(1, static_cast<char>('x' + k));
      operands.push_back(
          graph.leaf(Op::input, name, {condition ? Element::boolean : Element::real, {}, 0}));
      leaves[name] = {graph.type(operands.back()).element, {}, {0}};
    }
    result = graph.map(row.op, operands);
  }
  void set(int operand, double value) {
    leaves[std::string(1, static_cast<char>('x' + operand))].entries[0] = value;
  }
  double at(Value value) { return interpret(graph, value, leaves).entries[0]; }
};

TEST_CASE("the derivative of a row is the slope of its value", "[table]") {
  for (const Map& map : maps()) {
    if (map.result == Result::boolean || map.op == Op::stop_gradient) continue;
    REQUIRE(static_cast<int>(map.gradient.size()) == map.arity);
    Row row(map);
    const Value g = row.graph.constant(1);
    for (int k = 0; k < map.arity; ++k) {
      if (map.gradient[k].empty()) continue;
      Holes holes = {{'r', row.result}, {'g', g}};
      for (int j = 0; j < map.arity; ++j) holes[static_cast<char>('x' + j)] = row.operands[j];
      const Value slope = instantiate(row.graph, map.gradient[k], holes);
      for (const auto& point : points(map.op)) {
        for (int j = 0; j < map.arity; ++j) row.set(j, point[j]);
        const double exact = row.at(slope);
        const double h = 1e-6;
        row.set(k, point[k] + h);
        const double above = row.at(row.result);
        row.set(k, point[k] - h);
        const double below = row.at(row.result);
        INFO(map.name << " by operand " << k << " at " << point[0] << ", " << point[1]);
        CHECK(exact == Approx((above - below) / (2 * h)).epsilon(1e-6).margin(1e-8));
      }
    }
  }
}

TEST_CASE("a composed code is the value", "[table]") {
  for (const Map& map : maps()) {
    CHECK(map.code.primitive.empty() != map.code.composed.empty());
    if (map.code.composed.empty()) continue;
    Row row(map);
    Holes holes;
    for (int j = 0; j < map.arity; ++j) holes[static_cast<char>('x' + j)] = row.operands[j];
    const Value composed = instantiate(row.graph, map.code.composed, holes);
    for (const auto& point : points(map.op)) {
      for (int j = 0; j < map.arity; ++j) row.set(j, point[j]);
      CHECK(row.at(composed) == Approx(row.at(row.result)));
    }
  }
}

TEST_CASE("rows have distinct names and spellings, and are found by them", "[table]") {
  std::set<std::string_view> names;
  std::set<std::string_view> spellings;
  for (const Map& map : maps()) {
    CHECK(names.insert(map.name).second);
    CHECK(name(map.op) == map.name);
    CHECK(&map_of(map.op) == &map);
    if (map.spelling.empty()) continue;
    CHECK(spellings.insert(map.spelling).second);
    CHECK(map_spelt(map.spelling) == &map);
  }
  CHECK(map_spelt("matmul") == nullptr);
}

TEST_CASE("at kinks the language says what the derivative is", "[table]") {
  const auto slope = [](Op op, int operand, double x, double y) {
    Row row(map_of(op));
    row.set(0, x);
    if (map_of(op).arity > 1) row.set(1, y);
    Holes holes = {{'x', row.operands[0]}, {'r', row.result}, {'g', row.graph.constant(1)}};
    if (map_of(op).arity > 1) holes['y'] = row.operands[1];
    return row.at(instantiate(row.graph, map_of(op).gradient[operand], holes));
  };
  CHECK(slope(Op::abs, 0, 0, 0) == 0);
  CHECK(slope(Op::max, 0, 2, 2) == 1);
  CHECK(slope(Op::max, 1, 2, 2) == 0);
  CHECK(slope(Op::min, 0, 2, 2) == 1);
  CHECK(slope(Op::min, 1, 2, 2) == 0);
  CHECK(slope(Op::pow, 0, 0, 0) == 0);
  CHECK(slope(Op::pow, 1, 0, 2) == 0);
  CHECK(slope(Op::div0, 0, 3, 0) == 0);
  CHECK(slope(Op::sqrt, 0, 0, 0) == INFINITY);
}

}  // namespace
}  // namespace gradus
