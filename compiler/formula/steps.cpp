#include "compiler/formula/steps.h"

#include <algorithm>

#include "compiler/formula/notation.h"
#include "compiler/formula/usage.h"
#include "compiler/simplify/simplify.h"

namespace gradus::formula {
namespace {

// Steps of more symbols tell a reader nothing.
constexpr int longest_step = 100;
// What is this long before it is written is not looked at; notation makes most of it shorter.
constexpr int longest_written = 20 * longest_step;

// Whether it is about more than numbers.
bool has_name(const Expr& x) {
  return x.is(Kind::name) || std::any_of(x->parts.begin(), x->parts.end(), [](const Expr& part) {
           return part.valid() && has_name(part);
         });
}

// Which values are part of the body of a scan, or made of results that have no name. Operands come
// before what is made of them.
std::vector<bool> in_rounds(const Graph& graph) {
  std::vector<bool> found(graph.size());
  for (uint32_t id = 0; id < graph.size(); ++id) {
    const Node& node = graph[Value{id}];
    found[id] = node.op == Op::bound || node.op == Op::scan ||
                std::any_of(node.operands.begin(), node.operands.end(),
                            [&](Value operand) { return found[operand.id]; });
  }
  return found;
}

}  // namespace

std::vector<Step> steps_of(Graph& graph, Value raw, Reader& reader) {
  Derivation log;
  simplify(graph, std::span(&raw, 1), &log);
  const std::vector<bool> is_in_a_round = in_rounds(graph);
  std::vector<Step> steps;
  std::vector<std::string> before;  // as text
  Lengths lengths(graph, [&](Value value) { return reader.is_named(value); });
  for (const Rewrite& rewrite : log.rewrites) {
    if (std::max(lengths.of(rewrite.before), lengths.of(rewrite.after)) > longest_written) continue;
    if (is_in_a_round[rewrite.before.id]) continue;
    Step step{std::string(rewrite.rule), reader.formula(rewrite.before),
              reader.formula(rewrite.after), rewrite.exactness, rewrite.assumption};
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
