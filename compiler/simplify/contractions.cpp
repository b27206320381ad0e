// Contractions: views are read by their accesses, indices of no or one factor are dealt with apart.
#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/graph/access.h"
#include "compiler/simplify/cost.h"
#include "compiler/simplify/forms.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using patterns::rule;
constexpr Exactness rounding = Exactness::rounding;

const Contraction& contraction_of(const Rewriter& rewriter, Value value) {
  return std::get<Contraction>(rewriter[value].attributes);
}

int indices(const Contraction& contraction) { return static_cast<int>(contraction.extents.size()); }

// The contraction without these indices, which no access uses; free ones no longer count as free.
Contraction without(const Contraction& contraction, const std::vector<int>& gone) {
  Contraction result;
  std::vector<Affine> by(contraction.extents.size());
  for (int index = 0; index < indices(contraction); ++index) {
    if (std::find(gone.begin(), gone.end(), index) != gone.end()) continue;
    by[index] = Affine::axis(indices(result));
    result.extents.push_back(contraction.extents[index]);
    if (index < contraction.free) ++result.free;
  }
  for (const auto& accesses : contraction.accesses) {
    auto& changed = result.accesses.emplace_back();
    for (const Affine& access : accesses) changed.push_back(composed(access, by));
  }
  return result;
}

Value reads_view(Rewriter& rewriter, Value value) {
  std::vector<Value> factors = rewriter[value].operands;
  Contraction contraction = contraction_of(rewriter, value);
  bool changed = false;
  for (size_t k = 0; k < factors.size(); ++k) {
    if (rewriter.op(factors[k]) != Op::view) continue;
    const auto& view = std::get<View>(rewriter[factors[k]].attributes);
    if (view.fill) continue;
    std::vector<Affine> accesses;
    for (const Affine& access : view.map) {
      accesses.push_back(composed(access, contraction.accesses[k]));
    }
    if (!may_read(accesses, contraction.extents, rewriter.shape(rewriter.operand(factors[k])))) {
      continue;
    }
    contraction.accesses[k] = std::move(accesses);
    factors[k] = rewriter.operand(factors[k]);
    changed = true;
  }
  if (!changed) return {};
  return rewriter.graph.contract(std::move(factors), std::move(contraction));
}

// An index that no factor has: along a free one the result is repeated, a summed one is a count.
Value idle_index(Rewriter& rewriter, Value value) {
  const Contraction& contraction = contraction_of(rewriter, value);
  std::vector<int> idle;
  std::vector<int> kept;
  Dim times = 1;
  for (int index = 0; index < indices(contraction); ++index) {
    const bool used = std::any_of(contraction.accesses.begin(), contraction.accesses.end(),
                                  [&](const auto& accesses) { return uses(accesses, index); });
    const bool is_free = index < contraction.free;
    if (used && is_free) kept.push_back(index);
    if (used) continue;
    idle.push_back(index);
    if (!is_free) times = times * contraction.extents[index];
  }
  if (idle.empty()) return {};
  Graph& graph = rewriter.graph;
  Value result = graph.contract(rewriter[value].operands, without(contraction, idle));
  if (times != Dim(1)) result = graph.map(Op::mul, {graph.size(times), result});
  return graph.broadcast(result, rewriter.shape(value), kept);
}

// A factor without axes.
Value scalar_factor(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  Contraction contraction = contraction_of(rewriter, value);
  Product product;
  std::vector<Value> factors;
  std::vector<std::vector<Affine>> accesses;
  for (size_t k = 0; k < node.operands.size(); ++k) {
    if (rewriter.rank(node.operands[k]) == 0) {
      product.factors.push_back({node.operands[k], 1});
    } else {
      factors.push_back(node.operands[k]);
      accesses.push_back(contraction.accesses[k]);
    }
  }
  if (product.factors.empty()) return {};
  if (!factors.empty()) {
    contraction.accesses = std::move(accesses);
    product.factors.push_back({rewriter.graph.contract(factors, std::move(contraction)), 1});
  } else if (!contraction.extents.empty()) {
    return {};  // idle indices go first
  }
  return build(rewriter, product, rewriter.shape(value));
}

// One factor: a view, summed.
Value single_factor(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (node.operands.size() != 1) return {};
  const Contraction& contraction = contraction_of(rewriter, value);
  std::vector<int> summed(indices(contraction) - contraction.free);
  std::iota(summed.begin(), summed.end(), contraction.free);
  const Value read = rewriter.graph.view(
      node.operands[0], {contraction.extents, contraction.accesses[0], std::nullopt});
  return rewriter.graph.reduce(Op::reduce_sum, read, summed);
}

// How often an index is used, and by which factor last.
struct Uses {
  int count = 0;
  size_t factor = 0;
  size_t axis = 0;
  bool plain = false;
};

