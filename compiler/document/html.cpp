#include "compiler/document/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "compiler/document/html_assets.h"
#include "compiler/document/html_walk.h"
#include "compiler/document/svg.h"
#include "compiler/formula/notation.h"
#include "compiler/formula/sheet.h"

namespace gradus::document {
namespace {

using formula::escaped;

// A graph of more nodes than this is drawn by definitions: it would be too wide to be read.
constexpr size_t most_nodes = 150;
constexpr size_t most_definitions = 60;

std::string_view name(Style style) {
  switch (style) {
    case Style::keyword:
      return "keyword";
    case Style::number:
      return "number";
    case Style::string:
      return "string";
    case Style::comment:
      return "comment";
  }
  std::abort();
}

// The text with an element around each mark. Marks do not go across lines.
std::string marked(std::string_view line, uint32_t begin, std::vector<Mark>::const_iterator& next,
                   std::vector<Mark>::const_iterator end) {
  std::string out;
  size_t at = 0;
  for (; next != end && next->begin < begin + line.size(); ++next) {
    const size_t first = next->begin - begin;
    const size_t last = std::min<size_t>(next->end - begin, line.size());
    out += escaped(line.substr(at, first - at));
    out += fmt::format("<span class=\"{}\">{}</span>", name(next->style),
                       escaped(line.substr(first, last - first)));
    at = last;
  }
  return out + escaped(line.substr(at));
}

std::string source(const Model& model) {
  std::map<uint32_t, std::string> names;  // by line, as `data-n` has them
  for (const Declared& declared : model.declared) {
    if (declared.line == 0) continue;
    std::string& all = names[declared.line];
    all += (all.empty() ? "" : " ") + escaped(declared.name);
  }
  std::string out = "<section>\n<h2>Model</h2>\n<pre class=\"source\">";
  auto next = model.marks.begin();
  const std::string_view text = model.source;
  uint32_t number = 1;
  for (size_t begin = 0; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto known = names.find(number);
    const std::string about =
        known == names.end() ? "" : fmt::format(" data-n=\"{}\"", known->second);
    out += fmt::format("<span class=\"line\" data-line=\"{}\"{}>{}</span>", number, about,
                       marked(text.substr(begin, end - begin), static_cast<uint32_t>(begin), next,
                              model.marks.end()));
    begin = end + 1;
  }
  return out + "</pre>\n</section>\n";
}

std::string counted(size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string drawing(const Graph& graph, const formula::Subject& subject, bool inline_definitions) {
  const Drawing whole = drawing_of(graph, subject, {}, inline_definitions);
  const bool is_small = whole.nodes.size() <= most_nodes;
  std::string note =
      "Point at a node to find it in the model and in the formulas; click to go there.";
  std::string picture;
  if (is_small) {
    const bool has_rounds = std::any_of(whole.groups.begin(), whole.groups.end(),
                                        [](const auto& group) { return group.is_rounds; });
    if (has_rounds) note += " Dashed boxes are computed in each round of a scan.";
    picture = svg(whole);
  } else {
    const Overview overview = overview_of(graph, subject, most_definitions);
    note = fmt::format(
        "Each definition is one node: the graph of all {} operations and leaves has more than {} "
        "nodes and is left out. ",
        whole.nodes.size(), most_nodes);
    if (overview.leaves_left_out > 0) {
      note +=
          counted(overview.leaves_left_out, "input or parameter is", "inputs and parameters are");
      note += fmt::format(" left out, as there would be more than {} nodes. ", most_definitions);
    }
    if (overview.definitions_left_out > 0) {
      note += counted(overview.definitions_left_out, "definition", "definitions");
      note += " far from the loss left out. ";
    }
    note += "<code>--format dot</code> has the whole graph.";
    picture = svg(overview.drawing);
  }
  return fmt::format(
      "<section class=\"graph\">\n<h2>Graph</h2>\n<p class=\"quiet\">{}</p>\n"
      "<div class=\"drawing\">\n{}</div>\n</section>\n",
      note, picture);
}

// `784·batch`.
std::string product_of(const Dim& numbers) {
  std::string out;
  for (char c : numbers.text()) out += c == '*' ? "·" : std::string(1, c);
  return out;
}

std::string table_row(const Graph& graph, const Declared& declared, const formula::Names& names) {
  std::string type;
  std::string count;
  if (declared.kind == Kind::constant) {
    type = formula::text(formula::number(declared.number));
  } else {
    type = text(graph.type(declared.value));
    count = product_of(size_of(graph.shape(declared.value)));
  }
  return fmt::format(
      "<tr data-n=\"{0}\"><td class=\"quiet\">{1}</td><td><code>{0}</code></td><td>{2}</td>"
      "<td>{3}</td><td class=\"count\">{4}</td></tr>\n",
      escaped(declared.name), name(declared.kind), formula_of(formula::name(names[declared.name])),
      escaped(type), escaped(count));
}

std::string table(const Graph& graph, const Model& model, const formula::Names& names) {
  std::string rows;
  Dim numbers = 0;
  size_t parameters = 0;
  for (const Declared& declared : model.declared) {
    if (declared.kind == Kind::definition || declared.kind == Kind::loss) continue;
    rows += table_row(graph, declared, names);
    if (declared.kind != Kind::param) continue;
    ++parameters;
    numbers = numbers + size_of(graph.shape(declared.value));
  }
  return fmt::format(
      "<section>\n<h2>Inputs and parameters</h2>\n<p class=\"quiet\">{}, {} numbers</p>\n"
      "<div class=\"table\"><table>\n<tr><th>kind</th><th>name</th><th></th><th>shape</th>"
      "<th class=\"count\">numbers</th></tr>\n{}</table></div>\n</section>\n",
      counted(parameters, "parameter", "parameters"), escaped(product_of(numbers)), rows);
}

std::vector<std::string> spelt(const Graph& graph, const Model& model,
                               const formula::Subject& subject) {
  std::vector<std::string> names = formula::all_names(graph, subject);
  for (const Declared& declared : model.declared) names.push_back(declared.name);
  return names;
}

}  // namespace

std::string html(Graph& graph, const Model& model, const formula::Subject& subject,
                 std::span<const formula::Wanted> wanted, const formula::Options& options,
                 bool unfolded) {
  const formula::Names names(spelt(graph, model, subject));
  const std::string picture = drawing(graph, subject, options.inline_definitions);
  const std::string declared = table(graph, model, names);
  const formula::Page gradients = formula::derivatives(graph, subject, wanted, options);
  const formula::Walk walk = formula::walk_of(graph, subject, wanted, options);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}: derivatives of {1}</title>\n<style>{2}</style>\n</head>\n<body>\n"
      "<header><h1>{0}: the derivatives of {3}</h1></header>\n<div class=\"columns\">\n",
      escaped(model.file), escaped(subject.loss.name), page_style,
      formula_of(formula::name(names[subject.loss.name])));
  out += "<aside>\n" + source(model) + picture + "</aside>\n<main>\n" + declared;
  out += gradients_section(gradients, walk, unfolded) +
         forward_section(walk, graph, model, unfolded) +
         walk_section(walk, subject.loss.name, unfolded);
  out += fmt::format("</main>\n</div>\n<script>{}</script>\n</body>\n</html>\n", page_script);
  return out;
}

}  // namespace gradus::document
