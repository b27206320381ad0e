#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

#include "compiler/check/checker.h"

// Operators that make, join, cut and rearrange tensors.
namespace gradus::checking {
namespace {

// The accesses of a view that changes nothing.
std::vector<Affine> identity(size_t rank) {
  std::vector<Affine> map;
  for (size_t k = 0; k < rank; ++k) map.push_back(Affine::axis(static_cast<int>(k)));
  return map;
}

// The one axis that two shapes differ in, where there is one.
std::optional<size_t> one_difference(const Shape& first, const Shape& other) {
  std::optional<size_t> found;
  if (first.size() != other.size()) return found;
  for (size_t k = 0; k < first.size(); ++k) {
    if (first[k] == other[k]) continue;
    if (found) return std::nullopt;
    found = k;
  }
  return found;
}

constexpr size_t keyword_only = std::numeric_limits<size_t>::max();

}  // namespace

Thing Checker::filled(const std::string& name, const Arguments& arguments, Span at) {
  if (name == "iota") {
    const Argument& n = needed(arguments, 0, "n", name, at);
    const Dim length = extent(*n.thing, n.span);
    check_size({length}, n.span);
    return {Tensor{graph().iota(length)}};
  }
  const Argument& given = needed(arguments, 0, "shape", name, at);
  const Shape shape = shape_from(*given.thing, given.span);
  check_size(shape, given.span);
  Value entry = graph().constant(name == "ones" ? 1 : 0);
  if (name == "full") {
    const Argument& value = needed(arguments, 1, "value", name, at);
    entry = real(*value.thing, value.span);
    if (!graph().shape(entry).empty()) {
      fail(errors::not_scalar(value.span, "fill value", graph().shape(entry)));
    }
  }
  return {Tensor{graph().full(entry, shape)}};
}

Thing Checker::joined(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "parts", name, at);
  if (given.thing->as<Tensor>() != nullptr) {
    fail(errors::not_a_list(given.span, "a list of tensors",
                            fmt::format("put the parts in brackets: `{}([a, b])`", name)));
  }
  const Items& parts = items(*given.thing, given.span, "a list of tensors");
  if (parts.entries.empty()) fail(errors::not_a_list(given.span, "a list with entries"));
  Shape shape = graph().shape(value(parts.entries[0], given.span));
  if (name == "stack") shape.insert(shape.begin(), Dim(1));
  const Argument* chosen = argument(arguments, 1, "axis");
  const int along = chosen == nullptr
                        ? axis(0, shape, given.span)
                        : axis(whole(*chosen->thing, chosen->span), shape, chosen->span);
  if (name == "stack") return {Tensor{stack(parts, along, given.span)}};
  std::vector<Value> values;
  const bool as_they_are = of_one_element(parts, given.span);
  for (const Thing& each : parts.entries) {
    values.push_back(as_they_are ? value(each, given.span) : real(each, given.span));
    const Shape own = graph().shape(values.back());
    Shape other = own;
    if (other.size() == shape.size()) other[along] = shape[along];
    if (!agree(other, shape, given.span)) {
      fail(errors::parts_differ(given.span, shape, own, one_difference(shape, own)));
    }
  }
  return {Tensor{graph().concat(std::move(values), along)}};
}

Thing Checker::reshaped(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = value(*given.thing, given.span);
  const Shape from = graph().shape(x);
  if (name == "flatten") {
    axis(0, from, given.span);
    return {Tensor{graph().reshape(x, {from[0], size_of(Shape(from.begin() + 1, from.end()))})}};
  }
  const Argument& wanted = needed(arguments, 1, "shape", name, at);
  const Shape asked = shape_from(*wanted.thing, wanted.span);
  const auto left_open = std::count(asked.begin(), asked.end(), Dim(-1));
  if (left_open > 1) fail(errors::open_entries(wanted.span, static_cast<size_t>(left_open)));
  Shape shape = asked;
  int open = -1;  // the entry that is -1
  Dim rest(1);
  for (size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] == Dim(-1) && open < 0) {
      open = static_cast<int>(k);
    } else {
      rest = rest * shape[k];
    }
  }
  if (open >= 0) {
    const auto quotient = rest == Dim(0) ? std::nullopt : size_of(from).divided_by(rest);
    if (!quotient) fail(errors::reshape_misfit(wanted.span, from, asked));
    shape[open] = *quotient;
  }
  check_size(shape, wanted.span);
  if (!agree(size_of(shape), size_of(from), wanted.span))
    fail(errors::reshape_misfit(wanted.span, from, asked));
  return {Tensor{graph().reshape(x, shape)}};
}

Thing Checker::permuted(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = value(*given.thing, given.span);
  const Argument& order = needed(arguments, 1, "axes", name, at);
  std::vector<int> permutation;
  for (const Thing& each : items(*order.thing, order.span, "a list of axes").entries) {
    permutation.push_back(axis(whole(each, order.span), graph().shape(x), order.span));
  }
  const std::set<int> distinct(permutation.begin(), permutation.end());
  const int rank = graph().type(x).rank();
  if (static_cast<int>(distinct.size()) != rank || distinct.size() != permutation.size()) {
    fail(errors::not_a_permutation(order.span, rank));
  }
  return {Tensor{graph().transpose(x, permutation)}};
}

