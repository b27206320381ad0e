#include "compiler/document/drawing.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "compiler/document/dot.h"
#include "compiler/document/svg.h"
#include "tests/formula/models.h"

namespace gradus::document {
namespace {

using Look = Drawing::Look;

const Drawing::Node* node_called(const Drawing& drawing, const std::string& title) {
  const auto found = std::find_if(drawing.nodes.begin(), drawing.nodes.end(),
                                  [&](const auto& node) { return node.title == title; });
  return found == drawing.nodes.end() ? nullptr : &*found;
}

TEST_CASE("what has a name is drawn by it, and constants beside each use", "[drawing]") {
  const test::ModelBuilder m = test::two_neurons();
  const Drawing drawing = drawing_of(m.graph, m.subject, {}, false);
  const Drawing::Node* yhat = node_called(drawing, "ŷ");
  REQUIRE(yhat != nullptr);
  CHECK(yhat->look == Look::definition);
  CHECK(yhat->name == "yhat");
  CHECK(yhat->subtitle == "σ [batch]");
  REQUIRE(node_called(drawing, "w₁") != nullptr);
  CHECK(node_called(drawing, "w₁")->look == Look::param);
  CHECK(node_called(drawing, "J")->look == Look::result);
  CHECK(std::count_if(drawing.nodes.begin(), drawing.nodes.end(), [](const auto& node) {
          return node.look == Look::constant && node.title == "1";
        }) == 2);
  REQUIRE(drawing.groups.size() == 1);  // a definition of one operation has no box
  CHECK(drawing.groups[0].title == "J");
  for (const Drawing::Edge& edge : drawing.edges) CHECK(edge.from != edge.to);
}

TEST_CASE("definitions that are written out are not drawn as such", "[drawing]") {
  const test::ModelBuilder m = test::two_neurons();
  const Drawing drawing = drawing_of(m.graph, m.subject, {}, true);
  CHECK(node_called(drawing, "ŷ") == nullptr);
  CHECK(node_called(drawing, "J") != nullptr);
}

TEST_CASE("derivatives that are other values stand beside these", "[drawing]") {
  test::ModelBuilder m;
  const Value x = m.input("x", {m.batch});
  const Value w = m.param("w", {m.batch});
  m.finish("J", m.sum(m.mul(w, x)));
  m.simplify();  // ∂J/∂w is x
  const Drawing drawing = drawing_of(m.graph, m.subject, m.wanted, false);
  REQUIRE(node_called(drawing, "∂J/∂w") != nullptr);
  CHECK(node_called(drawing, "x")->look == Look::input);
}

TEST_CASE("an overview leaves out leaves, then what is far from the loss", "[drawing]") {
  const test::ModelBuilder m = test::two_neurons();
  const Overview all = overview_of(m.graph, m.subject, 20);
  CHECK(all.drawing.nodes.size() == 9);
  CHECK(all.leaves_left_out + all.definitions_left_out == 0);
  const Overview no_leaves = overview_of(m.graph, m.subject, 8);
  CHECK(no_leaves.drawing.nodes.size() == 5);
  CHECK(no_leaves.leaves_left_out == 4);
  const Overview nearest = overview_of(m.graph, m.subject, 2);
  CHECK(nearest.drawing.nodes.size() == 2);
  CHECK(nearest.definitions_left_out == 3);
  CHECK(node_called(nearest.drawing, "ŷ") != nullptr);
}

TEST_CASE("texts in graphs are escaped", "[drawing]") {
  Drawing drawing;
  drawing.nodes = {{Look::input, "a\"<b>\\&", "", "a\"<b>", -1}};
  CHECK(dot(drawing).find("label=\"a\\\"<b>\\\\&\"") != std::string::npos);
  const std::string picture = svg(drawing);
  CHECK(picture.find("data-n=\"a&quot;&lt;b&gt;\"") != std::string::npos);
  CHECK(picture.find(">a&quot;&lt;b&gt;\\&amp;</text>") != std::string::npos);
}

}  // namespace
}  // namespace gradus::document
