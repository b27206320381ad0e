#include "compiler/formula/sheet.h"

#include <algorithm>

#include "compiler/formula/factoring.h"
#include "compiler/formula/notation.h"
#include "compiler/formula/product.h"
#include "compiler/formula/usage.h"
#include "compiler/simplify/simplify.h"

namespace gradus::formula {
namespace {

bool is_leaf_with_name(Op op) {
  return op == Op::input || op == Op::param || op == Op::state || op == Op::symbol;
}

// Whether all tensors are of rank 1 at most, those of the model as long as each other: one number a
// sample, which is read by no other sample.
bool is_per_sample(const Graph& graph, std::span<const Value> roots) {
  std::optional<Dim> length;
  for (Value value : reachable(graph, roots)) {
    const Op op = graph[value].op;
    const Shape& shape = graph.shape(value);
    if (shape.size() > 1 || op == Op::gather || op == Op::scatter_add) return false;
    if (!is_leaf(op)) continue;
    if (shape.size() == 1 && length && *length != shape[0]) return false;
    if (shape.size() == 1) length = shape[0];
  }
  return length.has_value();
}

// The values that the roots need, also those in the bodies of scans.
std::vector<Value> with_bodies(const Graph& graph, std::span<const Value> roots) {
  std::vector<Value> all = reachable(graph, roots);
  for (size_t k = 0, outside = all.size(); k < outside; ++k) {
    const auto* scan = std::get_if<Scan>(&graph[all[k]].attributes);
    if (scan == nullptr) continue;
    const std::vector<Value> inside = with_bodies(graph, body_of(*scan));
    all.insert(all.end(), inside.begin(), inside.end());
  }
  return all;
}

// What is left where the value is another times or divided by a constant, or its negative.
Value without_constant(const Graph& graph, Value value) {
  const Node& node = graph[value];
  const auto& x = node.operands;
  if (node.op == Op::neg) return x[0];
  if (node.op == Op::div && graph.shape(x[1]).empty()) return x[0];
  if (node.op == Op::mul && graph.shape(x[0]).empty()) return x[1];
  if (node.op == Op::mul && graph.shape(x[1]).empty()) return x[0];
  return {};
}

// What a part of a value is multiplied by to give the value: numbers and sizes, and whether that is
// all.
struct Front {
  Product scale;
  bool is_all = true;
};
Front front_of(const Graph& graph, Value value, Value part) {
  if (value == part) return {};
  Product product = product_of(graph, value, [&](Value x) { return x == part; });
  const bool is_linear =
      std::any_of(product.factors.begin(), product.factors.end(), [&](const Factor& factor) {
        return factor.value == part && factor.power == 1 && factor.form == Factor::Form::entry;
      });
  if (!is_linear || product.top == 0) return {{}, false};
  const bool is_all = product.factors.size() == 1;
  product.factors.clear();
  return {product, is_all};
}

// The model's file, as far as its definitions say.
std::optional<uint32_t> file_of(const Graph& graph, const Subject& subject) {
  for (const Definition& definition : subject.definitions) {
    if (const Provenance* known = graph.provenance(definition.value)) return known->file;
  }
  return std::nullopt;
}

std::vector<Value> roots_of(const Subject& subject, std::span<const Wanted> wanted) {
  std::vector<Value> roots = {subject.loss.value};
  for (const Wanted& w : wanted) roots.push_back(w.gradient);
  return roots;
}

}  // namespace

std::vector<std::string> all_names(const Graph& graph, const Subject& subject) {
  std::set<std::string> names = {subject.loss.name};
  for (const Definition& definition : subject.definitions) names.insert(definition.name);
  for (uint32_t id = 0; id < graph.size(); ++id) {
    const Node& node = graph[Value{id}];
    if (is_leaf_with_name(node.op)) names.insert(std::get<Named>(node.attributes).name);
    Shape extents = node.type.shape;
    extents.push_back(node.type.bound);
    for (const Dim& dim : extents) {
      for (std::string& name : dim.names()) names.insert(std::move(name));
    }
    if (node.op == Op::size) {
      for (std::string& name : std::get<Extent>(node.attributes).dim.names()) names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

Sheet::Sheet(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
             const Options& options)
    : graph_(graph),
      subject_(subject),
      wanted_(wanted.begin(), wanted.end()),
      options_(options),
      names_(all_names(graph, subject)),
      reader_(graph, names_, is_per_sample(graph, roots_of(subject, wanted))),
      recurrences_(
          graph, names_, reader_, [this](Page& page, Value value) { define(page, value); },
          file_of(graph, subject)) {
  std::vector<Value> roots;
  for (const Wanted& w : wanted_) roots.push_back(written_from(subject, w, options));
  recurrences_.survey(roots, subject.loss.value);
  std::vector<Value> all = roots;
  all.push_back(subject.loss.value);
  for (const Definition& definition : subject.definitions) all.push_back(definition.value);
  if (options.steps) {
    for (const auto& [value, adjoint] : subject.derivation.adjoints) {
      if (adjoint.valid()) all.push_back(adjoint);
    }
  }
  name_definitions(all);
  name_leaves(all);
  name_draws(roots);
  reader_.set_adjoints(adjoints());
  if (options.steps) roots.push_back(subject.loss.value);
  name_auxiliaries(roots, options_.inline_definitions);
}

Value written_from(const Subject& subject, const Wanted& wanted, const Options& options) {
  if (!options.raw) return wanted.gradient;
  auto found = subject.derivation.adjoints.find(wanted.variable);
  return found == subject.derivation.adjoints.end() ? wanted.gradient : found->second;
}

Expr Sheet::derivative_by(const std::string& name) const {
  return derivative(name_of(subject_.loss.name), name_of(name));
}

// A definition's value, and what it was rewritten into, which bears its name.
void Sheet::name_definitions(std::span<const Value> roots) {
  const auto give = [&](Value value, const std::string& name, int rank) {
    if (is_constant(graph_, value) || is_leaf(graph_[value].op)) return;
    if (reader_.is_named(value)) return;
    if (options_.inline_definitions) {
      reader_.give_rank(value, rank);
    } else {
      reader_.give_name(value, name_of(name), rank);
    }
  };
  std::map<std::string, int> numbers;
  int number = 0;
  for (const Definition& definition : subject_.definitions) {
    numbers.emplace(definition.name, number++);
    give(definition.value, definition.name, numbers[definition.name]);
  }
  // The walk begins at the loss, by its name; one that is an input or a parameter keeps its own.
  // Gradients that it stands in, as exp(−x²) does in its own, have it by name where that is shorter
  // than ‖x‖ or the like.
  constexpr int longest_written_out = 4;
  const Value loss = subject_.loss.value;
  const bool is_input = is_leaf(graph_[loss].op) && !is_constant(graph_, loss);
  const auto is_long = [&] {
    Lengths lengths(graph_, [this](Value value) { return reader_.is_named(value); });
    return !options_.inline_definitions && lengths.of(loss) > longest_written_out;
  };
  if (!is_input && !is_constant(graph_, loss) && !reader_.is_named(loss) &&
      (options_.steps || is_long())) {
    reader_.give_name(loss, name_of(subject_.loss.name), number);
    if (!options_.steps) give(subject_.simplified, subject_.loss.name, number);
  }
  for (Value value : reachable(graph_, roots)) {
    auto found = numbers.find(std::string(graph_.name(value)));
    if (found != numbers.end()) give(value, found->first, found->second);
  }
  if (!options_.raw && !options_.inline_definitions) name_without_unit_axes(numbers);
}

// A definition with axes of one entry, which what is computed does without: a mean that keeps its
// axis. The name is of both.
void Sheet::name_without_unit_axes(const std::map<std::string, int>& numbers) {
  std::vector<const Definition*> kept;
  std::vector<Value> values;
  for (const Definition& definition : subject_.definitions) {
    const Shape& shape = graph_.shape(definition.value);
    if (shape.size() != 2 || (shape[0] == Dim(1)) == (shape[1] == Dim(1))) continue;
    kept.push_back(&definition);
    values.push_back(definition.value);
  }
  values = simplify(graph_, values);
  for (size_t k = 0; k < values.size(); ++k) {
    const Node& node = graph_[values[k]];
    if (node.op != Op::view && node.op != Op::reshape) continue;
    const Value vector = node.operands[0];
    const bool is_plain = graph_.type(vector).rank() == 1 && !is_leaf(graph_[vector].op) &&
                          !reader_.is_named(vector) &&
                          unit_axes(graph_.shape(vector), node.type.shape);
    if (!is_plain) continue;
    const bool is_column = node.type.shape[1] == Dim(1);
    reader_.give_name(vector, name_of(kept[k]->name), numbers.at(kept[k]->name));
    if (is_column) reader_.stretches_along_rows(vector);
  }
}

// A leaf ranks with the first definition that uses it, so that the factors of a product come in the
// order of the chain rule: what is nearest to the loss first.
void Sheet::name_leaves(std::span<const Value> roots) {
  const int last = static_cast<int>(subject_.definitions.size());
  std::map<Value, int> ranks;
  for (int k = 0; k <= last; ++k) {
    const Value value = k < last ? subject_.definitions[k].value : subject_.loss.value;
    for (Value leaf : reachable(graph_, std::span(&value, 1))) {
      if (is_leaf(graph_[leaf].op)) ranks.emplace(leaf, k);
    }
  }
  for (Value value : with_bodies(graph_, roots)) {
    const Node& node = graph_[value];
    if (!is_leaf_with_name(node.op)) continue;
    const Expr name = name_of(std::get<Named>(node.attributes).name);
    ranks.emplace(value, last);
    reader_.give_name(value, name, node.op == Op::symbol ? -1 : ranks[value]);
  }
}

// What adjoints are as the derivatives use them, also without constants in front, and the
// definition by which they are the derivatives, if it is one.
std::map<Value, Reader::Adjoint> Sheet::adjoints() {
  std::vector<Value> of;
  std::vector<Value> values;
  for (const auto& [value, adjoint] : subject_.derivation.adjoints) {
    if (is_leaf(graph_[value].op)) continue;  // called ∂J/∂w
    of.push_back(value);
    values.push_back(adjoint);
  }
  if (!options_.raw) values = simplify(graph_, values);

  std::map<std::string, std::string> called;  // definitions by what they print as
  for (const Definition& definition : subject_.definitions) {
    called.emplace(text(names_[definition.name]), definition.name);
  }
  std::map<Value, Reader::Adjoint> named;
  // Definitions first; of the others, those nearest to the loss.
  for (bool with_name : {true, false}) {
    for (size_t k = of.size(); k-- > 0;) {
      const auto found =
          reader_.is_named(of[k]) ? called.find(text(reader_.name_of(of[k]))) : called.end();
      const bool has_name = found != called.end();
      if (has_name != with_name) continue;
      const std::string name = has_name ? found->second : "";
      for (Value value = values[k]; value.valid(); value = without_constant(graph_, value)) {
        const Front front = front_of(graph_, values[k], value);
        named.emplace(value, Reader::Adjoint{front.is_all ? name : "", front.scale});
      }
    }
  }
  return named;
}

// Random numbers are the same wherever they are used, so that they need a name.
void Sheet::name_draws(std::span<const Value> roots) {
  for (Value value : reachable(graph_, roots)) {
    if (graph_[value].op != Op::random || reader_.is_named(value)) continue;
    reader_.give_auxiliary_name(value);
    auxiliaries_.push_back(value);
  }
}

void Sheet::name_auxiliaries(std::span<const Value> roots, bool sparingly) {
  const auto is_named = [&](Value value) { return reader_.is_named(value); };
  const auto is_adjoint = [&](Value value) { return reader_.is_adjoint(value); };
  const std::vector<Value> all = name_results(roots);
  for (Value value : worth_a_name(graph_, all, is_named, is_adjoint, sparingly)) {
    if (graph_[value].op == Op::scan) continue;
    reader_.give_auxiliary_name(value);
    auxiliaries_.push_back(value);
  }
}

namespace {

// Results of scans that are more than sequences of other scans, whose rounds are written by
// themselves.
std::set<Value> results_as_wholes(const Graph& graph, std::span<const Value> roots,
                                  const Recurrences& recurrences) {
  std::set<Value> found(roots.begin(), roots.end());
  const std::set<Value> is_root = found;
  for (Value value : reachable(graph, roots)) {
    if (is_root.contains(value) && recurrences.is_sum_over_rounds(value)) continue;
    const Node& node = graph[value];
    const auto* scan = std::get_if<Scan>(&node.attributes);
    const size_t first = scan == nullptr ? 0 : scan->sequences.size();
    found.insert(node.operands.begin() + static_cast<long>(first), node.operands.end());
  }
  std::erase_if(found, [&](Value value) { return graph[value].op != Op::result; });
  return found;
}

}  // namespace

// Results of scans are not written within other formulas. The roots, and what such scans read.
std::vector<Value> Sheet::name_results(std::span<const Value> roots) {
  std::vector<Value> all(roots.begin(), roots.end());
  for (Value value : results_as_wholes(graph_, roots, recurrences_)) {
    if (reader_.is_named(value)) continue;
    const auto asked = std::find_if(wanted_.begin(), wanted_.end(), [&](const Wanted& w) {
      return written_from(subject_, w, options_) == value;
    });
    if (asked == wanted_.end()) {
      reader_.give_auxiliary_name(value);
    } else {
      reader_.give_name(value, derivative_by(asked->name), auxiliary_rank);
    }
    auxiliaries_.push_back(value);
    for (Value operand : graph_[graph_[value].operands[0]].operands) all.push_back(operand);
  }
  return all;
}

// Writes the equation of a value that has an auxiliary name, where it has none yet; and those of
// the auxiliary values that it is made of.
void Sheet::define(Page& page, Value value) {
  const bool is_auxiliary =
      std::find(auxiliaries_.begin(), auxiliaries_.end(), value) != auxiliaries_.end();
  if (!reader_.is_named(value)) {
    if (graph_[value].op != Op::result) add_auxiliaries_of(page, value);
    return;
  }
  for (Value made : reader_.take_new_auxiliaries()) auxiliaries_.push_back(made);
  const bool is_known = is_leaf(graph_[value].op) || reader_.rank(value) < auxiliary_rank;
  if (!is_auxiliary && is_known) return;
  if (written_.insert(value).second) add(page, reader_.name_of(value), value);
}

void Sheet::name_parts_of(Value value) { name_auxiliaries(std::span(&value, 1), false); }

void Sheet::hide_auxiliaries() {
  reader_.name_adjoints(false);
  // With all definitions written out they are there because formulas would be very long.
  if (options_.inline_definitions) return;
  for (Value value : auxiliaries_) {
    if (written_.count(value) > 0 || !reader_.is_named(value)) continue;
    if (graph_[value].op == Op::result) continue;
    hidden_.emplace(value, *reader_.take_name(value));
  }
}

void Sheet::show_auxiliaries() {
  for (const auto& [value, name] : hidden_) reader_.give_name(value, name, reader_.rank(value));
  hidden_.clear();
  reader_.name_adjoints(true);
}

void Sheet::add_auxiliaries_of(Page& page, Value value) {
  if (graph_[value].op == Op::result) return define(page, value);
  for (Value made : reader_.take_new_auxiliaries()) auxiliaries_.push_back(made);
  std::vector<Value> needed;
  for (Value other : read_by(graph_, value, [&](Value x) { return reader_.is_named(x); })) {
    if (std::find(auxiliaries_.begin(), auxiliaries_.end(), other) != auxiliaries_.end()) {
      needed.push_back(other);
    }
  }
  for (Value other : needed) {
    if (written_.insert(other).second) add(page, reader_.name_of(other), other);
  }
}

void Sheet::add(Page& page, const Expr& left, Value value) {
  if (graph_[value].op == Op::result && reader_.is_named(value) && left == reader_.name_of(value)) {
    return recurrences_.write(page, value, left);
  }
  if (graph_[value].op == Op::contract && recurrences_.is_sum_over_rounds(value)) {
    return page.push_back(recurrences_.sum_over_rounds(page, value, left));
  }
  Equation equation = reader_.equation(left, value);
  if (!options_.raw) {
    equation.right[0] = Factoring(reader_.named_tensors()).factored(collected(equation.right[0]));
  }
  add_auxiliaries_of(page, value);
  page.emplace_back(equation);
}

Page Sheet::equations() {
  Page page;
  for (const Wanted& w : wanted_) {
    const Value value = written_from(subject_, w, options_);
    if (reader_.is_named(value) &&
        std::find(auxiliaries_.begin(), auxiliaries_.end(), value) != auxiliaries_.end() &&
        written_.insert(value).second) {
      add(page, reader_.name_of(value), value);
    }
    const bool is_told = reader_.is_named(value) && reader_.name_of(value) == derivative_by(w.name);
    if (!is_told || written_.insert(value).second) add(page, derivative_by(w.name), value);
  }
  return page;
}

}  // namespace gradus::formula
