#include "compiler/check/check.h"

#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/spelling.h"
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

template <typename Part>
std::optional<Span> defined_by(const std::vector<Part>& parts, const std::string& name) {
  for (const Part& part : parts) {
    for (const syntax::Name& each : std::visit(Defined{}, part)) {
      if (each.text == name) return each.span;
    }
  }
  return std::nullopt;
}

// Where a scope defines a name that it does not have yet.
std::optional<Span> further_down(const Scope& scope, const std::string& name) {
  if (scope.statements != nullptr) return defined_by(*scope.statements, name);
  if (scope.locals != nullptr) return defined_by(*scope.locals, name);
  return std::nullopt;
}

}  // namespace

std::optional<Program> Checker::run(const syntax::SyntaxTree& file,
                                    std::span<const syntax::SyntaxTree> prelude) {
  step_ = graph().leaf(Op::input, "step", {});
  prelude_.names["step"] = {Tensor{step_}};
  prelude_.names["epoch"] = {Tensor{graph().leaf(Op::input, "epoch", {})}};
  for (const syntax::SyntaxTree& tree : prelude) {
    prelude_files_.insert(tree.file);
    for (const syntax::Statement& each : tree.statements) statement(each, prelude_);
  }
  file_.parent = &prelude_;
  file_.statements = &file.statements;
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
  // The same mistake of a function is reported once, where it was called first.
  diagnostics_.add(placed(std::move(diagnostic)));
  throw Reported{};
}

// With the calls that the place was reached by. What goes wrong in the prelude is a mistake of the
// call that led there.
Diagnostic Checker::placed(Diagnostic diagnostic) const {
  auto call = calls_.rbegin();
  if (prelude_files_.contains(diagnostic.primary.span.file)) {
    call = std::find_if(call, calls_.rend(), [&](const Label& each) {
      return !prelude_files_.contains(each.span.file);
    });
    if (call != calls_.rend()) {
      if (diagnostic.primary.text.empty()) diagnostic.primary.text = "here";
      // How shapes would fit there is no advice to who can not write there.
      if (diagnostic.code.name.starts_with("E02")) diagnostic.help.clear();
      diagnostic.secondary.insert(diagnostic.secondary.begin(), std::move(diagnostic.primary));
      diagnostic.primary = *call++;
    }
  }
  diagnostic.called_from.assign(call, calls_.rend());
  return diagnostic;
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

void Checker::fail_undefined(Span at, const std::string& name, Scope& scope) {
  if (!undefined_.insert(name).second) throw Reported{};
  fail(not_defined(at, name, scope));
}

Diagnostic Checker::not_defined(Span at, const std::string& name, Scope& scope) {
  for (const Scope* each = &scope; each != nullptr; each = each->parent) {
    if (each->names.contains(name)) return errors::defined_behind(at, name, each->places.at(name));
  }
  const std::string letters = skeleton(name);
  for (const Scope* each = &scope; each != nullptr; each = each->parent) {
    if (const auto place = further_down(*each, name))
      return errors::defined_below(at, name, *place);
    for (const auto& [known, place] : each->places) {
      if (skeleton(known) == letters) return errors::looks_defined(at, name, known, place);
    }
  }
  // A name of the file comes before advice on other languages, and that before other operators.
  std::vector<std::string> own(dims_.begin(), dims_.end());
  for (const Scope* each = &scope; each != nullptr && each != &prelude_; each = each->parent) {
    for (const auto& [known, thing] : each->names) own.push_back(known);
  }
  const std::string_view nearest = closest(name, own);
  if (!nearest.empty() || !foreign_name(name).empty()) return errors::undefined(at, name, nearest);
  return errors::undefined(at, name, near(name, &scope));
}

std::string Checker::near(const std::string& name, Scope* scope) {
  std::vector<std::string> names(dims_.begin(), dims_.end());
  for (; scope != nullptr; scope = scope->parent) {
    for (const auto& [known, thing] : scope->names) names.push_back(known);
  }
  for (const char* word : {"true", "false", "pi", "inf", "training"}) names.emplace_back(word);
  for (const auto& [known, builtin] : builtins()) names.push_back(known);
  for (const std::string_view known : derivative_names()) names.emplace_back(known);
  for (const Map& row : maps()) {
    if (!row.spelling.empty()) names.emplace_back(row.spelling);
  }
  return std::string(closest(name, names));
}

// Fails where a name can not be defined here.
void Checker::claim(Scope& scope, const syntax::Name& name) {
  const auto before = scope.places.find(name.text);
  if (before != scope.places.end() && !scope.carried.contains(name.text)) {
    const auto* tensor = scope.names.at(name.text).as<Tensor>();
    const bool is_state = tensor != nullptr && graph()[tensor->value].op == Op::state;
    fail(is_state ? errors::assigned_by_equals(name.span, name.text, before->second)
                  : errors::defined_twice(name.span, name.text, before->second));
  }
  if (&scope != &file_) return;
  if (is_operator(name.text)) fail(errors::operator_redefined(name.span, name.text));
  if (prelude_.places.contains(name.text)) warn(errors::shadows_prelude(name.span, name.text));
}

void Checker::define(Scope& scope, const syntax::Name& name, const Thing& thing) {
  if (scope.again) {
    scope.names[name.text] = held(name, thing, scope);
    return;
  }
  claim(scope, name);
  const auto carried = scope.carried.find(name.text);
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
  // Also where it had a value: which of the two is meant is not known.
  scope.names[name.text] = Thing{Poison{}};
  scope.places.try_emplace(name.text, name.span);
}

void Checker::statement(const syntax::Statement& statement, Scope& scope) {
  if (!std::holds_alternative<syntax::Derivative>(statement)) last_function_ = nullptr;
  hopeless_ = false;
  if (succeeds([&] { std::visit([&](const auto& x) { declare(x, scope); }, statement); })) return;
  for (const syntax::Name& name : std::visit(Defined{}, statement)) poison(name, scope);
}

// The lines of a body. Whether they are right: one that is not leaves the others to be checked.
bool Checker::locals(const std::vector<syntax::Local>& all, Scope& scope) {
  scope.locals = &all;
  bool sound = true;
  for (const syntax::Local& each : all) {
    if (succeeds([&] { std::visit([&](const auto& x) { declare(x, scope); }, each); })) continue;
    if (hopeless_) throw Reported{};
    sound = false;
    for (const syntax::Name& name : std::visit(Defined{}, each)) poison(name, scope);
  }
  return sound;
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
