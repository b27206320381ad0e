#include "compiler/graph/draw.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "compiler/graph/interpret.h"

namespace gradus {
namespace {

// The words {0x…, 0x…} as the fraction of 53 bits that they are.
double fraction(uint32_t high, uint32_t low) {
  return std::ldexp(static_cast<double>((uint64_t{high} << 32 | low) >> 11), -53);
}

// The known answers of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), as
// their library ships them: philox4x32-10.
TEST_CASE("the paper's known answers", "[draw]") {
  const DrawnBy zeros{};
  const DrawnBy ones{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
  const DrawnBy pi{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0};
  CHECK(drawn(Draw::Kind::uniform, zeros) == fraction(0x6627e8d5, 0xe169c58d));
  CHECK(drawn(Draw::Kind::uniform, ones) == fraction(0x408f276d, 0x41c83b0e));
  CHECK(drawn(Draw::Kind::uniform, pi) == fraction(0xd16cfe09, 0x94fdcceb));
  const auto normal = [](double u, double v) {
    return std::sqrt(-2 * std::log(1 - u)) * std::cos(2 * 3.141592653589793 * v);
  };
  CHECK(drawn(Draw::Kind::normal, zeros) ==
        Approx(normal(fraction(0x6627e8d5, 0xe169c58d), fraction(0xbc57ac4c, 0x9b00dbd8))));
  CHECK(drawn(Draw::Kind::normal, pi) ==
        Approx(normal(fraction(0xd16cfe09, 0x94fdcceb), fraction(0x5001e420, 0x24126ea1))));
}

struct Drawn {
  Graph graph;
  std::vector<Value> by;
  Bindings bindings;

  Drawn() {
    for (const char* name : {drawn_step, drawn_low, drawn_high}) {
      by.push_back(graph.leaf(Op::input, name, {Element::index, {}, Dim(int64_t{1} << 32)}));
      bindings[name] = {Element::index, {}, {0}};
    }
  }
  std::vector<double> entries(Draw::Kind kind, int site, const Shape& shape, double round = -1) {
    std::vector<Value> all = by;
    if (round >= 0) all.push_back(graph.constant(round));
    return interpret(graph, graph.random({kind, site, shape}, all), bindings).entries;
  }
};

TEST_CASE("numbers differ by place, round, step and seed, and by nothing else", "[draw]") {
  Drawn with;
  const auto first = with.entries(Draw::Kind::uniform, 0, {3, 4});
  CHECK(first == with.entries(Draw::Kind::uniform, 0, {3, 4}));
  CHECK(first == with.entries(Draw::Kind::uniform, 0, {12}));
  CHECK(first == with.entries(Draw::Kind::uniform, 0, {12}, 0));
  CHECK(first != with.entries(Draw::Kind::uniform, 0, {12}, 1));
  CHECK(first != with.entries(Draw::Kind::uniform, 1, {12}));
  for (const char* name : {drawn_step, drawn_low, drawn_high}) {
    Drawn other;
    other.bindings[name].entries[0] = 4294967295.0;
    CHECK(first != other.entries(Draw::Kind::uniform, 0, {12}));
  }
  CHECK(with.entries(Draw::Kind::normal, 0, {0, 4}).empty());
  CHECK(with.entries(Draw::Kind::normal, 0, {}).size() == 1);
}

TEST_CASE("moments are those of the distributions", "[draw]") {
  Drawn with;
  constexpr int64_t n = 200000;
  double moments[2][4] = {};
  for (int kind : {0, 1}) {
    const auto entries =
        with.entries(kind == 0 ? Draw::Kind::uniform : Draw::Kind::normal, kind, {n});
    for (double x : entries) {
      if (kind == 0) CHECK((x >= 0 && x < 1));
      double power = 1;
      for (double& moment : moments[kind]) moment += (power *= x) / n;
    }
  }
  // Within five standard errors.
  for (int k = 0; k < 4; ++k) CHECK(moments[0][k] == Approx(1.0 / (k + 2)).margin(0.0034));
  const double normal[] = {0, 1, 0, 3};
  const double errors[] = {0.0112, 0.0159, 0.0434, 0.11};
  for (int k = 0; k < 4; ++k) CHECK(moments[1][k] == Approx(normal[k]).margin(errors[k]));
}

}  // namespace
}  // namespace gradus
