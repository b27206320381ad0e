// Functions recognised in their spelling, and logarithms and quotients that would overflow.
#include <algorithm>
#include <cmath>

#include "compiler/graph/facts.h"
#include "compiler/simplify/forms.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using namespace patterns;  // NOLINT(google-build-using-namespace): rules read like formulas
constexpr Exactness rounding = Exactness::rounding;
constexpr Stage recognise = Stage::recognise;

bool x_is_nonnegative(Rewriter& rewriter, const Match& match) {
  return rewriter.facts[match['x']].nonnegative();
}

// Subtracting the largest entry, or a finite number, from all of them.
bool m_is_harmless(Rewriter& rewriter, const Match& match) {
  const Value shift = match['m'];
  if (rewriter.facts[shift].finite) return true;
  const Op op = rewriter.op(shift);
  const bool of_x = op == Op::reduce_max || op == Op::reduce_min || op == Op::logsumexp;
  return of_x && rewriter.operand(shift) == match['x'] &&
         std::get<Axes>(rewriter[shift].attributes).axes == *match.axes[0];
}
constexpr std::string_view harmless = "m is finite, or the largest of x";

// A name that the user gave to σ(−x) is kept.
bool has_no_name(Rewriter& rewriter, const Match& match) {
  Graph& graph = rewriter.graph;
  return !rewriter.is_named(graph.map(Op::sigmoid, {graph.map(Op::neg, {match['x']})}));
}

// Whether the logarithm of a value is one of the functions above, so that taking it early is safe.
bool has_plain_log(Rewriter& rewriter, Value value) {
  const Op op = rewriter.op(value);
  if (op == Op::exp || op == Op::softmax || op == Op::sigmoid) return true;
  const Value log = rewriter.normal(rewriter.graph.map(Op::log, {value}));
  return rewriter.op(log) != Op::log && rewriter.op(log) != Op::log1p;
}

// log Π fᵖ = Σ p · log f, where all the factors but one are known to be positive.
Value log_of_product(Rewriter& rewriter, Value value) {
  const Value inside = rewriter.operand(value);
  Product product = product_of(rewriter, inside);
  if (product.top <= 0) return {};
  const size_t count = product.factors.size();
  if (count == 0 ||
      (count == 1 && product.factors[0].power == 1 && product.top == 1 && product.bottom == 1)) {
    return {};
  }
  bool gains = false;
  int unknown = 0;
  for (const Factor& factor : product.factors) {
    gains |= has_plain_log(rewriter, factor.base);
    unknown += rewriter.facts[factor.base].positive() ? 0 : 1;
  }
  if (!gains || unknown > 1) return {};
  if (unknown == 1 && count == 1) return {};
  Graph& graph = rewriter.graph;
  Sum sum;
  Product numbers{product.top, product.bottom, {}};
  if (!is_one(numbers)) {
    const Value number = build(rewriter, numbers, {});
    sum.push_back({1, 1, {{graph.map(Op::log, {number}), 1}}});
  }
  for (const Factor& factor : product.factors) {
    sum.push_back({static_cast<double>(factor.power), 1, {{graph.map(Op::log, {factor.base}), 1}}});
  }
  std::rotate(sum.begin(), sum.begin() + (sum.size() > count ? 1 : 0), sum.end());
  return build(rewriter, sum, rewriter.shape(value));
}

// The logarithm of c · eˣ or of a constant c, where c is known to be positive; invalid for others.
Value log_of_term(Rewriter& rewriter, const Product& term) {
  Graph& graph = rewriter.graph;
  Sum logs;
  Product constants{term.top, term.bottom, {}};
  for (const Factor& factor : term.factors) {
    if (rewriter.op(factor.base) == Op::exp) {
      logs.push_back({static_cast<double>(factor.power), 1, {{rewriter.operand(factor.base), 1}}});
    } else if (rewriter.facts[factor.base].constant && rewriter.facts[factor.base].positive()) {
      constants.factors.push_back(factor);
    } else {
      return {};
    }
  }
  if (!is_one(constants)) {
    const Value number = build(rewriter, constants, {});
    logs.push_back({1, 1, {{graph.map(Op::log, {number}), 1}}});
  }
  Shape shape;
  for (const Product& log : logs) {
    const Shape& own = rewriter.shape(log.factors[0].base);
    if (shape.empty()) shape = own;
  }
  return logs.empty() ? graph.constant(0) : build(rewriter, logs, shape);
}

