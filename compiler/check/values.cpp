#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "compiler/check/checker.h"

namespace gradus::checking {
namespace {

// What is said of a thing that is no value.
Diagnostic not_a_value(const Thing& thing, Span at) {
  if (thing.as<Text>() != nullptr) {
    return errors::not_a_value(at, "a text", "numbers and names stand without quotes");
  }
  if (thing.as<Several>() != nullptr) {
    return errors::not_a_value(at, "several results", "name each of them: `a, b = …`");
  }
  const auto* callable = thing.as<Callable>();
  if (callable == nullptr) return errors::not_a_value(at, "none");
  const bool is_layer =
      callable->function != nullptr && callable->function->kind == syntax::FunctionKind::layer;
  const std::string name =
      callable->function != nullptr ? callable->function->name.text : callable->op;
  return errors::not_a_value(at, fmt::format("the {} `{}`", is_layer ? "layer" : "function", name),
                             name == "grad" ? "it is applied: `grad(J, w)`; an optimizer knows the "
                                              "gradient as `g`"
                                            : fmt::format("apply it to something: `{}(…)`", name));
}

// Whether a column of samples is made of a vector by a new axis, which says that pairs are meant.
bool has_new_axis(const Graph& graph, Value value) {
  const Node& node = graph[value];
  if (node.op == Op::view) {
    const Shape& from = graph.shape(node.operands[0]);
    return std::find(from.begin(), from.end(), Dim::named("batch")) != from.end();
  }
  if (!is_map(node.op)) return false;
  return std::any_of(node.operands.begin(), node.operands.end(),
                     [&](Value each) { return has_new_axis(graph, each); });
}

}  // namespace

Known Checker::known(double number) {
  Known made{graph().constant(number), number, std::nullopt};
  if (number == std::floor(number) && std::fabs(number) < 1e15) {
    made.extent = Dim(static_cast<int64_t>(number));
  }
  return made;
}

Known Checker::known(const Dim& extent) {
  if (auto number = extent.number()) return known(static_cast<double>(*number));
  return {graph().size(extent), std::nullopt, extent};
}

Value Checker::value(const Thing& thing, Span at) {
  if (const auto* tensor = thing.as<Tensor>()) return tensor->value;
  if (const auto* scalar = thing.as<Known>()) return scalar->node;
  if (const auto* truth = thing.as<Truth>()) return graph().boolean(truth->value);
  if (const auto* use = thing.as<LayerUse>()) return value(*use->layer->result, at);
  if (const auto* list = thing.as<Items>()) return stack(*list, 0, at);
  if (thing.as<Poison>() != nullptr) throw Reported{};
  if (const auto* entry = thing.as<Entry>()) {
    const std::vector<int> indices = indices_of(*entry);
    if (indices.empty()) return tensor_over(*entry, indices);
    std::vector<std::string> names;
    for (int index : indices) names.push_back("`" + indices_[index].name + "`");
    fail(errors::needs_whole_tensor(at, fmt::format("{}", fmt::join(names, ", "))));
  }
  fail(not_a_value(thing, at));
}

Value Checker::real(Value value) {
  if (graph().type(value).element == Element::real) return value;
  return graph().map(Op::to_real, {value});
}

Value Checker::real(const Thing& thing, Span at) { return real(value(thing, at)); }

Dim Checker::extent(const Thing& thing, Span at) {
  if (thing.as<Poison>() != nullptr) throw Reported{};
  const auto* scalar = thing.as<Known>();
  if (scalar == nullptr) fail(errors::not_whole(at));
  // A constant that is not whole is reported where it is used first.
  if (!scalar->extent && !reported_.insert(scalar->node).second) throw Reported{};
  if (!scalar->extent) fail(errors::not_whole(at, scalar->number));
  return *scalar->extent;
}

int64_t Checker::whole(const Thing& thing, Span at) {
  const auto number = extent(thing, at).number();
  if (!number) fail(errors::not_constant(at, "a whole number"));
  return *number;
}

double Checker::constant(const Thing& thing, Span at) {
  if (thing.as<Poison>() != nullptr) throw Reported{};
  const auto* scalar = thing.as<Known>();
  if (scalar == nullptr || !scalar->number) fail(errors::not_constant(at, "a constant"));
  return *scalar->number;
}

bool Checker::truth(const Thing& thing, Span at) {
  if (thing.as<Poison>() != nullptr) throw Reported{};
  const auto* truth = thing.as<Truth>();
  if (thing.as<Known>() != nullptr) fail(errors::not_a_truth(at));
  if (truth == nullptr) fail(errors::not_constant(at, "`true` or `false`"));
  return truth->value;
}

const Items& Checker::items(const Thing& thing, Span at, std::string_view what) {
  if (thing.as<Poison>() != nullptr) throw Reported{};
  const auto* list = thing.as<Items>();
  if (list == nullptr) fail(errors::not_a_list(at, what));
  return *list;
}

int Checker::axis(int64_t axis, const Shape& shape, Span at) {
  const auto rank = static_cast<int64_t>(shape.size());
  const int64_t counted = axis < 0 ? axis + rank : axis;
  if (counted < 0 || counted >= rank) fail(errors::no_such_axis(at, axis, shape));
  return static_cast<int>(counted);
}

std::vector<int> Checker::axes(const Thing& thing, const Shape& shape, Span at) {
  std::vector<int> all;
  if (const auto* list = thing.as<Items>()) {
    for (const Thing& each : list->entries) all.push_back(axis(whole(each, at), shape, at));
  } else {
    all.push_back(axis(whole(thing, at), shape, at));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Shape Checker::shape_from(const Thing& thing, Span at) {
  Shape shape;
  if (const auto* list = thing.as<Items>()) {
    for (const Thing& each : list->entries) shape.push_back(extent(each, at));
  } else {
    shape.push_back(extent(thing, at));
  }
  return shape;
}

void Checker::check_size(const Shape& shape, Span at) {
  double entries = 1;
  for (const Dim& extent : shape) {
    const auto number = extent.number();
    require(extent, fmt::format("an axis has the extent `{}`", extent.text()), at);
    if (!number) continue;
    if (*number < 0) fail(errors::negative_extent(at, *number));
    entries *= std::max(1.0, static_cast<double>(*number));
  }
  if (entries > 1e15) fail(errors::too_large(at, shape));
}

errors::Operand Checker::operand(Value value, Span at) {
  errors::Operand made{at, graph().shape(value), {}};
  const Provenance* from = graph().provenance(value);
  if (from != nullptr && from->file == 0 && from->end > from->begin) {
    made.origin.push_back({{from->file, from->begin, from->end},
                           "`" + from->name + "` is " + text(graph().type(value))});
  }
  for (const Requirement& each : requirements_) {
    for (const Dim& extent : made.shape) {
      if (extent != Dim(each.number)) continue;
      made.origin.push_back(
          {each.span, fmt::format("this is where `{}` must be {}", each.dimension, each.number)});
      break;
    }
  }
  return made;
}

Shape Checker::broadcast_shape(const errors::Operand& left, const errors::Operand& right, Span at,
                               std::string_view what) {
  const Shape& longer = left.shape.size() >= right.shape.size() ? left.shape : right.shape;
  const Shape& shorter = left.shape.size() >= right.shape.size() ? right.shape : left.shape;
  Shape result = longer;
  const size_t lead = longer.size() - shorter.size();
  for (size_t k = 0; k < shorter.size(); ++k) {
    if (shorter[k] == Dim(1)) continue;
    if (longer[lead + k] == Dim(1)) {
      result[lead + k] = shorter[k];
      continue;
    }
    if (!agree(longer[lead + k], shorter[k], at))
      fail(errors::shapes_do_not_fit(at, what, left, right));
  }
  return result;
}

errors::Operand Checker::declared_as(const syntax::Name& name, const Shape& shape) {
  return {name.span, shape, {{name.span, fmt::format("`{}` is {}", name.text, text(shape))}}};
}

Value Checker::fitted(Value value, Span at, const errors::Operand& target, std::string_view what) {
  const errors::Operand given = operand(value, at);
  if (broadcast_shape(given, target, at, what) != target.shape) {
    fail(errors::shapes_do_not_fit(at, what, given, target));
  }
  return graph().broadcast(value, target.shape);
}

// A column of samples beside a vector of them, `[batch, 1]` and `[batch]`: nobody means all pairs
// who does not say so.
void Checker::warn_of_pairs(const std::vector<Value>& operands, const std::vector<Span>& spans,
                            Span at) {
  if (operands.size() != 2) return;
  const Dim samples = Dim::named("batch");
  for (const auto& [column, row] : {std::pair(0, 1), std::pair(1, 0)}) {
    const Shape& of_column = graph().shape(operands[column]);
    if (of_column != Shape{samples, Dim(1)} || graph().shape(operands[row]) != Shape{samples}) {
      continue;
    }
    if (has_new_axis(graph(), operands[column])) continue;
    warn(errors::samples_meet_in_pairs(at, operand(operands[0], spans[0]),
                                       operand(operands[1], spans[1]), {samples, samples}));
  }
}

Value Checker::elementwise(Op op, std::vector<Value> operands, const std::vector<Span>& spans,
                           Span at, std::string_view what) {
  errors::Operand all = operand(operands[0], spans[0]);
  for (size_t k = 1; k < operands.size(); ++k) {
    const errors::Operand next = operand(operands[k], spans[k]);
    const Shape shape = broadcast_shape(all, next, at, what);
    all = shape == next.shape ? next : all;
    all.shape = shape;
  }
  check_size(all.shape, at);
  warn_of_pairs(operands, spans, at);
  for (Value& each : operands) {
    if (!graph().shape(each).empty()) each = graph().broadcast(each, all.shape);
  }
  return graph().map(op, std::move(operands));
}

// Operands as the operator takes them: reals, but for what is compared or chosen as it is.
void Checker::agree(Op op, std::vector<Value>& operands) {
  const auto element = [&](size_t k) { return graph().type(operands[k]).element; };
  if (op >= Op::logical_and && op <= Op::logical_not) return;
  if (op == Op::select && element(1) == element(2)) return;
  if (op >= Op::lt && op <= Op::ne && element(0) == Element::index &&
      element(1) == Element::index) {
    return;
  }
  for (size_t k = op == Op::select ? 1 : 0; k < operands.size(); ++k)
    operands[k] = real(operands[k]);
}

Thing Checker::applied(Op op, const std::vector<Thing>& operands, const std::vector<Span>& spans,
                       Span at, std::string_view what) {
  std::vector<Value> values;
  const bool entries = std::any_of(operands.begin(), operands.end(),
                                   [](const Thing& each) { return entry_of(each) != nullptr; });
  if (!entries) {
    for (size_t k = 0; k < operands.size(); ++k) values.push_back(value(operands[k], spans[k]));
    agree(op, values);
    return {Tensor{elementwise(op, std::move(values), spans, at, what)}};
  }
  // Each over the indices that it depends on, repeated along those of the others.
  std::vector<Entry> all;
  std::set<int> used;
  for (size_t k = 0; k < operands.size(); ++k) {
    all.push_back(as_entry(operands[k], spans[k]));
    for (int index : indices_of(all.back())) used.insert(index);
  }
  const std::vector<int> indices(used.begin(), used.end());
  for (const Entry& each : all) {
    values.push_back(
        each.at.empty()
            ? each.of
            : tensor_over(each, indices_of(each).empty() ? std::vector<int>{} : indices));
  }
  agree(op, values);
  return {entry_over(graph().map(op, std::move(values)), indices)};
}

bool Checker::of_one_element(const Items& list, Span at) {
  const Type first = graph().type(value(list.entries[0], at));
  return std::all_of(list.entries.begin(), list.entries.end(), [&](const Thing& each) {
    const Type type = graph().type(value(each, at));
    return type.element == first.element && type.bound == first.bound;
  });
}

Value Checker::stack(const Items& list, int axis, Span at) {
  if (list.entries.empty()) fail(errors::not_a_list(at, "a list with entries"));
  std::vector<Value> parts;
  const bool as_they_are = of_one_element(list, at);
  for (const Thing& each : list.entries) {
    parts.push_back(as_they_are ? value(each, at) : real(each, at));
  }
  const Shape shape = graph().shape(parts[0]);
  Shape one = shape;
  one.insert(one.begin() + axis, Dim(1));
  for (Value& part : parts) {
    if (!agree(shape, graph().shape(part), at)) {
      fail(errors::parts_differ(at, shape, graph().shape(part)));
    }
    part = graph().reshape(part, one);
  }
  return graph().concat(std::move(parts), axis);
}

}  // namespace gradus::checking
