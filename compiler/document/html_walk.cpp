#include "compiler/document/html_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/formula/notation.h"

namespace gradus::document {
namespace {

using formula::Equation;
using formula::escaped;
using formula::Expr;
using formula::Page;
using formula::Walk;

// More lines than this are folded.
constexpr size_t most_lines = 40;

std::string fold(size_t lines, bool unfolded) {
  return fmt::format("<details{}><summary>{} equations</summary>\n", unfolded ? " open" : "",
                     lines);
}

std::string block(const std::string& elements) {
  return "<math display=\"block\">" + elements + "</math>";
}

// An equation on a line of its own, about what is called so in the file; and what stands at the
// end of the line.
std::string line(const Equation& equation, const std::string& names, const std::string& end = "") {
  const std::string about = names.empty() ? "" : fmt::format(" data-n=\"{}\"", escaped(names));
  const std::string type =
      end.empty() ? "" : fmt::format("<span class=\"shape\">{}</span>", escaped(end));
  return fmt::format("<div class=\"equation\"{}>{}{}</div>\n", about,
                     block(formula::mathml(equation)), type);
}

// The equations of a page; the last is about what is called so.
std::string lines(const Page& page, const std::string& names, const std::string& end = "") {
  std::string out;
  for (size_t k = 0; k < page.size(); ++k) {
    const auto* equation = std::get_if<Equation>(&page[k]);
    const bool is_last = k + 1 == page.size();
    if (equation != nullptr) out += line(*equation, is_last ? names : "", is_last ? end : "");
  }
  return out;
}

std::string factors(const Walk::Chain& chain) {
  std::string out;
  for (const Walk::Factor& factor : chain.factors) {
    if (factor.through.valid()) {
      out += fmt::format("<p class=\"quiet\">Through {}</p>\n", formula_of(factor.through));
    }
    out += lines(factor.lines, factor.edge.of + " " + factor.edge.by);
  }
  return out.empty() ? "" : "<h3>Factors</h3>\n" + out;
}

std::string steps(const Walk::Chain& chain, bool unfolded) {
  if (chain.steps.empty()) {
    return chain.has_told_steps ? "<p class=\"quiet\">Simplified as before.</p>\n" : "";
  }
  std::string rows;
  for (const formula::Step& step : chain.steps) {
    rows += fmt::format(
        "<div class=\"step\"><span class=\"rule\">{}</span><span>{}</span><span>→ {}</span>"
        "<span class=\"sense\">{}</span></div>\n",
        escaped(step.rule), formula_of(step.before), formula_of(step.after),
        escaped(condition(step)));
  }
  return fmt::format("<details{}><summary>{} simplification{}{}</summary>\n{}</details>\n",
                     unfolded ? " open" : "", chain.steps.size(),
                     chain.steps.size() == 1 ? "" : "s",
                     chain.has_told_steps ? ", others as before" : "", rows);
}

std::string paths(const Walk::Chain& chain) {
  if (chain.is_loss) return "<p>It is the loss.</p>\n";
  if (chain.has_more_paths) {
    return fmt::format("<p>The sum over more than {} paths.</p>\n", formula::most_paths);
  }
  if (chain.paths.empty()) return "<p>The loss does not depend on it.</p>\n";
  std::string out;
  if (chain.paths.size() > 1)
    out = fmt::format("<p>The sum over {} paths.</p>\n", chain.paths.size());
  return chain.sum.empty() ? out : "<h3>Chain</h3>\n" + out + lines(chain.sum, chain.name);
}

std::string chain_of(const Walk::Chain& chain, const std::string& loss, bool unfolded) {
  const Expr& left = std::get<Equation>(chain.result.back()).left;
  std::string out =
      fmt::format("<details{}>\n<summary data-n=\"{}\">{}</summary>\n", unfolded ? " open" : "",
                  escaped(chain.name), formula_of(left.is(formula::Kind::entry) ? left[0] : left));
  out += paths(chain) + factors(chain);
  if (!chain.product.empty()) out += "<h3>Product</h3>\n" + lines(chain.product, chain.name);
  out += steps(chain, unfolded);
  out += chain.product_is_result ? "<h3>Product</h3>\n" : "<h3>Result</h3>\n";
  out += lines(chain.result, loss + " " + chain.name);
  return out + "</details>\n";
}

// The rounds that a recurrence is of, by their numbers; none where it is no recurrence.
std::vector<std::string> rounds_of(const Equation& equation) {
  const auto& rounds = equation.rounds;
  if (rounds.empty() || !rounds[1].is(formula::Kind::number) ||
      !rounds[2].is(formula::Kind::number)) {
    return {};
  }
  const auto [first, last] = std::minmax(rounds[1]->value, rounds[2]->value);
  std::vector<std::string> numbers;
  for (double round = first; round <= last; ++round) numbers.push_back(fmt::format("{}", round));
  return numbers;
}

// By what an equation derives: the names in the file of what prints so, for all rounds that it is
// of; empty where it is of an auxiliary value.
std::string names_of(const Equation& equation, const std::map<std::string, std::string>& names) {
  const Expr& left = equation.left;
  const Expr& of = left.is(formula::Kind::entry) ? left[0] : left;
  if (!of.is(formula::Kind::derivative)) return "";
  const std::string printed = formula::text(of[1]);
  if (const auto known = names.find(printed); known != names.end()) return known->second;
  if (equation.rounds.empty()) return "";
  const std::string index = "[" + formula::text(equation.rounds[0]) + "]";
  const size_t at = printed.find(index);
  if (at == std::string::npos) return "";
  std::string all;
  for (const std::string& round : rounds_of(equation)) {
    std::string of_round = printed;
    of_round.replace(at, index.size(), "[" + round + "]");
    const auto known = names.find(of_round);
    if (known != names.end()) all += (all.empty() ? "" : " ") + known->second;
  }
  return all;
}

}  // namespace

std::string formula_of(const Expr& x) { return "<math>" + formula::mathml(x) + "</math>"; }

std::string gradients_section(const Page& gradients, const Walk& walk, bool unfolded) {
  std::map<std::string, std::string> names;  // by what they print as
  for (const Walk::Chain& chain : walk.chains) names[formula::text(chain.symbol)] = chain.name;
  const bool is_long = gradients.size() > most_lines;
  std::string out = "<section>\n<h2>Derivatives</h2>\n";
  if (is_long) out += fold(gradients.size(), unfolded);
  for (const formula::Line& each : gradients) {
    const auto* equation = std::get_if<Equation>(&each);
    if (equation != nullptr) out += line(*equation, names_of(*equation, names));
  }
  if (is_long) out += "</details>\n";
  return out + "</section>\n";
}

std::string forward_section(const Walk& walk, const Graph& graph, const Model& model,
                            bool unfolded) {
  std::map<std::string, std::string> types;
  for (const Declared& declared : model.declared) {
    if (declared.value.valid()) types[declared.name] = text(graph.type(declared.value));
  }
  size_t count = 0;
  for (const Walk::Defined& defined : walk.forward) count += defined.lines.size();
  std::string out = "<section>\n<h2>Forward</h2>\n";
  if (count > most_lines) out += fold(count, unfolded);
  for (const Walk::Defined& defined : walk.forward) {
    out += lines(defined.lines, defined.name, types[defined.name]);
  }
  if (count > most_lines) out += "</details>\n";
  return out + "</section>\n";
}

std::string walk_section(const Walk& walk, const std::string& loss, bool unfolded) {
  std::string out =
      "<section>\n<h2>Step by step</h2>\n<p class=\"quiet\">The compiler's own log: what was said "
      "of one derivative is not repeated with the next, and auxiliary values are numbered "
      "anew.</p>\n";
  for (const Walk::Chain& chain : walk.chains) out += chain_of(chain, loss, unfolded);
  return out + "</section>\n";
}

}  // namespace gradus::document
