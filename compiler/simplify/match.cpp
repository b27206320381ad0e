#include "compiler/simplify/match.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace gradus::rewriting {
namespace {

using Kind = TemplateNode::Kind;

bool is_application(const Template& form, Op op) {
  return form->kind == Kind::apply && form->op == op;
}

void add_to_product(const Template& form, int power, PatternProduct& out) {
  if (is_application(form, Op::neg)) {
    out.top = -out.top;
    return add_to_product(form->operands[0], power, out);
  }
  if (is_application(form, Op::mul) || is_application(form, Op::div)) {
    add_to_product(form->operands[0], power, out);
    return add_to_product(form->operands[1], form->op == Op::mul ? power : -power, out);
  }
  if (form->kind == Kind::literal) {
    out.top *= power > 0 ? form->literal : 1 / form->literal;
  } else {
    out.factors.push_back({form, power});
  }
}

void add_to_sum(const Template& form, double sign, PatternSum& out) {
  if (is_application(form, Op::add) || is_application(form, Op::sub)) {
    add_to_sum(form->operands[0], sign, out);
    return add_to_sum(form->operands[1], form->op == Op::add ? sign : -sign, out);
  }
  PatternProduct term = product_of(form);
  term.top *= sign;
  out.push_back(std::move(term));
}

bool is_hole(const Template& form) { return form->kind == Kind::hole; }

bool is_commutative(Op op) {
  return op == Op::min || op == Op::max || op == Op::eq || op == Op::ne || op == Op::logical_and ||
         op == Op::logical_or;
}

class Matcher {
 public:
  Matcher(Rewriter& rewriter, const Shape& shape) : rewriter_(rewriter), shape_(shape) {}

  std::vector<Match> match(const Template& form, Value value, const Match& bound) {
    switch (form->kind) {
      case Kind::hole:
        return hole(form->hole, value, bound);
      case Kind::literal:
        if (rewriter_.literal(value) == form->literal) return {bound};
        return {};
      case Kind::apply:
        return application(form, value, bound);
    }
    std::abort();
  }

  // Factors of the pattern, from number `next`, among those of the product that are not `used`;
  // those that are left go into `rest`, unless it is null and none may be.
  void factors(const PatternProduct& pattern, size_t next, const Product& product,
               std::vector<int>& taken, const Match& bound, bool exact,
               std::vector<PartOfProduct>& out) {
    if (next == pattern.factors.size()) return finish(product, taken, bound, exact, out);
    const PatternFactor& wanted = pattern.factors[next];
    for (size_t k = 0; k < product.factors.size(); ++k) {
      const Factor& factor = product.factors[k];
      const int left = factor.power - taken[k];
      if (exact ? left != wanted.power || taken[k] != 0
                : left * wanted.power <= 0 || std::abs(left) < std::abs(wanted.power)) {
        continue;
      }
      taken[k] += wanted.power;
      for (const Match& match : match(wanted.base, factor.base, bound)) {
        factors(pattern, next + 1, product, taken, match, exact, out);
      }
      taken[k] -= wanted.power;
    }
  }

  // Terms of the pattern among those of the sum; `times` is 0 until the first is found.
  void terms(const PatternSum& pattern, size_t next, const Sum& sum, std::vector<bool>& taken,
             double times, const Match& bound, std::vector<PartOfSum>& out) {
    if (next == pattern.size()) {
      PartOfSum part{bound, times, {}, 0};
      part.place = std::find(taken.begin(), taken.end(), true) - taken.begin();
      for (size_t k = 0; k < sum.size(); ++k) {
        if (!taken[k]) part.rest.push_back(sum[k]);
      }
      return out.push_back(std::move(part));
    }
    // A hole alone stands for a term with its coefficient.
    const bool hole =
        times != 0 && pattern[next].factors.size() == 1 && is_hole(pattern[next].factors[0].base);
    for (size_t k = 0; k < sum.size(); ++k) {
      if (taken[k] || sum[k].top == 0) continue;
      const double ratio = sum[k].top / sum[k].bottom / pattern[next].top;
      if (!hole && times != 0 && ratio != times) continue;
      taken[k] = true;
      const double scale = hole ? ratio / times : 1;
      for (const Match& match : term(pattern[next], sum[k], scale, bound)) {
        terms(pattern, next + 1, sum, taken, hole ? times : ratio, match, out);
      }
      taken[k] = false;
    }
  }

 private:
  std::vector<Match> hole(char name, Value value, const Match& bound) {
    const Value known = bound[name];
    if (known.valid()) return known == value ? std::vector<Match>{bound} : std::vector<Match>{};
    std::vector<Match> result{bound};
    result[0].values[name - 'a'] = value;
    return result;
  }

