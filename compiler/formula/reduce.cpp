// What products are brought into: numbers in lowest terms, conditions that others do not imply.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "compiler/formula/product.h"

namespace gradus::formula {
namespace {

// That a value is below a number, or above it.
struct Limit {
  Value value;
  double limit = 0;
  bool is_upper = false;
  bool is_strict = false;
};

std::optional<Limit> limit_of(const Graph& graph, const Factor& factor) {
  const Node& node = graph[factor.value];
  const bool holds = factor.form == Factor::Form::holds;
  if (!holds && factor.form != Factor::Form::fails) return std::nullopt;
  const bool is_upper = node.op == Op::lt || node.op == Op::le;
  const bool is_lower = node.op == Op::gt || node.op == Op::ge;
  const auto number = is_upper || is_lower ? literal(graph, node.operands[1]) : std::nullopt;
  if (!number || std::isnan(*number)) return std::nullopt;
  const bool is_strict = node.op == Op::lt || node.op == Op::gt;
  return Limit{node.operands[0], *number, is_upper == holds, is_strict == holds};
}

bool implies(const Graph& graph, const Factor& a, const Factor& b) {
  const auto x = limit_of(graph, a);
  const auto y = limit_of(graph, b);
  if (!x || !y || a.at != b.at || x->value != y->value || x->is_upper != y->is_upper) return false;
  if (x->limit == y->limit) return x->is_strict && !y->is_strict;
  return (x->limit < y->limit) == x->is_upper;
}

}  // namespace

void multiply_square_roots(const Graph& graph, Product& product,
                           const std::function<bool(Value)>& stops) {
  std::erase_if(product.factors, [&](const Factor& factor) {
    const Node& node = graph[factor.value];
    const bool is_square = factor.form == Factor::Form::entry && std::fabs(factor.power) == 2 &&
                           node.op == Op::sqrt && !stops(factor.value);
    if (!is_square) return false;
    const Product inner = product_of(graph, node.operands[0], stops);
    if (!inner.factors.empty() || inner.top < 0) return false;
    multiply(product, inner, factor.power > 0 ? 1 : -1);
    return true;
  });
}

void drop_implied_conditions(const Graph& graph, Product& product) {
  const std::vector<Factor> all = product.factors;
  std::erase_if(product.factors, [&](const Factor& factor) {
    return std::any_of(all.begin(), all.end(),
                       [&](const Factor& other) { return implies(graph, other, factor); });
  });
}

void reduce_fraction(Product& product) {
  double& top = product.top;
  double& bottom = product.bottom;
  for (auto& size : product.sizes) {
    // 4·n as a size is n as a size, and 4.
    const auto& terms = size.dim.terms();
    if (size.power == 0 || terms.size() != 1 || terms.begin()->second <= 0) continue;
    (size.power > 0 ? top : bottom) *= static_cast<double>(terms.begin()->second);
    size.dim = *size.dim.divided_by(terms.begin()->second);
  }
  for (auto size = product.sizes.begin(); size != product.sizes.end(); ++size) {
    for (auto other = product.sizes.begin(); other != size; ++other) {
      if (size->dim == other->dim) other->power += std::exchange(size->power, 0);
    }
  }
  auto gone = std::remove_if(product.sizes.begin(), product.sizes.end(),
                             [](const Product::Size& size) { return size.power == 0; });
  product.sizes.erase(gone, product.sizes.end());

  if (bottom < 0) {
    top = -top;
    bottom = -bottom;
  }
  const bool whole = top == std::trunc(top) && bottom == std::trunc(bottom) &&
                     std::fabs(top) < 1e15 && bottom < 1e15;
  if (!whole) {
    top /= bottom;
    bottom = 1;
  } else if (top != 0) {
    const auto divisor = static_cast<double>(
        std::gcd(static_cast<int64_t>(std::fabs(top)), static_cast<int64_t>(bottom)));
    top /= divisor;
    bottom /= divisor;
  }
}

void multiply(Product& product, const Product& by, int times) {
  for (int k = 0; k < std::abs(times); ++k) {
    product.top *= times > 0 ? by.top : by.bottom;
    product.bottom *= times > 0 ? by.bottom : by.top;
    for (const Product::Size& size : by.sizes) {
      product.sizes.push_back({size.dim, times > 0 ? size.power : -size.power});
    }
  }
  reduce_fraction(product);
}

bool is_plain(const Product& scale) {
  return scale.top == 1 && scale.bottom == 1 && scale.sizes.empty();
}

}  // namespace gradus::formula
