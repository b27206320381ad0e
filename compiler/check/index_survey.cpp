#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/mentions.h"

// What an equation in index notation consists of, before any of it is evaluated: its indices, and
// the accesses that bound them.
namespace gradus::checking {

int Checker::new_index(const std::string& name, Span span, bool free) {
  Index made;
  made.name = name;
  made.span = span;
  made.free = free;
  if (where_ != nullptr) {
    for (GivenRange& given : *where_) {
      if (given.name != name) continue;
      given.used = true;
      made.ranged = made.known = true;
      made.low = given.low;
      made.extent = given.extent;
      if (free && given.low != Dim(0)) fail(errors::starts_elsewhere(given.span, name, given.low));
    }
  }
  indices_.push_back(std::move(made));
  return static_cast<int>(indices_.size()) - 1;
}

const int* Checker::index_in_sight(const std::string& name) const {
  if (equation_ == nullptr) return nullptr;
  const auto& names = equation_->names;
  const auto found = std::find_if(names.rbegin(), names.rend(),
                                  [&](const auto& each) { return each.first == name; });
  return found == names.rend() ? nullptr : &found->second;
}

namespace {

bool is_rest(const syntax::Item& item) { return std::holds_alternative<syntax::Rest>(item.what); }

bool is_place(const syntax::Item& item) {
  return std::holds_alternative<syntax::ExprPtr>(item.what);
}

// Whether `..` stands in an access of index notation.
bool has_rest(const syntax::Expr& expr) {
  bool found = false;
  if (const auto* access = std::get_if<syntax::Subscript>(&expr.what)) {
    const auto& items = access->items;
    found = std::any_of(items.begin(), items.end(), is_rest) &&
            std::all_of(items.begin(), items.end(),
                        [](const auto& item) { return is_rest(item) || is_place(item); });
  }
  each_part(expr, [&](const syntax::Expr& part) { found = found || has_rest(part); });
  return found;
}

}  // namespace

// The axes that `..` stands for come first, as they do on the left.
void Checker::add_free_indices(const syntax::Definition& x) {
  for (size_t k = 0; k < x.indices.size(); ++k) {
    const syntax::FreeIndex& each = x.indices[k];
    if (!each.name) {
      if (k > 0) fail(errors::rest_without_axes(each.span, "this is not the first of the indices"));
      const size_t axes = rest_axes(*x.value);
      for (size_t axis = 0; axis < axes; ++axis) {
        equation_->rest.push_back(new_index("..", each.span, true));
      }
      continue;
    }
    if (const int* before = index_in_sight(each.name->text)) {
      fail(errors::index_bound_twice(each.span, each.name->text, indices_[*before].span));
    }
    equation_->names.emplace_back(each.name->text, new_index(each.name->text, each.span, true));
  }
}

// The most axes that a `..` of an access stands for.
size_t Checker::rest_axes(const syntax::Expr& expr) {
  size_t most = 0;
  each_part(expr, [&](const syntax::Expr& part) { most = std::max(most, rest_axes(part)); });
  const auto* access = std::get_if<syntax::Subscript>(&expr.what);
  if (access == nullptr) return most;
  if (std::none_of(access->items.begin(), access->items.end(), is_rest)) return most;
  const size_t rank = graph().shape(accessed(*access)).size();
  const size_t named = access->items.size() - 1;
  return std::max(most, rank > named ? rank - named : 0);
}

std::vector<int> Checker::bind_indices(const syntax::Reduction& x) {
  std::vector<int> numbers;
  for (const syntax::Name& each : x.indices) {
    if (const int* before = index_in_sight(each.text)) {
      fail(errors::index_bound_twice(each.span, each.text, indices_[*before].span));
    }
    numbers.push_back(new_index(each.text, each.span, false));
    equation_->names.emplace_back(each.text, numbers.back());
  }
  return numbers;
}

bool Checker::depends_on_indices(const syntax::Expr& expr) {
  if (const auto* access = std::get_if<syntax::Subscript>(&expr.what)) {
    // Also an entry at given places: no place is counted from the end here.
    if (std::all_of(access->items.begin(), access->items.end(), is_place)) return true;
  }
  return mentions(expr, [&](const std::string& name) { return index_in_sight(name) != nullptr; }) ||
         (!equation_->rest.empty() && has_rest(expr));
}

Thing Checker::without_indices(const syntax::Expr& expr) {
  Equation* const equation = equation_;
  if (const auto known = equation->without.find(&expr); known != equation->without.end()) {
    return known->second;
  }
  const Within outside(equation_, static_cast<Equation*>(nullptr));
  Thing made = evaluate(expr, *equation->scope);
  equation->without[&expr] = made;
  return made;
}

// `in_branch`: read only where a condition holds.
void Checker::survey(const syntax::Expr& expr, bool in_branch) {
  if (const auto* reduction = std::get_if<syntax::Reduction>(&expr.what)) {
    const size_t outer = equation_->names.size();
    equation_->bound[reduction] = bind_indices(*reduction);
    survey(*reduction->body, in_branch);
    equation_->names.resize(outer);
    return;
  }
  if (!depends_on_indices(expr)) return;
  if (const auto* access = std::get_if<syntax::Subscript>(&expr.what)) {
    survey(*access, in_branch);
  } else if (const auto* choice = std::get_if<syntax::If>(&expr.what)) {
    if (!depends_on_indices(*choice->condition)) {
      const Thing condition = without_indices(*choice->condition);
      if (const auto* truth = condition.as<Truth>()) {
        return survey(truth->value ? *choice->yes : *choice->no, in_branch);
      }
    }
    survey(*choice->condition, in_branch);
    survey(*choice->yes, true);
    survey(*choice->no, true);
  } else if (const auto* call = std::get_if<syntax::Call>(&expr.what)) {
    for (const syntax::Argument& each : call->arguments) survey(*each.value, in_branch);
  } else {
    each_part(expr, [&](const syntax::Expr& part) { survey(part, in_branch); });
  }
}

void Checker::survey(const syntax::Subscript& x, bool in_branch) {
  const Value of = accessed(x);
  const Shape shape = graph().shape(of);
  const std::vector<Place> all = places(x, of);
  const bool guarded = in_branch && where_ != nullptr && !where_->empty();
  if (guarded) equation_->guarded.insert(&x);
  for (size_t axis = 0; axis < all.size(); ++axis) {
    if (all[axis].affine) {
      equation_->bounds.push_back(
          {*all[axis].affine, shape[axis], all[axis].span, name_of(*x.of), guarded});
    } else {
      survey(*all[axis].by_data, in_branch);
    }
  }
}

}  // namespace gradus::checking
