#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/variables.h"
#include "compiler/gradient/gradient.h"
#include "compiler/gradient/jacobian.h"
#include "compiler/gradient/samples.h"
#include "compiler/graph/rewrite.h"
#include "compiler/simplify/simplify.h"

// Derivatives in expressions. They are taken where they stand: the graph of what is differentiated
// is all there. Functions are recognised in their spelling first, so that the derivative is that of
// the stable function, and the derivative is simplified, so that derivatives of it are of no
// 0 · ∞ that has been cancelled.
namespace gradus::checking {
namespace {

// What a derivative is called with beside the value and the variable.
size_t arguments_of(const std::string& name) { return name == "jvp" || name == "hvp" ? 3 : 2; }

// The axis along which a variable's samples lie: `batch`, else the first; −1 for a scalar.
int sample_axis(const Shape& shape) {
  const auto batch = std::find(shape.begin(), shape.end(), Dim::named("batch"));
  if (batch != shape.end()) return static_cast<int>(batch - shape.begin());
  return shape.empty() ? -1 : 0;
}

bool is_scalar_only(const std::string& name) {
  return name == "grad" || name == "hessian" || name == "hvp";
}

}  // namespace

bool Checker::is_variable(const std::string& name, const Scope& scope) const {
  for (const Scope* each = &scope; each != nullptr; each = each->parent) {
    if (each->variables != nullptr) return each->variables->contains(name);
  }
  return false;
}

// A value that a derivative is taken by must not be rewritten together with what is made of it, nor
// be mistaken for an equal one, so until all is checked a leaf stands for it.
Thing Checker::held(const syntax::Name& name, const Thing& thing, const Scope& scope) {
  if (!is_variable(name.text, scope)) return thing;
  const auto* use = thing.as<LayerUse>();
  const Thing* result = &thing;
  while (const auto* layer = result->as<LayerUse>()) result = layer->layer->result.get();
  if (result->as<Tensor>() == nullptr && result->as<Known>() == nullptr) return thing;
  const Value of = value(thing, name.span);
  const Type& type = graph().type(of);
  if (type.element != Element::real) return thing;
  const Value leaf = graph().leaf(Op::input, fmt::format("{} {}", name.text, held_.size()), type);
  graph().set_provenance(leaf, {name.text, name.span.file, name.span.begin, name.span.end});
  hold(leaf, of);
  if (use == nullptr) return {Tensor{leaf}};
  auto layer = std::make_shared<Layer>(*use->layer);
  layer->result = std::make_shared<Thing>(Thing{Tensor{leaf}});
  return {LayerUse{std::move(layer)}};
}

// The values with what they stand for in place of leaves, but for `kept`.
std::vector<Value> Checker::released(const std::vector<Value>& values, Value kept) {
  if (held_.empty()) return values;
  // Leaves and values are numbered in the order in which they came: what was held before `kept` has
  // nothing of it, and is known without any leaves.
  std::map<Value, Value> known(released_.begin(), released_.lower_bound(kept));
  for (const auto& [leaf, of] : held_) {
    if (kept < leaf) known[leaf] = substitute(graph(), std::span(&of, 1), known)[0];
  }
  return substitute(graph(), values, known);
}

void Checker::hold(Value leaf, Value of) {
  released_[leaf] = substitute(graph(), std::span(&of, 1), released_)[0];
  held_.emplace_back(leaf, of);
}

void Checker::release_all() {
  if (held_.empty()) return;
  std::vector<Value*> all;
  for (auto* list :
       {&program_.definitions, &program_.losses, &program_.metrics, &program_.outputs}) {
    for (NamedValue& each : *list) all.push_back(&each.value);
  }
  for (auto* list : {&program_.parameters, &program_.states}) {
    for (Parameter& each : *list)
      (all.push_back(&each.update), all.push_back(&each.initialiser.value));
  }
  for (TakenDerivative& each : program_.derivatives) {
    for (Value* value : {&each.result, &each.of, &each.by}) all.push_back(value);
  }
  for (Train& train : program_.trains) {
    all.push_back(&train.until);
    for (OptimizerUpdate& update : train.optimizer) {
      for (Update& each : update.updates) all.push_back(&each.value);
    }
  }
  std::erase_if(all, [](const Value* value) { return !value->valid(); });
  std::vector<Value> values;
  for (const Value* each : all) values.push_back(*each);
  values = released(values, {});
  for (size_t k = 0; k < all.size(); ++k) *all[k] = values[k];
}

// The variable of a derivative: a name, and not of a constant.
Value Checker::variable(const syntax::Expr& expr, Scope& scope) {
  const bool is_name = std::holds_alternative<syntax::Use>(expr.what) ||
                       std::holds_alternative<syntax::Member>(expr.what);
  if (!is_name) fail(errors::not_a_variable(expr.span));
  const Thing thing = evaluate(expr, scope);
  if (thing.as<Known>() != nullptr) fail(errors::constant_variable(expr.span));
  const Value found = value(thing, expr.span);
  if (graph().type(found).element != Element::real) {
    fail(errors::variable_not_real(expr.span, graph().type(found)));
  }
  return found;
}

Thing Checker::derivative(const std::string& name, const syntax::Call& x, Scope& scope, Span at) {
  const size_t count = arguments_of(name);
  if (x.arguments.size() > count) {
    fail(errors::too_many_arguments(x.arguments[count].span, name, count));
  }
  static const std::vector<std::string> formals = {"the value", "the variable", "the direction"};
  for (const syntax::Argument& each : x.arguments) {
    if (each.keyword)
      fail(errors::no_such_argument(each.keyword->span, name, each.keyword->text, {}));
  }
  if (x.arguments.size() < count) {
    fail(errors::missing_operand(at, name, formals[x.arguments.size()]));
  }
  const syntax::Expr& written = *x.arguments[0].value;
  const Thing differentiable = part(written, scope);
  const syntax::Expr& by = *x.arguments[1].value;
  const Value x_held = variable(by, scope);
  const Value of = real(differentiable, written.span);
  if (is_scalar_only(name) && !graph().shape(of).empty()) {
    fail(errors::derivative_not_scalar(written.span, name, operand(of, written.span)));
  }
  Value direction;
  if (count == 3) {
    const syntax::Expr& along = *x.arguments[2].value;
    direction = real(evaluate(along, scope), along.span);
    direction = fitted(direction, along.span, operand(x_held, by.span), "direction");
  }
  return {Tensor{differentiated(name, of, x_held, direction, {written.span, by.span, at})}};
}

Value Checker::differentiated(const std::string& name, Value of, Value by, Value direction,
                              const Places& places) {
  // A variable that no leaf stands for yet, since its name reached it by another way.
  Value leaf = by;
  if (!is_leaf(graph()[by].op)) {
    leaf = graph().leaf(Op::input, fmt::format("variable {}", held_.size()), graph().type(by));
    of = substitute(graph(), std::span(&of, 1), {{by, leaf}})[0];
    hold(leaf, by);
  }
  const Value written = of;
  of = released({of}, released_.contains(leaf) ? leaf : Value{})[0];
  warn_of_independence(of, leaf, places);
  of = recognise(graph(), std::span(&of, 1))[0];
  const std::span<const Value> one(&leaf, 1);
  Value result;
  if (name == "grad") {
    result = gradient(graph(), of, one)[0];
  } else if (name == "diff") {
    check_samples(of, leaf, places);
    const Value ones = graph().full(graph().constant(1), graph().shape(of));
    result = pullback(graph(), of, ones, one)[0];
  } else if (name == "jacobian") {
    result = jacobian(graph(), of, leaf);
  } else if (name == "hessian") {
    result = hessian(graph(), of, leaf);
  } else {
    if (name == "hvp") of = gradient(graph(), of, one)[0];
    result = pushforward(graph(), of, one, std::span(&direction, 1));
  }
  result = simplify(graph(), std::span(&result, 1))[0];
  program_.derivatives.push_back({name, result, written, by});
  return result;
}

// A definition is a variable only for what is written with it: where the value goes past it, to
// what it is made of itself, the derivative is 0 and hardly meant.
void Checker::warn_of_independence(Value of, Value leaf, const Places& places) {
  const auto found = std::find_if(held_.begin(), held_.end(),
                                  [&](const auto& each) { return each.first == leaf; });
  if (found == held_.end()) return;
  const std::vector<Value> needed = reachable(graph(), std::span(&of, 1));
  if (std::binary_search(needed.begin(), needed.end(), leaf)) return;
  const Value inside = released({found->second}, {})[0];
  for (Value each : reachable(graph(), std::span(&inside, 1))) {
    const Op op = graph()[each].op;
    const bool is_quantity = op == Op::input || op == Op::param || op == Op::state;
    if (!is_quantity || !std::binary_search(needed.begin(), needed.end(), each)) continue;
    warn(errors::independent(places.by, operand(of, places.of), graph().name(each)));
    return;
  }
}

// `diff` sums over samples, which is the derivative of each only where they do not meet.
void Checker::check_samples(Value of, Value by, const Places& places) {
  const int axis = sample_axis(graph().shape(by));
  const SampleUse use = sample_use(graph(), of, by, axis);
  const bool is_alone = axis >= 0 || graph().shape(of).empty() || use.kind == SampleUse::Kind::none;
  if (use.kind != SampleUse::Kind::mixed && is_alone) return;
  std::vector<Label> labels;
  const Provenance* known = use.where.valid() ? graph().provenance(use.where) : nullptr;
  if (known != nullptr && known->end > known->begin && use.where != of) {
    labels.push_back({{known->file, known->begin, known->end}, "samples meet here"});
  }
  fail(errors::samples_meet(places.at, operand(of, places.of), operand(by, places.by),
                            std::move(labels)));
}

}  // namespace gradus::checking
