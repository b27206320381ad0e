#include <fmt/format.h>

#include "compiler/check/checker.h"

namespace gradus::checking {
namespace {

// A `repeat` is written out round by round, so that each may own parameters of other shapes.
constexpr int64_t most_rounds = 10'000;

}  // namespace

// How often a name is bound.
int Checker::bindings(const std::vector<syntax::Local>& steps, const std::string& name) {
  int count = 0;
  for (const syntax::Local& step : steps) {
    const auto* definition = std::get_if<syntax::Definition>(&step);
    if (definition == nullptr) continue;
    for (const syntax::Name& each : definition->names) count += each.text == name ? 1 : 0;
  }
  return count;
}

// What the next round sees of a carried name: a value or a number, not the layer that made it.
Thing Checker::carried_on(const Thing& thing, Span at) {
  if (thing.as<Known>() != nullptr || thing.as<Truth>() != nullptr) return thing;
  return {Tensor{value(thing, at)}};
}

// The values of several results; one value is itself alone. The first keeps what a loop owns.
std::vector<Thing> Checker::taken_apart(const Thing& thing) {
  if (const auto* several = thing.as<Several>()) return several->values;
  const auto* use = thing.as<LayerUse>();
  const auto* several = use == nullptr ? nullptr : use->layer->result->as<Several>();
  if (several == nullptr) return {thing};
  std::vector<Thing> values = several->values;
  auto first = std::make_shared<Layer>(*use->layer);
  first->result = std::make_shared<Thing>(values[0]);
  values[0] = {LayerUse{std::move(first)}};
  return values;
}

// Fails where parameters are declared in a loop that no definition names.
void Checker::may_own(const Scope& scope, Span at) {
  if (!scope.nameless.empty()) fail(errors::loop_needs_name(at, scope.nameless));
}

// Enters a layer among those of the scope that it is called in.
void Checker::own(Scope& scope, const std::string& name, std::shared_ptr<Layer> layer) {
  std::map<std::string, Thing>& owned =
      scope.layer == nullptr ? scope.layers : scope.layer->parameters;
  const auto before = owned.find(name);
  if (before != owned.end()) {
    const auto* other = before->second.as<LayerUse>();
    if (other != nullptr) fail(errors::layer_twice(layer->at, name, other->layer->at));
  }
  owned[name] = Thing{LayerUse{std::move(layer)}};
}

// What the first call of the layer around it owned under this name, where this is another call.
const Layer* Checker::owned_before(const Scope& scope, const std::string& name) {
  if (!scope.again || scope.layer == nullptr) return nullptr;
  const auto before = scope.layer->parameters.find(name);
  if (before == scope.layer->parameters.end()) return nullptr;
  const auto* use = before->second.as<LayerUse>();
  return use == nullptr ? nullptr : use->layer.get();
}

Thing Checker::repeat(const syntax::Repeat& x, Scope& scope, const std::string& name) {
  const int64_t first = whole(evaluate(*x.rounds.low, scope), x.rounds.low->span);
  const int64_t end = whole(evaluate(*x.rounds.high, scope), x.rounds.high->span);
  if (end < first) fail(errors::rounds_backwards(x.rounds.span, first, end));
  if (end - first > most_rounds) {
    fail(errors::too_many_rounds(x.rounds.span, end - first, most_rounds));
  }
  std::vector<Thing> carried;
  for (const syntax::Carry& each : x.carries) {
    carried.push_back(carried_on(evaluate(*each.start, scope), each.start->span));
  }
  auto loop = std::make_shared<Layer>();
  loop->name = scope.prefix + name;
  loop->at = x.keyword;
  const Layer* before = owned_before(scope, name);
  bool owns = false;
  for (int64_t k = first; k < end; ++k) {
    auto owner = std::make_shared<Layer>();
    if (before != nullptr && before->rounds.contains(k)) owner = before->rounds.at(k);
    owner->name = fmt::format("{}[{}]", loop->name, k);
    if (k > first) calls_.push_back({x.keyword, fmt::format("in round {} of `repeat`", k)});
    const bool fine = succeeds([&] { round(x, scope, name, *owner, k, k == first, carried); });
    if (k > first) calls_.pop_back();
    if (!fine) throw Reported{};
    owns = owns || !owner->parameters.empty();
    loop->rounds[k] = std::move(owner);
  }
  Thing result = carried.size() == 1 ? carried[0] : Thing{Several{carried}};
  if (!owns || scope.again) return result;
  loop->result = std::make_shared<Thing>(std::move(result));
  own(scope, name, loop);
  return {LayerUse{std::move(loop)}};
}

// One round: what is carried into it becomes what is carried out of it.
void Checker::round(const syntax::Repeat& x, Scope& scope, const std::string& name, Layer& owner,
                    int64_t number, bool is_first, std::vector<Thing>& carried) {
  Scope inner;
  inner.parent = &scope;
  inner.prefix = owner.name + ".";
  inner.again = scope.again;
  inner.nameless = name.empty() ? std::string_view("repeat") : scope.nameless;
  if (&scope == &file_ || scope.layer != nullptr) inner.layer = &owner;
  const auto enter = [&](const syntax::Name& as, Thing thing) {
    const auto before = inner.places.find(as.text);
    if (before != inner.places.end()) {
      fail(errors::defined_twice(as.span, as.text, before->second));
    }
    inner.places[as.text] = as.span;
    inner.names[as.text] = std::move(thing);
  };
  enter(x.rounds.index, {known(static_cast<double>(number))});
  for (size_t k = 0; k < carried.size(); ++k) {
    const syntax::Name& each = x.carries[k].name;
    enter(each, held(each, carried[k], scope));
    inner.carried[each.text] = bindings(x.steps, each.text);
    if (inner.carried[each.text] == 0 && is_first) {
      warn(errors::never_bound_again(each.span, each.text));
    }
  }
  const size_t first = program_.parameters.size();
  if (!locals(x.steps, inner)) throw Reported{};
  if (inner.layer != nullptr) drop_unused(*inner.layer, first);
  for (size_t k = 0; k < carried.size(); ++k) {
    carried[k] = carried_on(inner.names.at(x.carries[k].name.text), x.carries[k].name.span);
  }
}

// `y[0]` in `y[0].h.W`: what a round owns. Null where `y` is no loop with rounds.
const Layer* Checker::round_of(const syntax::Subscript& x, Scope& scope) {
  if (!std::holds_alternative<syntax::Use>(x.of->what) &&
      !std::holds_alternative<syntax::Member>(x.of->what)) {
    return nullptr;
  }
  const Thing base = evaluate(*x.of, scope);
  const auto* use = base.as<LayerUse>();
  if (use == nullptr || use->layer->rounds.empty()) return nullptr;
  const auto& rounds = use->layer->rounds;
  const auto* number = std::get_if<syntax::ExprPtr>(&x.items[0].what);
  if (number == nullptr || x.items.size() != 1) fail(errors::not_constant(x.brackets, "a round"));
  const auto found = rounds.find(whole(evaluate(**number, scope), (*number)->span));
  if (found != rounds.end()) return found->second.get();
  fail(errors::no_such_round(x.brackets, use->layer->name, rounds.begin()->first,
                             rounds.rbegin()->first));
}

}  // namespace gradus::checking