// log (eˣ + eʸ + …), a term at a time: log (eˣ + eʸ) = y + softplus(x − y).
Value log_of_exponentials(Rewriter& rewriter, Value value) {
  const Value inside = rewriter.operand(value);
  if (!is_sum(rewriter.graph, inside)) return {};
  Graph& graph = rewriter.graph;
  std::vector<Value> logs;
  bool any = false;
  for (const Product& term : terms_of(rewriter, inside)) {
    const Value log = term.top > 0 ? log_of_term(rewriter, term) : Value{};
    if (!log.valid()) return {};
    any |= rewriter.rank(log) != 0 || !rewriter.facts[log].constant;
    logs.push_back(log);
  }
  if (!any || logs.size() < 2) return {};
  // Constants last: softplus of what is above them.
  std::stable_partition(logs.begin(), logs.end(),
                        [&](Value log) { return !rewriter.facts[log].constant; });
  Value sum = logs.back();
  for (size_t k = logs.size() - 1; k-- > 0;) {
    if (rewriter.literal(sum) == 0.0) {
      sum = graph.map(Op::softplus, {logs[k]});
      continue;
    }
    const Value above = graph.map(Op::softplus, {graph.map(Op::sub, {logs[k], sum})});
    sum = graph.map(Op::add, {sum, above});
  }
  return graph.full(sum, rewriter.shape(value));
}

bool x_and_y_have_no_names(Rewriter& rewriter, const Match& match) {
  Graph& graph = rewriter.graph;
  return !rewriter.is_named(graph.map(Op::exp, {match['x']})) &&
         !rewriter.is_named(graph.map(Op::exp, {match['y']}));
}

// Derivatives are full of 1 − 2σ, which people read as such.
bool is_spelt_so(Rewriter& rewriter, const Match&) { return rewriter.is_recognising(); }

bool c_is_positive(Rewriter& rewriter, const Match& match) {
  return rewriter.facts[match['c']].constant && rewriter.facts[match['c']].positive();
}
constexpr std::string_view positive_constant = "c is a constant above 0";

// log of what was picked from x = what is picked from log x. Before a gradient is taken: after it,
// 1/x[i] and x stand on two sides of a scatter, and do not meet.
Value log_of_picked(Rewriter& rewriter, Value value) {
  const Value inside = rewriter.operand(value);
  const Node& node = rewriter[inside];
  if (node.op != Op::view && node.op != Op::gather && node.op != Op::reshape) return {};
  const Value x = node.operands[0];
  if (rewriter.rank(x) == 0 || !has_plain_log(rewriter, x)) return {};
  std::vector<Value> operands = node.operands;
  operands[0] = rewriter.graph.map(Op::log, {x});
  if (node.op == Op::view) {
    View view = std::get<View>(node.attributes);
    if (view.fill) view.fill = std::log(*view.fill);
    return rewriter.graph.view(operands[0], std::move(view));
  }
  return rewriter.graph.with_operands(node, std::move(operands));
}

// log of a choice = the choice of logs, where both are safe.
Value log_of_choice(Rewriter& rewriter, Value value) {
  const Value inside = rewriter.operand(value);
  if (rewriter.op(inside) != Op::select) return {};
  const std::vector<Value> operands = rewriter[inside].operands;
  if (!has_plain_log(rewriter, operands[1]) || !has_plain_log(rewriter, operands[2])) return {};
  Graph& graph = rewriter.graph;
  return graph.map(Op::select, {operands[0], graph.map(Op::log, {operands[1]}),
                                graph.map(Op::log, {operands[2]})});
}

