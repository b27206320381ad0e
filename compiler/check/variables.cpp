#include "compiler/check/variables.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace gradus::checking {
namespace {

constexpr std::string_view derivatives[] = {"grad", "diff", "jacobian", "hessian", "jvp", "hvp"};

// Walks a tree and collects the variables of derivatives.
class Collect {
 public:
  std::set<std::string> names;

  void expr(const syntax::ExprPtr& expr) {
    if (expr) std::visit(*this, expr->what);
  }
  void block(const syntax::Block& block) {
    for (const auto& each : block.locals) local(each);
    for (const auto& each : block.results) expr(each);
    ranges(block.where);
  }
  void local(const syntax::Local& local) { std::visit(*this, local); }
  void ranges(const std::vector<syntax::Range>& ranges) {
    for (const auto& each : ranges) (expr(each.low), expr(each.high));
  }
  void function(const syntax::Function& function) {
    for (const auto& each : function.formals) expr(each.default_value);
    block(function.body);
  }

  void operator()(const syntax::Number&) {}
  void operator()(const syntax::Text&) {}
  void operator()(const syntax::Truth&) {}
  void operator()(const syntax::Use&) {}
  void operator()(const syntax::Unary& x) { expr(x.operand); }
  void operator()(const syntax::Binary& x) { (expr(x.left), expr(x.right)); }
  void operator()(const syntax::If& x) { (expr(x.condition), expr(x.yes), expr(x.no)); }
  void operator()(const syntax::Call& x) {
    const auto* callee = std::get_if<syntax::Use>(&x.function->what);
    if (callee != nullptr && is_derivative(callee->name) && x.arguments.size() > 1) {
      const auto* use = std::get_if<syntax::Use>(&x.arguments[1].value->what);
      if (use != nullptr) names.insert(use->name);
    }
    expr(x.function);
    for (const auto& each : x.arguments) expr(each.value);
  }
  void operator()(const syntax::Subscript& x) {
    expr(x.of);
    for (const auto& item : x.items) {
      if (const auto* index = std::get_if<syntax::ExprPtr>(&item.what)) expr(*index);
      if (const auto* slice = std::get_if<syntax::Slice>(&item.what)) {
        (expr(slice->low), expr(slice->high), expr(slice->step));
      }
    }
  }
  void operator()(const syntax::Member& x) { expr(x.of); }
  void operator()(const syntax::Reduction& x) { expr(x.body); }
  void operator()(const syntax::List& x) {
    for (const auto& each : x.entries) expr(each);
  }
  void operator()(const syntax::Scan& x) {
    for (const auto& each : x.walks) (expr(each.sequence), expr(each.axis));
    for (const auto& each : x.carries) expr(each.start);
    block(x.body);
  }
  void operator()(const syntax::Repeat& x) {
    (expr(x.rounds.low), expr(x.rounds.high));
    for (const auto& each : x.carries) expr(each.start);
    for (const auto& each : x.steps) local(each);
  }

  void operator()(const syntax::Param& x) { expr(x.value); }
  void operator()(const syntax::State& x) { expr(x.value); }
  void operator()(const syntax::Definition& x) { (expr(x.value), ranges(x.where)); }
  void operator()(const syntax::Assignment& x) { expr(x.value); }
  void operator()(const syntax::Function& x) { function(x); }
  void operator()(const syntax::Derivative& x) { block(x.body); }
  void operator()(const syntax::Loss& x) { (expr(x.value), ranges(x.where)); }
  void operator()(const syntax::Metric& x) { (expr(x.value), ranges(x.where)); }
  // No derivative stands in the other statements.
  template <typename Other>
  void operator()(const Other&) {}
};

}  // namespace

std::set<std::string> variables_in(const syntax::Function& function) {
  Collect collect;
  collect.function(function);
  return std::move(collect.names);
}

std::set<std::string> variables_in(const syntax::SyntaxTree& file) {
  Collect collect;
  for (const syntax::Statement& each : file.statements) std::visit(collect, each);
  return std::move(collect.names);
}

std::span<const std::string_view> derivative_names() { return derivatives; }

bool is_derivative(const std::string& name) {
  return std::find(std::begin(derivatives), std::end(derivatives), name) != std::end(derivatives);
}

}  // namespace gradus::checking
