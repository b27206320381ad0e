#include "compiler/formula/usage.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "compiler/formula/product.h"
#include "compiler/formula/reader.h"

namespace gradus::formula {
namespace {

// A formula of more symbols is cut at the adjoints in it.
constexpr int long_formula = 40;
constexpr int very_long_formula = 200;
// What is shorter is not named for a long formula's sake, and if no adjoint, not at all but where
// it is used often.
constexpr int short_formula = 8;
constexpr int very_short_formula = 4;
constexpr int many_uses = 4;
// Lengths are not counted further: written out, what is shared may double at every operator.
constexpr int longest_counted = 1000000;

// Operators that formulas show by how they write the operand, if at all.
bool is_transparent(const Graph& graph, Value value) {
  const Node& node = graph[value];
  if (node.op == Op::view) return !std::get<View>(node.attributes).fill;
  if (node.op == Op::reshape) {
    return unit_axes(graph.shape(node.operands[0]), node.type.shape).has_value();
  }
  // 1 or 0, as a condition says.
  if (node.op == Op::select) {
    return literal(graph, node.operands[1]).has_value() &&
           literal(graph, node.operands[2]).has_value();
  }
  constexpr Op ops[] = {Op::to_real, Op::stop_gradient, Op::neg, Op::call};
  return std::find(std::begin(ops), std::end(ops), node.op) != std::end(ops);
}

// The values that formulas of the roots are made of, operands first: down to names, which are
// among them.
std::vector<Value> needed(const Graph& graph, std::span<const Value> roots, const Test& is_named) {
  std::set<Value> seen(roots.begin(), roots.end());
  std::vector<Value> open(roots.begin(), roots.end());
  while (!open.empty()) {
    const Value value = open.back();
    open.pop_back();
    if (is_named(value)) continue;
    for (Value operand : graph[value].operands) {
      if (seen.insert(operand).second) open.push_back(operand);
    }
  }
  return {seen.begin(), seen.end()};
}

// About how many symbols a value is written with, where those of its operands are known.
int length(const Graph& graph, Value value, const std::map<Value, int>& lengths) {
  const Node& node = graph[value];
  if (is_transparent(graph, value)) return lengths.at(node.operands[0]);
  int total = node.op == Op::contract ? static_cast<int>(node.operands.size()) : 1;
  for (Value operand : node.operands)
    total = std::min(longest_counted, total + lengths.at(operand));
  return total;
}

}  // namespace

int Lengths::of(Value value) {
  const auto ends = [this](Value x) { return known_.count(x) > 0 || is_named_(x); };
  for (Value each : needed(graph_, std::span(&value, 1), ends)) {
    if (known_.count(each) > 0) continue;
    known_[each] = is_named_(each) ? 1 : length(graph_, each, known_);
  }
  return known_.at(value);
}

std::vector<Value> worth_a_name(const Graph& graph, std::span<const Value> roots,
                                const Test& has_name, const Test& is_adjoint, bool sparingly) {
  const std::set<Value> is_root(roots.begin(), roots.end());
  const Test is_named = [&](Value value) { return has_name(value) && is_root.count(value) == 0; };
  const std::vector<Value> values = needed(graph, roots, is_named);
  std::map<Value, int> uses;
  for (Value root : roots) ++uses[root];
  for (const Value value : std::ranges::reverse_view(values)) {
    if (is_named(value)) continue;
    const auto& operands = graph[value].operands;
    const std::set<Value> distinct(operands.begin(), operands.end());
    for (Value operand : distinct) {
      uses[operand] += is_transparent(graph, value) ? uses[value] : 1;
    }
  }

  // Twice: with what is named the first time counted as a name, is a formula long?
  std::set<Value> named;
  std::set<Value> fixed;  // made of literals, named constants and extents alone
  std::map<Value, int> lengths;
  const auto measure = [&](const Test& is_worth) {
    for (Value value : values) {
      const auto& x = graph[value].operands;
      const bool is_fixed = !x.empty() && std::all_of(x.begin(), x.end(), [&](Value operand) {
        return fixed.count(operand) > 0;
      });
      if (is_constant(graph, value) || is_fixed) fixed.insert(value);
      lengths[value] = is_named(value) ? 1 : length(graph, value, lengths);
      if (is_named(value) || fixed.count(value) > 0) continue;
      if (named.count(value) == 0 && !is_transparent(graph, value) && is_worth(value)) {
        named.insert(value);
      }
      if (named.count(value) > 0) lengths[value] = 1;
    }
  };
  const auto longest = [&] {
    int most = 0;
    for (Value root : roots) most = std::max(most, lengths[root]);
    return most;
  };
  if (sparingly) {
    measure([](Value) { return false; });
    if (longest() <= very_long_formula) return {};
  }
  measure([&](Value value) {
    const int n = uses[value];
    const bool is_shorter = n > 1 && (n - 1) * lengths[value] > n + 2;
    const bool may_be_short = is_adjoint(value) || n >= many_uses;
    return is_shorter && lengths[value] > (may_be_short ? very_short_formula : short_formula);
  });
  if (longest() > long_formula) {
    measure([&](Value value) {
      return is_adjoint(value) && is_root.count(value) == 0 && lengths[value] > short_formula;
    });
  }
  std::erase_if(named, has_name);
  return {named.begin(), named.end()};
}

std::vector<Value> read_by(const Graph& graph, Value value, const Test& is_named) {
  const Test inside = [&](Value x) { return x != value && is_named(x); };
  std::vector<Value> read;
  for (Value other : needed(graph, std::span(&value, 1), inside)) {
    if (inside(other)) read.push_back(other);
  }
  return read;
}

}  // namespace gradus::formula
