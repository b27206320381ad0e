#include "compiler/formula/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gradus::formula {

bool is_constant(const Graph& graph, Value value) {
  while (graph[value].op == Op::view) value = graph[value].operands[0];
  const Op op = graph[value].op;
  return op == Op::constant || op == Op::symbol || op == Op::size;
}

void Reader::give_name(Value value, const Expr& name, int rank) {
  given_names_.emplace(value, name);
  if (name.is(Kind::name)) {
    named_tensors_[text(name->symbol)] = {graph_.shape(value), symmetry_[value]};
  }
  give_rank(value, rank);
}

void Reader::give_rank(Value value, int rank) {
  given_ranks_[value] = rank;
  ranks_.clear();
}

std::optional<Expr> Reader::take_name(Value value) {
  auto own = given_names_.extract(value);
  return own.empty() ? std::nullopt : std::optional(own.mapped());
}

void Reader::give_auxiliary_name(Value value) {
  const auto found = adjoints_.find(value);
  const bool is_adjoint = found != adjoints_.end();
  const bool has_owner = is_adjoint && !found->second.of.empty();
  const Symbol symbol =
      has_owner ? names_.fresh_adjoint(names_[found->second.of]) : names_.fresh_numbered("u");
  if (is_adjoint) scaled_.insert(value);
  give_name(value, name(symbol), auxiliary_rank);
}

std::vector<Value> Reader::take_new_auxiliaries() { return std::exchange(new_auxiliaries_, {}); }

bool Reader::stops(Value value) const {
  return is_named(value) || (is_leaf(op(value)) && !is_constant(graph_, value));
}

int Reader::rank(Value value) {
  if (auto given = given_ranks_.find(value); given != given_ranks_.end()) return given->second;
  if (auto known = ranks_.find(value); known != ranks_.end()) return known->second;
  int highest = -1;
  for (Value operand : operands(value)) highest = std::max(highest, rank(operand));
  ranks_[value] = highest;
  return highest;
}

void Reader::forget_indices() {
  indices_ = taken_indices_;
  read_along_.clear();
}

Equation Reader::equation(const Expr& left, Value value) {
  forget_indices();
  // The equation that says what a name stands for does not use it.
  const bool is_own = is_named(value) && left == name_of(value);
  const bool is_adjoint = is_own && is_scaled(value);
  if (is_own) take_name(value);
  const Product times = is_adjoint ? adjoints_.at(value).scale : Product();
  Equation result;
  if (auto formula = whole(value, true, times)) {
    result = {left, {repeated(value, *formula)}};
  } else {
    const Indices free = new_indices(graph_.shape(value));
    const Expr body = at(value, free, times);
    const bool is_known = left.is(Kind::derivative);  // it has the shape of its variable
    result = {entry(left, is_known ? free : with_ranges(free, graph_.shape(value))), {body}};
  }
  if (is_own) given_names_.emplace(value, left);
  return result;
}

// What an index runs over is written where no axis that is read with it says so.
bool Reader::is_said(const Expr& index, const Dim& extent) const {
  const auto [first, last] = read_along_.equal_range(text(index->symbol));
  return std::any_of(first, last, [&](const auto& read) { return read.second == extent; });
}

Reader::Indices Reader::with_ranges(Indices indices, const Shape& extents) const {
  for (size_t k = 0; k < indices.size(); ++k) {
    if (!is_said(indices[k], extents[k])) indices[k] = range(indices[k], dim(extents[k]));
  }
  return indices;
}

// A number that stands for a vector or a matrix of its equals is written with ones.
Expr Reader::repeated(Value value, const Expr& number) const {
  const int rank = graph_.type(value).rank();
  if (per_sample_ || rank == 0 || rank > 2 || is_named(value) || number.is_number(0) ||
      !is_uniform(graph_, value, [this](Value x) { return stops(x); })) {
    return number;
  }
  const Expr ones = word("1");
  return rank == 1 ? product({number, ones}) : product({number, ones, transpose(ones)});
}

Expr Reader::formula(Value value) {
  forget_indices();
  if (auto formula = whole(value)) return *formula;
  return at(value, new_indices(graph_.shape(value)));
}

Expr Reader::dim(const Dim& dim) const {
  std::vector<Expr> terms;
  Expr constant;
  for (const auto& [monomial, coefficient] : dim.terms()) {
    std::vector<Expr> factors = {number(static_cast<double>(coefficient))};
    for (const std::string& factor : monomial) factors.push_back(name(names_[factor]));
    if (monomial.empty()) {
      constant = factors[0];
    } else {
      terms.push_back(product(std::move(factors)));
    }
  }
  // The constant stands last: `time − 1`.
  if (constant.valid()) terms.push_back(constant);
  return sum(std::move(terms));
}

