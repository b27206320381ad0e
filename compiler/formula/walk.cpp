#include "compiler/formula/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "compiler/formula/notation.h"
#include "compiler/formula/sheet.h"
#include "compiler/formula/steps.h"
#include "compiler/formula/usage.h"
#include "compiler/gradient/gradient.h"
#include "compiler/graph/rewrite.h"

namespace gradus::formula {
namespace {

// A product of factors, or a second way to write one, is left out where it is longer.
constexpr int longest_product = 120;
constexpr int longest_written = 20 * longest_product;  // as counted before it is written
constexpr int longest_variant = 24;
// Parts of a longer factor get names.
constexpr int longest_factor = 200;

// Writes the walk.
class Walker {
 public:
  Walker(Graph& graph, const Subject& subject, std::span<const Wanted> wanted, Sheet& sheet,
         bool is_raw);

  Walk walk();

 private:
  // From a definition (or the loss) to one that it is written with, or to the variable.
  struct Edge {
    Value user;
    Value operand;
    friend auto operator<=>(const Edge&, const Edge&) = default;
  };
  using Path = std::vector<Edge>;

  std::vector<Walk::Defined> forward();
  Page defined(Value value);
  Walk::Chain chain_to(const Wanted& wanted);
  void add_paths(Walk::Chain& chain, const std::vector<Path>& paths);
  Expr product_along(Page& page, const Path& path);
  // About how many symbols its definition is written with.
  int length(Value value) const;
  void name_parts_if_long(Page& page, Value value);
  Walk::Factor factor(const Edge& edge, bool is_one_of_several);
  void add_simplification(Walk::Chain& chain, const Wanted& wanted);
  void add_steps(Walk::Chain& chain, std::vector<Step> steps);
  void add_result(Walk::Chain& chain, const Expr& left, Value gradient);

  // The definitions that a value is written with, and the variable if it is among them.
  std::vector<Value> reads(Value user, Value variable) const;
  std::vector<Path> paths_to(Value variable) const;
  Walk::Path named(const Path& path, const std::string& variable) const;
  bool is_definition(Value value) const { return names_.count(value) > 0; }
  Expr name(Value value) const;
  bool has_name(Value value) const { return sheet_.reader().is_named(value); }
  Expr adjoint(Value value) const;

  // The user with leaves in place of what it reads: so that what else it is made of counts as
  // independent of the operand.
  struct Alone {
    Value user;
    Value operand;
  };
  Alone alone(const Edge& edge);
  // The factor's derivative; as a function of the adjoint of the user where it is no product with
  // one number an entry.
  struct Derivative {
    Value value;
    bool is_pullback = false;
  };
  Derivative differentiated(const Edge& edge, const Alone& alone);
  bool is_elementwise(const Alone& alone) const;

