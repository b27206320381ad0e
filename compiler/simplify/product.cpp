#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

// Longer products are cut into factors that are products themselves: the work at a node is bounded.
constexpr size_t longest = 12;

bool is_integer(double x) { return std::nearbyint(x) == x && std::fabs(x) < 1e9; }

// A factor that may be a product itself, seen through a broadcast where there is one.
struct Item {
  Value value;
  int power = 1;
  const View* through = nullptr;
  bool is_atom = false;
};

// Opens products from the outside in, one level at a time, so that of a long one the outer factors
// are seen.
class Flattening {
 public:
  Flattening(Rewriter& rewriter, Product& out) : rewriter_(rewriter), out_(out) {}

  void flatten(Value value, bool open) {
    std::vector<Item> items{{value}};
    if (rewriter_.is_named(value) && !open) items[0].is_atom = true;
    bool is_root = true;
    while (items.size() < longest && has_more(items)) {
      std::vector<Item> next;
      for (const Item& item : items) {
        if (item.is_atom || (!is_root && rewriter_.is_named(item.value))) {
          next.push_back(item);
          next.back().is_atom = true;
        } else {
          expand(item, next);
        }
      }
      is_root = false;
      items = std::move(next);
    }
    for (const Item& item : items) atom(item);
  }

 private:
  static bool has_more(const std::vector<Item>& items) {
    return std::any_of(items.begin(), items.end(), [](const Item& item) { return !item.is_atom; });
  }

  void expand(const Item& item, std::vector<Item>& next) {
    const Node& node = rewriter_[item.value];
    const auto [value, power, through, is_atom] = item;
    if (node.op == Op::constant && number(value, power)) return;
    if (node.op == Op::neg) {
      if (power % 2 != 0) out_.top = -out_.top;
      next.push_back({node.operands[0], power, through});
    } else if (node.op == Op::mul || node.op == Op::div) {
      next.push_back({node.operands[0], power, through});
      next.push_back({node.operands[1], node.op == Op::mul ? power : -power, through});
    } else if (const int exponent = exponent_of(node); exponent != 0) {
      next.push_back({node.operands[0], power * exponent, through});
    } else if (through == nullptr && repeats_product(value)) {
      const Value inner = node.operands[0];
      const bool scalar = rewriter_.rank(inner) == 0;
      next.push_back({inner, power, scalar ? nullptr : &std::get<View>(node.attributes)});
    } else {
      next.push_back({value, power, through, true});
    }
  }

  // The exponent of an integer power, else 0.
  int exponent_of(const Node& node) const {
    if (node.op != Op::pow) return 0;
    const auto exponent = rewriter_.literal(node.operands[1]);
    const bool small = exponent && is_integer(*exponent) && std::fabs(*exponent) <= 64;
    return small ? static_cast<int>(*exponent) : 0;
  }

  // Whether a value is a broadcast of a scalar, or of a product that has no name.
  bool repeats_product(Value value) const {
    if (!as_broadcast(rewriter_.graph, value)) return false;
    const Value inner = rewriter_.operand(value);
    const Op op = rewriter_.op(inner);
    return rewriter_.rank(inner) == 0 ||
           (!rewriter_.is_named(inner) &&
            (op == Op::mul || op == Op::div || op == Op::neg || op == Op::pow));
  }

  bool number(Value value, int power) {
    const double raised = std::pow(*rewriter_.literal(value), std::abs(power));
    double& part = power > 0 ? out_.top : out_.bottom;
    const double product = part * raised;
    if (!std::isfinite(product) || (product == 0 && power < 0)) return false;
    part = product;
    return true;
  }

  void atom(const Item& item) {
    Value value = item.value;
    if (item.through != nullptr && rewriter_.rank(value) != 0) {
      value = rewriter_.graph.view(value, *item.through);
    }
    out_.factors.push_back({value, item.power});
  }

  Rewriter& rewriter_;
  Product& out_;
};

}  // namespace

Value reversed(Rewriter& rewriter, Value difference) {
  const Node& node = rewriter[difference];
  return rewriter.graph.map(Op::sub, {node.operands[1], node.operands[0]});
}

