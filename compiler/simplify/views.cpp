// Views and reshapes: composed, dropped, and moved outwards over elementwise operators.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>

#include "compiler/graph/access.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using patterns::rule;
constexpr Exactness exact = Exactness::exact;

bool same_number(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// Whether an outer view's range check of the middle axis is made by the composed view too.
bool is_still_checked(const View& outer, const View& inner, const Shape& middle, const Shape& x,
                      int axis) {
  if (in_range(outer.map[axis], outer.shape, middle[axis])) return true;
  for (size_t k = 0; k < inner.map.size(); ++k) {
    if (inner.map[k].plain() == axis && x[k] == middle[axis]) return true;
  }
  return false;
}

Value view_of_view(Rewriter& rewriter, Value value) {
  const auto& outer = std::get<View>(rewriter[value].attributes);
  const Value middle = rewriter.operand(value);
  if (rewriter.op(middle) != Op::view) return {};
  const auto& inner = std::get<View>(rewriter[middle].attributes);
  const Value x = rewriter.operand(middle);
  View result{outer.shape, {}, inner.fill};
  if (outer.fill) {
    if (inner.fill && !same_number(*inner.fill, *outer.fill)) return {};
    for (int axis = 0; axis < static_cast<int>(outer.map.size()); ++axis) {
      if (!is_still_checked(outer, inner, inner.shape, rewriter.shape(x), axis)) return {};
    }
    result.fill = outer.fill;
  }
  for (const Affine& access : inner.map) result.map.push_back(composed(access, outer.map));
  return rewriter.graph.view(x, std::move(result));
}

// A view that moves nothing, or whose fill is never used.
Value idle_view(Rewriter& rewriter, Value value) {
  const auto& view = std::get<View>(rewriter[value].attributes);
  const Value x = rewriter.operand(value);
  const Shape& shape = rewriter.shape(x);
  bool moves = view.shape != shape;
  for (int axis = 0; axis < static_cast<int>(view.map.size()); ++axis) {
    if (!in_range(view.map[axis], view.shape, shape[axis])) return {};
    moves |= view.map[axis].plain() != axis;
  }
  if (!moves) return x;
  if (!view.fill) return {};
  View plain = view;
  plain.fill = std::nullopt;
  return rewriter.graph.view(x, std::move(plain));
}

// A slice that lies in one part of a concatenation.
Value slice_of_concat(Rewriter& rewriter, Value value) {
  const auto& view = std::get<View>(rewriter[value].attributes);
  const Value whole = rewriter.operand(value);
  if (rewriter.op(whole) != Op::concat || view.fill) return {};
  const int axis = std::get<Along>(rewriter[whole].attributes).axis;
  const Bounds reached = bounds(view.map[axis], view.shape);
  Dim start = 0;
  for (Value part : rewriter[whole].operands) {
    const Dim end = start + rewriter.shape(part)[axis];
    if ((reached.least - start).never_negative() &&
        (end - Dim(1) - reached.largest).never_negative()) {
      View slice = view;
      slice.map[axis].offset = slice.map[axis].offset - start;
      return rewriter.graph.view(part, std::move(slice));
    }
    start = end;
  }
  return {};
}

// The broadcasts of an elementwise node's operands, where all are broadcasts or scalars: the axes
// that some operand varies along.
std::optional<std::vector<int>> varied_axes(const Rewriter& rewriter, const Node& node) {
  std::set<int> varied;
  for (Value operand : node.operands) {
    if (rewriter.rank(operand) == 0) continue;
    const auto axes = as_broadcast(rewriter.graph, operand);
    if (!axes) return std::nullopt;
    varied.insert(axes->begin(), axes->end());
  }
  return std::vector<int>(varied.begin(), varied.end());
}

Value computed_before_repeated(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  const int rank = node.type.rank();
  if (rank == 0) return {};
  const auto varied = varied_axes(rewriter, node);
  if (!varied || static_cast<int>(varied->size()) == rank) return {};
  Graph& graph = rewriter.graph;
  Shape shape;
  for (int axis : *varied) shape.push_back(node.type.shape[axis]);
  std::vector<Value> operands;
  for (Value operand : node.operands) {
    if (rewriter.rank(operand) != 0) {
      std::vector<int> axes = *as_broadcast(rewriter.graph, operand);
      for (int& axis : axes) {
        axis = static_cast<int>(std::find(varied->begin(), varied->end(), axis) - varied->begin());
      }
      operand = graph.broadcast(rewriter.operand(operand), shape, axes);
    }
    operands.push_back(operand);
  }
  return graph.broadcast(graph.map(node.op, std::move(operands)), node.type.shape, *varied);
}

Value computed_before_transposed(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  std::optional<View> common;
  std::vector<Value> operands;
  for (Value operand : node.operands) {
    if (rewriter.rank(operand) != 0) {
      if (!as_transpose(rewriter.graph, operand)) return {};
      const auto& view = std::get<View>(rewriter[operand].attributes);
      if (common && !(*common == view)) return {};
      common = view;
      operand = rewriter.operand(operand);
    }
    operands.push_back(operand);
  }
  if (!common) return {};
  return rewriter.graph.view(rewriter.graph.map(node.op, std::move(operands)), *common);
}

Value reshape_of_reshape(Rewriter& rewriter, Value value) {
  const Value middle = rewriter.operand(value);
  if (rewriter.op(middle) != Op::reshape) return {};
  return rewriter.graph.reshape(rewriter.operand(middle), rewriter.shape(value));
}

Value reshape_of_number(Rewriter& rewriter, Value value) {
  const Value x = rewriter.operand(value);
  if (rewriter.op(x) != Op::view || rewriter.rank(rewriter.operand(x)) != 0 ||
      std::get<View>(rewriter[x].attributes).fill) {
    return {};
  }
  return rewriter.graph.full(rewriter.operand(x), rewriter.shape(value));
}

// A spread that moves every entry to a place of its own is a view: a shift into zeros.
Value spread_in_place(Rewriter& rewriter, Value value) {
  const auto& spread = std::get<View>(rewriter[value].attributes);
  const Value x = rewriter.operand(value);
  const Shape& shape = rewriter.shape(x);
  if (spread.map.size() != shape.size()) return {};
  View view{spread.shape, std::vector<Affine>(shape.size()), std::nullopt};
  std::vector<bool> seen(shape.size(), false);
  for (int axis = 0; axis < static_cast<int>(spread.map.size()); ++axis) {
    const Affine& access = spread.map[axis];
    if (access.terms.size() != 1 || std::abs(access.terms[0].coefficient) != 1) return {};
    const auto& [from, sign] = access.terms[0];
    if (seen[from]) return {};
    seen[from] = true;
    view.map[from] = Affine::axis(axis, sign, Dim(-sign) * access.offset);
    if (!in_range(view.map[from], view.shape, shape[from])) view.fill = 0.0;
  }
  return rewriter.graph.view(x, std::move(view));
}

std::vector<Op> elementwise() {
  std::vector<Op> ops;
  for (const Map& row : maps()) ops.push_back(row.op);
  return ops;
}

std::vector<Rule> make_table() {
  constexpr Stage recognise = Stage::recognise;
  return {
      rule("view of a view", {Op::view}, view_of_view, "transpose(transpose(x))", "x", exact,
           recognise),
      rule("view that moves nothing", {Op::view}, idle_view, "x[0:n]", "x", exact, recognise),
      rule("slice of a concatenation", {Op::view}, slice_of_concat, "concat([x, y])[0:n]", "x",
           exact),
      rule("computed before it is repeated", elementwise(), computed_before_repeated,
           "f(repeated(x), repeated(y))", "repeated(f(x, y))", exact, recognise),
      rule("computed before it is transposed", elementwise(), computed_before_transposed,
           "f(x', y')", "f(x, y)'", exact),
      rule("reshape twice", {Op::reshape}, reshape_of_reshape, "reshape(reshape(x))", "reshape(x)",
           exact),
      rule("reshape of a number", {Op::reshape}, reshape_of_number, "reshape(repeated(c))",
           "repeated(c)", exact),
      rule("spread in place", {Op::spread}, spread_in_place, "spread(x)[i + k]", "pad(x)", exact),
  };
}

}  // namespace

std::span<const Rule> view_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
