#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/check/imports.h"

// What other files give to a file that imports them: functions, layers and optimizers.
namespace gradus::checking {

// The scope of an imported file: its functions, layers, optimizers and constants, and those that it
// imports itself. What else stands in it is not looked at, so that a model file can be imported.
Scope& Checker::module_of(const syntax::SyntaxTree& tree) {
  if (const auto known = modules_.find(&tree); known != modules_.end()) return *known->second;
  Scope& scope = *modules_.emplace(&tree, std::make_unique<Scope>()).first->second;
  scope.parent = &prelude_;
  scope.module = options_.imports->name(tree);
  for (const syntax::Statement& each : tree.statements) {
    const bool is_given = std::holds_alternative<syntax::Function>(each) ||
                          std::holds_alternative<syntax::Derivative>(each) ||
                          std::holds_alternative<syntax::Optimizer>(each) ||
                          std::holds_alternative<syntax::Const>(each) ||
                          std::holds_alternative<syntax::Import>(each);
    if (is_given) {
      statement(each, scope);
    } else {
      last_function_ = nullptr;
    }
  }
  return scope;
}

void Checker::declare(const syntax::Import& x, Scope& scope) {
  if (options_.imports == nullptr) fail(errors::import_unreadable(x.path_span, x.path));
  const syntax::SyntaxTree* found = options_.imports->find(x.path_span);
  if (found == nullptr) throw Reported{};
  Scope& module = module_of(*found);
  for (const syntax::Statement& each : found->statements) {
    if (const auto* function = std::get_if<syntax::Function>(&each)) {
      const syntax::Name name = {function->name.text, x.path_span};
      const auto before = scope.places.find(name.text);
      if (before != scope.places.end()) {
        fail(errors::import_clash(x.path_span, name.text, before->second));
      }
      define(scope, name, module.names.at(name.text));
    } else if (const auto* optimizer = std::get_if<syntax::Optimizer>(&each)) {
      import_optimizer(*optimizer, module, scope, x.path_span);
    }
  }
}

void Checker::import_optimizer(const syntax::Optimizer& optimizer, Scope& module, Scope& scope,
                               Span at) {
  if (&scope != &file_) return;  // only the model file trains
  const std::string& name = optimizer.name.text;
  const auto known = optimizers_.find(name);
  if (known != optimizers_.end() && known->second.scope != &prelude_) {
    fail(errors::import_clash(at, name, known->second.optimizer->name.span));
  }
  if (known != optimizers_.end()) diagnostics_.add(errors::shadows_prelude(at, name));
  optimizers_[name] = {&optimizer, &module};
}

}  // namespace gradus::checking
