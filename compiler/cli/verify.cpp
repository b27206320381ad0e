#include "compiler/cli/verify.h"

#include <cmath>
#include <utility>

#include "compiler/certificate/rounds.h"
#include "compiler/certificate/samples.h"
#include "compiler/formula/sheet.h"
#include "compiler/gradient/overridden.h"
#include "compiler/graph/rewrite.h"

namespace gradus::cli {
namespace {

certificate::Quantity quantity(const Array& array) {
  certificate::Tensor tensor{array.shape, array.entries};
  tensor.is_boolean = array.element == Element::boolean;
  return tensor;
}

}  // namespace

Verification::Verification(Model& model, Value loss, const formula::Subject& about,
                           const Gradients& gradients)
    : model_(model),
      overridden_(overridden(model.graph, loss)),
      about_(about),
      variables_(gradients.variables) {
  const std::vector<std::string> all = formula::all_names(model.graph, about);
  const formula::Names names(all);
  for (const std::string& name : all) printed_.emplace(name, text(names[name]));
}

// The loss, and what formulas may name.
std::vector<Value> Verification::roots() const {
  std::vector<Value> roots = {about_.loss.value};
  for (const Definition& each : about_.definitions) roots.push_back(each.value);
  for (const Definition& each : variables_) roots.push_back(each.value);
  return roots;
}

bool Verification::find_sample() {
  DimBindings fixed;
  for (const Requirement& each : model_.requirements) fixed[each.dimension] = each.number;
  std::vector<Dim> least;
  for (const Condition& each : model_.conditions) least.push_back(each.least);
  const std::vector<Value> all = roots();
  const auto sizes = certificate::sizes(model_.graph, all, fixed, least);
  if (!sizes) return false;
  dims_ = *sizes;
  for (int kind = 0; kind < certificate::kinds; ++kind) {
    leaves_ = certificate::leaves(model_.graph, all, dims_, kind);
    const Array loss = interpret(model_.graph, about_.loss.value, leaves_, dims_);
    if (std::isfinite(loss.entries[0])) return true;
  }
  return false;
}

certificate::Given Verification::given() {
  certificate::Given given;
  const auto add = [&](const std::string& name, certificate::Quantity value) {
    const auto printed = printed_.find(name);
    if (printed != printed_.end()) given.values.insert_or_assign(printed->second, std::move(value));
  };
  for (const Constant& each : model_.constants) add(each.name, each.value);
  for (const auto& [name, number] : dims_) add(name, static_cast<double>(number));
  for (const auto& [name, array] : leaves_) add(name, quantity(array));
  std::vector<Value> values = {about_.loss.value};
  for (const Definition& each : about_.definitions) values.push_back(each.value);
  const std::vector<Array> arrays = interpret(model_.graph, values, leaves_, dims_);
  for (size_t k = 0; k < about_.definitions.size(); ++k) {
    add(about_.definitions[k].name, quantity(arrays[k + 1]));
  }
  add(about_.loss.name, quantity(arrays[0]));
  const std::vector<Value> all = roots();
  const auto add_axis = [&](const std::string& name, Value value) {
    const int axis = certificate::round_axis(model_.graph, all, value);
    const auto printed = printed_.find(name);
    if (axis >= 0 && printed != printed_.end()) given.round_axes[printed->second] = axis;
  };
  for (const Definition& each : about_.definitions) add_axis(each.name, each.value);
  for (const Input& each : model_.inputs) add_axis(each.name, each.value);
  for (const Parameter& each : model_.parameters) add_axis(each.name, each.value);
  certificate::add_rounds(model_.graph, all, round_names_, leaves_, dims_, given);
  return given;
}

certificate::Wanted Verification::wanted(const Definition& variable) {
  certificate::Wanted wanted;
  wanted.name = variable.name;
  wanted.printed = "∂" + printed_.at(about_.loss.name) + "/∂" + printed_.at(variable.name);
  Array at = interpret(model_.graph, variable.value, leaves_, dims_);
  wanted.at = at.entries;
  wanted.shape = at.shape;
  wanted.is_overridden = overridden_.contains(variable.value);
  // A definition that is differentiated by is one of its own.
  const std::string leaf = "verified:" + variable.name;
  const Value own = model_.graph.leaf(Op::input, leaf, model_.graph.type(variable.value));
  const Value loss =
      substitute(model_.graph, std::span(&about_.loss.value, 1), {{variable.value, own}})[0];
  wanted.loss = [this, loss, leaf, at](std::span<const double> entries) mutable {
    at.entries.assign(entries.begin(), entries.end());
    Bindings leaves = leaves_;
    leaves[leaf] = at;
    return interpret(model_.graph, loss, leaves, dims_).entries[0];
  };
  return wanted;
}

std::optional<std::vector<certificate::Verdict>> Verification::operator()(const std::string& text) {
  if (!find_sample()) return std::nullopt;
  std::vector<certificate::Wanted> all;
  for (const Definition& each : variables_) all.push_back(wanted(each));
  return certificate::verdicts(text, given(), all);
}

}  // namespace gradus::cli
