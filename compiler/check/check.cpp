#include "compiler/check/check.h"

#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/variables.h"

namespace gradus {
namespace checking {
namespace {

// The names that a statement defines, so that they can be poisoned where it is wrong.
struct Defined {
  std::vector<syntax::Name> operator()(const syntax::Const& x) const { return {x.name}; }
  std::vector<syntax::Name> operator()(const syntax::Input& x) const { return {x.name}; }
  std::vector<syntax::Name> operator()(const syntax::Param& x) const { return {x.name}; }
  std::vector<syntax::Name> operator()(const syntax::State& x) const { return {x.name}; }
  std::vector<syntax::Name> operator()(const syntax::Function& x) const { return {x.name}; }
  std::vector<syntax::Name> operator()(const syntax::Loss& x) const { return {x.name}; }
  std::vector<syntax::Name> operator()(const syntax::Metric& x) const { return {x.name}; }
  std::vector<syntax::Name> operator()(const syntax::Definition& x) const { return x.names; }
  template <typename Other>
  std::vector<syntax::Name> operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::optional<Program> Checker::run(const syntax::SyntaxTree& file,
                                    std::span<const syntax::SyntaxTree> prelude) {
  step_ = graph().leaf(Op::input, "step", {});
  prelude_.names["step"] = {Tensor{step_}};
  prelude_.names["epoch"] = {Tensor{graph().leaf(Op::input, "epoch", {})}};
  for (const syntax::SyntaxTree& tree : prelude) {
    for (const syntax::Statement& each : tree.statements) statement(each, prelude_);
  }
  file_.parent = &prelude_;
  file_variables_ = variables_in(file);
  file_.variables = &file_variables_;
  for (const syntax::Statement& each : file.statements) statement(each, file_);
  for (const syntax::Train* each : trains_) succeeds([&] { train(*each); });
  share_options();
  if (diagnostics_.any()) return std::nullopt;
  release_all();
  // What is not used outside of training may be used in it.
  if (options_.training || !depends_on_training_) warn_of_unused_parameters();
  program_.requirements = requirements_;
  return std::move(program_);
}

void Checker::fail(Diagnostic diagnostic) {
  diagnostic.called_from.assign(calls_.rbegin(), calls_.rend());
  // The same mistake of a function is reported once, where it was called first.
  diagnostics_.add(std::move(diagnostic));
  throw Reported{};
}

Thing* Checker::find(const std::string& name, Scope& scope) {
  const Span* until = nullptr;
  for (Scope* each = &scope; each != nullptr; each = each->parent) {
    const auto found = each->names.find(name);
    const auto place = each->places.find(name);
    const bool is_behind = until != nullptr && place != each->places.end() &&
                           place->second.file == until->file && place->second.begin > until->begin;
    if (found != each->names.end() && !is_behind) return &found->second;
    until = each->until;
  }
  return nullptr;
}

Diagnostic Checker::not_defined(Span at, const std::string& name, Scope& scope) {
  for (const Scope* each = &scope; each != nullptr; each = each->parent) {
    if (each->names.contains(name)) return errors::defined_behind(at, name, each->places.at(name));
  }
  return errors::undefined(at, name, near(name, &scope));
}

std::string Checker::near(const std::string& name, Scope* scope) {
  std::vector<std::string> names(dims_.begin(), dims_.end());
  for (; scope != nullptr; scope = scope->parent) {
    for (const auto& [known, thing] : scope->names) names.push_back(known);
  }
  for (const auto& [known, builtin] : builtins()) names.push_back(known);
  for (const std::string_view known : derivative_names()) names.emplace_back(known);
  for (const Map& row : maps()) {
    if (!row.spelling.empty()) names.emplace_back(row.spelling);
  }
  return std::string(closest(name, names));
}

void Checker::define(Scope& scope, const syntax::Name& name, const Thing& thing) {
  if (scope.again) {
    scope.names[name.text] = held(name, thing, scope);
    return;
  }
  auto before = scope.places.find(name.text);
  const auto carried = scope.carried.find(name.text);
  if (before != scope.places.end() && carried == scope.carried.end())
    fail(errors::defined_twice(name.span, name.text, before->second));
  if (&scope == &file_) {
    if (is_operator(name.text)) fail(errors::operator_redefined(name.span, name.text));
    if (prelude_.places.contains(name.text)) {
      diagnostics_.add(errors::shadows_prelude(name.span, name.text));
    }
  }
  const Thing* result = &thing;  // of a layer, which may be another layer's
  while (const auto* use = result->as<LayerUse>()) result = use->layer->result.get();
  Value value;
  if (const auto* tensor = result->as<Tensor>()) value = tensor->value;
  // What a round binds again later has no name of its own.
  const bool is_last = carried == scope.carried.end() || --carried->second == 0;
  if (value.valid() && is_last && (&scope == &file_ || scope.layer != nullptr)) {
    const std::string full = scope.prefix + name.text;
    graph().set_provenance(value, {full, name.span.file, name.span.begin, name.span.end});
    // What a round of a scan computes has no value outside.
    if (in_scans_ == 0) program_.definitions.push_back({full, value, name.span});
  }
  scope.places[name.text] = name.span;
  scope.names[name.text] = held(name, thing, scope);
}

void Checker::poison(const syntax::Name& name, Scope& scope) {
  scope.names.try_emplace(name.text, Thing{Poison{}});
  scope.places.try_emplace(name.text, name.span);
}

void Checker::statement(const syntax::Statement& statement, Scope& scope) {
  if (!std::holds_alternative<syntax::Derivative>(statement)) last_function_ = nullptr;
  if (succeeds([&] { std::visit([&](const auto& x) { declare(x, scope); }, statement); })) return;
  for (const syntax::Name& name : std::visit(Defined{}, statement)) poison(name, scope);
}

void Checker::local(const syntax::Local& local, Scope& scope) {
  std::visit([&](const auto& x) { declare(x, scope); }, local);
}

void Checker::warn_of_unused_parameters() {
  std::vector<Value> losses;
  for (const NamedValue& loss : program_.losses) losses.push_back(loss.value);
  if (losses.empty()) return;
  const std::vector<Value> needed = reachable(graph(), losses);
  for (const Parameter& parameter : program_.parameters) {
    if (!std::binary_search(needed.begin(), needed.end(), parameter.value)) {
      diagnostics_.add(errors::unused_parameter(parameter.span, parameter.name));
    }
  }
}

}  // namespace checking

Value Program::find(const std::string& name) const {
  for (const auto* list : {&losses, &metrics, &definitions}) {
    for (const NamedValue& each : *list) {
      if (each.name == name) return each.value;
    }
  }
  for (const Input& each : inputs) {
    if (each.name == name) return each.value;
  }
  for (const auto* list : {&parameters, &states}) {
    for (const Parameter& each : *list) {
      if (each.name == name) return each.value;
    }
  }
  return {};
}

std::optional<Program> check(const syntax::SyntaxTree& file,
                             std::span<const syntax::SyntaxTree> prelude,
                             const CheckOptions& options, Diagnostics& diagnostics) {
  std::vector<Requirement> requirements;
  while (true) {
    Diagnostics found = diagnostics;
    try {
      auto program = checking::Checker(options, requirements, found).run(file, prelude);
      diagnostics = std::move(found);
      return program;
    } catch (const checking::Restart&) {
      continue;  // each dimension is required once, so this ends
    }
  }
}

}  // namespace gradus
