// Values entry by entry: index notation.

#include <algorithm>
#include <cmath>
#include <ranges>

#include "compiler/formula/reader.h"
#include "compiler/graph/access.h"

namespace gradus::formula {
namespace {

// Whether 0 ≤ access holds for all indices below the extents, and whether access < extent does.
struct InRange {
  bool below = false;
  bool above = false;
};

InRange range_of(const Affine& access, const Shape& extents, const Dim& extent) {
  const Bounds reached = bounds(access, extents);
  return {reached.least.never_negative(), (extent - Dim(1) - reached.largest).never_negative()};
}

Expr all_of(std::vector<Expr> conditions) {
  return conditions.size() == 1 ? conditions[0] : logic("and", std::move(conditions));
}

Expr guarded(const std::vector<Expr>& conditions, const Expr& value, double otherwise) {
  if (conditions.empty()) return value;
  // Where one place alone counts, nothing is read elsewhere that is not there.
  if (otherwise == 0 && conditions.size() == 1 && conditions[0]->word == "=") {
    return product({value, bracket(conditions[0])});
  }
  return choice(all_of(conditions), value, number(otherwise));
}

// x = rest + constant.
struct Shifted {
  std::vector<Expr> rest;
  double constant = 0;
};

Shifted shifted(const Expr& x) {
  Shifted result;
  for (const Expr& term : x.is(Kind::sum) ? x->parts : std::vector<Expr>{x}) {
    if (term.is(Kind::number)) {
      result.constant += term->value;
    } else {
      result.rest.push_back(term);
    }
  }
  return result;
}

// x `sign` y, with the numbers on the right.
Expr compared(const Expr& x, std::string_view sign, const Expr& y) {
  Shifted left = shifted(x);
  return comparison(sum(std::move(left.rest)), sign, sum({y, number(-left.constant)}));
}

// Adds that 0 ≤ x < extent, as far as it is not sure.
void require(std::vector<Expr>& conditions, const Expr& x, InRange sure, const Dim& extent,
             const Expr& written_extent) {
  if (extent == Dim(1) && !(sure.below && sure.above)) {
    conditions.push_back(compared(x, "=", number(0)));
    return;
  }
  if (!sure.below) conditions.push_back(compared(x, "≥", number(0)));
  if (!sure.above) conditions.push_back(compared(x, "<", written_extent));
}

}  // namespace

Expr Reader::at(Value value, const Indices& indices, const Product& times) {
  if (is_named(value)) return times_scale(value, entry_of(value, name_of(value), indices), times);
  if (op(value) != Op::add && op(value) != Op::sub) return entry_product(value, indices, times);
  return *grouped(terms_of(value), times, [&](Value term, const Product& front) {
    return std::optional(at(term, graph_.shape(term).empty() ? Indices{} : indices, front));
  });
}

// Operands of elementwise operators have the shape of the result or are scalars.
Expr Reader::at_operand(Value operand, const Indices& indices) {
  return at(operand, graph_.shape(operand).empty() ? Indices{} : indices);
}

Expr Reader::affine(const Affine& access, const Indices& indices) const {
  std::vector<Expr> terms;
  for (const Affine::Term& term : access.terms) {
    terms.push_back(product({number(static_cast<double>(term.coefficient)), indices[term.axis]}));
  }
  terms.push_back(dim(access.offset));
  return sum(std::move(terms));
}

Expr Reader::entry_product(Value value, const Indices& indices, const Product& times) {
  Product product = factors_of(value);
  multiply(product, times, 1);
  if (product.top == 0) return number(0);
  if (product.factors.size() == 1 && product.factors[0].value == value &&
      product.factors[0].power == 1 && product.factors[0].form == Factor::Form::entry) {
    const Expr atom = entry_atom(value, indices);
    return is_plain(times) ? atom : scaled(scale(times), atom);
  }
  Indices bound;
  for (int k = product.free; k < static_cast<int>(product.extents.size()); ++k) {
    bound.push_back(new_index(product.extents[k]));
  }
  Indices all = indices;
  all.resize(product.free, number(0));  // of a uniform value, any entry is read
  all.insert(all.end(), bound.begin(), bound.end());

  Written factors = written_factors(product, all);
  Scale scale = this->scale(product);
  scale.top.insert(scale.top.end(), factors.scalars.begin(), factors.scalars.end());
  scale.bottom.insert(scale.bottom.end(), factors.divisors.begin(), factors.divisors.end());
  factors.top.insert(factors.top.end(), factors.places.begin(), factors.places.end());
  Expr body = quotient(formula::product(std::move(factors.top)),
                       formula::product(std::move(factors.bottom)));
  if (body.is(Kind::negative)) {
    body = body[0];
    scale.minus = !scale.minus;
  }
  if (!bound.empty()) {
    body = over("Σ", body, bound, {product.extents.begin() + product.free, product.extents.end()});
    factors.outer_places.push_back(body);
    body = formula::product(std::move(factors.outer_places));
  }
  return scaled(std::move(scale), body);
}

Reader::Written Reader::written_factors(const Product& product, const Indices& indices) {
  Written written;
  for (const Factor& factor : product.factors) {
    if (factor.form == Factor::Form::place) {
      const auto& [terms, offset] = factor.at[0];
      const bool is_inside = std::any_of(terms.begin(), terms.end(), [&](const Affine::Term& term) {
        return term.axis >= product.free;
      });
      const Expr condition =
          comparison(affine({terms, Dim(0)}, indices), "=", dim(Dim(0) - offset));
      (is_inside || product.bound() == 0 ? written.places : written.outer_places)
          .push_back(bracket(condition));
      continue;
    }
    Indices at;
    for (const Affine& access : factor.at) at.push_back(affine(access, indices));
    const auto within = entry_within(factor, at, product.free);
    const Expr base = within ? *within
                      : factor.form == Factor::Form::entry
                          ? entry_factor(factor, at)
                          : entry_condition(factor.value, at, factor.form == Factor::Form::fails);
    const bool is_top = factor.power > 0;
    const bool is_scalar = at.empty() && (!is_top || base.is(Kind::name));
    auto& all = is_scalar ? (is_top ? written.scalars : written.divisors)
                          : (is_top ? written.top : written.bottom);
    all.push_back(power(base, number(std::fabs(factor.power))));
  }
  return written;
}

// Whether an entry of a value is written by entries of others at the same indices.
bool Reader::reads_at_its_indices(Value value) const {
  if (stops(value)) return true;
  const auto& x = operands(value);
  return is_map(op(value)) && std::all_of(x.begin(), x.end(), [&](Value operand) {
           return graph_.shape(operand).empty() || reads_at_its_indices(operand);
         });
}

// A factor of a sum that is 0 outside of its operand: there the sum has no terms, since an index
// runs as far as every access of its sum is in bounds. (`free` and the indices after it are
// summed.)
std::optional<Expr> Reader::entry_within(const Factor& factor, const Indices& indices, int free) {
  const bool is_plain_entry = factor.form == Factor::Form::entry && factor.power == 1;
  if (!is_plain_entry || stops(factor.value) || op(factor.value) != Op::view) return std::nullopt;
  const auto& view = std::get<View>(graph_[factor.value].attributes);
  const Value x = operands(factor.value)[0];
  if (view.fill != 0.0 || !reads_at_its_indices(x)) return std::nullopt;
  Indices inner;
  for (size_t k = 0; k < view.map.size(); ++k) {
    const Dim& extent = graph_.shape(x)[k];
    const Affine access = composed(view.map[k], factor.at);
    const bool is_summed = std::any_of(access.terms.begin(), access.terms.end(),
                                       [&](const Affine::Term& term) { return term.axis >= free; });
    if (!is_summed && !in_range(view.map[k], view.shape, extent)) return std::nullopt;
    inner.push_back(affine(view.map[k], indices));
  }
  return at(x, inner);
}

Expr Reader::entry_factor(const Factor& factor, const Indices& indices) {
  if (is_named(factor.value)) return entry_of(factor.value, name_of_factor(factor), indices);
  Product rest;
  multiply(rest, taken_out(factor), -1);
  return at(factor.value, indices, rest);
}

Expr Reader::entry_condition(Value value, const Indices& indices, bool fails) {
  const Expr condition = at(value, indices);
  return bracket(fails ? negation(condition) : condition);
}

Expr Reader::entry_atom(Value value, const Indices& indices) {
  const Node& node = graph_[value];
  if (indices.empty()) {
    if (auto written = whole_atom(value)) return *written;
  }
  if (is_map(node.op)) {
    std::vector<Expr> x;
    for (Value operand : node.operands) x.push_back(at_operand(operand, indices));
    return applied(node.op, std::move(x));
  }
  if (is_reduction(node.op)) return entry_reduction(value, indices);
  if (node.op == Op::iota) return indices[0];
  if (node.op == Op::result) return entry_of(value, whole_or_auxiliary(value), indices);
  if (node.op == Op::view) return entry_view(value, indices);
  if (node.op == Op::spread) return entry_spread(value, indices);
  if (node.op == Op::call) return at_operand(node.operands[0], indices);
  if (node.op == Op::concat) return entry_concat(value, indices);
  if (node.op == Op::cumsum) return entry_cumsum(value, indices);
  if (node.op == Op::gather) return entry_gather(value, indices);
  if (node.op == Op::scatter_add) return entry_scatter(value, indices);
  // What is left takes tensors as wholes: softmax, reshape, and leaves.
  for (Value operand : node.operands) whole_or_auxiliary(operand);
  return entry_of(value, *whole_structure(value), indices);
}

Expr Reader::entry_reduction(Value value, const Indices& indices) {
  const Value x = operands(value)[0];
  const auto& axes = std::get<Axes>(graph_[value].attributes).axes;
  Indices inner;
  Indices bound;
  Shape extents;
  auto outer = indices.begin();
  for (int k = 0; k < graph_.type(x).rank(); ++k) {
    if (std::binary_search(axes.begin(), axes.end(), k)) {
      extents.push_back(graph_.shape(x)[k]);
      bound.push_back(new_index(extents.back()));
      inner.push_back(bound.back());
    } else {
      inner.push_back(*outer++);
    }
  }
  const Expr body = at(x, inner);
  const Op own = op(value);
  if (own == Op::logsumexp) {
    return call("log", {over("Σ", call("exp", {body}), bound, extents)});
  }
  if (own == Op::norm) return call("sqrt", {over("Σ", power(body, number(2)), bound, extents)});
  if (own == Op::reduce_prod) {
    // The factor 1 where an index is another one: the product of the others.
    const bool leaves_out = bound.size() == 1 && body.is(Kind::choice) && body[1].is_number(1) &&
                            body[0].is(Kind::comparison) && body[0]->word == "=" &&
                            (body[0][0] == bound[0] || body[0][1] == bound[0]);
    if (!leaves_out) return over("∏", body, bound, extents);
    const Expr other = body[0][0] == bound[0] ? body[0][1] : body[0][0];
    const Expr all = over("∏", body[2], bound, extents);
    return big("∏", all[0], {comparison(all[1], "≠", other)});
  }
  std::string_view word = gradus::name(own);
  if (word.substr(0, 7) == "reduce_") word.remove_prefix(7);
  return over(word, body, bound, extents);
}

// A view that leaves its operand somewhere.
Expr Reader::entry_view(Value value, const Indices& indices) {
  const auto& view = std::get<View>(graph_[value].attributes);
  const Value x = operands(value)[0];
  Indices inner;
  std::vector<Expr> conditions;
  for (size_t k = 0; k < view.map.size(); ++k) {
    const Dim& extent = graph_.shape(x)[k];
    inner.push_back(affine(view.map[k], indices));
    require(conditions, inner[k], range_of(view.map[k], view.shape, extent), extent, dim(extent));
    if (extent == Dim(1)) inner[k] = number(0);
  }
  return guarded(conditions, at(x, inner), view.fill.value_or(0));
}

// result[map(i)] += x[i]: x at the indices that lead there, summed where there are several.
Expr Reader::entry_spread(Value value, const Indices& indices) {
  const auto& view = std::get<View>(graph_[value].attributes);
  const Value x = operands(value)[0];
  const Shape& shape = graph_.shape(x);
  Indices inner(shape.size());
  std::vector<Expr> conditions;
  std::vector<bool> solved(view.map.size(), false);
  for (size_t k = 0; k < view.map.size(); ++k) {
    const Affine& access = view.map[k];
    if (access.terms.size() != 1) continue;
    const auto [axis, coefficient] = access.terms[0];
    if (inner[axis].valid() || std::abs(coefficient) != 1) continue;
    solved[k] = true;
    const Expr shifted = sum({indices[k], negative(dim(access.offset))});
    inner[axis] = coefficient == 1 ? shifted : negative(shifted);
    if (coefficient == -1) inner[axis] = sum({dim(access.offset), negative(indices[k])});
    // The index of the target runs over its axis; i = ±(index − offset).
    const Affine back = Affine::axis(0, coefficient, Dim(-coefficient) * access.offset);
    require(conditions, inner[axis], range_of(back, {view.shape[k]}, shape[axis]), shape[axis],
            dim(shape[axis]));
  }
  Indices bound;
  Shape extents;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (inner[axis].valid()) continue;
    inner[axis] = new_index(shape[axis]);
    bound.push_back(inner[axis]);
    extents.push_back(shape[axis]);
  }
  std::vector<Expr> factors = {at(x, inner)};
  for (size_t k = 0; k < view.map.size(); ++k) {
    if (solved[k] || view.shape[k] == Dim(1)) continue;
    factors.push_back(bracket(comparison(affine(view.map[k], inner), "=", indices[k])));
  }
  Expr body = product(std::move(factors));
  if (!bound.empty()) body = over("Σ", body, bound, extents);
  return guarded(conditions, body, 0);
}

