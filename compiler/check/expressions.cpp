#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <ranges>

#include "compiler/check/checker.h"
#include "compiler/check/spelling.h"

namespace gradus::checking {
namespace {

constexpr Op operator_of(syntax::BinaryOp op) {
  switch (op) {
    case syntax::BinaryOp::add:
      return Op::add;
    case syntax::BinaryOp::subtract:
      return Op::sub;
    case syntax::BinaryOp::multiply:
    case syntax::BinaryOp::matmul:
      return Op::mul;
    case syntax::BinaryOp::divide:
      return Op::div;
    case syntax::BinaryOp::power:
      return Op::pow;
    case syntax::BinaryOp::less:
      return Op::lt;
    case syntax::BinaryOp::less_equal:
      return Op::le;
    case syntax::BinaryOp::greater:
      return Op::gt;
    case syntax::BinaryOp::greater_equal:
      return Op::ge;
    case syntax::BinaryOp::equal:
      return Op::eq;
    case syntax::BinaryOp::not_equal:
      return Op::ne;
    case syntax::BinaryOp::logical_and:
      return Op::logical_and;
    case syntax::BinaryOp::logical_or:
      return Op::logical_or;
  }
  return Op::add;
}

std::string_view noun(Op op) {
  switch (op) {
    case Op::add:
      return "sum";
    case Op::sub:
      return "difference";
    case Op::mul:
      return "product";
    case Op::div:
      return "quotient";
    case Op::pow:
      return "power";
    default:
      return is_map(op) && map_of(op).result == Result::boolean ? "comparison" : name(op);
  }
}

bool is_comparison(Op op) { return op >= Op::lt && op <= Op::ne; }
bool is_logic(Op op) { return op == Op::logical_and || op == Op::logical_or; }

}  // namespace

Thing Checker::evaluate(const syntax::Expr& expr, Scope& scope, const std::string& name) {
  const Span at = expr.span;
  if (equation_ != nullptr && !depends_on_indices(expr)) return without_indices(expr);
  return std::visit(syntax::Overloaded{
                        [&](const syntax::Number& x) -> Thing { return {known(x.value)}; },
                        [&](const syntax::Text& x) -> Thing { return {Text{x.value}}; },
                        [&](const syntax::Truth& x) -> Thing { return {Truth{x.value}}; },
                        [&](const syntax::Use& x) { return reference(x.name, scope, at); },
                        [&](const syntax::Unary& x) { return unary(x, scope, at); },
                        [&](const syntax::Binary& x) { return binary(x, scope, at); },
                        [&](const syntax::If& x) { return branch(x, scope, at, name); },
                        [&](const syntax::Call& x) { return call(x, scope, at, name); },
                        [&](const syntax::Subscript& x) {
                          return equation_ != nullptr ? entry(x) : access(x, scope, at);
                        },
                        [&](const syntax::Member& x) { return member(x, scope); },
                        [&](const syntax::List& x) -> Thing {
                          Items list;
                          for (const auto& each : x.entries)
                            list.entries.push_back(part(*each, scope));
                          return {std::move(list)};
                        },
                        [&](const syntax::Reduction&) { return reduction(expr, scope); },
                        [&](const syntax::Scan& x) { return scan(x, scope, name); },
                        [&](const syntax::Repeat& x) { return repeat(x, scope, name); },
                    },
                    expr.what);
}

Thing Checker::part(const syntax::Expr& expr, Scope& scope, const std::string& name) {
  Thing made;
  if (succeeds([&] { made = evaluate(expr, scope, name); })) return made;
  if (hopeless_) throw Reported{};
  return {Poison{}};
}

Thing Checker::reference(const std::string& name, Scope& scope, Span at) {
  if (const int* index = index_in_sight(name)) return index_value(*index);
  if (Thing* found = find(name, scope)) {
    if (const auto* tensor = found->as<Tensor>()) used_.insert(tensor->value);
    return *found;
  }
  if (const auto layer = file_.layers.find(name); layer != file_.layers.end()) {
    return layer->second;
  }
  if (name == "pi") {
    return {Known{graph().symbol("pi", std::numbers::pi), std::numbers::pi, std::nullopt}};
  }
  if (name == "inf") return {known(std::numeric_limits<double>::infinity())};
  if (name == "training") {
    depends_on_training_ = true;
    return {Truth{options_.training}};
  }
  if (is_operator(name)) return {Callable{nullptr, nullptr, name}};
  if (dims_.contains(name)) return {known(Dim::named(name))};
  fail_undefined(at, name, scope);
}

Thing Checker::member(const syntax::Member& x, Scope& scope) {
  const auto* subscript = std::get_if<syntax::Subscript>(&x.of->what);
  const Layer* layer = subscript == nullptr ? nullptr : round_of(*subscript, scope);
  if (layer == nullptr) {
    const Thing base = evaluate(*x.of, scope);
    if (base.as<Poison>() != nullptr) throw Reported{};
    const auto* use = base.as<LayerUse>();
    if (use == nullptr) no_such_part(x, base, scope);
    return parameter(*use->layer, x.name);
  }
  return parameter(*layer, x.name);
}

// `x.T`, `x.shape`, `x.mean`: what is not a layer has no parts, but there is another way to say it.
void Checker::no_such_part(const syntax::Member& x, const Thing& base, Scope& scope) {
  const std::string of = name_of(*x.of);
  const std::string& part = x.name.text;
  std::string help;
  if (part == "T") {
    help = fmt::format("a transpose is written `{}'`", of);
  } else if (is_operator(part) || find(part, scope) != nullptr) {
    help = fmt::format("a function stands before what it is applied to: `{}({})`", part, of);
  } else {
    help = foreign_name(part);
  }
  const bool is_function = base.as<Callable>() != nullptr;
  fail(errors::no_such_part(x.name.span, of, is_function ? "a function" : "no layer", part, help));
}

Thing Checker::parameter(const Layer& layer, const syntax::Name& name) {
  const auto found = layer.parameters.find(name.text);
  if (found != layer.parameters.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, thing] : layer.parameters) names.push_back(known);
  std::string near(closest(name.text, names));
  if (!layer.rounds.empty()) {
    near = fmt::format("{}[{}].{}", layer.name, layer.rounds.begin()->first, name.text);
  }
  fail(errors::no_such_parameter(name.span, layer.name, name.text, near));
}

