#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

// Longer sums are cut into terms that are sums themselves.
constexpr size_t longest = 8;

// A term that may be a sum itself.
struct Item {
  Value value;
  double sign = 1;
  bool is_atom = false;
};

bool opens(Op op) { return op == Op::add || op == Op::sub || op == Op::neg; }

// A broadcast of one operand of a sum.
Value through(Rewriter& rewriter, Value inner, const View& view) {
  return rewriter.rank(inner) == 0 ? inner : rewriter.graph.view(inner, view);
}

std::vector<Factor> sorted(std::vector<Factor> factors) {
  std::sort(factors.begin(), factors.end(), [](const Factor& a, const Factor& b) {
    return a.base < b.base || (a.base == b.base && a.power < b.power);
  });
  return factors;
}

bool same_factors(const Product& a, const Product& b) {
  if (a.factors.size() != b.factors.size()) return false;
  const auto equal = [](const Factor& x, const Factor& y) {
    return x.base == y.base && x.power == y.power;
  };
  if (std::equal(a.factors.begin(), a.factors.end(), b.factors.begin(), equal)) return true;
  const auto x = sorted(a.factors);
  const auto y = sorted(b.factors);
  return std::equal(x.begin(), x.end(), y.begin(), equal);
}

// Adds b's coefficient to a's.
void add_coefficient(Product& a, const Product& b) {
  if (a.bottom == b.bottom) {
    a.top += b.top;
  } else {
    a.top = a.top * b.bottom + b.top * a.bottom;
    a.bottom *= b.bottom;
  }
  reduce_fraction(a);
}

bool occurs(const Sum& sum, Value base) {
  return std::any_of(sum.begin(), sum.end(), [&](const Product& term) {
    return std::any_of(term.factors.begin(), term.factors.end(),
                       [&](const Factor& factor) { return factor.base == base; });
  });
}

// A term that may be NaN and is 0 otherwise: it is kept as it is.
bool has_zero(const Sum& sum) {
  return std::any_of(sum.begin(), sum.end(),
                     [](const Product& term) { return term.top == 0 && !term.factors.empty(); });
}

// The power of `base` in all of the terms: the one nearest to 0 where they have the same sign.
int common_power(const Sum& sum, Value base) {
  std::optional<int> common;
  for (const Product& term : sum) {
    int power = 0;
    for (const Factor& factor : term.factors) {
      if (factor.base == base) power += factor.power;
    }
    if (!common) common = power;
    if (power == 0 || (power > 0) != (*common > 0)) return 0;
    if (std::abs(power) < std::abs(*common)) common = power;
  }
  return common.value_or(0);
}

void divide(Product& product, const Factor& by) {
  int left = by.power;
  std::vector<Factor> rest;
  for (Factor factor : product.factors) {
    if (factor.base == by.base && left != 0) {
      const int taken = std::abs(factor.power) <= std::abs(left) ? factor.power : left;
      factor.power -= taken;
      left -= taken;
    }
    if (factor.power != 0) rest.push_back(factor);
  }
  product.factors = std::move(rest);
}

}  // namespace

Sum sum_of(Rewriter& rewriter, Value value, bool open) {
  // From the outside in, one level at a time, so that of a long sum the outer terms are seen.
  std::vector<Item> items{{value, 1, !open && rewriter.is_named(value)}};
  const auto is_open = [](const Item& item) { return !item.is_atom; };
  while (items.size() < longest && std::any_of(items.begin(), items.end(), is_open)) {
    std::vector<Item> next;
    for (const Item& item : items) {
      const Node& node = rewriter[item.value];
      const bool named = item.value != value && rewriter.is_named(item.value);
      if (item.is_atom || named || !opens(node.op)) {
        next.push_back({item.value, item.sign, true});
        continue;
      }
      const bool negates_first = node.op == Op::neg;
      next.push_back({node.operands[0], negates_first ? -item.sign : item.sign});
      if (node.operands.size() < 2) continue;
      next.push_back({node.operands[1], node.op == Op::sub ? -item.sign : item.sign});
    }
    items = std::move(next);
  }
  Sum sum;
  for (const Item& item : items) {
    sum.push_back(product_of(rewriter, item.value, open && item.value == value));
    sum.back().top *= item.sign;
  }
  return sum;
}

bool is_sum(const Graph& graph, Value value) {
  const Node& node = graph[value];
  if (node.op == Op::add || node.op == Op::sub) return true;
  if (!as_broadcast(graph, value)) return false;
  const Op inner = graph[node.operands[0]].op;
  return inner == Op::add || inner == Op::sub;
}

Sum terms_of(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (node.op != Op::view) return sum_of(rewriter, value);
  const View& view = std::get<View>(node.attributes);
  const Node& inner = rewriter[node.operands[0]];
  Sum sum = sum_of(rewriter, through(rewriter, inner.operands[0], view), false);
  for (Product term : sum_of(rewriter, through(rewriter, inner.operands[1], view), false)) {
    if (inner.op == Op::sub) term.top = -term.top;
    sum.push_back(std::move(term));
  }
  return sum;
}

bool collect_terms(Rewriter& rewriter, Sum& sum) {
  if (has_zero(sum)) return false;
  for (size_t k = 1; k < sum.size(); ++k) {
    for (size_t earlier = 0; earlier < k; ++earlier) {
      turn_alike(rewriter, sum[earlier], sum[k]);
    }
  }
  bool found = false;
  Sum collected;
  for (const Product& term : sum) {
    auto same = std::find_if(collected.begin(), collected.end(),
                             [&](const Product& other) { return same_factors(other, term); });
    if (same == collected.end()) {
      collected.push_back(term);
      found |= term.top == 0;
    } else {
      add_coefficient(*same, term);
      found = true;
    }
  }
  Sum rest;
  std::copy_if(collected.begin(), collected.end(), std::back_inserter(rest),
               [](const Product& term) { return term.top != 0; });
  for (const Product& term : collected) {
    if (term.top != 0) continue;
    const bool loses_nothing =
        std::all_of(term.factors.begin(), term.factors.end(), [&](const Factor& factor) {
          return rewriter.facts[factor.base].finite || occurs(rest, factor.base);
        });
    if (!loses_nothing) return false;
    found = true;
  }
  if (found) sum = std::move(rest);
  return found;
}

Product common_factor(Rewriter& /*rewriter*/, Sum& sum) {
  Product common;
  if (sum.size() < 2 || has_zero(sum)) return common;
  for (const Factor& factor : sum[0].factors) {
    if (occurs({common}, factor.base)) continue;
    if (const int power = common_power(sum, factor.base)) {
      common.factors.push_back({factor.base, power});
    }
  }
  const auto alike = [&](auto part) {
    return std::all_of(sum.begin(), sum.end(),
                       [&](const Product& term) { return part(term) == part(sum[0]); });
  };
  if (alike([](const Product& term) { return term.bottom; })) common.bottom = sum[0].bottom;
  if (alike([](const Product& term) { return std::fabs(term.top); })) {
    common.top = std::fabs(sum[0].top);
  }
  const bool all_negative =
      std::all_of(sum.begin(), sum.end(), [](const Product& term) { return term.top < 0; });
  if (all_negative) common.top = -common.top;
  for (Product& term : sum) {
    term.bottom /= common.bottom;
    term.top /= common.top;
    for (const Factor& factor : common.factors) divide(term, factor);
  }
  return common;
}

}  // namespace gradus::rewriting
