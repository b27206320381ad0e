// Reductions: what does not vary along their axes is taken out, and sums of products of matrices
// become contractions.
#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/graph/access.h"
#include "compiler/simplify/forms.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using namespace patterns;  // NOLINT(google-build-using-namespace): rules read like formulas
constexpr Exactness exact = Exactness::exact;
constexpr Exactness rounding = Exactness::rounding;

using Numbers = std::vector<int>;

const Numbers& axes_of(const Rewriter& rewriter, Value reduction) {
  return std::get<Axes>(rewriter[reduction].attributes).axes;
}

bool contains(const Numbers& axes, int axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

// The axes among 0 … rank that are not in `axes`.
Numbers others(const Numbers& axes, size_t rank) {
  Numbers result;
  for (int axis = 0; axis < static_cast<int>(rank); ++axis) {
    if (!contains(axes, axis)) result.push_back(axis);
  }
  return result;
}

// The numbers that axes have when `gone` are no more.
Numbers renumbered(const Numbers& axes, const Numbers& gone) {
  Numbers result;
  for (int axis : axes) {
    if (contains(gone, axis)) continue;
    result.push_back(axis - static_cast<int>(std::count_if(gone.begin(), gone.end(),
                                                           [&](int g) { return g < axis; })));
  }
  return result;
}

Shape without(const Shape& shape, const Numbers& axes) {
  Shape result;
  for (int axis : others(axes, shape.size())) result.push_back(shape[axis]);
  return result;
}

Dim extent_of(const Shape& shape, const Numbers& axes) {
  Dim result = 1;
  for (int axis : axes) result = result * shape[axis];
  return result;
}

// The axes along which a value varies: those that its view reads.
Numbers varied(const Rewriter& rewriter, Value value) {
  const int rank = rewriter.rank(value);
  if (rewriter.op(value) != Op::view) return others({}, rank);
  Numbers result;
  for (const Affine& access : std::get<View>(rewriter[value].attributes).map) {
    for (const auto& term : access.terms) {
      if (!contains(result, term.axis)) result.push_back(term.axis);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

bool varies(const Rewriter& rewriter, Value value, const Numbers& axes) {
  const Numbers own = varied(rewriter, value);
  return std::any_of(own.begin(), own.end(), [&](int axis) { return contains(axes, axis); });
}

// A value that does not vary along `axes`, in the shape without them.
Value restricted(Rewriter& rewriter, Value value, const Numbers& axes) {
  if (rewriter.rank(value) == 0) return value;
  View view = std::get<View>(rewriter[value].attributes);
  view.shape = without(view.shape, axes);
  for (Affine& access : view.map) {
    for (auto& term : access.terms) term.axis = renumbered({term.axis}, axes)[0];
  }
  return rewriter.graph.view(rewriter.operand(value), std::move(view));
}

Product restricted(Rewriter& rewriter, Product product, const Numbers& axes) {
  for (Factor& factor : product.factors) {
    factor.base = restricted(rewriter, factor.base, axes);
  }
  return product;
}

// What is summed, as a product; a value with a name is kept whole.
Product summand(Rewriter& rewriter, Value sum) {
  return product_of(rewriter, rewriter.operand(sum), false);
}

// Scalars of the model stay in the sum in which they were written, as in Σ (ŷ − y) · w · x;
// divisors and constants go before it.
bool is_free_to_stay(Rewriter& rewriter, const Factor& factor) {
  return rewriter.rank(factor.base) == 0 && factor.power > 0 &&
         !rewriter.facts[factor.base].constant;
}

// The axes of a sum along which one of the factors does not vary, so that it may go before the sum
// over these; none where there is no such factor. Scalars are left where they are, but for
// divisors.
Numbers free_axes(Rewriter& rewriter, const Product& product, const Numbers& axes) {
  Numbers best;
  bool all_free = true;
  for (const Factor& factor : product.factors) {
    const Numbers own = varied(rewriter, factor.base);
    Numbers free;
    for (int axis : axes) {
      if (!contains(own, axis)) free.push_back(axis);
    }
    all_free &= free.size() == axes.size();
    if (!is_free_to_stay(rewriter, factor) && free.size() > best.size()) best = free;
  }
  return all_free ? axes : best;
}

Value sum_of_repeated(Rewriter& rewriter, Value value) {
  const Numbers axes = axes_of(rewriter, value);
  const Shape shape = rewriter.shape(rewriter.operand(value));
  const Product product = summand(rewriter, value);
  const Numbers free = free_axes(rewriter, product, axes);
  if (free.empty()) return {};
  Product outer{product.top, product.bottom, {}};
  Product inner;
  for (const Factor& factor : product.factors) {
    const bool stays = varies(rewriter, factor.base, free) || is_free_to_stay(rewriter, factor);
    (stays ? inner : outer).factors.push_back(factor);
  }
  const bool varies_at_all =
      std::any_of(inner.factors.begin(), inner.factors.end(),
                  [&](const Factor& factor) { return varies(rewriter, factor.base, free); });
  if (!varies_at_all) {  // then nothing stays
    outer.factors = product.factors;
    inner.factors.clear();
  }
  Graph& graph = rewriter.graph;
  outer = restricted(rewriter, std::move(outer), free);
  const Value many = inner.factors.empty()
                         ? graph.size(extent_of(shape, free))
                         : graph.reduce(Op::reduce_sum, build(rewriter, inner, shape), free);
  outer.factors.push_back({many, 1});
  if (free.size() == axes.size()) return build(rewriter, outer, rewriter.shape(value));
  return graph.reduce(Op::reduce_sum, build(rewriter, outer, without(shape, free)),
                      renumbered(axes, free));
}

Value sum_of_sum(Rewriter& rewriter, Value value) {
  const Value middle = rewriter.operand(value);
  if (rewriter.op(middle) != Op::reduce_sum || rewriter.is_named(middle)) return {};
  const Value x = rewriter.operand(middle);
  const Numbers kept = others(axes_of(rewriter, middle), rewriter.rank(x));
  Numbers axes = axes_of(rewriter, middle);
  for (int axis : axes_of(rewriter, value)) axes.push_back(kept[axis]);
  std::sort(axes.begin(), axes.end());
  return rewriter.graph.reduce(Op::reduce_sum, x, std::move(axes));
}

// Whether none of the axes A of x has extent 0.
bool has_entries(Rewriter& rewriter, const Match& match) {
  const Shape& shape = rewriter.shape(match['x']);
  return std::none_of(match.axes[0]->begin(), match.axes[0]->end(),
                      [&](int axis) { return shape[axis] == Dim(0); });
}

// Whether of the entries of a condition along the axis one alone is true: the equality of an index
// with the positions along it.
bool picks_one(const Rewriter& rewriter, Value equality, int axis) {
  if (rewriter.op(equality) != Op::eq) return false;
  for (int k : {0, 1}) {
    const Value positions = rewriter.operand(equality, k);
    const Value index = rewriter.operand(equality, 1 - k);
    const bool is_view = rewriter.op(positions) == Op::view;
    const Value source = is_view ? rewriter.operand(positions) : positions;
    if (rewriter.op(source) != Op::iota) continue;
    const Affine read =
        is_view ? std::get<View>(rewriter[positions].attributes).map[0] : Affine::axis(0);
    const Type& type = rewriter.graph.type(index);
    const Dim room = rewriter.shape(source)[0] - type.bound;
    if (read.plain() == axis && rewriter.shape(equality)[axis] == rewriter.shape(source)[0] &&
        type.element == Element::index && room.never_negative() &&
        !varies(rewriter, index, {axis}) &&
        (rewriter.op(index) != Op::view || !std::get<View>(rewriter[index].attributes).fill)) {
      return true;
    }
  }
  return false;
}

bool is_one_hot(const Rewriter& rewriter, Value value, int axis) {
  return rewriter.op(value) == Op::to_real && picks_one(rewriter, rewriter.operand(value), axis);
}

Value sum_of_one_hot(Rewriter& rewriter, Value value) {
  const Value x = rewriter.operand(value);
  const Numbers axes = axes_of(rewriter, value);
  // Σ[k] (if k == i then u else 0) is u.
  if (axes.size() == 1 && rewriter.op(x) == Op::select &&
      rewriter.literal(rewriter.operand(x, 2)) == 0.0 &&
      rewriter.rank(rewriter.operand(x, 1)) == 0 &&
      picks_one(rewriter, rewriter.operand(x), axes[0])) {
    return rewriter.graph.full(rewriter.operand(x, 1), rewriter.shape(value));
  }
  for (int axis : axes) {
    if (!is_one_hot(rewriter, x, axis)) continue;
    Numbers rest = axes;
    rest.erase(std::find(rest.begin(), rest.end(), axis));
    const Value count = rewriter.graph.size(extent_of(rewriter.shape(x), rest));
    return rewriter.graph.full(count, rewriter.shape(value));
  }
  return {};
}

// log Σ of a one-hot row times x = what the row picks from log x: a cross-entropy that is spelt as
// one on probabilities. Before a gradient is taken, as with all that is picked.
Value log_of_one_hot_sum(Rewriter& rewriter, Value value) {
  const Value sum = rewriter.operand(value);
  if (rewriter.op(sum) != Op::reduce_sum) return {};
  const Numbers axes = axes_of(rewriter, sum);
  const Value product = rewriter.operand(sum);
  if (axes.size() != 1 || rewriter.op(product) != Op::mul) return {};
  for (int k : {0, 1}) {
    const Value row = rewriter.operand(product, k);
    const Value x = rewriter.operand(product, 1 - k);
    if (!is_one_hot(rewriter, row, axes[0]) || rewriter.rank(x) == 0) continue;
    Graph& graph = rewriter.graph;
    const Value picked =
        graph.map(Op::select, {rewriter.operand(row), graph.map(Op::log, {x}), graph.constant(0)});
    return graph.reduce(Op::reduce_sum, picked, axes);
  }
  return {};
}

// Whether Σ of a term is known without summing its other factors.
bool sums_plainly(Rewriter& rewriter, const Product& term, const Numbers& axes) {
  bool found = false;
  for (const Factor& factor : term.factors) {
    if (rewriter.rank(factor.base) != 0 && !varies(rewriter, factor.base, axes)) {
      found = true;
      continue;
    }
    const bool to_one =
        factor.power == 1 &&
        ((rewriter.op(factor.base) == Op::softmax && axes_of(rewriter, factor.base) == axes) ||
         (axes.size() == 1 && is_one_hot(rewriter, factor.base, axes[0])));
    if (to_one) {
      found = true;
    } else if (rewriter.rank(factor.base) != 0) {
      return false;
    }
  }
  return found;
}

// Σ (x + repeated(u)) = Σ x + n · u.
Value sum_term_by_term(Rewriter& rewriter, Value value) {
  const Value x = rewriter.operand(value);
  const Op op = rewriter.op(x);
  if ((op != Op::add && op != Op::sub) || rewriter.is_named(x)) return {};
  const Numbers axes = axes_of(rewriter, value);
  const Sum sum = sum_of(rewriter, x);
  if (std::none_of(sum.begin(), sum.end(),
                   [&](const Product& term) { return sums_plainly(rewriter, term, axes); })) {
    return {};
  }
  Graph& graph = rewriter.graph;
  Sum result;
  for (const Product& term : sum) {
    Product magnitude = term;
    const double sign = term.top < 0 ? -1 : 1;
    magnitude.top *= sign;
    const Value summed =
        graph.reduce(Op::reduce_sum, build(rewriter, magnitude, rewriter.shape(x)), axes);
    result.push_back({sign, 1, {{summed, 1}}});
  }
  return build(rewriter, result, rewriter.shape(value));
}

// A maximum or minimum of one entry stays: its derivative compares the entry with it, and they are
// equal only as long as both are computed alike.
Value over_nothing(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  const Value x = node.operands[0];
  const Numbers axes = axes_of(rewriter, value);
  if (axes.empty()) return node.op == Op::norm ? rewriter.graph.map(Op::abs, {x}) : x;
  if (node.op == Op::reduce_max || node.op == Op::reduce_min) return {};
  Numbers longer;
  for (int axis : axes) {
    if (rewriter.shape(x)[axis] != Dim(1)) longer.push_back(axis);
  }
  if (longer.size() == axes.size()) return {};
  // Axes of one entry are read at it.
  Numbers single;
  for (int axis : axes) {
    if (!contains(longer, axis)) single.push_back(axis);
  }
  View view{without(rewriter.shape(x), single), {}, std::nullopt};
  const Numbers kept = others(single, rewriter.rank(x));
  for (int axis = 0; axis < rewriter.rank(x); ++axis) {
    const auto at = std::find(kept.begin(), kept.end(), axis);
    view.map.push_back(at == kept.end() ? Affine::at(0)
                                        : Affine::axis(static_cast<int>(at - kept.begin())));
  }
  const Value smaller = rewriter.graph.view(x, std::move(view));
  return rewriter.graph.reduce(node.op, smaller, renumbered(longer, single));
}

// max, min, any, all of what is repeated along some of the axes.
Value extremum_of_repeated(Rewriter& rewriter, Value value) {
  const Value x = rewriter.operand(value);
  if (rewriter.op(x) != Op::view) return {};
  const Numbers axes = axes_of(rewriter, value);
  Numbers repeated;
  for (int axis : axes) {
    if (!varies(rewriter, x, {axis}) && rewriter.shape(x)[axis] != Dim(0)) repeated.push_back(axis);
  }
  if (repeated.empty()) return {};
  return rewriter.graph.reduce(rewriter.op(value), restricted(rewriter, x, repeated),
                               renumbered(axes, repeated));
}

// A reduction of a transpose is a reduction over other axes, transposed.
Value reduction_of_transpose(Rewriter& rewriter, Value value) {
  const Value x = rewriter.operand(value);
  const Op op = rewriter.op(value);
  if (op == Op::argmax || op == Op::argmin) return {};
  const auto permutation = as_transpose(rewriter.graph, x);
  if (!permutation) return {};
  const Numbers axes = axes_of(rewriter, value);
  Numbers inner_axes;
  for (int axis : axes) inner_axes.push_back((*permutation)[axis]);
  std::sort(inner_axes.begin(), inner_axes.end());
  const Value inner = rewriter.graph.reduce(op, rewriter.operand(x), inner_axes);
  Numbers order;
  for (int axis : others(axes, permutation->size())) order.push_back((*permutation)[axis]);
  return rewriter.graph.transpose(inner, renumbered(order, inner_axes));
}

// A sum over everything does not mind the order.
Value sum_of_reshape(Rewriter& rewriter, Value value) {
  const Value x = rewriter.operand(value);
  if (rewriter.op(x) != Op::reshape || rewriter.rank(value) != 0) return {};
  const Value inner = rewriter.operand(x);
  return rewriter.graph.reduce(rewriter.op(value), inner, others({}, rewriter.rank(inner)));
}

// A factor of a contraction under construction: values that are read alike, multiplied.
struct Operand {
  Numbers varied;
  std::optional<View> view;  // how they are read; nothing for as they are
  Product product;
};

// Whether a contraction may read the operand of a view in the view's place.
bool is_readable(const Rewriter& rewriter, Value value) {
  if (rewriter.op(value) != Op::view) return false;
  const auto& view = std::get<View>(rewriter[value].attributes);
  return !view.fill && may_read(view.map, view.shape, rewriter.shape(rewriter.operand(value)));
}

// Σ over factors of which some lack an axis that others have: a contraction.
Value sum_to_contraction(Rewriter& rewriter, Value value) {
  const Numbers axes = axes_of(rewriter, value);
  const Shape shape = rewriter.shape(rewriter.operand(value));
  const Product product = summand(rewriter, value);
  std::vector<Operand> operands;
  for (const Factor& factor : product.factors) {
    if (rewriter.rank(factor.base) == 0) return {};
    const bool is_view = is_readable(rewriter, factor.base);
    Operand next{varied(rewriter, factor.base), std::nullopt, {}};
    if (is_view) next.view = std::get<View>(rewriter[factor.base].attributes);
    auto same = std::find_if(operands.begin(), operands.end(),
                             [&](const Operand& other) { return other.view == next.view; });
    if (same == operands.end()) same = operands.insert(operands.end(), std::move(next));
    same->product.factors.push_back(
        {is_view ? rewriter.operand(factor.base) : factor.base, factor.power});
  }
  if (operands.size() < 2) return {};
  // Matrices: each lacks an axis. A full factor beside a vector: only if it is there already.
  const bool some_is_full = std::any_of(operands.begin(), operands.end(), [&](const Operand& o) {
    return o.varied.size() == shape.size();
  });
  const bool all_alike = std::all_of(operands.begin(), operands.end(), [&](const Operand& o) {
    return o.varied == operands[0].varied;
  });
  if (all_alike) return {};
  for (const Operand& operand : operands) {
    const bool full = operand.varied.size() == shape.size();
    const bool single =
        operand.product.factors.size() == 1 && operand.product.factors[0].power == 1;
    if (some_is_full && full && !single) return {};
  }
  Numbers order = others(axes, shape.size());
  Contraction contraction;
  contraction.free = static_cast<int>(order.size());
  order.insert(order.end(), axes.begin(), axes.end());
  Numbers index_of(order.size());
  for (int k = 0; k < static_cast<int>(order.size()); ++k) {
    index_of[order[k]] = k;
    contraction.extents.push_back(shape[order[k]]);
  }
  std::vector<Value> factors;
  for (const Operand& operand : operands) {
    const Shape own = rewriter.shape(operand.product.factors[0].base);
    factors.push_back(build(rewriter, operand.product, own));
    std::vector<Affine>& accesses = contraction.accesses.emplace_back();
    for (int axis = 0; axis < static_cast<int>(own.size()); ++axis) {
      Affine access = operand.view ? operand.view->map[axis] : Affine::axis(axis);
      for (auto& term : access.terms) term.axis = index_of[term.axis];
      std::sort(access.terms.begin(), access.terms.end(),
                [](const auto& a, const auto& b) { return a.axis < b.axis; });
      accesses.push_back(std::move(access));
    }
  }
  Product numbers{product.top, product.bottom, {}};
  numbers.factors.push_back({rewriter.graph.contract(factors, std::move(contraction)), 1});
  return build(rewriter, numbers, rewriter.shape(value));
}

std::vector<Rule> make_table() {
  const std::vector<Op> folds = {Op::reduce_sum, Op::reduce_prod, Op::reduce_max, Op::reduce_min,
                                 Op::reduce_any, Op::reduce_all,  Op::logsumexp,  Op::norm};
  const std::vector<Op> idempotent = {Op::reduce_max, Op::reduce_min, Op::reduce_any,
                                      Op::reduce_all};
  return {
      rule("reduction of one entry", folds, over_nothing, "sum(x) over one entry", "x", exact),
      rule("sum of a sum", {Op::reduce_sum}, sum_of_sum, "sum(sum(x))", "sum(x)", rounding),
      rule("softmax sums to one", sum_over(softmax_over(x)), 1, rounding, Stage::simplify,
           {has_entries, "over at least one entry"}),
      rule("a one-hot row sums to one", {Op::reduce_sum}, sum_of_one_hot,
           "sum[k] (if k == i then 1 else 0)", "1", exact),
      rule("log of what a one-hot row picks", {Op::log}, log_of_one_hot_sum,
           "log(sum[k] one_hot(i, n)[k] * x[k])", "log(x[i])", exact, Stage::recognise),
      rule("reduction of a transpose", folds, reduction_of_transpose, "sum(x', axis = 0)",
           "sum(x, axis = 1)", rounding),
      rule("sum of a reshape", {Op::reduce_sum}, sum_of_reshape, "sum(reshape(x))", "sum(x)",
           rounding),
      rule("what does not vary before the sum", {Op::reduce_sum}, sum_of_repeated,
           "sum[k] u * x[k]", "u * sum[k] x[k]", rounding),
      rule("sum term by term", {Op::reduce_sum}, sum_term_by_term, "sum[k] (x[k] + u)",
           "sum[k] x[k] + n * u", rounding),
      rule("sum of products as a contraction", {Op::reduce_sum}, sum_to_contraction,
           "sum[k] x[i, k] * y[k, j]", "x @ y", rounding),
      rule("extremum of what is repeated", idempotent, extremum_of_repeated, "max[k] u", "u",
           exact),
  };
}

}  // namespace

std::span<const Rule> reduction_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