  // A term of a sum, with this coefficient.
  std::vector<Match> term(const PatternProduct& pattern, const Product& product, double coefficient,
                          const Match& bound) {
    if (pattern.factors.size() == 1 && is_hole(pattern.factors[0].base)) {
      Product magnitude{coefficient, 1, product.factors};
      if (magnitude.factors.empty()) return {};
      return hole(pattern.factors[0].base->hole, build(rewriter_, magnitude, shape_), bound);
    }
    return whole(pattern, product, bound);
  }

  std::vector<Match> whole(const PatternProduct& pattern, const Product& product,
                           const Match& bound) {
    if (pattern.factors.size() != product.factors.size()) return {};
    std::vector<PartOfProduct> found;
    std::vector<int> taken(product.factors.size(), 0);
    factors(pattern, 0, product, taken, bound, true, found);
    std::vector<Match> result;
    for (PartOfProduct& part : found) result.push_back(std::move(part.match));
    return result;
  }

  static void finish(const Product& product, const std::vector<int>& taken, const Match& bound,
                     bool exact, std::vector<PartOfProduct>& out) {
    PartOfProduct part{bound, {product.top, product.bottom, {}}};
    for (size_t k = 0; k < taken.size(); ++k) {
      const int left = product.factors[k].power - taken[k];
      if (left != 0) part.rest.factors.push_back({product.factors[k].base, left});
    }
    if (!exact || part.rest.factors.empty()) out.push_back(std::move(part));
  }

  std::vector<Match> application(const Template& form, Value value, const Match& bound) {
    const Op op = rewriter_.op(value);
    if (form->op == Op::add || form->op == Op::sub) return whole_sum(form, value, bound);
    if (form->op == Op::mul || form->op == Op::div) return whole_product(form, value, bound);
    if (form->op == Op::neg) return negation(form, value, bound);
    if (form->op == Op::view) return repeated(form, value, bound);
    if (form->op != op) return {};
    std::vector<Match> so_far{bound};
    if (form->axes != 0) {
      so_far = axes(form->axes, std::get<Axes>(rewriter_[value].attributes).axes, bound);
    }
    std::vector<Match> result = operands(form, value, so_far, false);
    if (is_commutative(op)) {
      const auto swapped = operands(form, value, so_far, true);
      result.insert(result.end(), swapped.begin(), swapped.end());
    }
    return result;
  }

  std::vector<Match> operands(const Template& form, Value value, std::vector<Match> so_far,
                              bool swapped) {
    // Elementwise operands stand in their user's shape; those of a reduction in their own.
    const Shape& own = rewriter_.shape(is_map(form->op) ? value : rewriter_.operand(value));
    Matcher inner(rewriter_, own.empty() ? shape_ : own);
    for (size_t k = 0; k < form->operands.size(); ++k) {
      const Value operand = rewriter_.operand(value, static_cast<int>(swapped ? 1 - k : k));
      std::vector<Match> next;
      for (const Match& match : so_far) {
        const auto found = inner.match(form->operands[k], operand, match);
        next.insert(next.end(), found.begin(), found.end());
      }
      so_far = std::move(next);
    }
    return so_far;
  }

  std::vector<Match> whole_sum(const Template& form, Value value, const Match& bound) {
    const Op op = rewriter_.op(value);
    if (op != Op::add && op != Op::sub) return {};
    // As it is written: x − m where x is a sum itself.
    std::vector<Match> result;
    if (op == form->op) result = operands(form, value, {bound}, false);
    const PatternSum pattern = rewriting::sum_of(form);
    const Sum sum = rewriting::sum_of(rewriter_, value);
    if (pattern.size() != sum.size()) return result;
    std::vector<PartOfSum> found;
    std::vector<bool> taken(sum.size(), false);
    terms(pattern, 0, sum, taken, 1, bound, found);
    for (PartOfSum& part : found) result.push_back(std::move(part.match));
    return result;
  }

  std::vector<Match> whole_product(const Template& form, Value value, const Match& bound) {
    const Op op = rewriter_.op(value);
    if (op != Op::mul && op != Op::div) return {};
    const PatternProduct pattern = rewriting::product_of(form);
    const Product product = rewriting::product_of(rewriter_, value);
    if (product.top != pattern.top || product.bottom != 1) return {};
    return whole(pattern, product, bound);
  }

