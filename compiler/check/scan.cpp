#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/graph/closure.h"
#include "compiler/graph/rewrite.h"

namespace gradus::checking {

// The axis that a scan walks along.
int Checker::walked_axis(const syntax::Walk& walk, Value sequence, Scope& scope) {
  const Shape& shape = graph().shape(sequence);
  if (!walk.dimension) {
    return axis(whole(evaluate(*walk.axis, scope), walk.axis->span), shape, walk.axis->span);
  }
  const syntax::Name& name = *walk.dimension;
  const errors::Operand of = operand(sequence, walk.sequence->span);
  std::vector<std::string> names;
  for (const Dim& extent : shape) {
    if (const auto known = extent.name()) names.push_back(*known);
  }
  if (find(name.text, scope) == nullptr && !dims_.contains(name.text)) {
    fail(errors::no_such_dimension(name.span, name.text, of, closest(name.text, names)));
  }
  const Dim wanted = extent(reference(name.text, scope, name.span), name.span);
  std::vector<int> found;
  for (size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] == wanted) found.push_back(static_cast<int>(k));
  }
  if (found.empty()) fail(errors::no_such_dimension(name.span, name.text, of, ""));
  if (found.size() > 1) fail(errors::dimension_twice(name.span, name.text, of, found));
  return found[0];
}

// What the body sees: entries of the sequences, and what is carried.
Checker::Walking Checker::walks(const syntax::Scan& x, Scope& scope, Scope& inner) {
  Walking made;
  const auto bind = [&](const syntax::Name& name, const Type& type) {
    const auto before = inner.places.find(name.text);
    if (before != inner.places.end()) {
      fail(errors::defined_twice(name.span, name.text, before->second));
    }
    const std::string full = inner.prefix + name.text;
    const Value leaf = graph().leaf(Op::bound, full, type);
    graph().set_provenance(leaf, {full, name.span.file, name.span.begin, name.span.end});
    inner.places[name.text] = name.span;
    inner.names[name.text] = {Tensor{leaf}};
    made.scan.bound.push_back(leaf);
  };
  for (const syntax::Walk& walk : x.walks) {
    const Value sequence = value(evaluate(*walk.sequence, scope), walk.sequence->span);
    const int axis = walked_axis(walk, sequence, scope);
    const Dim& length = graph().shape(sequence)[static_cast<size_t>(axis)];
    if (made.operands.empty()) made.scan.rounds = length;
    if (length != made.scan.rounds) {
      fail(errors::lengths_differ(walk.sequence->span, x.walks[0].sequence->span, length,
                                  made.scan.rounds));
    }
    made.operands.push_back(sequence);
    made.scan.sequences.push_back({axis, walk.reverse, false});
    bind(walk.name, element_of(graph().type(sequence), axis));
  }
  for (const syntax::Carry& carry : x.carries) {
    const Value start = value(evaluate(*carry.start, scope), carry.start->span);
    made.operands.push_back(start);
    bind(carry.name, graph().type(start));
    inner.carried[carry.name.text] = bindings(x.body.locals, carry.name.text);
    if (inner.carried[carry.name.text] == 0) {
      warn(errors::never_bound_again(carry.name.span, carry.name.text));
    }
  }
  made.scan.carries = static_cast<int>(x.carries.size());
  return made;
}

// What the next round sees of a carried name: of the shape and element that it started with.
Value Checker::carried_out(const syntax::Carry& carry, const syntax::Scan& x, Scope& inner,
                           const Type& type) {
  Value next = value(inner.names.at(carry.name.text), carry.name.span);
  if (type.element == Element::real) next = real(next);
  if (graph().type(next) == type) return next;
  Span at = carry.name.span;
  for (const syntax::Local& each : x.body.locals) {
    const auto* definition = std::get_if<syntax::Definition>(&each);
    if (definition == nullptr) continue;
    for (const syntax::Name& name : definition->names) {
      if (name.text == carry.name.text) at = name.span;
    }
  }
  fail(errors::carry_changes(at, carry.name.text, graph().type(next), type, carry.start->span));
}

Thing Checker::scan(const syntax::Scan& x, Scope& scope, const std::string& name) {
  const std::string own = name.empty() ? fmt::format("scan{}", scope.unnamed["scan"]++) : name;
  auto loop = std::make_shared<Layer>();
  if (const Layer* before = owned_before(scope, own)) loop->parameters = before->parameters;
  loop->name = scope.prefix + own;
  loop->at = x.keyword;
  Scope inner;
  inner.parent = &scope;
  inner.prefix = loop->name + ".";
  inner.again = scope.again;
  inner.nameless = name.empty() ? std::string_view("scan") : scope.nameless;
  if (&scope == &file_ || scope.layer != nullptr) inner.layer = loop.get();

  Walking walking = walks(x, scope, inner);
  const RoundOfDraws draws = begin_round(walking.scan.rounds, inner.prefix);
  const size_t first = program_.parameters.size();
  const size_t held_outside = held_.size();
  ++in_scans_;
  Thing yielded;
  const bool fine = succeeds([&] { yielded = block(x.body, inner); });
  --in_scans_;
  round_ = draws.outside;
  if (!fine) throw Reported{};
  if (inner.layer != nullptr) drop_unused(*loop, first);

  for (size_t k = 0; k < x.carries.size(); ++k) {
    const Type type = graph().type(walking.scan.bound[x.walks.size() + k]);
    walking.scan.next.push_back(carried_out(x.carries[k], x, inner, type));
  }
  if (program_.draws.size() > draws.before) walk_rounds(walking, draws.leaf);
  Thing result = stacked(std::move(walking), yielded, x, inner.prefix, held_outside);
  if (loop->parameters.empty() || scope.again) return result;
  loop->result = std::make_shared<Thing>(std::move(result));
  this->own(scope, own, loop);
  return {LayerUse{std::move(loop)}};
}

// What the rounds yield, with the scanned axis where the first sequence has it, or last.
Thing Checker::stacked(Walking walking, const Thing& yielded, const syntax::Scan& x,
                       const std::string& prefix, size_t held_outside) {
  const std::vector<Thing> values = taken_apart(yielded);
  for (size_t k = 0; k < values.size(); ++k) {
    const Span at = x.body.results[std::min(k, x.body.results.size() - 1)]->span;
    const Value value = this->value(values[k], at);
    Along along = walking.scan.sequences[0];
    along.axis = std::min(along.axis, graph().type(value).rank());
    walking.scan.yields.push_back(value);
    walking.scan.stacked.push_back(along);
    check_size(stacked_type(graph().type(value), walking.scan.rounds, along.axis).shape, at);
  }
  // What derivatives in the body held fast is of this body.
  std::map<Value, Value> known;
  for (size_t k = held_outside; k < held_.size(); ++k) {
    const auto& [leaf, of] = held_[k];
    known[leaf] = substitute(graph(), std::span(&of, 1), known)[0];
  }
  held_.resize(held_outside);
  walking.scan = with_body(walking.scan, substitute(graph(), body_of(walking.scan), known));
  const Value made =
      closed_scan(graph(), std::move(walking.operands), std::move(walking.scan), prefix);
  Several results;
  for (size_t k = 0; k < values.size(); ++k) {
    results.values.push_back({Tensor{graph().result(made, static_cast<int>(k))}});
  }
  if (results.values.size() == 1) return results.values[0];
  return {std::move(results)};
}

}  // namespace gradus::checking
