// Sums and products in normal form: constants in front, like terms collected, common factors
// cancelled; multiplied out only where that leaves less.
#include <algorithm>
#include <cmath>

#include "compiler/simplify/cost.h"
#include "compiler/simplify/forms.h"
#include "compiler/simplify/match.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

Value normal_arithmetic(Rewriter& rewriter, Value value);

const Rule table[] = {
    {"",
     Exactness::rounding,
     Stage::recognise,
     {},
     {},
     {Op::neg, Op::add, Op::sub, Op::mul, Op::div, Op::pow},
     normal_arithmetic,
     {},
     {},
     {},
     {},
     {}},
    {"constants in front",
     Exactness::rounding,
     Stage::simplify,
     {},
     {},
     {},
     nullptr,
     "x * (2 * y), -x * y, x / n * y",
     "2 * (x * y), -(x * y), x * y / n",
     {},
     {},
     {}},
    {"cancel a common factor",
     Exactness::rounding,
     Stage::simplify,
     {},
     {},
     {},
     nullptr,
     "x * y / x",
     "y",
     {},
     "x cannot be 0",
     {}},
    {"multiply out",
     Exactness::rounding,
     Stage::simplify,
     {},
     {},
     {},
     nullptr,
     "x * (y + z)",
     "x * y + x * z",
     {},
     "less is left when terms are cancelled and collected",
     {}},
    {"collect like terms",
     Exactness::rounding,
     Stage::simplify,
     {},
     {},
     {},
     nullptr,
     "2 * x + y + x - y",
     "3 * x",
     {},
     "y is finite, or stands elsewhere",
     {}},
    {"take out a common factor",
     Exactness::rounding,
     Stage::simplify,
     {},
     {},
     {},
     nullptr,
     "x / n + y / n, -x - y",
     "(x + y) / n, -(x + y)",
     {},
     {},
     {}},
    {"signs",
     Exactness::exact,
     Stage::simplify,
     {},
     {},
     {},
     nullptr,
     "x + -y, -x + y, -(x - y)",
     "x - y, y - x, y - x",
     {},
     {},
     {}},
    {"product with zero",
     Exactness::exact,
     Stage::simplify,
     {},
     {},
     {},
     nullptr,
     "0 * x",
     "0",
     {},
     "x is finite",
     {}},
};
const Rule& constants_in_front = table[1];
const Rule& cancel = table[2];
const Rule& multiply_out = table[3];
const Rule& collect = table[4];
const Rule& take_out = table[5];
const Rule& signs = table[6];
const Rule& zero = table[7];

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

class Arithmetic {
 public:
  Arithmetic(Rewriter& rewriter, Value value)
      : rewriter_(rewriter), value_(value), shape_(rewriter.shape(value)) {}

  // The best way that was found, or the value itself.
  Value best() {
    const Op op = rewriter_.op(value_);
    const bool is_sum = op == Op::add || op == Op::sub;
    best_.value = value_;
    if (!is_sum) try_product();
    if (is_sum ||
        (op == Op::neg && gradus::rewriting::is_sum(rewriter_.graph, rewriter_.operand(value_)))) {
      try_sum();
    }
    if (best_.value == value_) return {};
    if (rewriter_.is_logging()) record();
    return best_.value;
  }