  // −x matches a negation, and the normal form of −x where x is known.
  std::vector<Match> negation(const Template& form, Value value, const Match& bound) {
    if (rewriter_.op(value) == Op::neg) {
      const auto found = match(form->operands[0], rewriter_.operand(value), bound);
      if (!found.empty()) return found;
    }
    const Template& inner = form->operands[0];
    if (!is_hole(inner) || !bound[inner->hole].valid()) return {};
    const Value known = bound[inner->hole];
    if (rewriter_.normal(rewriter_.graph.map(Op::neg, {known})) == value) return {bound};
    return {};
  }

  // A broadcast along the axes that its operand lacks; a scalar lacks them all.
  std::vector<Match> repeated(const Template& form, Value value, const Match& bound) {
    std::vector<int> lacking(shape_.size());
    std::iota(lacking.begin(), lacking.end(), 0);
    Value inner = value;
    if (rewriter_.rank(value) != 0) {
      if (rewriter_.op(value) != Op::view) return {};
      const auto& view = std::get<View>(rewriter_[value].attributes);
      const auto kept = as_broadcast(rewriter_.graph, value);
      if (!kept || view.shape != shape_) return {};
      for (int axis : *kept) lacking.erase(std::find(lacking.begin(), lacking.end(), axis));
      inner = rewriter_.operand(value);
    }
    std::vector<Match> result;
    for (const Match& match : axes(form->axes, lacking, bound)) {
      // What is repeated is computed in a shape of its own.
      Matcher own(rewriter_, rewriter_.shape(inner));
      const auto found = own.match(form->operands[0], inner, match);
      result.insert(result.end(), found.begin(), found.end());
    }
    return result;
  }

  static std::vector<Match> axes(char name, const std::vector<int>& found, const Match& bound) {
    const auto& known = bound.axes[name - 'A'];
    if (known) return *known == found ? std::vector<Match>{bound} : std::vector<Match>{};
    std::vector<Match> result{bound};
    result[0].axes[name - 'A'] = found;
    return result;
  }

  Rewriter& rewriter_;
  const Shape& shape_;
};

}  // namespace

PatternProduct product_of(const Template& form) {
  PatternProduct product;
  add_to_product(form, 1, product);
  std::stable_partition(product.factors.begin(), product.factors.end(),
                        [](const PatternFactor& factor) { return !is_hole(factor.base); });
  return product;
}

PatternSum sum_of(const Template& form) {
  PatternSum sum;
  add_to_sum(form, 1, sum);
  std::stable_partition(sum.begin(), sum.end(), [](const PatternProduct& term) {
    return term.factors.size() != 1 || !is_hole(term.factors[0].base);
  });
  return sum;
}

std::vector<Match> matches(Rewriter& rewriter, const Template& form, Value value,
                           const Match& bound, const Shape& shape) {
  return Matcher(rewriter, shape).match(form, value, bound);
}

std::vector<PartOfProduct> parts(Rewriter& rewriter, const PatternProduct& pattern,
                                 const Product& product, const Shape& shape) {
  std::vector<PartOfProduct> found;
  std::vector<int> taken(product.factors.size(), 0);
  Match bound;
  bound.shape = &shape;
  Matcher(rewriter, shape).factors(pattern, 0, product, taken, bound, false, found);
  return found;
}

std::vector<PartOfSum> parts(Rewriter& rewriter, const PatternSum& pattern, const Sum& sum,
                             const Shape& shape) {
  std::vector<PartOfSum> found;
  std::vector<bool> taken(sum.size(), false);
  Match bound;
  bound.shape = &shape;
  Matcher(rewriter, shape).terms(pattern, 0, sum, taken, 0, bound, found);
  return found;
}

Value instantiate(Rewriter& rewriter, const Template& form, const Match& match) {
  Graph& graph = rewriter.graph;
  if (form->kind == Kind::literal) return graph.constant(form->literal);
  if (form->kind == Kind::hole) return match[form->hole];
  std::vector<Value> operands;
  for (const Template& operand : form->operands) {
    operands.push_back(instantiate(rewriter, operand, match));
  }
  if (form->axes == 0) return graph.map(form->op, std::move(operands));
  const std::vector<int>& axes = *match.axes[form->axes - 'A'];
  if (form->op == Op::softmax || form->op == Op::log_softmax) {
    return graph.normalise(form->op, operands[0], axes);
  }
  if (form->op != Op::view) return graph.reduce(form->op, operands[0], axes);
  std::vector<int> kept;
  for (int axis = 0; axis < static_cast<int>(match.shape->size()); ++axis) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) kept.push_back(axis);
  }
  return graph.broadcast(operands[0], *match.shape, kept);
}

}  // namespace gradus::rewriting
