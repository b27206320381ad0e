// Formulas as they are computed; what names mean is in definitions.cpp, entries in entries.cpp.

#include "compiler/certificate/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "compiler/formula/notation.h"

namespace gradus::certificate {

using formula::Expr;
using formula::Kind;

namespace {

// 0/0 is 0, as the language has it where norms and roots are differentiated at 0.
double ratio(double x, double y) { return x == 0 && y == 0 ? 0 : x / y; }

// [c]·x is 0 where c does not hold, whatever x is there: brackets are strongly zero (Knuth, "Two
// notes on notation", American Mathematical Monthly 99, 1992).
double where_it_holds(double condition, double x) { return condition == 0 ? 0 : condition * x; }
double quotient_where_it_holds(double condition, double x) {
  return condition == 0 ? 0 : condition / x;
}

double powered(double x, double y) { return std::pow(x, y); }

// Whether its value is worth keeping where it does not depend on all indices.
bool is_worth_keeping(const Expr& x) {
  return x.is(Kind::big) || x.is(Kind::call) || x.is(Kind::product) || x.is(Kind::hadamard) ||
         x.is(Kind::sum) || x.is(Kind::quotient) || x.is(Kind::norm) || x.is(Kind::choice) ||
         x.is(Kind::transpose);
}

}  // namespace

Quantity Evaluator::evaluate(const Expr& x) {
  const bool may_be_known = !indices_.empty() && is_worth_keeping(x);
  if (!may_be_known) return computed(x);
  // Sums that stand in others' terms, and tensors of which entries are read, are computed once.
  const bool depends_on_all = !x.is(Kind::big) && !free_names(x).empty();
  const auto key = depends_on_all ? std::nullopt : key_of(x);
  if (!key) return computed(x);
  const std::pair place(x.operator->(), *key);
  if (const auto found = known_.find(place); found != known_.end()) return found->second;
  Quantity result = computed(x);
  if (!is_outside_) known_.emplace(place, result);
  return result;
}

Quantity Evaluator::computed(const Expr& x) {
  switch (x->kind) {
    case Kind::number:
      return x->value;
    case Kind::name:
      return name(x);
    case Kind::derivative:
      return value_of(text(x));
    case Kind::entry:
      return entry(x);
    case Kind::sum:
      return sum(x);
    case Kind::product:
      return product(x);
    case Kind::hadamard:
      return hadamard(x);
    case Kind::quotient:
      return quotient(x);
    case Kind::power:
      return power(x);
    case Kind::negative:
      return mapped(evaluate(x[0]), -1.0, std::multiplies<>());
    case Kind::transpose:
      return transposed(evaluate(x[0]));
    case Kind::call:
      return call(x);
    case Kind::big:
      return big(x);
    case Kind::bracket:
      return bracket(x);
    case Kind::comparison:
      return comparison(x);
    case Kind::logic:
      return logic(x);
    case Kind::choice:
      return choice(x);
    case Kind::norm:
      return applied("norm", {{evaluate(x[0])}, {}, {}, {}});
    case Kind::absolute:
      return mapped(evaluate(x[0]), [](double a) { return std::fabs(a); });
    case Kind::list:
      return list(x);
    case Kind::slice:
    case Kind::range:
      break;
  }
  throw Meaningless(fmt::format("`{}` has no value", text(x)));
}

Quantity Evaluator::name(const Expr& x) {
  const std::string& word = x->symbol.base;
  if (const Index* index = index_called(word)) return static_cast<double>(index->value);
  if (is_defined(word)) return value_of(word);
  if (word.find('[') != std::string::npos) return value_of(expanded(word));
  if (word == "1") return ones();
  if (word == "I") return identity();
  if (word == "true" || word == "false") return {word == "true" ? 1.0 : 0.0, true};
  if (word == "π") return std::numbers::pi;
  throw Meaningless(fmt::format("nothing says what {} is", word));
}

Quantity Evaluator::sum(const Expr& x) {
  Quantity result = evaluate(x[0]);
  for (size_t k = 1; k < x->parts.size(); ++k) {
    const bool minus = x[k].is(Kind::negative);
    const Quantity term = evaluate(minus ? x[k][0] : x[k]);
    if (minus) {
      result = mapped(result, term, std::minus<>());
    } else {
      result = mapped(result, term, std::plus<>());
    }
  }
  return result;
}

Quantity Evaluator::hadamard(const Expr& x) {
  Quantity result = evaluate(x[0]);
  for (size_t k = 1; k < x->parts.size(); ++k) {
    const Quantity factor = evaluate(x[k]);
    if (x[k].is(Kind::bracket)) {
      result = mapped(factor, result, where_it_holds);
    } else if (x[0].is(Kind::bracket)) {
      result = mapped(result, factor, where_it_holds);
    } else {
      result = mapped(result, factor, std::multiplies<>());
    }
  }
  return result;
}

// Where a condition in brackets does not hold, nothing else of the product is read.
Quantity Evaluator::product(const Expr& x) {
  for (const Expr& factor : x->parts) {
    if (!factor.is(Kind::bracket)) continue;
    const Quantity holds = evaluate(factor);
    if (holds.is_number() && holds.number() == 0) return 0;
  }
  Quantity result = evaluate(x[0]);
  for (size_t k = 1; k < x->parts.size(); ++k) result = multiplied(result, evaluate(x[k]));
  return result;
}

Quantity Evaluator::quotient(const Expr& x) {
  const Quantity top = evaluate(x[0]);
  const bool is_condition = x[0].is(Kind::bracket);
  return mapped(top, evaluate(x[1]), is_condition ? quotient_where_it_holds : ratio);
}

// Entry by entry; of a square matrix, the product with itself.
Quantity Evaluator::power(const Expr& x) {
  const Quantity base = evaluate(x[0]);
  const Quantity exponent = evaluate(x[1]);
  const bool is_square = base.rank() == 2 && !base.is_identity() &&
                         base.tensor().shape[0] == base.tensor().shape[1] &&
                         base.tensor().shape[0] > 1;
  if (!is_square || !exponent.is_number()) return mapped(base, exponent, powered);
  const double times = exponent.number();
  if (times != std::trunc(times) || times < 1) return mapped(base, exponent, powered);
  Quantity result = base;
  for (int k = 1; k < static_cast<int>(times); ++k) result = multiplied(result, base);
  return result;
}

void Evaluator::add_numbers(const Expr& x, std::vector<int64_t>& numbers) {
  for (const Expr& part : x->parts) {
    if (part.is(Kind::list)) {
      add_numbers(part, numbers);
    } else {
      numbers.push_back(whole_number(part));
    }
  }
}

Quantity Evaluator::call(const Expr& x) {
  Arguments arguments;
  const size_t plain = x->parts.size() - x->words.size();
  for (size_t k = 0; k < x->parts.size(); ++k) {
    const Expr& part = x[k];
    const bool is_axis = k >= plain && x->words[k - plain] == "axis";
    if (is_axis) {
      std::vector<int64_t> numbers;
      if (part.is(Kind::list)) {
        add_numbers(part, numbers);
      } else {
        numbers.push_back(whole_number(part));
      }
      arguments.axes.assign(numbers.begin(), numbers.end());
    } else if (k >= plain) {
      arguments.value = evaluate(part).number();
    } else if (part.is(Kind::list) && x->word == "concat") {
      for (const Expr& each : part->parts) arguments.parts.push_back(evaluate(each));
    } else if (part.is(Kind::list) && (k > 0 || x->word == "full")) {
      add_numbers(part, arguments.numbers);
    } else {
      arguments.operands.push_back(evaluate(part));
    }
  }
  return applied(x->word, arguments);
}

// A condition, or the one entry of a vector.
Quantity Evaluator::bracket(const Expr& x) {
  const Quantity inner = evaluate(x[0]);
  if (!inner.is_boolean()) return stacked({inner}, 0);
  if (inner.is_number()) return inner.number();
  Tensor result = inner.tensor();
  result.is_boolean = false;
  return result;
}

Quantity Evaluator::comparison(const Expr& x) {
  const Quantity left = evaluate(x[0]);
  const Quantity right = evaluate(x[1]);
  const std::string& sign = x->word;
  const auto compared = [&](auto f) {
    return mapped(left, right, [f](double a, double b) { return f(a, b) ? 1.0 : 0.0; }, true);
  };
  if (sign == "<") return compared(std::less<>());
  if (sign == "≤") return compared(std::less_equal<>());
  if (sign == ">") return compared(std::greater<>());
  if (sign == "≥") return compared(std::greater_equal<>());
  return sign == "=" ? compared(std::equal_to<>()) : compared(std::not_equal_to<>());
}

Quantity Evaluator::logic(const Expr& x) {
  const auto truth = [](const Quantity& of, bool negated) {
    return mapped(of, 0.0, [=](double a, double) { return (a != 0) != negated ? 1.0 : 0.0; }, true);
  };
  if (x->word == "not") return truth(evaluate(x[0]), true);
  const bool is_and = x->word == "and";
  Quantity result = truth(evaluate(x[0]), false);
  for (size_t k = 1; k < x->parts.size(); ++k) {
    // Of numbers, the first may say it all, and then what follows may be out of place.
    if (result.is_number() && (result.number() != 0) != is_and) return result;
    result = mapped(
        result, evaluate(x[k]),
        [=](double a, double b) {
          return (is_and ? a != 0 && b != 0 : a != 0 || b != 0) ? 1.0 : 0.0;
        },
        true);
  }
  return result;
}

Quantity Evaluator::choice(const Expr& x) {
  const Quantity condition = evaluate(x[0]);
  if (condition.is_number()) return evaluate(condition.number() != 0 ? x[1] : x[2]);
  const Quantity then = evaluate(x[1]);
  return chosen(condition, then, evaluate(x[2]));
}

Quantity Evaluator::list(const Expr& x) {
  std::vector<Quantity> parts;
  for (const Expr& each : x->parts) parts.push_back(evaluate(each));
  return stacked(parts, 0);
}

Quantity Evaluator::big(const Expr& x) {
  if (x->parts.size() == 1) return over_all(x);
  std::vector<Quantity> terms;
  over_indices(x, 1, terms);
  std::vector<double> numbers;
  for (const Quantity& each : terms) {
    if (each.is_number()) numbers.push_back(each.number());
  }
  if (numbers.size() == terms.size()) {
    return {reduced(x->word, numbers), x->word == "any" || x->word == "all"};
  }
  // Of matrices, as rounds have them.
  if (x->word != "Σ") throw Meaningless(fmt::format("the terms of {} are no numbers", text(x)));
  Quantity total = terms[0];
  for (size_t k = 1; k < terms.size(); ++k) total = mapped(total, terms[k], std::plus<>());
  return total;
}

Quantity Evaluator::over_all(const Expr& x) {
  const Quantity body = evaluate(x[0]);
  return applied(x->word == "Σ" ? "sum" : x->word == "∏" ? "prod" : x->word, {{body}, {}, {}, {}});
}

// Adds the terms over the indices from number k on. A term that reads an entry that is not there is
// none: an index runs as far as every access of its sum is in bounds.
void Evaluator::over_indices(const Expr& x, size_t k, std::vector<Quantity>& terms) {
  if (k == x->parts.size()) {
    const Quantity term = evaluate(x[0]);
    if (std::exchange(is_outside_, false)) return;
    terms.push_back(term);
    return;
  }
  Expr bound = x[k];
  std::optional<int64_t> left_out;
  if (bound.is(Kind::comparison)) {
    left_out = whole_number(bound[1]);
    bound = bound[0];
  }
  const Range range = range_of(bound, x[0]);
  const std::string& word = bound.is(Kind::range) ? bound[0]->symbol.base : bound->symbol.base;
  indices_.push_back({word, 0, range.end - range.first});
  const size_t own = indices_.size() - 1;
  for (int64_t at = range.first; at < range.end; ++at) {
    if (at == left_out) continue;
    indices_[own].value = at;
    over_indices(x, k + 1, terms);
  }
  indices_.pop_back();
}

}  // namespace gradus::certificate