Uses uses_of(const Contraction& contraction, int index) {
  Uses result;
  for (size_t k = 0; k < contraction.accesses.size(); ++k) {
    for (size_t axis = 0; axis < contraction.accesses[k].size(); ++axis) {
      const Affine& access = contraction.accesses[k][axis];
      if (!uses({access}, index)) continue;
      result = {result.count + 1, k, axis, access.plain().has_value()};
    }
  }
  return result;
}

// Σ over an index that one factor alone has: that factor is summed first.
Value index_of_one_factor(Rewriter& rewriter, Value value) {
  const Contraction& old = contraction_of(rewriter, value);
  if (rewriter[value].operands.size() < 2) return {};
  for (int index = old.free; index < indices(old); ++index) {
    const Uses found = uses_of(old, index);
    if (found.count != 1 || !found.plain) continue;
    std::vector<Value> factors = rewriter[value].operands;
    Contraction contraction = old;
    Value& factor = factors[found.factor];
    factor = rewriter.graph.reduce(Op::reduce_sum, factor, {static_cast<int>(found.axis)});
    auto& accesses = contraction.accesses[found.factor];
    accesses.erase(accesses.begin() + static_cast<std::ptrdiff_t>(found.axis));
    return rewriter.graph.contract(std::move(factors), without(contraction, {index}));
  }
  return {};
}

// Factors that are read alike are multiplied before: all of them, or where there are three or more.
Value factors_read_alike(Rewriter& rewriter, Value value) {
  const Contraction& old = contraction_of(rewriter, value);
  const std::vector<Value>& operands = rewriter[value].operands;
  for (size_t i = 0; i < operands.size(); ++i) {
    for (size_t j = i + 1; j < operands.size(); ++j) {
      if (old.accesses[i] != old.accesses[j]) continue;
      if (rewriter.shape(operands[i]) != rewriter.shape(operands[j])) continue;
      std::vector<Value> factors = operands;
      Contraction contraction = old;
      factors[i] = rewriter.graph.map(Op::mul, {operands[i], operands[j]});
      factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(j));
      contraction.accesses.erase(contraction.accesses.begin() + static_cast<std::ptrdiff_t>(j));
      return rewriter.graph.contract(std::move(factors), std::move(contraction));
    }
  }
  return {};
}

