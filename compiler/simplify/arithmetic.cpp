// Sums and products in normal form: constants in front, like terms collected, common factors
// cancelled; multiplied out only where that leaves less.
#include <algorithm>
#include <cmath>

#include "compiler/simplify/cost.h"
#include "compiler/simplify/forms.h"
#include "compiler/simplify/match.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

Value normal_arithmetic(Rewriter& rewriter, Value value);

// The first row does the work of the others, and records what it did under their names.
const std::vector<Rule>& table() {
  using patterns::rule;
  constexpr Exactness rounding = Exactness::rounding;
  static const std::vector<Rule> rules = {
      rule("", {Op::add, Op::sub, Op::mul, Op::div, Op::pow}, normal_arithmetic, {}, {}, rounding,
           Stage::recognise),
      rule("cancel a common factor", {}, nullptr, "x * y / x", "y", rounding, Stage::simplify,
           "x cannot be 0, or divides what is left"),
      rule("multiply out", {}, nullptr, "x * (y + z)", "x * y + x * z", rounding, Stage::simplify,
           "less is left when terms are cancelled and collected"),
      rule("collect like terms", {}, nullptr, "2 * x + y + x - y", "3 * x", rounding,
           Stage::simplify, "y is finite, or stands elsewhere"),
      rule("take out a common factor", {}, nullptr, "x * y + x * z", "x * (y + z)", rounding),
      rule("product with zero", {}, nullptr, "0 * x", "0", Exactness::exact, Stage::simplify,
           "x is finite"),
      rule("factors together", {}, nullptr, "x^2 * x^3, (x * c) * k", "x^5, x * (c * k)", rounding),
  };
  return rules;
}
const Rule& cancel() { return table()[1]; }
const Rule& multiply_out() { return table()[2]; }
const Rule& collect() { return table()[3]; }
const Rule& take_out() { return table()[4]; }
const Rule& zero() { return table()[5]; }
const Rule& together() { return table()[6]; }

struct Step {
  const Rule* rule;
  Value after;  // invalid where no log is kept
};

// A way to write the value.
struct Candidate {
  Value value;
  std::vector<Step> steps;
  bool recognised = false;  // a rule of the table found a function in it
};

// Looks for what cancels, and for functions, among all the factors or terms of a value, through
// operands that others use too. Only where that leaves less is the value written anew; else it is
// kept, with all that it shares.
class Arithmetic {
 public:
  Arithmetic(Rewriter& rewriter, Value value)
      : rewriter_(rewriter), value_(value), shape_(rewriter.shape(value)) {
    best_.value = value_;
  }

  // The best way that was found; invalid where that is the value itself.
  Value best() {
    const Op op = rewriter_.op(value_);
    if (op == Op::add || op == Op::sub) {
      try_sum();
    } else {
      try_product();
    }
    if (best_.value == value_) return {};
    if (rewriter_.is_logging()) record();
    return best_.value;
  }

 private:
  bool multiplies_out() const { return rewriter_.is_active(multiply_out()); }

  void record() {
    best_.steps.back().after = best_.value;
    Value before = value_;
    for (const Step& step : best_.steps) {
      if (!step.after.valid() || step.after == before) continue;
      rewriter_.record(*step.rule, before, step.after);
      before = step.after;
    }
  }

  // Products.

  void try_product() {
    Product product = product_of(rewriter_, value_);
    if (product.top == 0) return try_zero(product);
    const size_t count = product.factors.size();
    const std::vector<Value> atoms = bases({product});
    Candidate candidate;
    finish(product, candidate, {});
    if (candidate.steps.empty() && multiplies_out() &&
        (product.factors.size() < count || meet_when_grouped(product))) {
      note(candidate, together(), {}, product);
    }
    if (!candidate.steps.empty()) {
      candidate.value = build(rewriter_, product, shape_);
      accept(std::move(candidate), atoms);
    }
    if (!multiplies_out()) return;
    for (size_t k = 0; k < product.factors.size(); ++k) try_to_multiply_out(product, k);
  }

