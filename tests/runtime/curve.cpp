#include "runtime/curve.h"

#include <catch2/catch.hpp>

using namespace gradus::runtime;

TEST_CASE("curves are read from a log of metrics", "[curve]") {
  const std::string log =
      "{\"step\": 1, \"epoch\": 0, \"J\": 3}\n"
      "{\"step\": 2, \"epoch\": 0, \"mean\": {\"J\": 2}, \"validation\": {\"J\": 2.5}}\n"
      "{\"step\": 4, \"epoch\": 1, \"mean\": {\"J\": \"nan\"}, \"validation\": {\"J\": 1}}\n"
      "no JSON\n";
  const std::vector<Curve> curves = curves_of(log, "J");
  REQUIRE(curves.size() == 2);
  CHECK(curves[0].name == "J");
  REQUIRE(curves[0].points.size() == 1);
  CHECK(curves[0].points[0].y == 2);
  REQUIRE(curves[1].points.size() == 2);
  CHECK(curves[1].points[1].x == 4);
  CHECK(curves_of(log, "K").empty());
}

TEST_CASE("a chart has a line for each curve within its frame", "[curve]") {
  const std::string svg =
      chart({{"J", {{0, 100}, {10, 1}}}, {"a < b", {{0, 50}, {10, 0.5}}}}, "step");
  CHECK(svg.starts_with("<svg"));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(svg.find("a &lt; b") != std::string::npos);
  // The largest value is at the top, the smallest of the other curve at the bottom.
  CHECK(svg.find("points=\"70.0,30.0 ") != std::string::npos);
  CHECK(svg.find(" 700.0,370.0 \"") != std::string::npos);
  CHECK(chart({}, "step").ends_with("</svg>\n"));
  CHECK(chart({{"J", {{1, 1}}}}, "step").ends_with("</svg>\n"));
}