// The operands that an operator is linear in.
std::vector<int> linear_operands(const Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (node.op == Op::solve) return {1};
  if (node.op == Op::select) {
    for (int k : {1, 2}) {
      if (rewriter.literal(node.operands[3 - k]) == 0.0) return {k};
    }
    return {};
  }
  if (node.op == Op::contract) {
    std::vector<int> all(node.operands.size());
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  if (node.op == Op::view) {
    const auto& view = std::get<View>(node.attributes);
    // A broadcast is cheaper after its constants; a transpose goes before them.
    const Graph& graph = rewriter.graph;
    if (as_broadcast(graph, value) || as_transpose(graph, value)) return {};
    if (view.fill.value_or(0) != 0) return {};
  }
  return {0};
}

// What is under a transpose without a name, or the value itself.
Value under_transpose(const Rewriter& rewriter, Value value) {
  const bool is_turned = rewriter.op(value) == Op::view && !rewriter.is_named(value) &&
                         as_transpose(rewriter.graph, value).has_value();
  return is_turned ? rewriter.operand(value) : value;
}

// The scalars of a product of tensors, which are taken out of it.
Product take_scalars(const Rewriter& rewriter, Product& product) {
  Product scalars{product.top, product.bottom, {}};
  product.top = product.bottom = 1;
  std::vector<Factor> rest;
  for (const Factor& factor : product.factors) {
    (rewriter.rank(factor.base) == 0 ? scalars.factors : rest).push_back(factor);
  }
  product.factors = std::move(rest);
  return scalars;
}

// Constants stand before linear operators, so that they meet and are applied once; all scalars do
// before contractions that have no more entries than what they are taken from.
Value constants_before(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  if (node.type.element != Element::real) return {};
  for (int k : linear_operands(rewriter, value)) {
    const Value operand = under_transpose(rewriter, node.operands[k]);
    const Op op = rewriter.op(operand);
    if (rewriter.is_named(operand)) continue;
    if (op != Op::neg && op != Op::mul && op != Op::div) continue;
    Product product = product_of(rewriter, operand);
    const bool takes_scalars =
        node.op == Op::contract && volume(node.type.shape) <= volume(rewriter.shape(operand));
    Product constants =
        takes_scalars ? take_scalars(rewriter, product) : take_constants(rewriter, product);
    if (is_one(constants) || product.factors.empty() || constants.top == 0) continue;
    std::vector<Value> operands = node.operands;
    const Value rest = build(rewriter, product, rewriter.shape(operand));
    operands[k] = rest;
    if (operand != node.operands[k]) {
      View turned = std::get<View>(rewriter[node.operands[k]].attributes);
      operands[k] = rewriter.graph.view(rest, std::move(turned));
    }
    constants.factors.push_back({rewriter.graph.with_operands(node, std::move(operands)), 1});
    return build(rewriter, constants, node.type.shape);
  }
  return {};
}

// A contraction as a sum of products, its free indices renamed by the transpose that reads it.
struct Contracted {
  const std::vector<Value>* factors;
  Contraction of;
};

std::optional<Contracted> as_contraction(const Rewriter& rewriter, Value value) {
  const Value inner = under_transpose(rewriter, value);
  if (rewriter.op(inner) != Op::contract || rewriter.is_named(inner)) return std::nullopt;
  Contracted result{&rewriter[inner].operands, contraction_of(rewriter, inner)};
  if (inner == value) return result;
  const auto& view = std::get<View>(rewriter[value].attributes);
  std::vector<Affine> by = view.map;
  Shape extents = view.shape;
  for (int index = result.of.free; index < indices(result.of); ++index) {
    by.push_back(Affine::axis(index));
    extents.push_back(result.of.extents[index]);
  }
  result.of.extents = std::move(extents);
  for (auto& accesses : result.of.accesses) {
    for (Affine& access : accesses) access = composed(access, by);
  }
  return result;
}

// Whether two contractions are of the same factors, in whatever order.
bool is_same_product(const Rewriter& rewriter, Value a, Value b) {
  const auto x = as_contraction(rewriter, a);
  const auto y = x ? as_contraction(rewriter, b) : std::nullopt;
  if (!y || x->of.extents != y->of.extents || x->of.free != y->of.free) return false;
  const size_t count = x->factors->size();
  if (count != y->factors->size()) return false;
  std::vector<bool> taken(count, false);
  for (size_t k = 0; k < count; ++k) {
    size_t j = 0;
    while (j < count && (taken[j] || (*x->factors)[k] != (*y->factors)[j] ||
                         x->of.accesses[k] != y->of.accesses[j])) {
      ++j;
    }
    if (j == count) return false;
    taken[j] = true;
  }
  return true;
}

// The constants under the transposes of a term's factors, (c·A)', are taken to its front.
void constants_from_transposes(Rewriter& rewriter, Product& term) {
  Product front;
  for (Factor& factor : term.factors) {
    const Value inner = under_transpose(rewriter, factor.base);
    if (inner == factor.base || factor.power != 1 || rewriter.is_named(inner)) continue;
    Product product = product_of(rewriter, inner);
    const Product constants = take_constants(rewriter, product);
    if (is_one(constants) || product.factors.empty() || constants.top == 0) continue;
    View turned = std::get<View>(rewriter[factor.base].attributes);
    const Value rest = build(rewriter, product, rewriter.shape(inner));
    factor.base = rewriter.graph.view(rest, std::move(turned));
    front = times(front, constants);
  }
  term = times(front, term);
}

// Of the same products in a sum one stands for all: A·B and (B'·A')'.
Value same_products(Rewriter& rewriter, Value value) {
  Sum sum = sum_of(rewriter, value);
  bool changed = false;
  std::vector<Factor*> factors;
  for (Product& term : sum) {
    constants_from_transposes(rewriter, term);
    for (Factor& factor : term.factors) {
      if (!as_contraction(rewriter, factor.base)) continue;
      for (const Factor* other : factors) {
        if (other->base == factor.base || !is_same_product(rewriter, other->base, factor.base)) {
          continue;
        }
        factor.base = other->base;
        changed = true;
        break;
      }
      factors.push_back(&factor);
    }
  }
  return changed ? build(rewriter, sum, rewriter.shape(value)) : Value{};
}

std::vector<Rule> make_table() {
  const std::vector<Op> linear = {Op::reduce_sum, Op::contract, Op::view,   Op::reshape,
                                  Op::spread,     Op::cumsum,   Op::gather, Op::scatter_add,
                                  Op::select,     Op::solve};
  const std::vector<Op> at = {Op::contract};
  return {
      rule("constants before linear operators", linear, constants_before, "sum[k] x[k] / n",
           "(sum[k] x[k]) / n", rounding),
      rule("products of the same factors", {Op::add, Op::sub}, same_products, "x @ y + (y' @ x')'",
           "x @ y + x @ y", rounding),
      rule("product that reads a view", at, reads_view, "x' @ y", "sum[k] x[k, i] * y[k, j]",
           Exactness::exact),
      rule("index without a factor", at, idle_index, "sum[k] x[i]", "n * x[i]", rounding),
      rule("scalar factor", at, scalar_factor, "sum[k] c * x[k]", "c * sum[k] x[k]", rounding),
      rule("contraction of one factor", at, single_factor, "sum[k] x[i, k]", "sum(x, axis = 1)",
           Exactness::exact),
      rule("index of one factor", at, index_of_one_factor, "sum[j, k] x[i, k] * y[k, j]",
           "sum[k] x[i, k] * sum[j] y[k, j]", rounding),
      rule("factors over the same indices", at, factors_read_alike, "sum[k] x[k] * y[k]",
           "sum(x * y)", rounding),
  };
}

}  // namespace

std::span<const Rule> contraction_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
