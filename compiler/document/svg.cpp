#include "compiler/document/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "compiler/document/layers.h"
#include "compiler/formula/symbol.h"

namespace gradus::document {
namespace {

using formula::escaped;
using Look = Drawing::Look;

constexpr double letter = 7.2;  // about as wide as one is, at the page's size of letters
constexpr double line = 16;
constexpr double padding = 7;

std::string_view name(Look look) {
  switch (look) {
    case Look::constant:
      return "constant";
    case Look::input:
      return "input";
    case Look::param:
      return "param";
    case Look::state:
      return "state";
    case Look::operation:
      return "operation";
    case Look::definition:
      return "definition";
    case Look::result:
      return "result";
  }
  std::abort();
}

// Letters of UTF-8; an accent stands on the letter before.
double columns(std::string_view text) {
  return static_cast<double>(std::count_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte & 0xC0) != 0x80 && byte != 0xCC;
  }));
}

Boxes boxes_of(const Drawing& drawing) {
  Boxes boxes;
  for (const Drawing::Node& node : drawing.nodes) {
    const double longest = std::max(columns(node.title), columns(node.subtitle));
    const double lines = node.subtitle.empty() ? 1 : 2;
    boxes.boxes.push_back({longest * letter + 2 * padding, lines * line + padding, false});
  }
  for (const Drawing::Edge& edge : drawing.edges) {
    if (edge.is_next_round) continue;
    boxes.edges.push_back({edge.from, edge.to});
    boxes.boxes[static_cast<size_t>(edge.to)].has_operands = true;
  }
  return boxes;
}

// Through all points, upright at each.
std::string path(const std::vector<Point>& points) {
  std::string out = fmt::format("M{:.1f} {:.1f}", points[0].x, points[0].y);
  for (size_t k = 1; k < points.size(); ++k) {
    const Point& from = points[k - 1];
    const Point& to = points[k];
    const double half = (from.y + to.y) / 2;
    out += fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", from.x, half, to.x, half, to.x,
                       to.y);
  }
  return out;
}

// Back up to an earlier box, around the right sides of both.
std::string path_back(const Point& from, const Boxes::Box& low, const Point& to,
                      const Boxes::Box& high) {
  const double x1 = from.x + low.width / 2;
  const double x2 = to.x + high.width / 2;
  const double out = std::max(x1, x2) + 40;
  return fmt::format("M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x1, from.y, out,
                     from.y, out, to.y, x2, to.y);
}

std::string drawn(const Drawing& drawing, const Drawing::Node& node, const Boxes::Box& box,
                  const Point& at) {
  const std::string about =
      node.name.empty() ? "" : fmt::format(" data-n=\"{}\"", escaped(node.name));
  const std::string_view round = drawing.is_in_rounds(node) ? " round" : "";
  std::string out = fmt::format("<g class=\"node {}{}\"{}>", name(node.look), round, about);
  if (node.look != Look::constant) {
    out +=
        fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"5\"/>",
                    at.x - box.width / 2, at.y - box.height / 2, box.width, box.height);
  }
  const double first = node.subtitle.empty() ? at.y + 4.5 : at.y - 3;
  out += fmt::format("<text class=\"title\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", at.x, first,
                     escaped(node.title));
  if (!node.subtitle.empty()) {
    out += fmt::format("<text class=\"subtitle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", at.x,
                       first + line - 1, escaped(node.subtitle));
  }
  return out + "</g>\n";
}

}  // namespace

std::string svg(const Drawing& drawing) {
  const Boxes boxes = boxes_of(drawing);
  const Layout layout = layered(boxes);
  std::string edges;
  double width = layout.width;
  auto next = layout.edges.begin();
  for (const Drawing::Edge& edge : drawing.edges) {
    const auto from = static_cast<size_t>(edge.from);
    const auto to = static_cast<size_t>(edge.to);
    if (edge.is_next_round) {
      edges += fmt::format(
          "<path class=\"edge next\" d=\"{}\"><title>next round</title></path>\n",
          path_back(layout.boxes[from], boxes.boxes[from], layout.boxes[to], boxes.boxes[to]));
      width = layout.width + 40;
    } else {
      edges += fmt::format("<path class=\"edge\" d=\"{}\"/>\n", path(*next++));
    }
  }
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"expression graph\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\">\n"
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
      width, layout.height);
  out += edges;
  for (size_t k = 0; k < drawing.nodes.size(); ++k) {
    out += drawn(drawing, drawing.nodes[k], boxes.boxes[k], layout.boxes[k]);
  }
  return out + "</svg>\n";
}

}  // namespace gradus::document