Expr Reader::size(const Shape& shape) const {
  std::vector<Expr> dims;
  for (const Dim& extent : shape) dims.push_back(dim(extent));
  return list(std::move(dims));
}

// The factors of a product. A name that is itself a product is opened where that shows a factor u
// beside a factor 1 − u: w·a(1 − a) and not z·(1 − a).
Product Reader::factors_of(Value value) const {
  const auto stop = [this](Value x) { return stops(x); };
  Product product = product_of(value, stop);
  std::set<Value> complements;
  for (const Factor& factor : product.factors) {
    const Node& node = graph_[factor.value];
    if (node.op == Op::sub && literal(graph_, node.operands[0]) == 1.0) {
      complements.insert(node.operands[1]);
    }
  }
  std::set<Value> opened;
  for (const Factor& factor : product.factors) {
    if (factor.form == Factor::Form::place) continue;
    if (complements.empty() || !is_named(factor.value) || is_leaf(op(factor.value))) continue;
    const Product inner = product_of(factor.value, stop);
    const bool shows =
        std::any_of(inner.factors.begin(), inner.factors.end(), [&](const Factor& other) {
          return other.value != factor.value && complements.count(other.value) > 0;
        });
    if (shows) opened.insert(factor.value);
  }
  if (opened.empty()) return product;
  return product_of(value, [&](Value x) { return stops(x) && opened.count(x) == 0; });
}

Reader::Scale Reader::scale(const Product& product) const {
  Scale scale;
  scale.minus = std::signbit(product.top);
  const Fraction front = fraction(std::fabs(product.top));
  scale.top.insert(scale.top.end(), front.top.begin(), front.top.end());
  scale.bottom.insert(scale.bottom.end(), front.bottom.begin(), front.bottom.end());
  scale.bottom.push_back(number(product.bottom));
  for (const Product::Size& size : product.sizes) {
    const Expr extent = power(dim(size.dim), number(std::abs(size.power)));
    (size.power > 0 ? scale.top : scale.bottom).push_back(extent);
  }
  return scale;
}

Expr Reader::scaled(Scale scale, const Expr& body) const {
  Expr top = product(std::move(scale.top));
  const Expr bottom = product(std::move(scale.bottom));
  Expr result;
  if (!body.valid() || body.is_number(1)) {
    result = quotient(top, bottom);
  } else if (bottom.is_number(1)) {
    result = product({top, body});
  } else if (body.is(Kind::quotient) && !per_sample_) {
    result = quotient(product({top, body[0]}), product({bottom, body[1]}));
  } else if (top.is_number(1) && !per_sample_ && !body.is(Kind::big) &&
             !(body.is(Kind::product) && body->parts.back().is(Kind::big))) {
    result = quotient(body, bottom);
  } else {
    result = product({quotient(top, bottom), body});
  }
  return scale.minus ? negative(result) : result;
}

Expr Reader::new_index(const Dim& extent) {
  char wished = 'i';
  if (extent.name() == "batch") wished = 'n';
  if (extent.name() == "time") wished = 't';
  const std::string letter = names_.index(wished, indices_);
  indices_.insert(letter);
  return word(letter);
}

Expr Reader::entry_of(Value value, const Expr& name, const Indices& indices) {
  const Shape& shape = graph_.shape(value);
  for (size_t k = 0; k < indices.size(); ++k) {
    if (indices[k].is(Kind::name)) read_along_.emplace(text(indices[k]->symbol), shape[k]);
  }
  return entry(name, indices);
}

Expr Reader::take_index(const Dim& extent) {
  forget_indices();
  const Expr index = new_index(extent);
  taken_indices_.insert(text(index->symbol));
  return index;
}

void Reader::give_back_index(const Expr& index) { taken_indices_.erase(text(index->symbol)); }

Expr Reader::over(std::string_view operation, Expr body, Indices bound, const Shape& extents) {
  for (size_t k = 0; k < bound.size(); ++k) {
    const std::string letter = text(bound[k]->symbol);
    indices_.erase(letter);
    if (!is_said(bound[k], extents[k])) bound[k] = range(bound[k], dim(extents[k]));
    read_along_.erase(letter);
  }
  return big(operation, std::move(body), std::move(bound));
}

Reader::Indices Reader::new_indices(const Shape& extents) {
  Indices indices;
  for (const Dim& extent : extents) indices.push_back(new_index(extent));
  return indices;
}

}  // namespace gradus::formula
