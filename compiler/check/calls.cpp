#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/variables.h"

namespace gradus::checking {
namespace {

constexpr size_t deepest_call = 100;

std::vector<std::string> names_of(const std::vector<syntax::Formal>& formals) {
  std::vector<std::string> names;
  for (const syntax::Formal& formal : formals) names.push_back(formal.name.text);
  return names;
}

}  // namespace

Checker::Arguments Checker::evaluate(const std::vector<syntax::Argument>& arguments, Scope& scope) {
  Arguments made;
  for (const syntax::Argument& each : arguments) {
    const Span at = each.value->span;
    auto thing = std::make_shared<Thing>(evaluate(*each.value, scope));
    made.push_back({each.keyword ? each.keyword->text : "", std::move(thing), at,
                    each.keyword ? each.keyword->span : at});
  }
  return made;
}

// The name of the derivative that is called, also where it was passed as an argument; or empty.
std::string Checker::derivative_called(const syntax::Expr& function, Scope& scope) {
  const auto* use = std::get_if<syntax::Use>(&function.what);
  if (use == nullptr) return {};
  const Thing* found = find(use->name, scope);
  if (found == nullptr) return is_derivative(use->name) ? use->name : std::string();
  const auto* callable = found->as<Callable>();
  const bool is_one = callable != nullptr && callable->function == nullptr;
  return is_one && is_derivative(callable->op) ? callable->op : std::string();
}

const std::set<std::string>* Checker::variables_of(const syntax::Function& function) {
  const auto known = variables_.find(&function);
  if (known != variables_.end()) return &known->second;
  return &variables_.emplace(&function, variables_in(function)).first->second;
}

Thing Checker::call(const syntax::Call& x, Scope& scope, Span at, const std::string& name) {
  if (const std::string known = derivative_called(*x.function, scope); !known.empty()) {
    return derivative(known, x, scope, at);
  }
  // Arguments first: an unnamed layer is counted in the order of evaluation.
  const Arguments arguments = evaluate(x.arguments, scope);
  const Thing callee = evaluate(*x.function, scope);
  if (callee.as<Poison>() != nullptr) throw Reported{};
  if (const auto* use = callee.as<LayerUse>()) {
    if (use->layer->function == nullptr) fail(errors::not_a_function(x.function->span));
    return call_again(*use->layer, arguments, at);
  }
  const auto* function = callee.as<Callable>();
  if (function == nullptr) fail(errors::not_a_function(x.function->span));
  for (const Argument& each : arguments) {
    if (each.thing->as<Poison>() != nullptr) throw Reported{};
  }
  if (function->function == nullptr) return call_operator(function->op, arguments, at);
  return call_function(*function, arguments, at, scope, name);
}

Thing Checker::call_function(const Callable& callee, const Arguments& arguments, Span at,
                             Scope& caller, const std::string& name) {
  const Within outside(equation_, static_cast<Equation*>(nullptr));
  const syntax::Function& function = *callee.function;
  Scope inner;
  inner.parent = callee.scope;
  inner.until = &function.name.span;
  inner.variables = variables_of(function);
  std::shared_ptr<Layer> layer;
  if (function.kind == syntax::FunctionKind::layer) {
    if (&caller != &file_ && caller.layer == nullptr) fail(errors::param_in_function(at));
    may_own(caller, at);
    layer = std::make_shared<Layer>();
    std::string name_of_own = name;
    if (name_of_own.empty()) {
      name_of_own = fmt::format("{}{}", function.name.text, caller.unnamed[function.name.text]++);
    }
    if (caller.again) {  // the nested layer of the first call, on other values
      const auto before = caller.layer->parameters.find(name_of_own);
      if (before != caller.layer->parameters.end()) {
        if (const auto* use = before->second.as<LayerUse>()) {
          return call_again(*use->layer, arguments, at);
        }
      }
    }
    layer->name = caller.prefix + name_of_own;
    layer->at = at;
    layer->function = &function;
    layer->scope = callee.scope;
    layer->arguments = arguments;
    inner.layer = layer.get();
    inner.prefix = layer->name + ".";
    own(caller, name_of_own, layer);
  }
  bind(function.formals, arguments, inner, at, function.name.text);
  const size_t before = program_.parameters.size();
  Thing result = body(function, inner, at);
  if (overrides_.contains(&function)) return overridden(callee, inner, result, at);
  if (!layer) return result;
  drop_unused(*layer, before);
  layer->result = std::make_shared<Thing>(std::move(result));
  return {LayerUse{layer}};
}

// A parameter that the layer's body did not use, since a condition was false, does not exist.
void Checker::drop_unused(Layer& layer, size_t first) {
  auto& all = program_.parameters;
  const auto begin = all.begin() + static_cast<long>(first);
  const auto unused = [&](Value leaf) { return !used_.contains(leaf); };
  all.erase(
      std::remove_if(begin, all.end(), [&](const Parameter& each) { return unused(each.value); }),
      all.end());
  std::erase_if(layer.parameters, [&](const auto& entry) {
    const auto* tensor = entry.second.template as<Tensor>();
    return tensor != nullptr && graph()[tensor->value].op == Op::param && unused(tensor->value);
  });
}

Thing Checker::call_again(Layer& layer, const Arguments& arguments, Span at) {
  const Within outside(equation_, static_cast<Equation*>(nullptr));
  Arguments all = layer.arguments;
  size_t position = 0;
  for (const Argument& given : arguments) {
    auto old = all.end();
    if (given.name.empty()) {
      if (position < all.size()) old = all.begin() + static_cast<long>(position++);
    } else {
      old = std::find_if(all.begin(), all.end(),
                         [&](const Argument& each) { return each.name == given.name; });
    }
    if (old == all.end()) {
      all.push_back(given);
    } else {
      old->thing = given.thing;
      old->span = given.span;
    }
  }
  Scope inner;
  inner.parent = layer.scope;
  inner.until = &layer.function->name.span;
  inner.layer = &layer;
  inner.variables = variables_of(*layer.function);
  inner.again = true;
  inner.prefix = layer.name + ".";
  bind(layer.function->formals, all, inner, at, layer.function->name.text);
  return body(*layer.function, inner, at);
}

Thing Checker::body(const syntax::Function& function, Scope& inner, Span at) {
  if (calls_.size() >= deepest_call) fail(errors::endless_calls(at, function.name.text));
  calls_.push_back({at, fmt::format("in `{}`", function.name.text)});
  struct Leave {
    std::vector<Label>& calls;
    ~Leave() { calls.pop_back(); }
  } leave{calls_};
  return block(function.body, inner);
}

Thing Checker::block(const syntax::Block& block, Scope& scope) {
  for (const syntax::Local& each : block.locals) local(each, scope);
  Several several;
  with_ranges(block.where, scope, [&] {
    for (const auto& each : block.results) several.values.push_back(evaluate(*each, scope));
  });
  if (several.values.size() == 1) return several.values[0];
  return {std::move(several)};
}

void Checker::bind(const std::vector<syntax::Formal>& formals, const Arguments& arguments,
                   Scope& inner, Span at, const std::string& function) {
  size_t position = 0;
  for (const Argument& given : arguments) {
    const syntax::Formal* formal = nullptr;
    if (given.name.empty()) {
      if (position >= formals.size()) {
        fail(errors::too_many_arguments(given.span, function, formals.size()));
      }
      formal = &formals[position++];
    } else {
      for (const syntax::Formal& each : formals) {
        if (each.name.text == given.name) formal = &each;
      }
      if (formal == nullptr) {
        fail(errors::no_such_argument(given.name_at, function, given.name, names_of(formals)));
      }
    }
    if (inner.names.contains(formal->name.text)) {
      fail(errors::argument_twice(given.name_at, function, formal->name.text));
    }
    if (formal->type) match(*formal, *given.thing, inner, given.span);
    inner.names[formal->name.text] = held(formal->name, *given.thing, inner);
  }
  for (const syntax::Formal& formal : formals) {
    if (inner.names.contains(formal.name.text)) continue;
    if (!formal.default_value) {
      fail(errors::missing_argument(at, function, formal.name.text));
    }
    inner.names[formal.name.text] =
        held(formal.name, evaluate(*formal.default_value, inner), inner);
  }
}

void Checker::match(const syntax::Formal& formal, const Thing& argument, Scope& inner, Span at) {
  const Value given = value(argument, at);
  const Type type = graph().type(given);
  if (formal.type->element == syntax::Element::index) {
    if (type.element != Element::index) fail(errors::not_an_index(at, type));
    unify(formal, *formal.type->bound, type.bound, inner, at);
  }
  if (!formal.type->shape) return;
  const auto& wanted = *formal.type->shape;
  const bool leading = !wanted.empty() && !wanted[0].size;
  const size_t named = wanted.size() - leading;
  const Shape& shape = type.shape;
  if (leading ? shape.size() < named : shape.size() != named) {
    fail(errors::argument_rank(at, formal.name.text, shape, named));
  }
  for (size_t k = 0; k < named; ++k) {
    unify(formal, *wanted[leading + k].size, shape[shape.size() - named + k], inner, at);
  }
}

// Whether the model file's names, dimensions among them, are in scope: not in the prelude.
bool Checker::sees_file(const Scope& scope) const {
  for (const Scope* each = &scope; each != nullptr; each = each->parent) {
    if (each == &file_) return true;
  }
  return false;
}

// A name that nothing in scope has is bound by the argument; anything else must be equal.
void Checker::unify(const syntax::Formal& formal, const syntax::Expr& wanted, const Dim& have,
                    Scope& inner, Span at) {
  if (const auto* use = std::get_if<syntax::Use>(&wanted.what)) {
    const bool is_dimension = dims_.contains(use->name) && sees_file(inner);
    if (find(use->name, inner) == nullptr && !is_dimension) {
      inner.names[use->name] = Thing{known(have)};
      return;
    }
  }
  const Dim want = extent(evaluate(wanted, inner), wanted.span);
  if (!agree(want, have, at)) fail(errors::argument_extent(at, formal.name.text, have, want));
}

const Argument* Checker::argument(const Arguments& arguments, size_t position,
                                  std::string_view name) {
  for (const Argument& each : arguments) {
    if (each.name == name) return &each;
  }
  for (const Argument& each : arguments) {
    if (each.name.empty() && position-- == 0) return &each;
  }
  return nullptr;
}

const Argument& Checker::needed(const Arguments& arguments, size_t position, std::string_view name,
                                std::string_view function, Span at) {
  const Argument* found = argument(arguments, position, name);
  if (found == nullptr) fail(errors::missing_argument(at, function, name));
  return *found;
}

void Checker::allow(const Arguments& arguments, size_t positions,
                    const std::vector<std::string>& names, std::string_view function, Span at) {
  size_t given = 0;
  for (const Argument& each : arguments) {
    if (each.name.empty()) {
      if (++given > positions) fail(errors::too_many_arguments(at, function, positions));
    } else if (std::find(names.begin(), names.end(), each.name) == names.end()) {
      fail(errors::no_such_argument(each.name_at, function, each.name, names));
    }
  }
}

}  // namespace gradus::checking