Expr Reader::entry_concat(Value value, const Indices& indices) {
  const int axis = std::get<Along>(graph_[value].attributes).axis;
  const std::vector<Value>& parts = operands(value);
  Dim end = graph_.shape(value)[axis];
  Expr result;
  for (const Value part : std::ranges::reverse_view(parts)) {
    const Dim begin = end - graph_.shape(part)[axis];
    Indices inner = indices;
    inner[axis] = sum({indices[axis], negative(dim(begin))});
    const Expr written = at(part, inner);
    result = result.valid() ? choice(comparison(indices[axis], "<", dim(end)), written, result)
                            : written;
    end = begin;
  }
  return result;
}

Expr Reader::entry_cumsum(Value value, const Indices& indices) {
  const auto& along = std::get<Along>(graph_[value].attributes);
  const Expr index = new_index(graph_.shape(value)[along.axis]);
  Indices inner = indices;
  inner[along.axis] = index;
  const std::string_view sign =
      along.reverse ? (along.exclusive ? ">" : "≥") : (along.exclusive ? "<" : "≤");
  const Expr counts = bracket(comparison(index, sign, indices[along.axis]));
  const Expr body = product({at(operands(value)[0], inner), counts});
  return over("Σ", body, {index}, {graph_.shape(value)[along.axis]});
}