Thing Checker::cumulated(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = real(*given.thing, given.span);
  const Argument* chosen = argument(arguments, keyword_only, "axis");
  const int64_t along = chosen == nullptr ? -1 : whole(*chosen->thing, chosen->span);
  const Span place = chosen == nullptr ? given.span : chosen->span;
  return {Tensor{graph().cumsum(x, {axis(along, graph().shape(x), place), false, false})}};
}

Thing Checker::flipped(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = value(*given.thing, given.span);
  const Shape shape = graph().shape(x);
  const Argument* chosen = argument(arguments, 1, "axis");
  const int64_t asked = chosen == nullptr ? -1 : whole(*chosen->thing, chosen->span);
  const int along = axis(asked, shape, chosen == nullptr ? given.span : chosen->span);
  View view{shape, identity(shape.size()), std::nullopt};
  view.map[along] = Affine::axis(along, -1, shape[along] - Dim(1));
  return {Tensor{graph().view(x, std::move(view))}};
}

Thing Checker::split(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = value(*given.thing, given.span);
  const Shape shape = graph().shape(x);
  const Argument& parts = needed(arguments, 1, "n", name, at);
  const Argument* chosen = argument(arguments, 2, "axis");
  const int64_t asked = chosen == nullptr ? -1 : whole(*chosen->thing, chosen->span);
  const int along = axis(asked, shape, chosen == nullptr ? given.span : chosen->span);
  Shape sizes;
  if (parts.thing->as<Items>() != nullptr) {
    sizes = shape_from(*parts.thing, parts.span);
  } else {
    const int64_t n = whole(*parts.thing, parts.span);
    const auto size = n > 0 ? shape[along].divided_by(Dim(n)) : std::nullopt;
    if (!size || n > 10000) {
      fail(errors::split_misfit(parts.span, shape[along], fmt::format("{} equal parts", n)));
    }
    sizes.assign(static_cast<size_t>(n), *size);
  }
  check_size(sizes, parts.span);
  Several several;
  Dim first;
  for (const Dim& size : sizes) {
    View view{shape, identity(shape.size()), std::nullopt};
    view.shape[along] = size;
    view.map[along].offset = first;
    several.values.push_back({Tensor{graph().view(x, std::move(view))}});
    first = first + size;
  }
  if (!agree(first, shape[along], parts.span)) {
    fail(errors::split_misfit(parts.span, shape[along], text(sizes)));
  }
  return {std::move(several)};
}

Thing Checker::padded(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = real(*given.thing, given.span);
  const Shape shape = graph().shape(x);
  const Argument& widths = needed(arguments, 1, "widths", name, at);
  const Items& pairs = items(*widths.thing, widths.span, "a list of pairs [before, after]");
  if (pairs.entries.size() != shape.size()) {
    fail(errors::not_a_list(widths.span,
                            fmt::format("a pair for each of the {} axes", shape.size())));
  }
  const Argument* value = argument(arguments, 2, "value");
  View view{shape, identity(shape.size()),
            value == nullptr ? 0 : constant(*value->thing, value->span)};
  bool any = false;
  for (size_t k = 0; k < shape.size(); ++k) {
    const Items& pair = items(pairs.entries[k], widths.span, "a pair [before, after]");
    if (pair.entries.size() != 2) fail(errors::not_a_list(widths.span, "a pair [before, after]"));
    const Dim before = extent(pair.entries[0], widths.span);
    const Dim after = extent(pair.entries[1], widths.span);
    any = any || before != Dim(0) || after != Dim(0);
    view.shape[k] = shape[k] + before + after;
    view.map[k].offset = Dim(0) - before;
  }
  check_size(view.shape, widths.span);
  return {Tensor{any ? graph().view(x, std::move(view)) : x}};
}

Thing Checker::one_hot(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "i", name, at);
  const Value i = value(*given.thing, given.span);
  if (graph().type(i).element != Element::index) {
    fail(errors::not_an_index(operand(i, given.span), graph().type(i)));
  }
  const Argument& n = needed(arguments, 1, "n", name, at);
  Shape shape = graph().shape(i);
  const int last = static_cast<int>(shape.size());
  shape.push_back(extent(*n.thing, n.span));
  check_bound(i, {name, shape.back()}, given.span);
  check_size(shape, n.span);
  std::vector<int> leading;
  for (int k = 0; k < last; ++k) leading.push_back(k);
  const Value positions = graph().broadcast(graph().iota(shape.back()), shape, {last});
  const Value same = graph().map(Op::eq, {graph().broadcast(i, shape, leading), positions});
  return {Tensor{graph().map(Op::to_real, {same})}};
}

Thing Checker::diagonal(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = real(*given.thing, given.span);
  const Shape shape = graph().shape(x);
  if (name == "diag" && shape.size() == 1) {
    const Shape square = {shape[0], shape[0]};
    const Value rows = graph().broadcast(graph().iota(shape[0]), square, {0});
    const Value columns = graph().broadcast(graph().iota(shape[0]), square, {1});
    return {
        Tensor{graph().map(Op::select, {graph().map(Op::eq, {rows, columns}),
                                        graph().broadcast(x, square, {0}), graph().constant(0)})}};
  }
  if (shape.size() != 2 || !agree(shape[0], shape[1], given.span)) {
    fail(errors::not_square(given.span, name, shape));
  }
  const Value entries =
      graph().view(x, {{shape[0]}, {Affine::axis(0), Affine::axis(0)}, std::nullopt});
  if (name == "diag") return {Tensor{entries}};
  return {Tensor{graph().reduce(Op::reduce_sum, entries, {0})}};
}

}  // namespace gradus::checking
