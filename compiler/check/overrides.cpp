#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/check/variables.h"

// `derivative f(x, k; g) = …`: the function is called as ever, and what it gives remembers what its
// adjoints are. These are instantiated once for all calls with inputs of the same types and
// numbers.
namespace gradus::checking {

void Checker::declare(const syntax::Derivative& x, Scope&) {
  const syntax::Function* function = last_function_;
  last_function_ = nullptr;
  if (function == nullptr || function->name.text != x.function.text ||
      function->kind != syntax::FunctionKind::fn) {
    fail(errors::override_apart(x.function.span, x.function.text));
  }
  const size_t takes = function->formals.size();
  if (x.inputs.size() != takes) {
    fail(errors::override_inputs(x.function.span, x.function.text, x.inputs.size(), takes));
  }
  if (x.body.results.size() != takes) {
    const Span at = x.body.results.back()->span;
    fail(errors::override_results(at, x.function.text, x.body.results.size(), takes));
  }
  overrides_[function] = &x;
}

// What a function was called with. Tensors count by their types, what is known before anything runs
// by what it is.
Checker::Inputs Checker::inputs_of(const syntax::Function& function, Scope& inner) {
  Inputs inputs;
  bool is_known = true;
  inputs.key = fmt::format("{}", static_cast<const void*>(&function));
  for (const syntax::Formal& formal : function.formals) {
    const Thing& thing = inner.names.at(formal.name.text);
    inputs.things.push_back(thing);
    if (thing.as<Tensor>() != nullptr || thing.as<LayerUse>() != nullptr) {
      const Value tensor = value(thing, formal.span);
      inputs.tensors.push_back(tensor);
      inputs.key += ", " + text(graph().type(tensor));
    } else if (const auto* known = thing.as<Known>()) {
      inputs.key += fmt::format(", %{}", known->node.id);
    } else if (const auto* truth = thing.as<Truth>()) {
      inputs.key += truth->value ? ", true" : ", false";
    } else if (const auto* callable = thing.as<Callable>()) {
      inputs.key +=
          fmt::format(", {}{}", static_cast<const void*>(callable->function), callable->op);
    } else {
      is_known = false;
    }
  }
  if (!is_known) inputs.key.clear();
  return inputs;
}

Thing Checker::overridden(const Callable& callee, Scope& inner, const Thing& result, Span at) {
  const std::string& name = callee.function->name.text;
  if (result.as<Several>() != nullptr) fail(errors::override_result(at, name, "several values"));
  if (result.as<Known>() != nullptr) return result;  // of numbers alone
  const Value made = value(result, at);
  const Type& type = graph().type(made);
  if (type.element != Element::real) fail(errors::override_result(at, name, text(type)));
  const Inputs inputs = inputs_of(*callee.function, inner);
  return {Tensor{graph().call(made, inputs.tensors, override_of(callee, inputs, type, at))}};
}

std::shared_ptr<const Override> Checker::override_of(const Callable& callee, const Inputs& inputs,
                                                     const Type& result, Span at) {
  if (const auto known = known_overrides_.find(inputs.key); known != known_overrides_.end()) {
    return known->second;
  }
  const syntax::Function& function = *callee.function;
  const syntax::Derivative& rule = *overrides_.at(&function);
  auto made = std::make_shared<Override>();
  // It may call the function itself, which then has this derivative too.
  if (!inputs.key.empty()) known_overrides_[inputs.key] = made;
  made->function = function.name.text;
  Scope scope;
  scope.parent = callee.scope;
  scope.until = &function.name.span;
  const size_t number = known_overrides_.size();
  const auto leaf = [&](const std::string& name, const Type& type) {
    return graph().leaf(Op::input, fmt::format("{} of {} {}", name, function.name.text, number),
                        type);
  };
  std::vector<bool> is_tensor;
  for (size_t k = 0; k < inputs.things.size(); ++k) {
    Thing thing = inputs.things[k];
    is_tensor.push_back(thing.as<Tensor>() != nullptr || thing.as<LayerUse>() != nullptr);
    if (is_tensor.back()) {
      made->inputs.push_back(leaf(rule.inputs[k].text, graph().type(value(thing, at))));
      thing = {Tensor{made->inputs.back()}};
    }
    scope.names[rule.inputs[k].text] = std::move(thing);
  }
  made->adjoints.resize(made->inputs.size());  // none until they are known
  made->adjoint = leaf(rule.adjoint.text, result);
  scope.names[rule.adjoint.text] = {Tensor{made->adjoint}};
  calls_.push_back({at, fmt::format("in the derivative of `{}`", function.name.text)});
  struct Leave {
    std::vector<Label>& calls;
    ~Leave() { calls.pop_back(); }
  } leave{calls_};
  if (!locals(rule.body.locals, scope)) throw Reported{};
  size_t input = 0;
  for (size_t k = 0; k < is_tensor.size(); ++k) {
    const syntax::Expr& written = *rule.body.results[k];
    const Thing thing = evaluate(written, scope);
    if (!is_tensor[k]) continue;
    const Type& type = graph().type(made->inputs[input]);
    made->adjoints[input++] = adjoint_of(written, thing, rule.inputs[k].text, type);
  }
  return made;
}

// Invalid for the number 0, and where the input is none that a derivative can be taken by.
Value Checker::adjoint_of(const syntax::Expr& written, const Thing& thing, std::string_view input,
                          const Type& type) {
  const auto* known = thing.as<Known>();
  if (type.element != Element::real || (known != nullptr && known->number == 0.0)) return {};
  const Value adjoint = real(thing, written.span);
  const Shape& shape = graph().shape(adjoint);
  bool fits = shape.size() <= type.shape.size();
  for (size_t k = 0; fits && k < shape.size(); ++k) {
    const Dim& extent = type.shape[type.shape.size() - shape.size() + k];
    fits = shape[k] == extent || shape[k] == Dim(1);
  }
  if (!fits) fail(errors::override_adjoint(written.span, input, shape, type.shape));
  return released({graph().broadcast(adjoint, type.shape)}, {})[0];
}

}  // namespace gradus::checking