Expr Reader::coordinate(const Node& node, const Coordinate& from, const Indices& indices) {
  Indices inner;
  for (const Affine& access : from.at) inner.push_back(affine(access, indices));
  return from.operand < 0 ? inner[0] : at(node.operands[from.operand], inner);
}

Expr Reader::entry_gather(Value value, const Indices& indices) {
  const Node& node = graph_[value];
  Indices at_table;
  for (const Coordinate& from : std::get<Gathering>(node.attributes).from) {
    at_table.push_back(coordinate(node, from, indices));
  }
  return at(node.operands[0], at_table);
}

// result[c(k)] += x[k]: x where c leads to the indices; an axis that is an index itself is that
// one.
Expr Reader::entry_scatter(Value value, const Indices& indices) {
  const Node& node = graph_[value];
  const auto& from = std::get<Gathering>(node.attributes).from;
  const Shape& shape = graph_.shape(node.operands[0]);
  Indices inner(shape.size());
  std::vector<bool> solved(from.size(), false);
  for (size_t k = 0; k < from.size(); ++k) {
    if (from[k].operand >= 0) continue;
    const auto axis = from[k].at[0].plain();
    if (!axis || inner[*axis].valid() || shape[*axis] != node.type.shape[k]) continue;
    solved[k] = true;
    inner[*axis] = indices[k];
  }
  Indices bound;
  Shape extents;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (inner[axis].valid()) continue;
    inner[axis] = new_index(shape[axis]);
    bound.push_back(inner[axis]);
    extents.push_back(shape[axis]);
  }
  std::vector<Expr> factors = {at(node.operands[0], inner)};
  for (size_t k = 0; k < from.size(); ++k) {
    if (solved[k]) continue;
    factors.push_back(bracket(comparison(coordinate(node, from[k], inner), "=", indices[k])));
  }
  const Expr body = product(std::move(factors));
  return bound.empty() ? body : over("Σ", body, bound, extents);
}

}  // namespace gradus::formula
