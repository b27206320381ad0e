// Names that stand for adjoints: for a multiple of what the graph computes.

#include <algorithm>
#include <cmath>

#include "compiler/formula/reader.h"

namespace gradus::formula {
namespace {

// A power that a scale can be raised to.
bool is_countable(double power) { return power == std::trunc(power) && std::fabs(power) <= 4; }

}  // namespace

void Reader::take_scale(const Factor& factor, Product& product) const {
  if (!is_scaled(factor.value) || !is_countable(factor.power)) return;
  multiply(product, adjoints_.at(factor.value).scale, -static_cast<int>(factor.power));
}

Product Reader::product_of(Value value, const std::function<bool(Value)>& stops) const {
  Product product = formula::product_of(graph_, value, stops);
  const std::vector<Factor> factors = product.factors;
  for (const Factor& factor : factors) {
    if (factor.value == value || factor.form != Factor::Form::entry) continue;
    take_scale(factor, product);
    multiply(product, taken_out(factor), 1);
  }
  return product;
}

Product Reader::taken_out(const Factor& factor) const {
  const Op own = op(factor.value);
  const bool is_sum = own == Op::add || own == Op::sub;
  if (!is_sum || factor.power != 1 || is_named(factor.value)) return {};
  return common_scale(terms_of(factor.value)).value_or(Product());
}

Expr Reader::name_of_factor(const Factor& factor) const {
  const Expr name = name_of(factor.value);
  return is_countable(factor.power) ? name : times_scale(factor.value, name, {});
}

Expr Reader::times_scale(Value value, const Expr& name, const Product& times) const {
  return scaled(scale(named_scale(value, times)), name);
}

Product Reader::named_scale(Value value, const Product& times) const {
  Product product = times;
  if (is_scaled(value)) multiply(product, adjoints_.at(value).scale, -1);
  return product;
}

// What the term of a sum is multiplied by, its sign aside.
Product Reader::scale_of(Value term) const {
  Product product = is_named(term) ? named_scale(term, {})
                                   : product_of(term, [this](Value x) { return stops(x); });
  product.top = std::fabs(product.top);
  product.factors.clear();
  return product;
}

// Terms that are multiplied by the same are added up first.
std::optional<Expr> Reader::grouped(
    const std::vector<Term>& terms, const Product& times,
    const std::function<std::optional<Expr>(Value, const Product&)>& written) const {
  const auto is_same = [](const Product& a, const Product& b) {
    return a.top == b.top && a.bottom == b.bottom && a.sizes == b.sizes;
  };
  std::vector<Expr> sums;
  std::vector<bool> done(terms.size(), false);
  for (size_t k = 0; k < terms.size(); ++k) {
    if (done[k]) continue;
    const Product own = scale_of(terms[k].value);
    Product front = own;
    multiply(front, times, 1);
    Product rest = times;
    std::vector<size_t> group;
    for (size_t j = k; j < terms.size(); ++j) {
      if (!done[j] && is_same(scale_of(terms[j].value), own)) group.push_back(j);
    }
    const bool in_front = group.size() > 1 && !is_plain(front) && own.top != 0;
    if (!in_front) group = {k};
    if (in_front) multiply(rest, front, -1);
    std::vector<Expr> parts;
    for (size_t j : group) {
      done[j] = true;
      const auto part = written(terms[j].value, rest);
      if (!part) return std::nullopt;
      parts.push_back(terms[j].minus ? negative(*part) : *part);
    }
    sums.push_back(in_front ? scaled(scale(front), sum(std::move(parts))) : parts[0]);
  }
  return sum(std::move(sums));
}

}  // namespace gradus::formula
