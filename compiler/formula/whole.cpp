// Values as a whole: matrix notation and functions of tensors.

#include <algorithm>
#include <cmath>

#include "compiler/formula/matrices.h"
#include "compiler/formula/reader.h"
#include "compiler/graph/access.h"

namespace gradus::formula {
namespace {

std::vector<int> all_axes(int rank) {
  std::vector<int> axes;
  for (int k = 0; k < rank; ++k) axes.push_back(k);
  return axes;
}

}  // namespace

std::optional<Expr> Reader::whole(Value value, bool exact, const Product& times) {
  if (is_named(value)) return times_scale(value, name_of(value), times);
  const Op own = op(value);
  if (own == Op::add || own == Op::sub) return whole_sum(value, exact, times);
  if (own == Op::neg && !is_named(operands(value)[0])) {
    const Op inner = op(operands(value)[0]);
    if (inner == Op::add || inner == Op::sub) return whole_sum(value, exact, times);
  }
  if (own == Op::concat && !is_plain(times)) return whole_concat(value, times);
  return whole_product(value, exact, times);
}

std::optional<Expr> Reader::whole_tensor(Value value) {
  auto written = whole(value);
  const Shape& shape = graph_.shape(value);
  if (!written || shape.empty() || is_named(value)) return written;
  if (is_uniform(graph_, value, [this](Value x) { return stops(x); })) {
    return call("full", {size(shape), *written});
  }
  // Axes of one entry come and go in matrix notation.
  if (std::find(shape.begin(), shape.end(), Dim(1)) != shape.end()) {
    return call("reshape", {*written, size(shape)});
  }
  return written;
}

std::optional<Expr> Reader::whole_sum(Value value, bool exact, const Product& times) {
  const std::vector<Term> parts = terms_of(value);
  // Where no term has the full shape, one that is broadcast is written out to it.
  bool full = !exact || std::any_of(parts.begin(), parts.end(),
                                    [&](const Term& term) { return is_full(term.value); });
  const auto written = [&](Value term, const Product& front) {
    const bool exactly = !full && !graph_.shape(term).empty();
    full = full || exactly;
    return whole(term, exactly, front);
  };
  if (common_scale(parts) || !is_plain(times)) return grouped(parts, times, written);
  std::vector<Expr> terms;
  for (const auto& [term, minus] : parts) {
    const auto formula = written(term, {});
    if (!formula) return std::nullopt;
    terms.push_back(minus ? negative(*formula) : *formula);
  }
  return sum(std::move(terms));
}

// Whether a value is made of numbers and sizes alone.
bool Reader::is_number_alone(Value value) const {
  return product_of(value, [this](Value x) { return stops(x); }).factors.empty();
}

std::optional<Product> Reader::common_scale(const std::vector<Term>& terms) const {
  std::optional<Product> common;
  for (const Term& term : terms) {
    Product product = scale_of(term.value);
    const bool is_number = !is_named(term.value) && is_number_alone(term.value);
    if (is_plain(product) || is_number || product.top == 0) return std::nullopt;
    if (common && (product.top != common->top || product.bottom != common->bottom ||
                   product.sizes != common->sizes)) {
      return std::nullopt;
    }
    common = std::move(product);
  }
  return common;
}

// Whether every axis (of more than one entry) is an axis of some factor, and not repeated.
bool Reader::is_full(Value value) const {
  const Product product = product_of(value, [this](Value x) { return stops(x); });
  for (int k = 0; k < product.free; ++k) {
    const bool has = std::any_of(product.factors.begin(), product.factors.end(),
                                 [&](const Factor& factor) { return uses(factor.at, k); });
    if (!has && product.extents[k] != Dim(1)) return false;
  }
  return !graph_.shape(value).empty();
}

std::vector<Reader::Term> Reader::terms_of(Value value) const {
  std::vector<Term> terms;
  std::vector<Term> open = {{value, false}};
  bool first = true;
  while (!open.empty()) {
    const Term term = open.back();
    open.pop_back();
    const Op own = op(term.value);
    const bool looked_into = first || !is_named(term.value);
    first = false;
    if (looked_into && (own == Op::add || own == Op::sub)) {
      open.push_back({operands(term.value)[1], term.minus != (own == Op::sub)});
      open.push_back({operands(term.value)[0], term.minus});
    } else if (looked_into && own == Op::neg) {
      open.push_back({operands(term.value)[0], !term.minus});
    } else {
      terms.push_back(term);
    }
  }
  return terms;
}

// A factor as a whole. What all terms of a sum have in front goes in front of the product.
std::optional<Expr> Reader::whole_factor(const Factor& factor, Product& product) {
  const Value value = factor.value;
  if (factor.form == Factor::Form::place) return std::nullopt;
  if (factor.form != Factor::Form::entry) {
    return whole_condition(value, factor.form == Factor::Form::fails);
  }
  if (is_named(value)) return name_of_factor(factor);
  std::optional<Expr> written;
  if ((op(value) == Op::add || op(value) == Op::sub) && factor.power == 1) {
    Product rest;
    multiply(rest, taken_out(factor), -1);
    written = whole_sum(value, true, rest);
  } else {
    written = whole(value);
  }
  if (!written && may_name_adjoints_ && is_adjoint(value)) {
    // The name stands for all of it, with what was taken out in front.
    multiply(product, taken_out(factor), -1);
    auxiliary(value);
    take_scale(factor, product);
    written = name_of_factor(factor);
  }
  return written;
}

// The formula of a factor, and the indices of the product that its axes run over.
std::optional<Piece> Reader::piece(const Factor& factor, Product& product) {
  const auto expr = whole_factor(factor, product);
  if (!expr) return std::nullopt;
  Piece piece{*expr, {}, rank(factor.value), factor.power};

  std::vector<Expr> cuts;
  bool is_cut = false;
  for (size_t k = 0; k < factor.at.size(); ++k) {
    const Affine& access = factor.at[k];
    if (access.terms.size() > 1) return std::nullopt;
    if (!access.terms.empty()) piece.indices.push_back(access.terms[0].axis);
    const Dim& extent = graph_.shape(factor.value)[k];
    if (access.plain() && product.extents[*access.plain()] == extent) {
      cuts.push_back(colon());
      continue;
    }
    // A matrix of one column, or of one row, is a vector.
    if (extent == Dim(1) && factor.at.size() == 2) {
      piece.is_column = k == 1;
      if (k == 0) piece.expr = transpose(piece.expr);
      cuts.push_back(colon());
      continue;
    }
    is_cut = true;
    if (access.terms.empty()) {
      cuts.push_back(dim(access.offset));
    } else if (auto stretch = stretch_of(access, product.extents[access.terms[0].axis])) {
      cuts.push_back(*stretch);
    } else {
      return std::nullopt;
    }
  }
  if (is_cut) piece.expr = entry(piece.expr, cuts);
  piece.is_symmetric = !is_cut && piece.indices.size() == 2 && symmetry_[factor.value];

  if (columns_.contains(factor.value)) piece.is_column = true;
  std::vector<int> distinct = piece.indices;
  std::sort(distinct.begin(), distinct.end());
  if (std::adjacent_find(distinct.begin(), distinct.end()) == distinct.end()) return piece;
  if (piece.indices.size() != 2) return std::nullopt;
  piece.indices.pop_back();
  piece.expr = call("diag", {piece.expr});
  return piece;
}

// first:last:stride, of an access offset + stride·i for i below the extent.
std::optional<Expr> Reader::stretch_of(const Affine& access, const Dim& extent) const {
  const int64_t stride = access.terms[0].coefficient;
  if (stride < 1) return std::nullopt;
  const Dim last = access.offset + Dim(stride) * (extent - Dim(1)) + Dim(1);
  return slice(access.offset == Dim(0) ? Expr() : dim(access.offset), dim(last),
               stride == 1 ? Expr() : number(static_cast<double>(stride)));
}

std::optional<Expr> Reader::whole_product(Value value, bool exact, const Product& times) {
  Product product = factors_of(value);
  multiply(product, times, 1);
  if (product.top == 0) return number(0);
  if (product.factors.size() == 1 && product.factors[0].value == value &&
      product.factors[0].power == 1 && product.factors[0].form == Factor::Form::entry) {
    const auto atom = whole_atom(value);
    return atom && !is_plain(times) ? scaled(scale(times), *atom) : atom;
  }
  const auto fallback = [&] {
    const auto written = whole_fallback(value);
    return written && !is_plain(times) ? scaled(scale(times), *written) : written;
  };
  std::vector<Piece> pieces;
  const std::vector<Factor> factors = product.factors;
  for (const Factor& factor : factors) {
    auto made = piece(factor, product);
    if (!made) return fallback();
    pieces.push_back(std::move(*made));
  }
  if (per_sample_) spread_scalars(pieces, product);
  Matrices matrices(std::move(pieces), product, per_sample_);
  const auto tensor = matrices.written(exact);
  if (!tensor) return fallback();
  return with_scalars(scale(product), matrices.scalars(), *tensor);
}

// Where all tensors are numbers a sample, scalars are multiplied with them where they stand in the
// chain of factors; constants stay in front.
void Reader::spread_scalars(std::vector<Piece>& pieces, const Product& product) {
  std::optional<int> sample;
  for (const Piece& piece : pieces) {
    if (piece.indices.empty()) continue;
    if (piece.indices.size() > 1 || (sample && *sample != piece.indices[0])) return;
    sample = piece.indices[0];
  }
  if (!sample || product.extents.size() != 1) return;
  for (Piece& piece : pieces) {
    if (piece.indices.empty() && piece.rank >= 0) piece.indices = {*sample};
  }
}

// Scalars, those of lowest rank first as constants are, and then the tensor.
Expr Reader::with_scalars(Scale scale, std::vector<Piece> scalars, const Expr& tensor) const {
  sort_pieces(scalars, [](const Piece& a, const Piece& b) {
    const auto is_sum = [](const Piece& x) { return x.expr.is(Kind::big); };
    if (is_sum(a) != is_sum(b)) return is_sum(b);
    if ((a.rank < 0) != (b.rank < 0)) return a.rank < 0;
    return a.rank > b.rank;
  });
  std::vector<Expr> body;
  for (const Piece& scalar : scalars) {
    const Expr expr = power(scalar.expr, number(std::fabs(scalar.power)));
    const bool simple = expr.is(Kind::name) || expr.is(Kind::power);
    if (scalar.power < 0) {
      scale.bottom.push_back(expr);
    } else if (simple && (tensor.valid() || scalar.rank < 0)) {
      scale.top.push_back(expr);
    } else {
      body.push_back(expr);
    }
  }
  if (tensor.valid()) body.push_back(tensor);
  return scaled(std::move(scale), body.empty() ? Expr() : product(std::move(body)));
}

// A sum that is no product of matrices is a function of a tensor.
std::optional<Expr> Reader::whole_fallback(Value value) {
  if (op(value) != Op::reduce_sum) return std::nullopt;
  const Value x = operands(value)[0];
  auto written = whole_tensor(x);
  if (!written) return std::nullopt;
  const auto& axes = std::get<Axes>(graph_[value].attributes).axes;
  return call_along("sum", *written, axes, all_axes(graph_.type(x).rank()));
}

std::optional<Expr> Reader::whole_atom(Value value) {
  const Op own = op(value);
  if (is_map(own)) return whole_function(value);
  if (is_reduction(own)) return whole_reduction(value);
  return whole_structure(value);
}

std::optional<Expr> Reader::whole_function(Value value) {
  if (op(value) == Op::eq) {
    if (auto hot = whole_one_hot(value)) return comparison(*hot, "=", number(1));
  }
  std::vector<Expr> x;
  for (Value operand : operands(value)) {
    auto written = whole(operand, false);
    if (!written) return std::nullopt;
    x.push_back(*written);
  }
  return applied(op(value), std::move(x));
}

std::optional<Expr> Reader::whole_condition(Value value, bool fails) {
  if (!fails && !is_named(value)) {
    if (auto hot = whole_one_hot(value)) return hot;
  }
  auto condition = whole(value);
  if (!condition) return std::nullopt;
  return bracket(fails ? negation(*condition) : *condition);
}

std::optional<Expr> Reader::whole_reduction(Value value) {
  const Value x = operands(value)[0];
  const auto written = whole_tensor(x);
  if (!written) return std::nullopt;
  const auto& axes = std::get<Axes>(graph_[value].attributes).axes;
  const int rank = graph_.type(x).rank();
  const std::vector<int> all = all_axes(rank);
  const std::vector<int> last = {rank - 1};
  const Op own = op(value);
  // A product of others, ∏_{j ≠ i}, says so entry by entry.
  if (own == Op::reduce_prod && op(x) == Op::select && !is_named(x)) return std::nullopt;
  if (own == Op::norm && axes == all) return norm(*written);
  if (own == Op::logsumexp || own == Op::argmax || own == Op::argmin) {
    return call_along(gradus::name(own), *written, axes, last);
  }
  std::string_view function = gradus::name(own);
  if (function.substr(0, 7) == "reduce_") function.remove_prefix(7);
  return call_along(function, *written, axes, all);
}

Expr Reader::whole_or_auxiliary(Value value) {
  auto written = whole(value);
  if (written) return *written;
  auxiliary(value);
  return times_scale(value, name_of(value), {});
}

void Reader::auxiliary(Value value) {
  give_auxiliary_name(value);
  new_auxiliaries_.push_back(value);
}

}  // namespace gradus::formula
