#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "compiler/check/checker.h"

namespace gradus::checking {
namespace {

const std::vector<std::string>& initialiser_names() {
  static const std::vector<std::string> names = {"normal",         "uniform",   "glorot_normal",
                                                 "glorot_uniform", "he_normal", "he_uniform",
                                                 "orthogonal"};
  return names;
}

}  // namespace

void Checker::declare(const syntax::Const& x, Scope& scope) {
  const Thing thing = evaluate(*x.value, scope);
  double number = constant(thing, x.value->span);
  for (const std::string& set : options_.set) {
    if (&scope == &file_ && set.starts_with(x.name.text + "=")) {
      number = std::strtod(set.c_str() + x.name.text.size() + 1, nullptr);
    }
  }
  Known made = known(number);
  // Another file's constant of the same name is another one.
  const std::string prefix = scope.module.empty() ? "" : scope.module + ".";
  made.node = graph().symbol(prefix + x.name.text, number);
  if (&scope == &file_) program_.constants.push_back({x.name.text, number, x.name.span});
  define(scope, x.name, {made});
  scope.names[x.name.text] = {made};  // no derivative is by a constant
}

// At top level a name that nothing has is a dimension that the data bind; one that they must bind
// to a certain number is that number from the start.
void Checker::declare_dimension(const syntax::Expr& size, Scope& scope) {
  const auto* use = std::get_if<syntax::Use>(&size.what);
  if (use == nullptr || &scope != &file_ || find(use->name, scope) != nullptr) return;
  if (const Requirement* required = requirement(use->name)) {
    Known made = known(static_cast<double>(required->number));
    made.node = graph().symbol(use->name, *made.number);
    scope.names[use->name] = {made};
  } else {
    dims_.insert(use->name);
  }
}

// The shape as it is written, with names for the dimensions that the data bind.
Shape Checker::declared(const Shape& shape, const std::optional<syntax::Type>& type) const {
  Shape named = shape;
  if (!type || !type->shape) return named;
  for (size_t k = 0; k < named.size(); ++k) {
    const auto* use = std::get_if<syntax::Use>(&(*type->shape)[k].size->what);
    if (use != nullptr && requirement(use->name) != nullptr) named[k] = Dim::named(use->name);
  }
  return named;
}

Type Checker::type_of(const std::optional<syntax::Type>& type, Scope& scope) {
  Type made;
  if (!type) return made;
  switch (type->element) {
    case syntax::Element::real:
      break;
    case syntax::Element::boolean:
      made.element = Element::boolean;
      break;
    case syntax::Element::index:
      made.element = Element::index;
      declare_dimension(*type->bound, scope);
      made.bound = extent(evaluate(*type->bound, scope), type->bound->span);
      break;
  }
  if (!type->shape) return made;
  for (const syntax::Dimension& dimension : *type->shape) {
    if (!dimension.size) fail(errors::open_shape(dimension.span));
    declare_dimension(*dimension.size, scope);
    made.shape.push_back(extent(evaluate(*dimension.size, scope), dimension.span));
  }
  check_size(made.shape, type->span);
  return made;
}

namespace {

void flatten(const Thing& thing, size_t depth, Shape& shape, std::vector<const Thing*>& entries) {
  const auto* list = thing.as<Items>();
  if (list == nullptr) {
    entries.push_back(&thing);
    return;
  }
  if (shape.size() == depth) shape.emplace_back(static_cast<int64_t>(list->entries.size()));
  for (const Thing& each : list->entries) flatten(each, depth + 1, shape, entries);
}

}  // namespace

void Checker::declare(const syntax::Input& x, Scope& scope) {
  Input made;
  made.name = x.name.text;
  made.span = x.name.span;
  Type type = type_of(x.type, scope);
  if (x.default_value) {
    const Thing value = evaluate(*x.default_value, scope);
    Literals literals;
    std::vector<const Thing*> entries;
    flatten(value, 0, literals.shape, entries);
    for (const Thing* each : entries) {
      const auto* truth = type.element == Element::boolean ? each->as<Truth>() : nullptr;
      const Span at = x.default_value->span;
      literals.values.push_back(truth != nullptr ? truth->value : constant(*each, at));
    }
    if (size_of(literals.shape) != Dim(static_cast<int64_t>(entries.size()))) {
      fail(errors::not_a_list(x.default_value->span, "a list whose rows are of one length"));
    }
    if (!x.type) type.shape = literals.shape;
    if (literals.shape.size() != type.shape.size()) {
      fail(errors::argument_rank({x.default_value->span, literals.shape, {}},
                                 "`" + x.name.text + "`", type.shape.size()));
    }
    made.default_value = std::move(literals);
  }
  for (size_t k = 0; k < type.shape.size(); ++k) {
    if (type.shape[k] == Dim::named("batch")) made.batch_axis = static_cast<int>(k);
  }
  claim(scope, x.name);
  made.value = graph().leaf(Op::input, made.name, type);
  made.declared = declared(type.shape, x.type);
  graph().set_provenance(made.value, {made.name, made.span.file, made.span.begin, made.span.end});
  program_.inputs.push_back(made);
  const Value value = made.value;
  scope.places[x.name.text] = x.name.span;
  scope.names[x.name.text] = {Tensor{value}};
}

Initialiser Checker::initialiser_of(const syntax::Expr& value, Scope& scope) {
  const auto* call = std::get_if<syntax::Call>(&value.what);
  const syntax::Expr& named = call == nullptr ? value : *call->function;
  const auto* use = std::get_if<syntax::Use>(&named.what);
  const auto& names = initialiser_names();
  if (use == nullptr || std::find(names.begin(), names.end(), use->name) == names.end()) {
    fail(errors::no_such_initialiser(
        named.span, use == nullptr ? std::string_view() : closest(use->name, names)));
  }
  Initialiser made;
  made.name = use->name;
  const size_t most = use->name == "normal" || use->name == "uniform" ? 2 : 0;
  if (call == nullptr) return made;
  if (call->arguments.size() > most) {
    fail(errors::too_many_arguments(value.span, use->name, most));
  }
  for (const syntax::Argument& each : call->arguments) {
    made.arguments.push_back(constant(evaluate(*each.value, scope), each.value->span));
  }
  return made;
}

void Checker::same_for_all_samples(const syntax::Name& name, const Shape& shape) {
  for (const Dim& extent : shape) {
    const std::vector<std::string> names = extent.names();
    if (std::find(names.begin(), names.end(), "batch") == names.end()) continue;
    fail(errors::batch_of_weights(name.span, name.text, shape));
  }
}

void Checker::declare(const syntax::Param& x, Scope& scope) {
  if (scope.again) {  // one that the first call did not use does not exist
    const auto known = scope.layer->parameters.find(x.name.text);
    scope.names[x.name.text] =
        known == scope.layer->parameters.end() ? Thing{Poison{}} : known->second;
    return;
  }
  if (&scope != &file_ && scope.layer == nullptr) fail(errors::param_in_function(x.span));
  may_own(scope, x.span);
  Parameter made;
  made.name = scope.prefix + x.name.text;
  made.span = x.name.span;
  Type type = type_of(x.type, scope);
  if (x.drawn) {
    if (!x.type) fail(errors::needs_shape(x.span, x.name.text));
    made.initialiser = initialiser_of(*x.value, scope);
  } else {
    const Value value = real(evaluate(*x.value, scope), x.value->span);
    if (!x.type) type.shape = graph().shape(value);
    made.initialiser.value =
        fitted(value, x.value->span, declared_as(x.name, type.shape), "initial value");
  }
  same_for_all_samples(x.name, type.shape);
  claim(scope, x.name);
  made.value = graph().leaf(Op::param, made.name, type);
  graph().set_provenance(made.value,
                         {made.name, x.name.span.file, x.name.span.begin, x.name.span.end});
  if (scope.layer != nullptr) scope.layer->parameters[x.name.text] = {Tensor{made.value}};
  const Value value = made.value;
  program_.parameters.push_back(std::move(made));
  scope.places[x.name.text] = x.name.span;
  scope.names[x.name.text] = {Tensor{value}};
}

void Checker::declare(const syntax::State& x, Scope& scope) {
  if (scope.again) {
    scope.names[x.name.text] = scope.layer->parameters.at(x.name.text);
    return;
  }
  Parameter made;
  made.name = scope.prefix + x.name.text;
  made.span = x.name.span;
  const Type type = type_of(x.type, scope);
  same_for_all_samples(x.name, type.shape);
  const Value value = real(evaluate(*x.value, scope), x.value->span);
  made.initialiser.value =
      fitted(value, x.value->span, declared_as(x.name, type.shape), "initial value");
  claim(scope, x.name);
  made.value = graph().leaf(Op::state, made.name, type);
  graph().set_provenance(made.value,
                         {made.name, x.name.span.file, x.name.span.begin, x.name.span.end});
  if (scope.layer != nullptr) scope.layer->parameters[x.name.text] = {Tensor{made.value}};
  scope.places[x.name.text] = x.name.span;
  scope.names[x.name.text] = {Tensor{made.value}};
  program_.states.push_back(std::move(made));
}

void Checker::declare(const syntax::Function& x, Scope& scope) {
  define(scope, x.name, {Callable{&x, &scope, ""}});
  last_function_ = &x;
}

void Checker::scalar(const syntax::Name& name, const syntax::Expr& value, Scope& scope,
                     std::vector<NamedValue>& list, std::string_view kind) {
  const Value made = real(evaluate(value, scope), value.span);
  if (!graph().shape(made).empty()) {
    fail(errors::not_scalar(value.span, kind, graph().shape(made)));
  }
  define(scope, name, {Tensor{made}});
  program_.definitions.pop_back();
  list.push_back({name.text, made, name.span});
}

void Checker::declare(const syntax::Loss& x, Scope& scope) {
  with_ranges(x.where, scope, [&] { scalar(x.name, *x.value, scope, program_.losses, "loss"); });
}

void Checker::declare(const syntax::Metric& x, Scope& scope) {
  with_ranges(x.where, scope, [&] { scalar(x.name, *x.value, scope, program_.metrics, "metric"); });
}

void Checker::declare(const syntax::Output& x, Scope& scope) {
  for (const syntax::Name& name : x.names) {
    Thing* found = find(name.text, scope);
    if (found == nullptr) fail_undefined(name.span, name.text, scope);
    program_.outputs.push_back({name.text, value(*found, name.span), name.span});
  }
}

void Checker::declare(const syntax::Optimizer& x, Scope& scope) {
  if (&scope != &file_ && &scope != &prelude_) return;  // the file that imports it takes it
  const auto known = optimizers_.find(x.name.text);
  if (known != optimizers_.end() && &scope != &prelude_) {
    if (known->second.scope != &prelude_) {
      const Span before = known->second.optimizer->name.span;
      fail(errors::defined_twice(x.name.span, x.name.text, before));
    }
    warn(errors::shadows_prelude(x.name.span, x.name.text));
  }
  optimizers_[x.name.text] = {&x, &scope};
}

void Checker::declare(const syntax::Precision& x, Scope&) {
  if (x.name.text != "f32" && x.name.text != "f64") fail(errors::no_such_precision(x.name.span));
  program_.precision = x.name.text == "f64" ? Precision::f64 : Precision::f32;
}

void Checker::declare(const syntax::Definition& x, Scope& scope) {
  Thing thing;
  with_ranges(x.where, scope, [&] {
    // With several results the name of a layer or a loop is the first.
    thing = x.indices.empty() ? evaluate(*x.value, scope, x.names[0].text) : equation(x, scope);
  });
  if (thing.as<Poison>() != nullptr) throw Reported{};
  if (x.names.size() == 1) {
    define(scope, x.names[0], thing);
    return;
  }
  const std::vector<Thing> values = taken_apart(thing);
  if (values.size() != x.names.size()) {
    fail(errors::count_mismatch(x.value->span, x.names.size(), values.size()));
  }
  for (size_t k = 0; k < values.size(); ++k) define(scope, x.names[k], values[k]);
}

void Checker::declare(const syntax::Assignment& x, Scope& scope) {
  Thing* found = find(x.name.text, scope);
  if (found == nullptr) fail_undefined(x.name.span, x.name.text, scope);
  const Value leaf = value(*found, x.name.span);
  if (graph()[leaf].op != Op::state) {
    const auto* number = std::get_if<syntax::Number>(&x.value->what);
    const bool adjacent = number != nullptr && x.arrow.end == x.value->span.begin;
    fail(errors::not_assignable(
        x.name.span, x.name.text,
        adjacent ? fmt::format("{} < -{:g}", x.name.text, number->value) : std::string()));
  }
  if (in_scans_ > 0) fail(errors::assigned_in_scan(x.arrow, x.name.text));
  const Value assigned = real(evaluate(*x.value, scope), x.value->span);
  const Value fits = fitted(assigned, x.value->span, operand(leaf, x.name.span), "assignment");
  if (!options_.training) return;
  for (Parameter& state : program_.states) {
    if (state.value == leaf) state.update = fits;
  }
}

}  // namespace gradus::checking
