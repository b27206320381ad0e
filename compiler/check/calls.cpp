#include <fmt/format.h>
#include <fmt/ranges.h>

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

Diagnostic not_a_function(const syntax::Call& x, const Thing& callee) {
  const auto* use = std::get_if<syntax::Use>(&x.function->what);
  std::string_view what = "a tensor";
  if (callee.as<Text>() != nullptr) what = "a text";
  if (callee.as<Known>() != nullptr) what = "a number";
  if (callee.as<Truth>() != nullptr) what = "a truth";
  if (callee.as<Items>() != nullptr) what = "a list";
  if (callee.as<LayerUse>() != nullptr) what = "a loop";
  return errors::not_a_function(x.function->span, use == nullptr ? "" : use->name, what);
}

}  // namespace

Checker::Arguments Checker::evaluate(const std::vector<syntax::Argument>& arguments, Scope& scope) {
  Arguments made;
  for (const syntax::Argument& each : arguments) {
    const Span at = each.value->span;
    auto thing = std::make_shared<Thing>(part(*each.value, scope));
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
  for (const Argument& each : arguments) {
    if (each.thing->as<Poison>() != nullptr) throw Reported{};
  }
  if (const auto* use = callee.as<LayerUse>()) {
    if (use->layer->function == nullptr) fail(not_a_function(x, callee));
    return call_again(*use->layer, arguments, at);
  }
  const auto* function = callee.as<Callable>();
  if (function == nullptr) fail(not_a_function(x, callee));
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
  if (calls_.size() >= deepest_call) {
    hopeless_ = true;
    fail(errors::endless_calls(at, function.name.text));
  }
  calls_.push_back({at, fmt::format("in `{}`", function.name.text)});
  struct Leave {
    std::vector<Label>& calls;
    ~Leave() { calls.pop_back(); }
  } leave{calls_};
  return block(function.body, inner);
}

Thing Checker::block(const syntax::Block& block, Scope& scope) {
  bool sound = locals(block.locals, scope);
  Several several;
  with_ranges(block.where, scope, [&] {
    for (const auto& each : block.results) {
      several.values.push_back(part(*each, scope));
      sound = sound && several.values.back().as<Poison>() == nullptr;
    }
  });
  if (!sound) throw Reported{};
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
        fail(errors::too_many_arguments(given.span, function, formals.size(), names_of(formals)));
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
    if (formal->type) match(*formal, *given.thing, inner, given.span, function);
    inner.names[formal->name.text] = held(formal->name, *given.thing, inner);
  }
  for (const syntax::Formal& formal : formals) {
    if (inner.names.contains(formal.name.text)) continue;
    if (!formal.default_value) {
      fail(errors::missing_argument(at, function, formal.name.text, names_of(formals)));
    }
    inner.names[formal.name.text] =
        held(formal.name, evaluate(*formal.default_value, inner), inner);
  }
}

void Checker::match(const syntax::Formal& formal, const Thing& argument, Scope& inner, Span at,
                    const std::string& function) {
  const Value given = value(argument, at);
  const Type type = graph().type(given);
  const std::string of = fmt::format("the argument `{}` of `{}`", formal.name.text, function);
  if (formal.type->element == syntax::Element::index) {
    if (type.element != Element::index) fail(errors::not_an_index(operand(given, at), type));
    unify(*formal.type->bound, type.bound, inner, at, of, given);
  }
  if (!formal.type->shape) return;
  const auto& wanted = *formal.type->shape;
  const bool leading = !wanted.empty() && !wanted[0].size;
  const size_t named = wanted.size() - leading;
  const Shape& shape = type.shape;
  if (leading ? shape.size() < named : shape.size() != named) {
    fail(errors::argument_rank(operand(given, at), of, named, leading));
  }
  for (size_t k = 0; k < named; ++k) {
    unify(*wanted[leading + k].size, shape[shape.size() - named + k], inner, at, of, given);
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
void Checker::unify(const syntax::Expr& wanted, const Dim& have, Scope& inner, Span at,
                    const std::string& of, Value given) {
  if (const auto* use = std::get_if<syntax::Use>(&wanted.what)) {
    const bool is_dimension = dims_.contains(use->name) && sees_file(inner);
    if (find(use->name, inner) == nullptr && !is_dimension) {
      inner.names[use->name] = Thing{known(have)};
      return;
    }
  }
  const Dim want = extent(evaluate(wanted, inner), wanted.span);
  if (!agree(want, have, at)) {
    fail(errors::argument_extent(at, of, have, want, operand(given, at)));
  }
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

namespace {

// The numbers that stand behind the arguments that a function takes by position: `1`, `[2, 3]`.
std::string axes_by_position(const std::vector<Argument>& arguments, size_t positions) {
  std::vector<std::string> numbers;
  for (const Argument& each : arguments) {
    if (!each.name.empty() || positions-- > 0) continue;
    ++positions;
    const auto* list = each.thing->as<Items>();
    for (const Thing& entry : list != nullptr ? list->entries : std::vector{*each.thing}) {
      const auto* known = entry.as<Known>();
      if (known == nullptr || !known->extent) return {};
      numbers.push_back(known->extent->text());
    }
  }
  return numbers.size() == 1 ? numbers[0] : fmt::format("[{}]", fmt::join(numbers, ", "));
}

}  // namespace

void Checker::allow(const Arguments& arguments, size_t positions,
                    const std::vector<std::string>& names, std::string_view function) {
  size_t given = 0;
  for (const Argument& each : arguments) {
    if (each.name.empty()) {
      if (++given <= positions) continue;
      const bool has_axis = std::find(names.begin(), names.end(), "axis") != names.end();
      if (!has_axis) fail(errors::too_many_arguments(each.span, function, positions, names));
      fail(errors::axis_by_position(each.span, function, axes_by_position(arguments, positions)));
    } else if (std::find(names.begin(), names.end(), each.name) == names.end()) {
      fail(errors::no_such_argument(each.name_at, function, each.name, names));
    }
  }
}

}  // namespace gradus::checking
