#include "compiler/formula/walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/formula/notation.h"
#include "compiler/formula/steps.h"
#include "compiler/formula/usage.h"
#include "compiler/gradient/gradient.h"
#include "compiler/graph/rewrite.h"

namespace gradus::formula {
namespace {

// More paths than this are not written one by one.
constexpr size_t most_paths = 6;
// A product of factors, or a second way to write one, is left out where it is longer.
constexpr int longest_product = 120;
constexpr int longest_written = 20 * longest_product;  // as counted before it is written
constexpr int longest_variant = 24;
// Parts of a longer factor get names.
constexpr int longest_factor = 200;

}  // namespace

Walk::Walk(Graph& graph, const Subject& subject, std::span<const Wanted> wanted, Sheet& sheet)
    : graph_(graph), subject_(subject), wanted_(wanted.begin(), wanted.end()), sheet_(sheet) {
  const std::vector<Value> needed = reachable(graph, std::span(&subject.loss.value, 1));
  const std::set<Value> is_needed(needed.begin(), needed.end());
  for (const Definition& definition : subject.definitions) {
    if (is_needed.count(definition.value) == 0 || is_leaf(graph[definition.value].op)) continue;
    // Definitions that are written out have no name, or an auxiliary one.
    if (!sheet.reader().is_named(definition.value) ||
        !(name(definition.value) == sheet.name_of(definition.name))) {
      continue;
    }
    if (names_.emplace(definition.value, definition.name).second) {
      order_.push_back(definition.value);
    }
  }
  if (names_.emplace(subject.loss.value, subject.loss.name).second) {
    order_.push_back(subject.loss.value);
  }
}

Page Walk::page() {
  sheet_.hide_auxiliaries();
  add_forward();
  // The last parameter of the chain is the nearest to the loss.
  std::vector<Wanted> order = wanted_;
  for (auto next = order.begin(); next != order.end(); ++next) {
    const auto is_nearer = [&](const Wanted& a, const Wanted& b) {
      return sheet_.reader().rank(a.variable) > sheet_.reader().rank(b.variable);
    };
    std::rotate(std::upper_bound(order.begin(), next, *next, is_nearer), next, next + 1);
  }
  for (const Wanted& wanted : order) add_walk_to(wanted);
  return std::move(page_);
}

void Walk::add_forward() {
  page_.emplace_back(Remark{"Forward", {}, true});
  for (Value value : order_) {
    const bool is_input = is_leaf(graph_[value].op) && !is_constant(graph_, value);
    if (!is_input) add_forward(value);
  }
  // The loss may be called something else too.
  const Expr loss = sheet_.name_of(subject_.loss.name);
  if (!(name(subject_.loss.value) == loss)) {
    page_.emplace_back(Equation{loss, {name(subject_.loss.value)}});
  }
}

// A definition; one that is a derivative is written as such too, `u_x = ∂u/∂x = …`.
void Walk::add_forward(Value value) {
  if (length(value) > longest_written) sheet_.name_parts_of(value);
  const auto taken =
      std::find_if(subject_.derivatives.begin(), subject_.derivatives.end(), [&](const auto& each) {
        return each.result == value && has_name(each.of) && has_name(each.by);
      });
  if (taken == subject_.derivatives.end()) return sheet_.add(page_, name(value), value);
  Reader& reader = sheet_.reader();
  Equation equation = reader.equation(name(value), value);
  const Expr as_written = derivative(reader.name_of(taken->of), reader.name_of(taken->by));
  equation.right.insert(equation.right.begin(), as_written);
  sheet_.add_auxiliaries_of(page_, value);
  page_.emplace_back(std::move(equation));
}

Expr Walk::adjoint(Value value) const {
  return derivative(sheet_.name_of(subject_.loss.name), name(value));
}

std::vector<Value> Walk::reads(Value user, Value variable) const {
  std::vector<Value> found =
      read_by(graph_, user, [&](Value x) { return is_definition(x) || x == variable; });
  return found;
}

// All ways from the loss, each from there on.
std::vector<Walk::Path> Walk::paths_to(Value variable) const {
  std::map<Value, std::vector<Path>> from;
  from[variable] = {{}};
  for (Value value : order_) {
    if (value == variable) continue;
    std::vector<Path>& paths = from[value];
    for (Value operand : reads(value, variable)) {
      for (const Path& rest : from[operand]) {
        if (paths.size() > most_paths) break;
        Path path = {{value, operand}};
        path.insert(path.end(), rest.begin(), rest.end());
        paths.push_back(std::move(path));
      }
    }
  }
  return from[subject_.loss.value];
}

void Walk::add_walk_to(const Wanted& wanted) {
  page_.emplace_back(Remark{"Chain for", sheet_.name_of(wanted.name), true});
  const std::vector<Path> paths = paths_to(wanted.variable);
  if (wanted.variable == subject_.loss.value) {
    page_.emplace_back(Remark{"It is the loss"});
  } else if (paths.empty()) {
    page_.emplace_back(Remark{"The loss does not depend on it"});
  } else {
    add_chain(wanted, paths);
  }
  add_simplification(wanted);
}

void Walk::add_chain(const Wanted& wanted, const std::vector<Path>& paths) {
  const bool all = paths.size() <= most_paths;
  if (!all) {
    page_.emplace_back(Remark{fmt::format("The sum over more than {} paths", most_paths)});
  } else if (paths.size() > 1) {
    page_.emplace_back(Remark{fmt::format("The sum over {} paths", paths.size())});
  }
  const bool is_one_factor = paths.size() == 1 && paths[0].size() == 1;
  if (all && !is_one_factor) {
    std::vector<Expr> terms;
    for (const Path& path : paths) terms.push_back(chain(path));
    page_.emplace_back(Equation{sheet_.derivative_by(wanted.name), {sum(std::move(terms))}});
  }

  std::map<Value, std::set<Value>> users;
  for (const Path& path : paths) {
    for (const Edge& edge : path) users[edge.operand].insert(edge.user);
  }
  for (const Path& path : paths) {
    if (path.size() == 1 && paths.size() > 1) continue;  // is a term itself
    for (const Edge& edge : path) {
      if (told_.insert(edge).second) add_factor(edge, users[edge.operand].size() > 1);
    }
  }
}

// The factors of a path. What the loss has of the variable by itself is written out: its derivative
// would be called like the whole.
Expr Walk::chain(const Path& path) {
  if (path.size() == 1) {
    const Value value = differentiated(path[0], alone(path[0])).value;
    name_parts_if_long(value);
    return sheet_.reader().formula(value);
  }
  std::vector<Expr> factors;
  for (const Edge& edge : path) factors.push_back(derivative(name(edge.user), name(edge.operand)));
  return product(std::move(factors));
}

Walk::Alone Walk::alone(const Edge& edge) {
  Reader& reader = sheet_.reader();
  std::map<Value, Value> leaves;
  for (Value read : reads(edge.user, edge.operand)) {
    const Value leaf =
        graph_.leaf(Op::input, fmt::format("{}, held", text(name(read))), graph_.type(read));
    if (!reader.is_named(leaf)) reader.give_name(leaf, name(read), reader.rank(read));
    leaves[read] = leaf;
  }
  const Value user = substitute(graph_, std::span(&edge.user, 1), leaves)[0];
  return {user, leaves.at(edge.operand)};
}

// Whether each entry of the user depends on the same entry of the operand alone.
bool Walk::is_elementwise(const Alone& alone) const {
  if (graph_.shape(alone.user) != graph_.shape(alone.operand)) return false;
  std::set<Value> depends = {alone.operand};
  for (Value value : reachable(graph_, std::span(&alone.user, 1))) {
    const Node& node = graph_[value];
    const bool does = std::any_of(node.operands.begin(), node.operands.end(),
                                  [&](Value x) { return depends.count(x) > 0; });
    if (!does) continue;
    if (!is_map(node.op)) return false;
    depends.insert(value);
  }
  return true;
}

Walk::Factor Walk::differentiated(const Edge& edge, const Alone& alone) {
  const Value variables[] = {alone.operand};
  if (graph_.shape(alone.user).empty()) {
    return {gradient(graph_, alone.user, variables)[0]};
  }
  const Value one = graph_.constant(1);
  if (graph_.shape(alone.operand).empty()) {
    const Value tangents[] = {one};
    return {pushforward(graph_, alone.user, variables, tangents)};
  }
  if (is_elementwise(alone)) {
    const Value ones = graph_.full(one, graph_.shape(alone.user));
    return {pullback(graph_, alone.user, ones, variables)[0]};
  }
  const Expr known = adjoint(edge.user);
  const Value leaf = graph_.leaf(Op::input, text(known), graph_.type(edge.user));
  Reader& reader = sheet_.reader();
  if (!reader.is_named(leaf)) reader.give_name(leaf, known, reader.rank(edge.user));
  return {pullback(graph_, alone.user, leaf, variables)[0], true};
}

int Walk::length(Value value) const {
  return Lengths(graph_, [&](Value x) { return x != value && has_name(x); }).of(value);
}

void Walk::name_parts_if_long(Value value) {
  const bool is_short = length(value) <= longest_written;
  if (is_short && symbols(sheet_.reader().formula(value)) <= longest_factor) return;
  sheet_.name_parts_of(value);
  sheet_.add_auxiliaries_of(page_, value);
}

void Walk::add_factor(const Edge& edge, bool is_one_of_several) {
  Reader& reader = sheet_.reader();
  const Alone alone = this->alone(edge);
  const Factor factor = differentiated(edge, alone);
  Expr left = derivative(name(edge.user), name(edge.operand));
  if (factor.is_pullback) {
    // Not a number an entry: what it makes of the adjoint.
    left = adjoint(edge.operand);
    if (is_one_of_several) page_.emplace_back(Remark{"Through", name(edge.user)});
  }
  name_parts_if_long(factor.value);
  // First with the user written out, σ(z)(1 − σ(z)), then by its name, ŷ(1 − ŷ).
  reader.take_name(alone.user);
  Equation equation = reader.equation(left, factor.value);
  reader.give_name(alone.user, name(edge.user), reader.rank(edge.user));
  const Equation by_name = reader.equation(left, factor.value);
  if (symbols(equation.right[0]) > longest_variant) {
    equation = by_name;
  } else if (!(by_name.right == equation.right)) {
    equation.right.push_back(by_name.right[0]);
  }
  sheet_.add_auxiliaries_of(page_, factor.value);
  page_.emplace_back(std::move(equation));
}

void Walk::add_simplification(const Wanted& wanted) {
  auto raw = subject_.derivation.adjoints.find(wanted.variable);
  const Expr left = sheet_.derivative_by(wanted.name);
  if (raw == subject_.derivation.adjoints.end()) {
    sheet_.add(page_, left, wanted.gradient);
    return;
  }
  Reader& reader = sheet_.reader();
  std::optional<Equation> product;
  if (length(raw->second) <= longest_written) product = reader.equation(left, raw->second);
  std::vector<Step> steps = steps_of(graph_, raw->second, reader);
  const bool is_result = product && length(wanted.gradient) <= longest_written &&
                         product->right == reader.equation(left, wanted.gradient).right;
  if (steps.empty() && is_result) {
    page_.emplace_back(Remark{"Product"});
  } else {
    if (product && symbols(product->right[0]) <= longest_product) {
      page_.emplace_back(Remark{"Product"});
      sheet_.add_auxiliaries_of(page_, raw->second);
      page_.emplace_back(*product);
    }
    std::vector<Step> fresh;
    for (Step& step : steps) {
      const std::string told = step.rule + text(step.before) + text(step.after);
      if (steps_told_.insert(told).second) fresh.push_back(std::move(step));
    }
    const bool as_before = fresh.size() < steps.size();
    page_.emplace_back(Remark{as_before ? "Simplified, as before" : "Simplified"});
    for (Step& step : fresh) page_.emplace_back(std::move(step));
  }
  sheet_.show_auxiliaries();
  sheet_.add(page_, left, wanted.gradient);
  sheet_.hide_auxiliaries();
}

}  // namespace gradus::formula
