#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

// Longer products are cut into factors that are products themselves: the work at a node is bounded.
constexpr size_t longest = 16;

bool is_integer(double x) { return std::nearbyint(x) == x && std::fabs(x) < 1e9; }

class Flattening {
 public:
  Flattening(Rewriter& rewriter, Product& out) : rewriter_(rewriter), out_(out) {}

  // value^power, seen through a broadcast where there is one.
  void multiply(Value value, int power, const View* through, bool open) {
    const Node& node = rewriter_[value];
    if ((rewriter_.is_named(value) && !open) || out_.factors.size() >= longest) {
      return atom(value, power, through);
    }
    if (node.op == Op::constant) return number(value, power, through);
    if (node.op == Op::neg) {
      if (power % 2 != 0) out_.top = -out_.top;
      return multiply(node.operands[0], power, through, false);
    }
    if (node.op == Op::mul || node.op == Op::div) {
      multiply(node.operands[0], power, through, false);
      return multiply(node.operands[1], node.op == Op::mul ? power : -power, through, false);
    }
    if (node.op == Op::pow) {
      const auto exponent = rewriter_.literal(node.operands[1]);
      if (exponent && is_integer(*exponent) && *exponent != 0 && std::fabs(*exponent) <= 64) {
        return multiply(node.operands[0], power * static_cast<int>(*exponent), through, false);
      }
    }
    if (through == nullptr && as_broadcast(rewriter_.graph, value)) {
      return multiply_broadcast(value, power, std::get<View>(node.attributes));
    }
    atom(value, power, through);
  }

 private:
  void multiply_broadcast(Value value, int power, const View& view) {
    const Value inner = rewriter_.operand(value);
    const Op op = rewriter_.op(inner);
    if (rewriter_.rank(inner) == 0) return multiply(inner, power, nullptr, false);
    const bool is_product =
        op == Op::mul || op == Op::div || op == Op::neg || op == Op::pow || op == Op::constant;
    if (!is_product || rewriter_.is_named(inner)) return atom(value, power, nullptr);
    multiply(inner, power, &view, false);
  }

  void number(Value value, int power, const View* through) {
    const double x = *rewriter_.literal(value);
    const double raised = std::pow(x, std::abs(power));
    double& part = power > 0 ? out_.top : out_.bottom;
    const double product = part * raised;
    if (!std::isfinite(product) || (product == 0 && power < 0)) {
      return atom(value, power, through);
    }
    part = product;
  }

  void atom(Value value, int power, const View* through) {
    if (through != nullptr && rewriter_.rank(value) != 0) {
      value = rewriter_.graph.view(value, *through);
    }
    out_.factors.push_back({value, power});
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
  return x.op == Op::sub && y.op == Op::sub && x.operands[0] == y.operands[1] &&
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
  Product product;
  Flattening(rewriter, product).multiply(value, 1, nullptr, open);
  reduce_fraction(product);
  return product;
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

bool merge_factors(Rewriter& rewriter, Product& product) {
  bool cancelled = false;
  turn_alike(rewriter, product, product);
  std::vector<Factor> merged;
  for (const Factor& factor : product.factors) {
    auto same = std::find_if(merged.begin(), merged.end(), [&](const Factor& other) {
      if (other.base != factor.base) return false;
      const bool agree = (other.power > 0) == (factor.power > 0);
      return agree || rewriter.facts[factor.base].nonzero();
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