  void try_zero(const Product& product) {
    for (const Factor& factor : product.factors) {
      const Fact& fact = rewriter_.facts[factor.base];
      if (!fact.finite || (factor.power < 0 && !fact.nonzero())) return;
    }
    if (!rewriter_.is_active(zero())) return;
    best_.value = rewriter_.graph.full(rewriter_.graph.constant(0), shape_);
    best_.steps = {{&zero(), best_.value}};
  }

  // Whether several scalars, or several broadcasts along the same axes, stand among the factors, so
  // that they may be multiplied before they are stretched.
  bool meet_when_grouped(const Product& product) const {
    constexpr size_t few = 6;
    if (product.factors.size() > few || product.factors.size() < 3) return false;
    for (size_t k = 0; k < product.factors.size(); ++k) {
      const Value base = product.factors[k].base;
      for (size_t other = 0; other < k; ++other) {
        if (stretched_alike(base, product.factors[other].base)) return true;
      }
    }
    return false;
  }

  bool stretched_alike(Value a, Value b) const {
    if (rewriter_.rank(a) == 0 && rewriter_.rank(b) == 0) return !shape_.empty();
    const auto axes = as_broadcast(rewriter_.graph, a);
    return axes && axes == as_broadcast(rewriter_.graph, b);
  }

  // Cancels, and finds functions among the factors. `others` are the terms beside it.
  void finish(Product& product, Candidate& candidate, const Sum& others) {
    if (multiplies_out() && merge_factors(rewriter_, product)) {
      note(candidate, cancel(), others, product);
    }
    while (const Rule* rule = apply_one(product)) {
      note(candidate, *rule, others, product);
      candidate.recognised = true;
    }
  }

  const Rule* apply_one(Product& product) {
    Ops ops{};
    add_ops(rewriter_, product, ops);
    for (const ProductRule& rule : product_rules()) {
      if (!has_all(ops, rule.needs) || !rewriter_.is_active(*rule.rule)) continue;
      for (PartOfProduct& part : parts(rewriter_, rule.pattern, product, shape_)) {
        if (rule.rule->holds != nullptr && !rule.rule->holds(rewriter_, part.match)) continue;
        const Value to = rewriter_.normal(instantiate(rewriter_, rule.rule->to, part.match));
        product = times(std::move(part.rest), product_of(rewriter_, to, false));
        product.top /= rule.pattern.top;
        if (multiplies_out()) merge_factors(rewriter_, product);
        return rule.rule;
      }
    }
    return nullptr;
  }

  void try_to_multiply_out(const Product& product, size_t place) {
    const Factor& factor = product.factors[place];
    if (factor.power != 1 || !is_sum(rewriter_.graph, factor.base)) return;
    Product rest = product;
    rest.factors.erase(rest.factors.begin() + static_cast<std::ptrdiff_t>(place));
    Sum sum;
    bool promising = false;
    for (const Product& term : terms_of(rewriter_, factor.base)) {
      promising |= interact(term, rest);
      sum.push_back(times(rest, term));
    }
    if (!promising) return;
    Candidate candidate;
    candidate.steps = best_.steps;
    try_expanded(std::move(sum), std::move(candidate));
  }

  // Whether something may be cancelled or recognised when these are multiplied.
  bool interact(Product a, const Product& b) {
    turn_alike(rewriter_, b, a);
    for (const Factor& x : a.factors) {
      for (const Factor& y : b.factors) {
        if (x.base == y.base && (x.power > 0) != (y.power > 0)) return true;
        if (is_exponential(x.base) && is_divisor(y)) return true;
        if (is_exponential(y.base) && is_divisor(x)) return true;
      }
    }
    return false;
  }

  bool is_divisor(const Factor& factor) {
    return factor.power < 0 && !rewriter_.facts[factor.base].constant;
  }

  bool is_exponential(Value base) const {
    const Op op = rewriter_.op(base);
    return op == Op::exp || op == Op::sigmoid || op == Op::softmax;
  }

  // Sums.