namespace {

// Whether b is −a, both being differences.
bool is_reverse(const Rewriter& rewriter, Value a, Value b) {
  const Node& x = rewriter[a];
  const Node& y = rewriter[b];
  return a != b && x.op == Op::sub && y.op == Op::sub && x.operands[0] == y.operands[1] &&
         x.operands[1] == y.operands[0];
}

}  // namespace

void turn_alike(const Rewriter& rewriter, const Product& model, Product& product) {
  for (Factor& factor : product.factors) {
    if (rewriter.op(factor.base) != Op::sub) continue;
    for (const Factor& other : model.factors) {
      if (!is_reverse(rewriter, factor.base, other.base)) continue;
      factor.base = other.base;
      if (factor.power % 2 != 0) product.top = -product.top;
      break;
    }
  }
}

Product product_of(Rewriter& rewriter, Value value, bool open) {
  const Op op = rewriter.op(value);
  const bool is_atom = op != Op::neg && op != Op::mul && op != Op::div && op != Op::pow &&
                       op != Op::constant && op != Op::view;
  if (is_atom || (!open && rewriter.is_named(value))) return {1, 1, {{value, 1}}};
  auto [known, is_new] = rewriter.products.try_emplace(value.id);
  if (is_new) {
    Flattening(rewriter, known->second).flatten(value, true);
    reduce_fraction(known->second);
  }
  return known->second;
}

Product times(Product a, const Product& b) {
  a.top *= b.top;
  a.bottom *= b.bottom;
  a.factors.insert(a.factors.end(), b.factors.begin(), b.factors.end());
  reduce_fraction(a);
  return a;
}

bool is_one(const Product& product) {
  return product.top == 1 && product.bottom == 1 && product.factors.empty();
}

void reduce_fraction(Product& product) {
  double& top = product.top;
  double& bottom = product.bottom;
  if (bottom < 0) {
    top = -top;
    bottom = -bottom;
  }
  if (is_integer(top) && is_integer(bottom)) {
    const auto divisor =
        static_cast<double>(std::gcd(static_cast<int64_t>(top), static_cast<int64_t>(bottom)));
    if (divisor > 1) {
      top /= divisor;
      bottom /= divisor;
    }
    return;
  }
  const double quotient = top / bottom;
  if (std::isfinite(quotient) && std::fma(quotient, bottom, -top) == 0) {
    top = quotient;
    bottom = 1;
  }
}

namespace {

// The power of a base within the factors that have a name, which are not opened.
int power_within(Rewriter& rewriter, const Product& product, Value base) {
  int power = 0;
  for (const Factor& factor : product.factors) {
    if (factor.base == base || !rewriter.is_named(factor.base)) continue;
    for (const Factor& inner : product_of(rewriter, factor.base).factors) {
      if (inner.base == base) power += factor.power * inner.power;
    }
  }
  return power;
}

}  // namespace

bool merge_factors(Rewriter& rewriter, Product& product) {
  bool cancelled = false;
  turn_alike(rewriter, product, product);
  std::vector<Factor> merged;
  for (const Factor& factor : product.factors) {
    auto same = std::find_if(merged.begin(), merged.end(), [&](const Factor& other) {
      if (other.base != factor.base) return false;
      const bool agree = (other.power > 0) == (factor.power > 0);
      if (agree || rewriter.facts[factor.base].nonzero()) return true;
      // Where some of the divisor is left, the product has no finite value at 0 in either form.
      return other.power + factor.power + power_within(rewriter, product, factor.base) < 0;
    });
    if (same == merged.end()) {
      merged.push_back(factor);
      continue;
    }
    cancelled |= (same->power > 0) != (factor.power > 0);
    same->power += factor.power;
    if (same->power == 0) merged.erase(same);
  }
  product.factors = std::move(merged);
  return cancelled;
}

Product take_constants(Rewriter& rewriter, Product& product) {
  Product constants{product.top, product.bottom, {}};
  product.top = product.bottom = 1;
  std::vector<Factor> rest;
  for (const Factor& factor : product.factors) {
    const bool constant = rewriter.facts[factor.base].constant && rewriter.rank(factor.base) == 0;
    (constant ? constants.factors : rest).push_back(factor);
  }
  product.factors = std::move(rest);
  return constants;
}

}  // namespace gradus::rewriting
