#include "compiler/formula/steps.h"

#include <algorithm>

#include "compiler/formula/notation.h"
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

std::optional<Simplifications::Written> Simplifications::write(const Rewrite& rewrite,
                                                               Lengths& lengths) const {
  if (std::max(lengths.of(rewrite.before), lengths.of(rewrite.after)) > longest_written) return {};
  Step step{std::string(rewrite.rule), reader_.formula(rewrite.before),
            reader_.formula(rewrite.after), rewrite.exactness, rewrite.assumption};
  if (symbols(step.before) > longest_step || symbols(step.after) > longest_step) return {};
  std::string before = text(step.before);
  std::string after = text(step.after);
  if (before == after || !has_name(step.before)) return {};
  return Written{std::move(step), std::move(before), std::move(after)};
}

std::vector<Step> Simplifications::of(Value raw) {
  Derivation log;
  simplify(graph_, std::span(&raw, 1), &log);
  const std::vector<bool> is_in_a_round = in_rounds(graph_);
  std::vector<const Written*> told;
  Lengths lengths(graph_, [&](Value value) { return reader_.is_named(value); });
  for (const Rewrite& rewrite : log.rewrites) {
    if (is_in_a_round[rewrite.before.id]) continue;
    const auto [known, is_new] =
        written_.emplace(std::tuple(rewrite.before, rewrite.after, rewrite.rule), std::nullopt);
    if (is_new) known->second = write(rewrite, lengths);
    if (!known->second) continue;
    const Written& written = *known->second;
    told.push_back(&written);
    const auto back = std::find_if(told.begin(), told.end(), [&](const Written* other) {
      return other->before == written.after;
    });
    told.erase(back, told.end());
  }
  std::vector<Step> steps;
  for (const Written* written : told) steps.push_back(written->step);
  return steps;
}

}  // namespace gradus::formula