 private:
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
    const std::vector<Value> atoms = bases({product});
    Candidate candidate;
    if (product.top == 0) return try_zero(product);
    finish(product, candidate, {});
    if (candidate.steps.empty()) note(candidate, constants_in_front, {});
    candidate.value = build(rewriter_, product, shape_);
    accept(std::move(candidate), atoms);
    if (!rewriter_.is_active(multiply_out)) return;
    for (size_t k = 0; k < product.factors.size(); ++k) try_to_multiply_out(product, k);
  }

  void try_zero(const Product& product) {
    for (const Factor& factor : product.factors) {
      if (!rewriter_.facts[factor.base].finite) return;
    }
    best_.value = rewriter_.graph.full(rewriter_.graph.constant(0), shape_);
    best_.steps = {{&zero, best_.value}};
  }

  // Cancels, and finds functions among the factors. `others` are the terms beside it.
  void finish(Product& product, Candidate& candidate, const Sum& others) {
    if (rewriter_.is_active(cancel) && merge_factors(rewriter_, product)) {
      note(candidate, cancel, others, product);
    }
    for (bool found = true; found;) {
      found = false;
      for (const Rule* rule : product_rules()) {
        if (rewriter_.is_active(*rule) && apply(*rule, product)) {
          note(candidate, *rule, others, product);
          candidate.recognised = found = true;
          break;
        }
      }
    }
    if (rewriter_.is_active(signs) && absorb_sign(product)) {
      note(candidate, signs, others, product);
    }
  }

  bool apply(const Rule& rule, Product& product) {
    const PatternProduct pattern = product_of(rule.from);
    for (PartOfProduct& part : parts(rewriter_, pattern, product, shape_)) {
      if (rule.holds != nullptr && !rule.holds(rewriter_, part.match)) continue;
      const Value to = rewriter_.normal(instantiate(rewriter_, rule.to, part.match));
      product = times(std::move(part.rest), product_of(rewriter_, to, false));
      product.top /= pattern.top;
      if (rewriter_.is_active(cancel)) merge_factors(rewriter_, product);
      return true;
    }
    return false;
  }

  // −(a − b) · c = (b − a) · c.
  bool absorb_sign(Product& product) const {
    if (product.top > 0) return false;
    for (Factor& factor : product.factors) {
      const bool difference = rewriter_.op(factor.base) == Op::sub;
      if (!difference || rewriter_.is_named(factor.base) || factor.power % 2 == 0) continue;
      factor.base = reversed(rewriter_, factor.base);
      product.top = -product.top;
      return true;
    }
    return false;
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
  bool interact(Product a, const Product& b) const {
    turn_alike(rewriter_, b, a);
    for (const Factor& x : a.factors) {
      for (const Factor& y : b.factors) {
        if (x.base == y.base && (x.power > 0) != (y.power > 0)) return true;
        if ((is_exponential(x.base) && y.power < 0) || (is_exponential(y.base) && x.power < 0)) {
          return true;
        }
      }
    }
    return false;
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
    candidate.value = built(finished, candidate);
    if (candidate.steps.empty()) note(candidate, signs, {});
    accept(std::move(candidate), atoms);
    if (rewriter_.is_active(multiply_out)) try_to_multiply_out(sum);
  }

  void finish(Sum& sum, Candidate& candidate) {
    if (rewriter_.is_active(collect) && collect_terms(rewriter_, sum)) {
      note(candidate, collect, sum);
    }
    for (bool found = true; found;) {
      found = false;
      for (const Rule* rule : sum_rules()) {
        if (rewriter_.is_active(*rule) && apply(*rule, sum)) {
          note(candidate, *rule, sum);
          candidate.recognised = found = true;
          break;
        }
      }
    }
  }

  bool apply(const Rule& rule, Sum& sum) {
    for (PartOfSum& part : parts(rewriter_, sum_of(rule.from), sum, shape_)) {
      if (rule.holds != nullptr && !rule.holds(rewriter_, part.match)) continue;
      const Value to = rewriter_.normal(instantiate(rewriter_, rule.to, part.match));
      Sum terms = sum_of(rewriter_, to, false);
      for (Product& term : terms) {
        term.top *= part.times;
        reduce_fraction(term);
      }
      sum = std::move(part.rest);
      sum.insert(sum.begin() + static_cast<std::ptrdiff_t>(std::min(part.place, sum.size())),
                 terms.begin(), terms.end());
      if (rewriter_.is_active(collect)) collect_terms(rewriter_, sum);
      return true;
    }
    return false;
  }

  // The value of a finished sum, its common factor in front.
  Value built(Sum& sum, Candidate& candidate) {
    if (!rewriter_.is_active(take_out)) return build(rewriter_, sum, shape_);
    Product common = common_factor(rewriter_, sum);
    if (is_one(common)) return build(rewriter_, sum, shape_);
    note(candidate, take_out, {});
    const bool scalar = std::all_of(sum.begin(), sum.end(), [&](const Product& term) {
      return std::all_of(term.factors.begin(), term.factors.end(),
                         [&](const Factor& factor) { return rewriter_.rank(factor.base) == 0; });
    });
    const Value inner = build(rewriter_, sum, scalar ? Shape{} : shape_);
    common.factors.push_back({inner, 1});
    return build(rewriter_, common, shape_);
  }

  // Multiplies out all the terms that have sums as factors.
  void try_to_multiply_out(const Sum& sum) {
    constexpr size_t most_terms = 16;
    const std::vector<Value> atoms = bases(sum);
    Sum expanded;
    for (const Product& term : sum) {
      Sum all = {{term.top, term.bottom, {}}};
      for (const Factor& factor : term.factors) {
        Sum next;
        const Sum by = factor.power == 1 ? opened(factor.base, atoms) : Sum{{1, 1, {factor}}};
        for (const Product& left : all) {
          for (const Product& right : by) next.push_back(times(left, right));
        }
        all = std::move(next);
      }
      expanded.insert(expanded.end(), all.begin(), all.end());
      if (expanded.size() > most_terms) return;
    }
    if (expanded.size() == sum.size()) return;
    Sum probe = expanded;
    if (!collect_terms(rewriter_, probe)) return;
    try_expanded(std::move(expanded), {});
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
    note(candidate, multiply_out, sum);
    for (size_t k = 0; k < sum.size(); ++k) {
      Product term = std::move(sum[k]);
      Sum others = sum;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(k));
      finish(term, candidate, others);
      sum[k] = std::move(term);
    }
    finish(sum, candidate);
    candidate.value = built(sum, candidate);
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

  void accept(Candidate candidate, const std::vector<Value>& atoms) {
    if (candidate.value == best_.value) return;
    if (!candidate.recognised && !rewriter_.is_active(constants_in_front)) return;
    const std::vector<Value> all = with_relatives(atoms);
    const Measure now = measure(rewriter_, best_.value, all);
    const Measure then = measure(rewriter_, candidate.value, all);
    const bool first = best_.value == value_;
    if (then.is_less_than(now) || (candidate.recognised && (first || then.is_at_most(now)))) {
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
  const Shape shape_;
  Candidate best_;
};

Value normal_arithmetic(Rewriter& rewriter, Value value) {
  return Arithmetic(rewriter, value).best();
}

}  // namespace

std::span<const Rule> arithmetic_rules() { return table; }

}  // namespace gradus::rewriting