  Graph& graph_;
  const Subject& subject_;
  std::vector<Wanted> wanted_;
  Sheet& sheet_;
  bool is_raw_;                         // ends before simplification
  std::map<Value, std::string> names_;  // of the definitions and the loss
  std::vector<Value> order_;            // those that the loss needs, in order
  Simplifications simplifications_;
  std::set<Edge> told_;
  std::set<std::string> steps_told_;
};

Walker::Walker(Graph& graph, const Subject& subject, std::span<const Wanted> wanted, Sheet& sheet,
               bool is_raw)
    : graph_(graph),
      subject_(subject),
      wanted_(wanted.begin(), wanted.end()),
      sheet_(sheet),
      is_raw_(is_raw),
      simplifications_(graph, sheet.reader()) {
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

Walk Walker::walk() {
  sheet_.hide_auxiliaries();
  Walk walk;
  walk.forward = forward();
  // The last parameter of the chain is the nearest to the loss.
  std::vector<Wanted> order = wanted_;
  for (auto next = order.begin(); next != order.end(); ++next) {
    const auto is_nearer = [&](const Wanted& a, const Wanted& b) {
      return sheet_.reader().rank(a.variable) > sheet_.reader().rank(b.variable);
    };
    std::rotate(std::upper_bound(order.begin(), next, *next, is_nearer), next, next + 1);
  }
  for (const Wanted& wanted : order) walk.chains.push_back(chain_to(wanted));
  return walk;
}

std::vector<Walk::Defined> Walker::forward() {
  std::vector<Walk::Defined> told;
  for (Value value : order_) {
    const bool is_input = is_leaf(graph_[value].op) && !is_constant(graph_, value);
    if (!is_input) told.push_back({names_.at(value), defined(value)});
  }
  // The loss may be called something else too.
  const Expr loss = sheet_.name_of(subject_.loss.name);
  if (!(name(subject_.loss.value) == loss)) {
    told.push_back({subject_.loss.name, {Equation{loss, {name(subject_.loss.value)}}}});
  }
  return told;
}

// A definition; one that is a derivative is written as such too, `u_x = ∂u/∂x = …`.
Page Walker::defined(Value value) {
  Page page;
  if (length(value) > longest_written) sheet_.name_parts_of(value);
  const auto taken =
      std::find_if(subject_.derivatives.begin(), subject_.derivatives.end(), [&](const auto& each) {
        return each.result == value && has_name(each.of) && has_name(each.by);
      });
  if (taken == subject_.derivatives.end()) {
    sheet_.add(page, name(value), value);
    return page;
  }
  Reader& reader = sheet_.reader();
  Equation equation = reader.equation(name(value), value);
  const Expr as_written = derivative(reader.name_of(taken->of), reader.name_of(taken->by));
  equation.right.insert(equation.right.begin(), as_written);
  sheet_.add_auxiliaries_of(page, value);
  page.emplace_back(std::move(equation));
  return page;
}

// What it is called in formulas; where these have no name for it, as for a constant or for a
// definition that is written out, what the file calls it.
Expr Walker::name(Value value) const {
  if (has_name(value)) return sheet_.reader().name_of(value);
  if (const auto known = names_.find(value); known != names_.end()) {
    return sheet_.name_of(known->second);
  }
  const auto wanted = std::find_if(wanted_.begin(), wanted_.end(),
                                   [&](const Wanted& each) { return each.variable == value; });
  return sheet_.name_of(wanted->name);
}

Expr Walker::adjoint(Value value) const {
  return derivative(sheet_.name_of(subject_.loss.name), name(value));
}

std::vector<Value> Walker::reads(Value user, Value variable) const {
  std::vector<Value> found =
      read_by(graph_, user, [&](Value x) { return is_definition(x) || x == variable; });
  return found;
}

// All ways from the loss, each from there on.
std::vector<Walker::Path> Walker::paths_to(Value variable) const {
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

Walk::Path Walker::named(const Path& path, const std::string& variable) const {
  Walk::Path edges;
  for (const Edge& edge : path) edges.push_back({names_.at(edge.user), ""});
  for (size_t k = 0; k + 1 < edges.size(); ++k) edges[k].by = edges[k + 1].of;
  if (!edges.empty()) edges.back().by = variable;
  return edges;
}

Walk::Chain Walker::chain_to(const Wanted& wanted) {
  Walk::Chain chain;
  chain.name = wanted.name;
  chain.symbol = sheet_.name_of(wanted.name);
  chain.is_loss = wanted.variable == subject_.loss.value;
  const std::vector<Path> paths = paths_to(wanted.variable);
  if (!chain.is_loss && !paths.empty()) add_paths(chain, paths);
  add_simplification(chain, wanted);
  return chain;
}

void Walker::add_paths(Walk::Chain& chain, const std::vector<Path>& paths) {
  chain.has_more_paths = paths.size() > most_paths;
  if (!chain.has_more_paths) {
    for (const Path& path : paths) chain.paths.push_back(named(path, chain.name));
    const bool is_one_factor = paths.size() == 1 && paths[0].size() == 1;
    std::vector<Expr> terms;
    for (const Path& path : paths) {
      if (!is_one_factor) terms.push_back(product_along(chain.sum, path));
    }
    if (!is_one_factor) {
      chain.sum.emplace_back(Equation{sheet_.derivative_by(chain.name), {sum(std::move(terms))}});
    }
  }

  std::map<Value, std::set<Value>> users;
  for (const Path& path : paths) {
    for (const Edge& edge : path) users[edge.operand].insert(edge.user);
  }
  for (const Path& path : paths) {
    if (path.size() == 1 && paths.size() > 1) continue;  // is a term itself
    const Walk::Path names = named(path, chain.name);
    for (size_t k = 0; k < path.size(); ++k) {
      if (!told_.insert(path[k]).second) continue;
      chain.factors.push_back(factor(path[k], users[path[k].operand].size() > 1));
      chain.factors.back().edge = names[k];
    }
  }
}

// The factors of a path. What the loss has of the variable by itself is written out: its derivative
// would be called like the whole.
Expr Walker::product_along(Page& page, const Path& path) {
  if (path.size() == 1) {
    const Value value = differentiated(path[0], alone(path[0])).value;
    name_parts_if_long(page, value);
    return sheet_.reader().formula(value);
  }
  std::vector<Expr> factors;
  for (const Edge& edge : path) factors.push_back(derivative(name(edge.user), name(edge.operand)));
  return product(std::move(factors));
}

Walker::Alone Walker::alone(const Edge& edge) {
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
bool Walker::is_elementwise(const Alone& alone) const {
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

Walker::Derivative Walker::differentiated(const Edge& edge, const Alone& alone) {
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

int Walker::length(Value value) const {
  return Lengths(graph_, [&](Value x) { return x != value && has_name(x); }).of(value);
}

void Walker::name_parts_if_long(Page& page, Value value) {
  const bool is_short = length(value) <= longest_written;
  if (is_short && symbols(sheet_.reader().formula(value)) <= longest_factor) return;
  sheet_.name_parts_of(value);
  sheet_.add_auxiliaries_of(page, value);
}

Walk::Factor Walker::factor(const Edge& edge, bool is_one_of_several) {
  Reader& reader = sheet_.reader();
  const Alone alone = this->alone(edge);
  const Derivative by_operand = differentiated(edge, alone);
  Walk::Factor factor;
  factor.is_pullback = by_operand.is_pullback;
  Expr left = derivative(name(edge.user), name(edge.operand));
  if (factor.is_pullback) {
    // Not a number an entry: what it makes of the adjoint.
    left = adjoint(edge.operand);
    if (is_one_of_several) factor.through = name(edge.user);
  }
  name_parts_if_long(factor.lines, by_operand.value);
  // First with the user written out, σ(z)(1 − σ(z)), then by its name, ŷ(1 − ŷ).
  reader.take_name(alone.user);
  Equation equation = reader.equation(left, by_operand.value);
  reader.give_name(alone.user, name(edge.user), reader.rank(edge.user));
  const Equation by_name = reader.equation(left, by_operand.value);
  if (symbols(equation.right[0]) > longest_variant) {
    equation = by_name;
  } else if (!(by_name.right == equation.right)) {
    equation.right.push_back(by_name.right[0]);
  }
  sheet_.add_auxiliaries_of(factor.lines, by_operand.value);
  factor.lines.emplace_back(std::move(equation));
  return factor;
}

void Walker::add_steps(Walk::Chain& chain, std::vector<Step> steps) {
  for (Step& step : steps) {
    if (steps_told_.insert(step.rule + text(step.before) + text(step.after)).second) {
      chain.steps.push_back(std::move(step));
    } else {
      chain.has_told_steps = true;
    }
  }
}

void Walker::add_simplification(Walk::Chain& chain, const Wanted& wanted) {
  const auto raw = subject_.derivation.adjoints.find(wanted.variable);
  const Expr left = sheet_.derivative_by(wanted.name);
  const bool is_known = raw != subject_.derivation.adjoints.end();
  if (!is_known || is_raw_) {
    chain.is_simplified = false;
    chain.product_is_result = is_known;
    add_result(chain, left, wanted.gradient);
    return;
  }
  Reader& reader = sheet_.reader();
  std::optional<Equation> product;
  if (length(raw->second) <= longest_written) product = reader.equation(left, raw->second);
  std::vector<Step> steps = simplifications_.of(raw->second);
  chain.product_is_result = steps.empty() && product &&
                            length(wanted.gradient) <= longest_written &&
                            product->right == reader.equation(left, wanted.gradient).right;
  if (!chain.product_is_result) {
    if (product && symbols(product->right[0]) <= longest_product) {
      sheet_.add_auxiliaries_of(chain.product, raw->second);
      chain.product.emplace_back(*product);
    }
    add_steps(chain, std::move(steps));
  }
  add_result(chain, left, wanted.gradient);
}

void Walker::add_result(Walk::Chain& chain, const Expr& left, Value gradient) {
  sheet_.show_auxiliaries();
  sheet_.add(chain.result, left, gradient);
  sheet_.hide_auxiliaries();
}

}  // namespace

Walk walk_of(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
             Options options) {
  options.steps = true;
  Sheet sheet(graph, subject, wanted, options);
  return Walker(graph, subject, wanted, sheet, options.raw).walk();
}

}  // namespace gradus::formula