  void try_sum() {
    const Sum sum = sum_of(rewriter_, value_);
    const std::vector<Value> atoms = bases(sum);
    Candidate candidate;
    Sum finished = sum;
    finish(finished, candidate);
    if (!candidate.steps.empty()) {
      candidate.value = built(std::move(finished), candidate);
      accept(std::move(candidate), atoms);
    }
    if (!multiplies_out()) return;
    try_common_factor();
    try_to_multiply_out(sum);
  }

  void finish(Sum& sum, Candidate& candidate) {
    if (multiplies_out() && collect_terms(rewriter_, sum)) note(candidate, collect(), sum);
    while (const Rule* rule = apply_one(sum)) {
      note(candidate, *rule, sum);
      candidate.recognised = true;
    }
  }

  const Rule* apply_one(Sum& sum) {
    Ops ops{};
    for (const Product& term : sum) add_ops(rewriter_, term, ops);
    for (const SumRule& rule : sum_rules()) {
      if (!has_all(ops, rule.needs) || !rewriter_.is_active(*rule.rule)) continue;
      for (PartOfSum& part : parts(rewriter_, rule.pattern, sum, shape_)) {
        if (rule.rule->holds != nullptr && !rule.rule->holds(rewriter_, part.match)) continue;
        const Value to = rewriter_.normal(instantiate(rewriter_, rule.rule->to, part.match));
        Sum terms = sum_of(rewriter_, to, false);
        for (Product& term : terms) {
          term.top *= part.times;
          reduce_fraction(term);
        }
        sum = std::move(part.rest);
        sum.insert(sum.begin() + static_cast<std::ptrdiff_t>(std::min(part.place, sum.size())),
                   terms.begin(), terms.end());
        if (multiplies_out()) collect_terms(rewriter_, sum);
        return rule.rule;
      }
    }
    return nullptr;
  }

  // The value of a finished sum, its common factor in front.
  Value built(Sum sum, Candidate& candidate) {
    if (!multiplies_out()) return build(rewriter_, sum, shape_);
    Product common = common_factor(rewriter_, sum);
    if (is_one(common)) return build(rewriter_, sum, shape_);
    note(candidate, take_out(), {});
    const bool scalar = std::all_of(sum.begin(), sum.end(), [&](const Product& term) {
      return std::all_of(term.factors.begin(), term.factors.end(),
                         [&](const Factor& factor) { return rewriter_.rank(factor.base) == 0; });
    });
    const Value inner = build(rewriter_, sum, scalar ? Shape{} : shape_);
    common.factors.push_back({inner, 1});
    return build(rewriter_, common, shape_);
  }

  // x · y + x · z = x · (y + z), of the two operands alone: longer sums come to it term by term.
  void try_common_factor() {
    const Node& node = rewriter_[value_];
    Sum sum = {product_of(rewriter_, node.operands[0], false),
               product_of(rewriter_, node.operands[1], false)};
    if (node.op == Op::sub) sum[1].top = -sum[1].top;
    const std::vector<Value> atoms = bases(sum);
    Sum rest = sum;
    if (common_factor(rewriter_, rest).factors.empty()) return;
    Candidate candidate;
    candidate.value = built(std::move(sum), candidate);
    accept(std::move(candidate), atoms);
  }

  // Multiplies out all the terms that have sums as factors.
  void try_to_multiply_out(const Sum& sum) {
    constexpr size_t most_terms = 16;
    const std::vector<Value> atoms = bases(sum);
    if (std::none_of(atoms.begin(), atoms.end(), [&](Value base) {
          return is_sum(rewriter_.graph, base) || rewriter_.op(base) == Op::sigmoid;
        })) {
      return;
    }
    Sum expanded;
    for (const Product& term : sum) {
      Sum all = {{term.top, term.bottom, {}}};
      for (const Factor& factor : term.factors) {
        Sum next;
        const Sum by = factor.power == 1 ? opened(factor.base, atoms) : Sum{{1, 1, {factor}}};
        if (expanded.size() + all.size() * by.size() > most_terms) return;
        for (const Product& left : all) {
          for (const Product& right : by) next.push_back(times(left, right));
        }
        all = std::move(next);
      }
      expanded.insert(expanded.end(), all.begin(), all.end());
    }
    if (expanded.size() == sum.size()) return;
    Sum probe = expanded;
    if (collect_terms(rewriter_, probe)) try_expanded(std::move(expanded), {});
  }