std::vector<Rule> make_table() {
  const Template e = exp(x);
  return {
      // Functions in their spelling.
      rule("softmax", e / along(sum_over(e)), softmax_over(x), rounding, recognise),
      rule("softmax", sum_over(y * e) / sum_over(e), sum_over(y * softmax_over(x)), rounding,
           recognise),
      rule("softmax", exp(log_softmax_over(x)), softmax_over(x), rounding, recognise),
      rule("log softmax", x - along(logsumexp_over(x)), log_softmax_over(x), rounding, recognise),
      rule("log of softmax", log(softmax_over(x)), log_softmax_over(x), rounding),
      rule("log of a sum of exponentials", log(sum_over(e)), logsumexp_over(x), rounding,
           recognise),
      rule("exponential over a sum of exponentials", exp(y) / along(sum_over(e)),
           exp(y - along(logsumexp_over(x))), rounding, Stage::finish),
      rule("softmax of shifted values", softmax_over(x - along(m)), softmax_over(x), rounding,
           recognise, {m_is_harmless, harmless}),
      rule("softmax of shifted values", softmax_over(x + along(m)), softmax_over(x), rounding,
           recognise, {m_is_harmless, harmless}),
      rule("softmax of shifted values", log_softmax_over(x - along(m)), log_softmax_over(x),
           rounding, recognise, {m_is_harmless, harmless}),
      rule("softmax of shifted values", log_softmax_over(x + along(m)), log_softmax_over(x),
           rounding, recognise, {m_is_harmless, harmless}),
      rule("log of a sum of shifted exponentials", logsumexp_over(x - along(m)),
           logsumexp_over(x) - m, rounding, recognise),
      rule("log of a sum of shifted exponentials", logsumexp_over(x + along(m)),
           logsumexp_over(x) + m, rounding, recognise),
      rule("sigmoid", exp(-x) * sigmoid(x), 1 - sigmoid(x), rounding, recognise),
      rule("sigmoid", exp(x) * sigmoid(-x), sigmoid(x), rounding, recognise),
      rule("sigmoid", 1 / (1 + e), sigmoid(-x), rounding, recognise),
      rule("sigmoid", 1 - sigmoid(-x), sigmoid(x), rounding, recognise,
           {has_no_name, "sigmoid(-x) has no name"}),
      rule("sigmoid", exp(-softplus(x)), sigmoid(-x), rounding, recognise),
      rule("sigmoid", e / (e + exp(y)), sigmoid(x - y), rounding, recognise),
      rule("sigmoid", e / (e + c), sigmoid(x - log(c)), rounding, recognise,
           {c_is_positive, positive_constant}),
      rule("sigmoid", c / (e + c), sigmoid(log(c) - x), rounding, recognise,
           {c_is_positive, positive_constant}),
      rule("tanh", 2 * sigmoid(x) - 1, tanh(x / 2), rounding, recognise,
           {is_spelt_so, "as it was spelt"}),
      rule("tanh", expm1(x) * sigmoid(-x), tanh(x / 2), rounding, recognise),
      rule("tanh", (exp(x) - exp(-x)) / (exp(x) + exp(-x)), tanh(x), rounding, recognise),
      rule("softplus", log(1 + e), softplus(x), rounding, recognise),
      rule("softplus", log1p(e), softplus(x), rounding, recognise),
      rule("expm1", e - 1, expm1(x), rounding, recognise),
      rule("expm1", expm1(x) * exp(-x), -expm1(-x), rounding, recognise),
      rule("expm1", expm1(x) / e, -expm1(-x), rounding, recognise),
      rule("exponential of a negative", 1 / e, exp(-x), rounding, recognise),
      rule("product of exponentials", e * exp(y), exp(x + y), rounding, Stage::finish,
           {x_and_y_have_no_names, "neither has a name"}),
      rule("product of exponentials", e * exp(y), exp(x + y), rounding, Stage::evaluate),
      rule("softplus of a negative", softplus(x) - x, softplus(-x), rounding, recognise),
      rule("softplus of a negative", softplus(-x) + x, softplus(x), rounding, recognise),
      rule("softplus of a negative", softplus(x) - softplus(-x), x, rounding, recognise),
      rule("softplus of a negative", y * softplus(x) - y * softplus(-x), y * x, rounding,
           recognise),
      rule("log of a sum of exponentials", {Op::log}, log_of_exponentials, "log(exp(x) + exp(y))",
           "y + softplus(x - y)", rounding, recognise),
      rule("log of a root", log(sqrt(x)), log(x) / 2, rounding, recognise),

      // Logarithms and quotients of them.
      rule("log of sigmoid", log(sigmoid(x)), -softplus(-x), rounding),
      rule("log of 1 - sigmoid", log(1 - sigmoid(x)), -softplus(x), rounding),
      rule("log of exp", log(e), x, rounding, recognise),
      rule("exp of log", exp(log(x)), x, rounding, Stage::simplify,
           {x_is_nonnegative, "x is at least 0"}),
      rule("odds of sigmoid", sigmoid(x) / (1 - sigmoid(x)), e, rounding, recognise,
           {is_spelt_so, "as it was spelt"}),
      rule("odds of sigmoid", sigmoid(x) / sigmoid(-x), e, rounding, recognise,
           {is_spelt_so, "as it was spelt"}),
      rule("odds of sigmoid", sigmoid(x) / (1 - sigmoid(x)), e, rounding, Stage::finish),
      rule("odds of sigmoid", sigmoid(x) / sigmoid(-x), e, rounding, Stage::finish),
      rule("1 - sigmoid", sigmoid(-x) / (1 - sigmoid(x)), 1, rounding),
      rule("1 - sigmoid", sigmoid(x) / (1 - sigmoid(-x)), 1, rounding),
      rule("1 - sigmoid", 1 / (1 - sigmoid(x)), 1 / sigmoid(-x), rounding, Stage::finish),
      rule("1 - sigmoid", 1 - sigmoid(x), sigmoid(-x), rounding, Stage::evaluate),
      rule("log of a product", {Op::log}, log_of_product, "log(x * y)", "log(x) + log(y)", rounding,
           recognise,
           "x is an exponential, softmax or sigmoid, and at most one factor is not known to be "
           "positive"),
      rule("log of what is picked", {Op::log}, log_of_picked, "log(view(x))", "view(log(x))",
           rounding, recognise, "x is an exponential, softmax or sigmoid"),
      rule("log of a choice", {Op::log}, log_of_choice, "log(select(c, x, y))",
           "select(c, log(x), log(y))", rounding, Stage::simplify,
           "x and y are exponentials, softmaxes or sigmoids"),
      rule("log1p", log(1 + x), log1p(x), rounding),
  };
}

}  // namespace

std::span<const Rule> stability_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
