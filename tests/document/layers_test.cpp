#include "compiler/document/layers.h"

#include <rapidcheck/catch.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

namespace gradus::document {
namespace {

Boxes::Box box(double width, bool has_operands = true) { return {width, 30, has_operands}; }

bool overlap(const Boxes& boxes, const Layout& layout, size_t a, size_t b) {
  const bool beside = std::abs(layout.boxes[a].x - layout.boxes[b].x) <
                      (boxes.boxes[a].width + boxes.boxes[b].width) / 2;
  const bool level = std::abs(layout.boxes[a].y - layout.boxes[b].y) < 30;
  return beside && level;
}

TEST_CASE("a chain stands in one column, what it reads beside where it is read", "[layers]") {
  Boxes boxes;
  boxes.boxes = {box(40, false), box(60), box(40), box(40, false), box(40)};
  boxes.edges = {{0, 1}, {1, 2}, {3, 4}, {2, 4}};
  const Layout layout = layered(boxes);
  CHECK(std::abs(layout.boxes[0].x - layout.boxes[1].x) < 1);
  CHECK(std::abs(layout.boxes[1].x - layout.boxes[2].x) < 1);
  CHECK(layout.boxes[3].y == layout.boxes[2].y);  // one layer above its user, not at the top
  CHECK(layout.boxes[4].y > layout.boxes[3].y);
}

TEST_CASE("edges that cross in the order given are untangled", "[layers]") {
  Boxes boxes;
  boxes.boxes = {box(40, false), box(40, false), box(40, false), box(40), box(40), box(40)};
  boxes.edges = {{0, 5}, {1, 4}, {2, 3}};
  const Layout layout = layered(boxes);
  for (const auto& [from, to] : boxes.edges) {
    CHECK(std::abs(layout.boxes[static_cast<size_t>(from)].x -
                   layout.boxes[static_cast<size_t>(to)].x) < 1);
  }
}

TEST_CASE("no boxes, one box", "[layers]") {
  CHECK(layered({}).boxes.empty());
  Boxes one;
  one.boxes = {box(50, false)};
  const Layout layout = layered(one);
  CHECK(layout.boxes.size() == 1);
  CHECK(layout.width > 50);
  CHECK(layout.height > 30);
}

TEST_CASE("boxes do not overlap, edges lead down, and all is within the picture", "[layers]") {
  rc::prop("any graph", [] {
    const int count = *rc::gen::inRange(1, 25);
    Boxes boxes;
    std::vector<bool> reads(static_cast<size_t>(count));
    for (int to = 1; to < count; ++to) {
      for (int k = *rc::gen::inRange(0, 4); k > 0; --k) {
        boxes.edges.push_back({*rc::gen::inRange(0, to), to});
        reads[static_cast<size_t>(to)] = true;
      }
    }
    for (int k = 0; k < count; ++k) {
      boxes.boxes.push_back(box(*rc::gen::inRange(10, 90), reads[static_cast<size_t>(k)]));
    }
    const Layout layout = layered(boxes);
    RC_ASSERT(layout.boxes.size() == boxes.boxes.size());
    RC_ASSERT(layout.edges.size() == boxes.edges.size());
    for (size_t a = 0; a < layout.boxes.size(); ++a) {
      RC_ASSERT(layout.boxes[a].x - boxes.boxes[a].width / 2 >= 0);
      RC_ASSERT(layout.boxes[a].x + boxes.boxes[a].width / 2 <= layout.width);
      RC_ASSERT(layout.boxes[a].y + 15 <= layout.height);
      for (size_t b = 0; b < a; ++b) RC_ASSERT(!overlap(boxes, layout, a, b));
    }
    for (const std::vector<Point>& points : layout.edges) {
      for (size_t k = 1; k < points.size(); ++k) RC_ASSERT(points[k - 1].y < points[k].y);
    }
    const Layout again = layered(boxes);
    for (size_t a = 0; a < layout.boxes.size(); ++a) {
      RC_ASSERT(again.boxes[a].x == layout.boxes[a].x);
      RC_ASSERT(again.boxes[a].y == layout.boxes[a].y);
    }
  });
}

}  // namespace
}  // namespace gradus::document
