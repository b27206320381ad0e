#include <algorithm>
#include <set>

#include "compiler/check/checker.h"
#include "compiler/check/mentions.h"

// Index notation: an equation becomes ordinary nodes. Each part of it is computed over the indices
// that it depends on, and repeated along the others where it meets what depends on more; a sum of
// a product is one contraction.
namespace gradus::checking {

std::vector<GivenRange> Checker::ranges(const std::vector<syntax::Range>& where, Scope& scope) {
  const Within outside(equation_, static_cast<Equation*>(nullptr));
  std::vector<GivenRange> made;
  for (const syntax::Range& each : where) {
    const Dim low = extent(evaluate(*each.low, scope), each.low->span);
    const Dim high = extent(evaluate(*each.high, scope), each.high->span);
    check_size({high - low}, each.span);
    for (const GivenRange& other : made) {
      if (other.name != each.index.text) continue;
      fail(errors::index_bound_twice(each.index.span, other.name, other.span));
    }
    made.push_back({each.index.text, each.index.span, low, high - low, false});
  }
  return made;
}

void Checker::check_ranges(const std::vector<GivenRange>& given) {
  for (const GivenRange& each : given) {
    if (each.used) continue;
    std::vector<std::string> names;
    for (const Index& index : indices_) names.push_back(index.name);
    fail(errors::no_such_index(each.span, each.name, closest(each.name, names), names));
  }
}

// Reports the names of an equation that nothing defines, which come before what follows from them:
// an index without a range, say. Whether there are any.
bool Checker::report_undefined(const syntax::Expr& expr, bool in_access) {
  if (std::holds_alternative<syntax::Scan>(expr.what)) return false;
  if (std::holds_alternative<syntax::Repeat>(expr.what)) return false;
  const size_t outer = equation_->names.size();
  if (const auto* reduction = std::get_if<syntax::Reduction>(&expr.what)) {
    for (const syntax::Name& each : reduction->indices)
      equation_->names.emplace_back(each.text, -1);
  }
  bool any = false;
  const auto* use = std::get_if<syntax::Use>(&expr.what);
  if (use != nullptr && index_in_sight(use->name) == nullptr && nothing_has(use->name)) {
    const bool is_index =
        in_access && (use->name.size() == 1 || near(use->name, equation_->scope).empty());
    if (undefined_.insert(use->name).second) {
      diagnostics_.add(placed(is_index ? errors::undefined_index(expr.span, use->name)
                                       : not_defined(expr.span, use->name, *equation_->scope)));
    }
    any = true;
  }
  const auto* access = std::get_if<syntax::Subscript>(&expr.what);
  each_part(expr, [&](const syntax::Expr& part) {
    const bool inside = access != nullptr ? &part != access->of.get() : in_access;
    any = report_undefined(part, inside) || any;
  });
  equation_->names.resize(outer);
  return any;
}

// The ranges of the indices, and then the value of the expression.
Thing Checker::solve(const syntax::Expr& expr, Equation& equation) {
  if (report_undefined(expr, false)) throw Reported{};
  survey(expr, false);
  Inferred inferred = infer_ranges(indices_, equation.first, equation.bounds);
  for (Diagnostic& each : inferred.warnings) warn(std::move(each));
  for (const Requirement& each : inferred.requirements) {
    agree(Dim::named(each.dimension), Dim(each.number), each.span);
  }
  if (inferred.mistake) fail(std::move(*inferred.mistake));
  for (Condition& each : inferred.conditions) {
    require(each.least, std::move(each.otherwise), each.span);
  }
  return evaluate(expr, *equation.scope);
}

// `name[i, j] = value`.
Thing Checker::equation(const syntax::Definition& x, Scope& scope) {
  Equation equation;
  equation.scope = &scope;
  equation.first = static_cast<int>(indices_.size());
  const Within inside(equation_, &equation);
  add_free_indices(x);
  const int end = static_cast<int>(indices_.size());
  const Entry made = as_entry(solve(*x.value, equation), x.value->span);
  std::vector<int> free;
  for (int index = equation.first; index < end; ++index) free.push_back(index);
  for (int index : indices_of(made)) {
    if (index < equation.first || index >= end) {
      fail(errors::needs_whole_tensor(x.value->span, "`" + indices_[index].name + "`"));
    }
  }
  check_size(extents_of(free), x.span);
  return {Tensor{tensor_over(made, free)}};
}

// A reduction over indices: within an equation, or by itself in an ordinary expression.
Thing Checker::reduction(const syntax::Expr& expr, Scope& scope) {
  if (equation_ != nullptr) return within_equation(std::get<syntax::Reduction>(expr.what));
  Equation equation;
  equation.scope = &scope;
  equation.first = static_cast<int>(indices_.size());
  const Within inside(equation_, &equation);
  Thing made = solve(expr, equation);
  const auto* entry = made.as<Entry>();
  if (entry == nullptr || !indices_of(*entry).empty()) return made;
  return {Tensor{tensor_over(*entry, {})}};
}

Thing Checker::within_equation(const syntax::Reduction& x) {
  const std::vector<int> bound = equation_->bound.at(&x);
  const size_t outer = equation_->names.size();
  for (int index : bound) equation_->names.emplace_back(indices_[index].name, index);
  struct Leave {
    Equation& equation;
    size_t outer;
    ~Leave() { equation.names.resize(outer); }
  } leave{*equation_, outer};
  switch (x.reducer) {
    case syntax::Reducer::sum:
    case syntax::Reducer::mean:
      return {summed(x, bound)};
    case syntax::Reducer::prod:
      return {folded(Op::reduce_prod, *x.body, bound)};
    case syntax::Reducer::max:
      return {folded(Op::reduce_max, *x.body, bound)};
    case syntax::Reducer::min:
      return {folded(Op::reduce_min, *x.body, bound)};
    case syntax::Reducer::logsumexp:
      return {folded(Op::logsumexp, *x.body, bound)};
  }
  return {Poison{}};
}

Entry Checker::folded(Op op, const syntax::Expr& body, const std::vector<int>& bound) {
  const Entry entry = real(as_entry(evaluate(body, *equation_->scope), body.span));
  std::vector<int> rest;
  const std::vector<int> own = indices_of(entry);
  std::set_difference(own.begin(), own.end(), bound.begin(), bound.end(), std::back_inserter(rest));
  std::vector<int> all;
  std::set_union(rest.begin(), rest.end(), bound.begin(), bound.end(), std::back_inserter(all));
  std::vector<int> axes;
  for (size_t axis = 0; axis < all.size(); ++axis) {
    if (std::binary_search(bound.begin(), bound.end(), all[axis])) {
      axes.push_back(static_cast<int>(axis));
    }
  }
  return entry_over(graph().reduce(op, tensor_over(entry, all), std::move(axes)), rest);
}

// The factors of what is summed; those that do not depend on the bound indices stand outside.
void Checker::collect_factors(const syntax::Expr& expr, const std::vector<int>& bound,
                              Factors& factors) {
  const auto evaluated = [&](const syntax::Expr& part) {
    return real(as_entry(evaluate(part, *equation_->scope), part.span));
  };
  const auto is_outside = [&](const Entry& entry) {
    const std::vector<int> own = indices_of(entry);
    return std::none_of(own.begin(), own.end(), [&](int index) {
      return std::binary_search(bound.begin(), bound.end(), index);
    });
  };
  if (const auto* unary = std::get_if<syntax::Unary>(&expr.what)) {
    if (unary->op == syntax::UnaryOp::negate) {
      factors.minus = !factors.minus;
      return collect_factors(*unary->operand, bound, factors);
    }
  }
  if (const auto* binary = std::get_if<syntax::Binary>(&expr.what)) {
    if (binary->op == syntax::BinaryOp::multiply) {
      collect_factors(*binary->left, bound, factors);
      return collect_factors(*binary->right, bound, factors);
    }
    if (binary->op == syntax::BinaryOp::divide) {
      const Entry divisor = evaluated(*binary->right);
      if (is_outside(divisor)) {
        collect_factors(*binary->left, bound, factors);
        factors.below.push_back(divisor);
        return;
      }
    }
  }
  const Entry entry = evaluated(expr);
  (is_outside(entry) ? factors.outside : factors.inside).push_back(entry);
}

Entry Checker::summed(const syntax::Reduction& x, const std::vector<int>& bound) {
  Factors factors;
  collect_factors(*x.body, bound, factors);
  std::set<int> used;
  for (const Entry& factor : factors.inside) {
    for (int index : indices_of(factor)) used.insert(index);
  }
  Dim equal(1);  // so many terms are equal,
  Dim terms(1);  // and there are so many others
  std::vector<int> summed;
  for (int index : bound) {
    Dim& count = used.contains(index) ? terms : equal;
    count = count * indices_[index].extent;
    if (used.contains(index)) summed.push_back(index);
  }
  std::vector<Thing> top;
  for (Entry& factor : factors.outside) top.push_back({std::move(factor)});
  if (!factors.inside.empty()) top.push_back({sum_of_product(factors.inside, summed)});
  if (x.reducer == syntax::Reducer::mean) {
    factors.below.push_back({graph().size(terms), {}});
  } else if (equal != Dim(1)) {
    top.insert(top.begin(), {Entry{graph().size(equal), {}}});
  }
  const Span at = x.body->span;
  const auto combined = [&](Op op, const Thing& left, Thing right) {
    return applied(op, {left, std::move(right)}, {at, at}, at, "product");
  };
  Thing made = top[0];
  for (size_t k = 1; k < top.size(); ++k) made = combined(Op::mul, made, top[k]);
  for (Entry& divisor : factors.below) made = combined(Op::div, made, {std::move(divisor)});
  if (factors.minus) made = applied(Op::neg, {made}, {at}, at, "product");
  return as_entry(made, at);
}

// Σ over `summed` of the product of factors that depend on them.
Entry Checker::sum_of_product(const std::vector<Entry>& factors, const std::vector<int>& summed) {
  std::set<int> used;
  for (const Entry& factor : factors) {
    for (int index : indices_of(factor)) used.insert(index);
  }
  for (int index : summed) used.erase(index);
  const std::vector<int> rest(used.begin(), used.end());
  std::vector<int> all = rest;
  all.insert(all.end(), summed.begin(), summed.end());
  const auto each_alone = [](const Entry& entry) {
    std::set<int> seen;
    return std::all_of(entry.at.begin(), entry.at.end(), [&](const Affine& at) {
      return at.terms.size() == 1 && at.terms[0].coefficient == 1 &&
             seen.insert(at.terms[0].axis).second;
    });
  };
  if (factors.size() == 1 && each_alone(factors[0])) {
    std::vector<int> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    std::vector<int> axes;
    for (size_t axis = 0; axis < sorted.size(); ++axis) {
      if (std::binary_search(summed.begin(), summed.end(), sorted[axis])) {
        axes.push_back(static_cast<int>(axis));
      }
    }
    const Value tensor = tensor_over(factors[0], sorted);
    return entry_over(graph().reduce(Op::reduce_sum, tensor, std::move(axes)), rest);
  }
  Contraction contraction{extents_of(all), static_cast<int>(rest.size()), {}};
  std::vector<Value> values;
  for (const Entry& factor : factors) {
    std::vector<Affine>& accesses = contraction.accesses.emplace_back();
    for (const Affine& at : factor.at) accesses.push_back(over(at, all));
    values.push_back(cut(factor.of, accesses, contraction.extents));
  }
  return entry_over(graph().contract(std::move(values), std::move(contraction)), rest);
}

// An index that stands alone in a contraction runs over a whole axis: the beginning of a longer one
// is cut out.
Value Checker::cut(Value of, const std::vector<Affine>& accesses, const Shape& extents) {
  View view{graph().shape(of), {}, std::nullopt};
  bool shorter = false;
  for (size_t axis = 0; axis < accesses.size(); ++axis) {
    view.map.push_back(Affine::axis(static_cast<int>(axis)));
    const auto index = accesses[axis].plain();
    if (!index || extents[*index] == view.shape[axis]) continue;
    view.shape[axis] = extents[*index];
    shorter = true;
  }
  return shorter ? graph().view(of, std::move(view)) : of;
}

}  // namespace gradus::checking