  // What a factor is the sum of: σ(−x) = 1 − σ(x) where σ(x) stands beside it.
  Sum opened(Value base, const std::vector<Value>& beside) {
    if (is_sum(rewriter_.graph, base)) return terms_of(rewriter_, base);
    if (rewriter_.op(base) == Op::sigmoid && !rewriter_.is_named(base)) {
      Graph& graph = rewriter_.graph;
      const Value x = rewriter_.normal(graph.map(Op::neg, {rewriter_.operand(base)}));
      for (Value other : beside) {
        const bool is_other = rewriter_.op(other) == Op::sigmoid && rewriter_.operand(other) == x;
        // Of two without a name the one of −x is replaced.
        if (is_other && (rewriter_.is_named(other) || rewriter_.op(x) != Op::neg)) {
          return {{1, 1, {}}, {-1, 1, {{other, 1}}}};
        }
      }
    }
    return {{1, 1, {{base, 1}}}};
  }

  void try_expanded(Sum sum, Candidate candidate) {
    const std::vector<Value> atoms = bases(sum);
    note(candidate, multiply_out(), sum);
    for (size_t k = 0; k < sum.size(); ++k) {
      Product term = std::move(sum[k]);
      Sum others = sum;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
      finish(term, candidate, others);
      sum[k] = std::move(term);
    }
    finish(sum, candidate);
    candidate.value = built(std::move(sum), candidate);
    accept(std::move(candidate), atoms);
  }

  // Judging.

  static std::vector<Value> bases(const Sum& sum) {
    std::vector<Value> result;
    for (const Product& term : sum) {
      for (const Factor& factor : term.factors) result.push_back(factor.base);
    }
    return result;
  }

  // The operand of a broadcast is an atom too, since the other way may compute with it before; and
  // so is a difference the other way round.
  std::vector<Value> with_relatives(std::vector<Value> atoms) const {
    for (size_t k = 0; k < atoms.size(); ++k) {
      if (rewriter_.op(atoms[k]) == Op::view) atoms.push_back(rewriter_.operand(atoms[k]));
    }
    for (size_t k = 0, count = atoms.size(); k < count; ++k) {
      if (rewriter_.op(atoms[k]) == Op::sub) atoms.push_back(reversed(rewriter_, atoms[k]));
    }
    return atoms;
  }

  // Takes the candidate where it costs less, or where a function was found in it.
  void accept(Candidate candidate, const std::vector<Value>& atoms) {
    if (candidate.value == best_.value) return;
    const std::vector<Value> all = with_relatives(atoms);
    const double now = cost(rewriter_, best_.value, all);
    const double then = cost(rewriter_, candidate.value, all);
    const double tolerance = 1e-9 * (now + then);
    const bool first = best_.value == value_;
    if (then < now - tolerance || (candidate.recognised && (first || then <= now + tolerance))) {
      best_ = std::move(candidate);
    }
  }

  void note(Candidate& candidate, const Rule& rule, const Sum& sum) const {
    const bool wanted = rewriter_.is_logging() && !sum.empty();
    candidate.steps.push_back({&rule, wanted ? build(rewriter_, sum, shape_) : Value{}});
  }
  void note(Candidate& candidate, const Rule& rule, Sum others, const Product& product) const {
    others.insert(others.begin(), product);
    note(candidate, rule, others);
  }

  Rewriter& rewriter_;
  Value value_;
  const Shape& shape_;
  Candidate best_;
};

Value normal_arithmetic(Rewriter& rewriter, Value value) {
  return Arithmetic(rewriter, value).best();
}

}  // namespace

std::span<const Rule> arithmetic_rules() { return table(); }

}  // namespace gradus::rewriting
