#include <catch2/catch.hpp>
#include <set>

#include "compiler/simplify/match.h"
#include "compiler/simplify/rewriter.h"
#include "compiler/simplify/rule.h"
#include "tests/graph/numeric.h"

// Both sides of every rule that is a pair of templates, with values put into the holes.
namespace gradus {
namespace {

using rewriting::Match;
using rewriting::Rewriter;
using rewriting::Rule;

enum class Holds : uint8_t { tensor, row, boolean };

// What a hole has to be: a condition, a value that is repeated along the axes, or any tensor.
void find_holes(const Template& form, Holds as, std::map<char, Holds>& holes) {
  if (form->kind == TemplateNode::Kind::hole) {
    Holds& known = holes.emplace(form->hole, as).first->second;
    if (as != Holds::tensor) known = as;
  }
  for (size_t k = 0; k < form->operands.size(); ++k) {
    const bool is_condition = (form->op == Op::select && k == 0) || form->op == Op::logical_not ||
                              form->op == Op::logical_and || form->op == Op::logical_or;
    const bool is_repeated = form->op == Op::view;
    find_holes(form->operands[k],
               is_condition  ? Holds::boolean
               : is_repeated ? Holds::row
                             : Holds::tensor,
               holes);
  }
}

std::vector<const Rule*> pairs() {
  std::set<const Rule*> found;
  for (int op = 0; op < static_cast<int>(op_count); ++op) {
    for (const Rule* rule : rewriting::rules_at(static_cast<Op>(op))) found.insert(rule);
  }
  for (const auto& each : rewriting::sum_rules()) found.insert(each.rule);
  for (const auto& each : rewriting::product_rules()) found.insert(each.rule);
  std::erase_if(found, [](const Rule* rule) { return rule->from.empty(); });
  return {found.begin(), found.end()};
}

// One of two numbers, `least` and a larger one: finite, and of known bounds.
Value one_of_two(Graph& graph, double least, Value free) {
  const Value is_positive = graph.map(Op::gt, {free, graph.constant(0)});
  return graph.map(Op::select, {is_positive, graph.constant(least), graph.constant(least + 0.5)});
}

}  // namespace

TEST_CASE("both sides of a rule are equal where its condition holds", "[simplify]") {
  const std::vector<const Rule*> rules = pairs();
  CHECK(rules.size() > 50);
  for (const Rule* rule : rules) {
    INFO(rule->name);
    std::map<char, Holds> holes;
    find_holes(rule->from, Holds::tensor, holes);
    int tried = 0;
    // Anything; then values whose bounds are known, x above all others and below them.
    for (int draw = 0; draw < 3; ++draw) {
      Graph graph;
      Bindings leaves;
      Match match;
      const Shape shape = {2, 3};
      match.shape = &shape;
      match.axes[0] = std::vector<int>{1};
      for (const auto& [hole, holds] : holes) {
        const std::string name(1, hole);
        Array entries{Element::real, {2, 3}, {0.7, -1.3, 0.2, 2.1, -0.4, 1.6}};
        if (holds == Holds::row) entries = {Element::real, {2}, {0.9, -0.6}};
        for (double& entry : entries.entries) entry += 0.11 * (hole - 'x');
        leaves[name] = entries;
        const Shape own = holds == Holds::row ? Shape{2} : shape;
        Value value = graph.leaf(Op::input, name, {Element::real, own, 0});
        if (hole == 'c' && holds == Holds::tensor) {  // a constant, where it is no condition
          value = graph.constant(1.7);
        } else if (holds == Holds::boolean) {
          value = graph.map(Op::gt, {value, graph.constant(0)});
        } else if (draw > 0) {
          value = one_of_two(graph, (hole == 'x') == (draw == 1) ? 1.5 : 0.25, value);
        }
        match.values[hole - 'a'] = value;
      }
      const bool early = rule->stage == rewriting::Stage::recognise;
      Rewriter rewriter(graph, early ? rule->stage : rewriting::Stage::finish, nullptr);
      if (rule->holds != nullptr && !rule->holds(rewriter, match)) continue;
      ++tried;
      const Value from = rewriting::instantiate(rewriter, rule->from, match);
      Value to = rewriting::instantiate(rewriter, rule->to, match);
      if (graph.shape(to).empty()) to = graph.full(to, graph.shape(from));
      const Value roots[] = {from, to};
      const auto values = interpret(graph, roots, leaves);
      CHECK(test::error_between(values[0], values[1]) < 1e-13);
    }
    CHECK(tried > 0);
  }
}

}  // namespace gradus
