#include "compiler/document/dot.h"

#include <fmt/format.h>

#include <cstdlib>

namespace gradus::document {
namespace {

using Look = Drawing::Look;

// A string in quotes. Line breaks within labels are made by label().
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string label(const Drawing::Node& node) {
  std::string out = quoted(node.title);
  if (node.subtitle.empty()) return out;
  out.pop_back();
  return out + "\\n" + quoted(node.subtitle).substr(1);
}

std::string_view style(Look look) {
  switch (look) {
    case Look::constant:
      return "shape=plaintext";
    case Look::input:
      return "shape=box, style=filled, fillcolor=\"#dbe9f6\"";
    case Look::param:
      return "shape=box, style=filled, fillcolor=\"#fde3c8\"";
    case Look::state:
      return "shape=box, style=filled, fillcolor=\"#e6e0ef\"";
    case Look::operation:
      return "shape=box, style=rounded";
    case Look::definition:
      return "shape=box, style=\"rounded, bold\"";
    case Look::result:
      return "shape=box, style=\"rounded, bold, filled\", fillcolor=\"#d9ead3\"";
  }
  std::abort();
}

class Writer {
 public:
  explicit Writer(const Drawing& drawing) : drawing_(drawing) {}

  std::string written() {
    out_ =
        "digraph gradus {\n"
        "  graph [fontname=\"sans-serif\", fontsize=11, color=\"#999999\", style=rounded];\n"
        "  node [fontname=\"sans-serif\", fontsize=11, height=0.3, margin=\"0.1,0.04\"];\n"
        "  edge [fontname=\"sans-serif\", fontsize=9, color=\"#666666\", arrowsize=0.6];\n";
    write_group(-1, "  ");
    for (const Drawing::Edge& edge : drawing_.edges) write_edge(edge);
    return out_ + "}\n";
  }

 private:
  // The nodes of a group, then the groups in it.
  void write_group(int group, const std::string& indent) {
    for (size_t k = 0; k < drawing_.nodes.size(); ++k) {
      const Drawing::Node& node = drawing_.nodes[k];
      if (node.group != group) continue;
      out_ += fmt::format("{}n{} [label={}, {}];\n", indent, k, label(node), style(node.look));
    }
    for (size_t k = 0; k < drawing_.groups.size(); ++k) {
      if (drawing_.groups[k].parent != group) continue;
      out_ += fmt::format("{}subgraph cluster_{} {{\n{}  label={};\n", indent, k, indent,
                          quoted(drawing_.groups[k].title));
      write_group(static_cast<int>(k), indent + "  ");
      out_ += indent + "}\n";
    }
  }

  void write_edge(const Drawing::Edge& edge) {
    std::string attributes;
    if (edge.operand > 0) attributes = fmt::format(" [label=\"{}\"]", edge.operand);
    if (edge.is_next_round) {
      attributes = " [style=dashed, constraint=false, label=\"next round\"]";
    }
    out_ += fmt::format("  n{} -> n{}{};\n", edge.from, edge.to, attributes);
  }

  const Drawing& drawing_;
  std::string out_;
};

}  // namespace

std::string dot(const Drawing& drawing) { return Writer(drawing).written(); }

}  // namespace gradus::document