Thing Checker::negative(const Thing& operand, Span at) {
  const auto* scalar = operand.as<Known>();
  if (scalar == nullptr) return applied(Op::neg, {operand}, {at}, at, "negative");
  if (graph()[scalar->node].op == Op::constant) return {known(-*scalar->number)};
  Known made{graph().map(Op::neg, {scalar->node}), std::nullopt, std::nullopt};
  if (scalar->number) made.number = -*scalar->number;
  if (scalar->extent) made.extent = Dim(0) - *scalar->extent;
  return {made};
}

Thing Checker::transposed(const Thing& operand, Span at) {
  const Value matrix = value(operand, at);
  const int rank = graph().type(matrix).rank();
  if (rank < 2) fail(errors::not_a_matrix(at, "a transpose", graph().shape(matrix)));
  std::vector<int> permutation;
  for (int k = 0; k < rank; ++k) permutation.push_back(k);
  std::swap(permutation[rank - 1], permutation[rank - 2]);
  return {Tensor{graph().transpose(matrix, permutation)}};
}

// A truth that is known when the model runs.
Thing Checker::condition(const Thing& thing, Span at) {
  const Entry* entry = entry_of(thing);
  const Type& type = graph().type(entry != nullptr ? entry->of : value(thing, at));
  if (type.element == Element::boolean) return thing;
  fail(errors::not_a_condition(at, entry != nullptr ? Type{type.element, {}, type.bound} : type));
}

Thing Checker::unary(const syntax::Unary& x, Scope& scope, Span at) {
  const Thing operand = evaluate(*x.operand, scope);
  switch (x.op) {
    case syntax::UnaryOp::negate:
      return negative(operand, at);
    case syntax::UnaryOp::transpose:
      return transposed(operand, at);
    case syntax::UnaryOp::logical_not:
      if (const auto* known = operand.as<Truth>()) return {Truth{!known->value}};
      return applied(Op::logical_not, {condition(operand, x.operand->span)}, {at}, at, "negation");
  }
  return {Poison{}};
}

Thing Checker::binary(const syntax::Binary& x, Scope& scope, Span at) {
  const Thing left = part(*x.left, scope);
  const Thing right = part(*x.right, scope);
  if (left.as<Poison>() != nullptr || right.as<Poison>() != nullptr) throw Reported{};
  const Op op = operator_of(x.op);
  if (x.op == syntax::BinaryOp::matmul) {
    const Value a = real(left, x.left->span);
    const Value b = real(right, x.right->span);
    return {Tensor{matmul(operand(a, x.left->span), operand(b, x.right->span), a, b, x.op_span)}};
  }
  const auto* m = left.as<Known>();
  const auto* n = right.as<Known>();
  if (m != nullptr && n != nullptr && !is_logic(op)) return of_known(op, *m, *n);
  const auto* p = left.as<Truth>();
  const auto* q = right.as<Truth>();
  if (p != nullptr && q != nullptr) {
    if (op == Op::logical_and) return {Truth{p->value && q->value}};
    if (op == Op::logical_or) return {Truth{p->value || q->value}};
    if (op == Op::eq || op == Op::ne) return {Truth{(p->value == q->value) == (op == Op::eq)}};
  }
  (void)at;
  if (is_logic(op)) {
    condition(left, x.left->span);
    condition(right, x.right->span);
  }
  return applied(op, {left, right}, {x.left->span, x.right->span}, x.op_span, noun(op));
}

