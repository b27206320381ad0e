#include "compiler/formula/steps.h"

#include <algorithm>

#include "compiler/formula/notation.h"
#include "compiler/simplify/simplify.h"

namespace gradus::formula {
namespace {

// Steps of more symbols tell a reader nothing.
constexpr int longest_step = 100;

std::string condition(const Rewrite& rewrite) {
  switch (rewrite.exactness) {
    case Exactness::exact:
      return "";
    case Exactness::rounding:
      return "up to rounding";
    case Exactness::assumes:
      return "assuming " + rewrite.assumption;
  }
  return "";
}

// Whether it is about more than numbers.
bool has_name(const Expr& x) {
  return x.is(Kind::name) || std::any_of(x->parts.begin(), x->parts.end(), [](const Expr& part) {
           return part.valid() && has_name(part);
         });
}

// Whether it is part of the body of a scan, or made of results that have no name.
bool is_in_a_round(const Graph& graph, Value value) {
  const std::vector<Value> all = reachable(graph, std::span(&value, 1));
  return std::any_of(all.begin(), all.end(), [&](Value each) {
    return graph[each].op == Op::bound || graph[each].op == Op::scan;
  });
}

}  // namespace

std::vector<Step> steps_of(Graph& graph, Value raw, Reader& reader) {
  Derivation log;
  simplify(graph, std::span(&raw, 1), &log);
  std::vector<Step> steps;
  std::vector<std::string> before;  // as text
  for (const Rewrite& rewrite : log.rewrites) {
    if (is_in_a_round(graph, rewrite.before)) continue;
    Step step{std::string(rewrite.rule), reader.formula(rewrite.before),
              reader.formula(rewrite.after), condition(rewrite)};
    if (symbols(step.before) > longest_step || symbols(step.after) > longest_step) continue;
    const std::string from = text(step.before);
    const std::string to = text(step.after);
    if (from == to || !has_name(step.before)) continue;
    steps.push_back(std::move(step));
    before.push_back(from);
    for (size_t k = 0; k < before.size(); ++k) {
      if (before[k] != to) continue;
      steps.resize(k);
      before.resize(k);
      break;
    }
  }
  return steps;
}

}  // namespace gradus::formula
