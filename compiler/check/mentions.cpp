#include "compiler/check/mentions.h"

namespace gradus::checking {
namespace {

using Visit = std::function<void(const syntax::Expr&)>;

void each_part(const std::vector<syntax::Local>& locals, const Visit& visit) {
  for (const syntax::Local& local : locals) {
    std::visit([&](const auto& each) { visit(*each.value); }, local);
  }
}

void each_part(const syntax::Item& item, const Visit& visit) {
  const auto maybe = [&](const syntax::ExprPtr& expr) {
    if (expr) visit(*expr);
  };
  std::visit(syntax::Overloaded{
                 [&](const syntax::ExprPtr& expr) { maybe(expr); },
                 [&](const syntax::Slice& slice) {
                   maybe(slice.low);
                   maybe(slice.high);
                   maybe(slice.step);
                 },
                 [](const syntax::NewAxis&) {},
                 [](const syntax::Rest&) {},
             },
             item.what);
}

void each_part(const syntax::Scan& scan, const Visit& visit) {
  for (const syntax::Walk& walk : scan.walks) visit(*walk.sequence);
  for (const syntax::Carry& carry : scan.carries) visit(*carry.start);
  each_part(scan.body.locals, visit);
  for (const auto& result : scan.body.results) visit(*result);
}

void each_part(const syntax::Repeat& repeat, const Visit& visit) {
  visit(*repeat.rounds.low);
  visit(*repeat.rounds.high);
  for (const syntax::Carry& carry : repeat.carries) visit(*carry.start);
  each_part(repeat.steps, visit);
}

}  // namespace

void each_part(const syntax::Expr& expr, const Visit& visit) {
  std::visit(syntax::Overloaded{
                 [](const syntax::Number&) {},
                 [](const syntax::Text&) {},
                 [](const syntax::Truth&) {},
                 [](const syntax::Use&) {},
                 [&](const syntax::Unary& x) { visit(*x.operand); },
                 [&](const syntax::Binary& x) {
                   visit(*x.left);
                   visit(*x.right);
                 },
                 [&](const syntax::If& x) {
                   visit(*x.condition);
                   visit(*x.yes);
                   visit(*x.no);
                 },
                 [&](const syntax::Call& x) {
                   visit(*x.function);
                   for (const syntax::Argument& each : x.arguments) visit(*each.value);
                 },
                 [&](const syntax::Subscript& x) {
                   visit(*x.of);
                   for (const syntax::Item& item : x.items) each_part(item, visit);
                 },
                 [&](const syntax::Member& x) { visit(*x.of); },
                 [&](const syntax::Reduction& x) { visit(*x.body); },
                 [&](const syntax::List& x) {
                   for (const auto& entry : x.entries) visit(*entry);
                 },
                 [&](const syntax::Scan& x) { each_part(x, visit); },
                 [&](const syntax::Repeat& x) { each_part(x, visit); },
             },
             expr.what);
}

bool mentions(const syntax::Expr& expr, const std::function<bool(const std::string&)>& wanted) {
  if (std::holds_alternative<syntax::Reduction>(expr.what)) return true;
  if (const auto* use = std::get_if<syntax::Use>(&expr.what)) return wanted(use->name);
  bool found = false;
  each_part(expr, [&](const syntax::Expr& part) { found = found || mentions(part, wanted); });
  return found;
}

}  // namespace gradus::checking