// Numbers that are known are folded; what has a name keeps it, so that formulas can print it.
Thing Checker::of_known(Op op, const Known& left, const Known& right) {
  const bool numbers = left.number && right.number;
  if (is_comparison(op)) {
    if (numbers) return {Truth{map_of(op).value(*left.number, *right.number, 0) != 0}};
    if (left.extent && left.extent == right.extent) {
      return {Truth{op == Op::eq || op == Op::le || op == Op::ge}};
    }
    return {Tensor{graph().map(op, {left.node, right.node})}};
  }
  Known made;
  if (numbers) made = known(map_of(op).value(*left.number, *right.number, 0));
  if (left.extent && right.extent) {
    if (op == Op::add) made.extent = *left.extent + *right.extent;
    if (op == Op::sub) made.extent = *left.extent - *right.extent;
    if (op == Op::mul) made.extent = *left.extent * *right.extent;
    if (op == Op::div && *right.extent != Dim(0)) {
      if (auto quotient = left.extent->divided_by(*right.extent)) made.extent = quotient;
    }
  }
  const bool literals =
      graph()[left.node].op == Op::constant && graph()[right.node].op == Op::constant;
  if (!literals) {
    const bool named = made.extent && !made.extent->number();
    made.node = named ? graph().size(*made.extent) : graph().map(op, {left.node, right.node});
  }
  return {made};
}

// A definition that fits to the left of `right`, the last one before the place; empty if none does.
std::string Checker::other_factor(size_t rank, const Dim& inner, Value right) {
  const Provenance* named = graph().provenance(right);
  if (!calls_.empty() || named == nullptr) return {};
  for (const NamedValue& each : std::views::reverse(program_.definitions)) {
    const Shape& shape = graph().shape(each.value);
    if (shape.size() != rank || shape.back() != inner) continue;
    return fmt::format("`{}` has shape {}; did you mean `{} @ {}`?", each.name, text(shape),
                       each.name, named->name);
  }
  return {};
}

Value Checker::matmul(const errors::Operand& left, const errors::Operand& right, Value a, Value b,
                      Span at) {
  const Shape& s = left.shape;
  const Shape& t = right.shape;
  if (s.empty() || t.empty()) fail(errors::matmul_mismatch(at, left, right, ""));
  const bool row = s.size() == 1;     // a vector on the left
  const bool column = t.size() == 1;  // a vector on the right
  const Dim& inner = column ? t[0] : t[t.size() - 2];
  if (!agree(s.back(), inner, at)) {
    std::string help;
    if (t.size() >= 2 && t.back() == s.back())
      help = "did you mean to transpose the right side, `'`?";
    if (s.size() >= 2 && s[s.size() - 2] == inner)
      help = "did you mean to transpose the left side, `'`?";
    if (help.empty()) help = other_factor(s.size(), inner, b);
    fail(errors::matmul_mismatch(at, left, right, help));
  }
  const errors::Operand batch_left{left.span, row ? Shape{} : Shape(s.begin(), s.end() - 2), {}};
  const errors::Operand batch_right{
      right.span, column ? Shape{} : Shape(t.begin(), t.end() - 2), {}};
  const Shape batch = broadcast_shape(batch_left, batch_right, at, "matrix product");

  Contraction contraction;
  contraction.extents = batch;
  const auto add_index = [&](const Dim& extent) {
    contraction.extents.push_back(extent);
    return static_cast<int>(contraction.extents.size()) - 1;
  };
  const int m = row ? -1 : add_index(s[s.size() - 2]);
  const int n = column ? -1 : add_index(t.back());
  contraction.free = static_cast<int>(contraction.extents.size());
  const int k = add_index(inner);
  const auto leading = [&](const Shape& own) {
    std::vector<Affine> accesses;
    const int lead = static_cast<int>(batch.size() - own.size());
    for (int i = 0; i < static_cast<int>(own.size()); ++i) {
      accesses.push_back(own[i] == batch[lead + i] ? Affine::axis(lead + i) : Affine::at(0));
    }
    return accesses;
  };
  std::vector<Affine> of_left = leading(batch_left.shape);
  std::vector<Affine> of_right = leading(batch_right.shape);
  if (!row) of_left.push_back(Affine::axis(m));
  of_left.push_back(Affine::axis(k));
  of_right.push_back(Affine::axis(k));
  if (!column) of_right.push_back(Affine::axis(n));
  contraction.accesses = {of_left, of_right};
  return graph().contract({a, b}, std::move(contraction));
}

Thing Checker::branch(const syntax::If& x, Scope& scope, Span at, const std::string& name) {
  const Thing condition = part(*x.condition, scope);
  if (const auto* known = condition.as<Truth>()) {
    return evaluate(known->value ? *x.yes : *x.no, scope, name);
  }
  const Thing yes = part(*x.yes, scope);
  const Thing no = part(*x.no, scope);
  for (const Thing* each : {&condition, &yes, &no}) {
    if (each->as<Poison>() != nullptr) throw Reported{};
  }
  return applied(Op::select, {this->condition(condition, x.condition->span), yes, no},
                 {x.condition->span, x.yes->span, x.no->span}, at, "branches");
}

}  // namespace gradus::checking
