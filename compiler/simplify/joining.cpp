// Concatenations: of slices, of concatenations, and as sums of padded parts.
#include <cmath>
#include <optional>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using patterns::rule;
constexpr Exactness exact = Exactness::exact;

int axis_of(const Rewriter& rewriter, Value concat) {
  return std::get<Along>(rewriter[concat].attributes).axis;
}

Value nested_concat(Rewriter& rewriter, Value value) {
  const int axis = axis_of(rewriter, value);
  std::vector<Value> parts;
  for (Value part : rewriter[value].operands) {
    if (rewriter.op(part) == Op::concat && axis_of(rewriter, part) == axis &&
        !rewriter.is_named(part)) {
      const auto& inner = rewriter[part].operands;
      parts.insert(parts.end(), inner.begin(), inner.end());
    } else if (rewriter.shape(part)[axis] != Dim(0)) {
      parts.push_back(part);
    }
  }
  if (parts == rewriter[value].operands || parts.empty()) return {};
  return rewriter.graph.concat(std::move(parts), axis);
}

// Where a slice along one axis starts in what it is a slice of.
std::optional<Dim> start_of_slice(const View& view, int axis) {
  if (view.fill || view.map.size() != view.shape.size()) return std::nullopt;
  for (int k = 0; k < static_cast<int>(view.map.size()); ++k) {
    const Affine& access = view.map[k];
    if (access.terms.size() != 1 || access.terms[0].axis != k || access.terms[0].coefficient != 1 ||
        (k != axis && access.offset != Dim(0))) {
      return std::nullopt;
    }
  }
  return view.map[axis].offset;
}

// Slices that follow one another are a longer one.
Value concat_of_slices(Rewriter& rewriter, Value value) {
  const int axis = axis_of(rewriter, value);
  const auto& operands = rewriter[value].operands;
  std::vector<Value> parts;
  bool joined = false;
  std::optional<Dim> end;  // of the last part, where that is a slice
  for (Value part : operands) {
    const auto* view = std::get_if<View>(&rewriter[part].attributes);
    const bool is_view = rewriter.op(part) == Op::view;
    const auto start = is_view ? start_of_slice(*view, axis) : std::nullopt;
    if (start && end && start == end && rewriter.operand(part) == rewriter.operand(parts.back())) {
      View longer = std::get<View>(rewriter[parts.back()].attributes);
      longer.shape[axis] = longer.shape[axis] + view->shape[axis];
      parts.back() = rewriter.graph.view(rewriter.operand(part), std::move(longer));
      joined = true;
    } else {
      parts.push_back(part);
    }
    end = start ? std::optional(*start + rewriter.shape(part)[axis]) : std::nullopt;
  }
  return joined ? rewriter.graph.concat(std::move(parts), axis) : Value{};
}

// A view that puts x at `start` along one axis, zeros around it.
struct Padded {
  Value x;
  int axis;
  Dim start;
  Dim end;
};

std::optional<Padded> as_padded(const Rewriter& rewriter, Value value) {
  if (rewriter.op(value) != Op::view) return std::nullopt;
  const auto& view = std::get<View>(rewriter[value].attributes);
  const Value x = rewriter.operand(value);
  const Shape& shape = rewriter.shape(x);
  if (view.fill != 0.0 || std::signbit(*view.fill) || shape.size() != view.shape.size()) {
    return std::nullopt;
  }
  std::optional<Padded> result;
  for (int k = 0; k < static_cast<int>(shape.size()); ++k) {
    const Affine& access = view.map[k];
    if (access.terms.size() != 1 || access.terms[0].axis != k || access.terms[0].coefficient != 1) {
      return std::nullopt;
    }
    if (access.offset == Dim(0) && shape[k] == view.shape[k]) continue;
    if (result) return std::nullopt;
    const Dim start = Dim(0) - access.offset;
    result = Padded{x, k, start, start + shape[k]};
    const bool inside = start.never_negative() && (view.shape[k] - result->end).never_negative();
    if (!inside) return std::nullopt;
  }
  return result;
}

// Parts padded side by side, added up: their concatenation, padded.
Value sum_of_padded(Rewriter& rewriter, Value value) {
  Sum sum = sum_of(rewriter, value);
  for (size_t i = 0; i < sum.size(); ++i) {
    for (size_t j = 0; j < sum.size(); ++j) {
      if (i == j || sum[i].factors.size() != 1 || sum[j].factors.size() != 1) continue;
      if (sum[i].factors[0].power != 1 || sum[j].factors[0].power != 1) continue;
      if (std::fabs(sum[i].top) != std::fabs(sum[j].top) || sum[i].bottom != sum[j].bottom) {
        continue;
      }
      const auto left = as_padded(rewriter, sum[i].factors[0].base);
      const auto right = as_padded(rewriter, sum[j].factors[0].base);
      if (!left || !right || left->axis != right->axis || left->end != right->start) continue;
      Graph& graph = rewriter.graph;
      const bool differ = sum[i].top != sum[j].top;
      const Value second = differ ? graph.map(Op::neg, {right->x}) : right->x;
      View pad = std::get<View>(rewriter[sum[i].factors[0].base].attributes);
      const Value both = graph.concat({left->x, second}, left->axis);
      sum[i].factors[0].base = graph.view(both, std::move(pad));
      sum.erase(sum.begin() + static_cast<std::ptrdiff_t>(j));
      return build(rewriter, sum, rewriter.shape(value));
    }
  }
  return {};
}

std::vector<Rule> make_table() {
  return {
      rule("concatenation of concatenations", {Op::concat}, nested_concat,
           "concat([concat([x, y]), z])", "concat([x, y, z])", exact),
      rule("slices put together again", {Op::concat}, concat_of_slices, "concat([x[0:k], x[k:n]])",
           "x", exact),
      rule("padded parts put together", {Op::add, Op::sub}, sum_of_padded,
           "pad(x, [0, n]) + pad(y, [m, 0])", "concat([x, y])", exact),
  };
}

}  // namespace

std::span<const Rule> joining_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
