#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/check/checker.h"
#include "compiler/graph/access.h"

// Entries of tensors at indices: `x[n, p + u]`, `E[token[n], d]`.
namespace gradus::checking {
namespace {

bool changes_nothing(const View& view, const Shape& from) {
  if (view.shape != from) return false;
  for (size_t k = 0; k < view.map.size(); ++k) {
    if (view.map[k].plain() != static_cast<int>(k)) return false;
  }
  return true;
}

void add(Affine& sum, const Affine& other, int64_t times) {
  sum.offset = sum.offset + Dim(times) * other.offset;
  for (const Affine::Term& term : other.terms) {
    auto place = std::find_if(sum.terms.begin(), sum.terms.end(),
                              [&](const Affine::Term& each) { return each.axis >= term.axis; });
    if (place == sum.terms.end() || place->axis != term.axis) {
      place = sum.terms.insert(place, {term.axis, 0});
    }
    place->coefficient += times * term.coefficient;
    if (place->coefficient == 0) sum.terms.erase(place);
  }
}

}  // namespace

// `x`, `h.W`, or `this tensor`, in messages.
std::string Checker::name_of(const syntax::Expr& expr) {
  if (const auto* use = std::get_if<syntax::Use>(&expr.what)) return use->name;
  if (const auto* member = std::get_if<syntax::Member>(&expr.what)) {
    return name_of(*member->of) + "." + member->name.text;
  }
  return "this tensor";
}

// The tensor that is accessed: it depends on no index.
Value Checker::accessed(const syntax::Subscript& x) {
  if (const auto* use = std::get_if<syntax::Use>(&x.of->what)) {
    if (const int* index = index_in_sight(use->name)) {
      fail(errors::index_as_tensor(x.of->span, use->name, indices_[*index].span));
    }
  }
  if (depends_on_indices(*x.of)) fail(errors::entry_of_entry(x.of->span));
  return value(without_indices(*x.of), x.of->span);
}

std::vector<Checker::Place> Checker::places(const syntax::Subscript& x, Value of) {
  const size_t rank = graph().shape(of).size();
  const size_t rests = static_cast<size_t>(std::count_if(
      x.items.begin(), x.items.end(),
      [](const syntax::Item& item) { return std::holds_alternative<syntax::Rest>(item.what); }));
  for (const syntax::Item& item : x.items) {
    if (std::holds_alternative<syntax::Slice>(item.what) ||
        std::holds_alternative<syntax::NewAxis>(item.what)) {
      fail(errors::slice_in_equation(item.span));
    }
  }
  const size_t named = x.items.size() - rests;
  if (rests > 1) fail(errors::rest_without_axes(x.brackets, "this access has it twice"));
  if (rests == 1 ? rank < named : rank != named) {
    fail(errors::not_fully_indexed(x.brackets, operand(of, x.of->span), named));
  }
  const size_t standing = rank - named;
  if (rests == 1 && standing > equation_->rest.size()) {
    fail(errors::rest_without_axes(x.brackets, "the left side has none of them"));
  }
  std::vector<Place> made;
  for (const syntax::Item& item : x.items) {
    if (std::holds_alternative<syntax::Rest>(item.what)) {
      const auto end = equation_->rest.end();
      for (auto each = end - static_cast<long>(standing); each != end; ++each) {
        made.push_back({Affine::axis(*each), nullptr, std::nullopt, item.span});
      }
      continue;
    }
    const syntax::Expr& expr = *std::get<syntax::ExprPtr>(item.what);
    const auto place = affine(expr);
    const bool arithmetic = std::holds_alternative<syntax::Binary>(expr.what) ||
                            std::holds_alternative<syntax::Unary>(expr.what);
    if (!place && arithmetic) fail(errors::not_affine(item.span));
    made.push_back({place, place ? nullptr : &expr, std::nullopt, item.span});
  }
  return made;
}

// Whether nothing in sight of the equation has the name.
bool Checker::nothing_has(const std::string& name) {
  return find(name, *equation_->scope) == nullptr && !dims_.contains(name) &&
         !file_.layers.contains(name) && !is_operator(name) && name != "pi" && name != "inf" &&
         name != "training";
}

// The value of an expression as a sum of indices times whole numbers and a constant, if it is one.
std::optional<Affine> Checker::affine(const syntax::Expr& expr) {
  if (const auto* use = std::get_if<syntax::Use>(&expr.what)) {
    if (const int* index = index_in_sight(use->name)) return Affine::axis(*index);
  }
  if (!depends_on_indices(expr)) {
    const Thing thing = without_indices(expr);
    const auto* scalar = thing.as<Known>();
    if (scalar == nullptr || !scalar->extent) return std::nullopt;
    return Affine::at(*scalar->extent);
  }
  Affine sum;
  if (const auto* unary = std::get_if<syntax::Unary>(&expr.what)) {
    const auto operand =
        unary->op == syntax::UnaryOp::negate ? affine(*unary->operand) : std::nullopt;
    if (!operand) return std::nullopt;
    add(sum, *operand, -1);
    return sum;
  }
  const auto* binary = std::get_if<syntax::Binary>(&expr.what);
  if (binary == nullptr) return std::nullopt;
  const bool product = binary->op == syntax::BinaryOp::multiply;
  const bool minus = binary->op == syntax::BinaryOp::subtract;
  if (!product && !minus && binary->op != syntax::BinaryOp::add) return std::nullopt;
  const auto left = affine(*binary->left);
  const auto right = affine(*binary->right);
  if (!left || !right) return std::nullopt;
  if (!product) {
    sum = *left;
    add(sum, *right, minus ? -1 : 1);
    return sum;
  }
  constexpr int64_t largest = 1'000'000'000;
  for (const auto& [factor, other] : {std::pair{&*left, &*right}, std::pair{&*right, &*left}}) {
    const auto number = factor->offset.number();
    if (!factor->terms.empty() || !number || std::abs(*number) > largest) continue;
    if (std::any_of(other->terms.begin(), other->terms.end(), [](const Affine::Term& term) {
          return std::abs(term.coefficient) > largest;
        })) {
      continue;
    }
    add(sum, *other, *number);
    return sum;
  }
  return std::nullopt;
}

Thing Checker::entry(const syntax::Subscript& x) {
  const Value of = accessed(x);
  std::vector<Place> all = places(x, of);
  const bool guarded = equation_->guarded.contains(&x);
  if (std::any_of(all.begin(), all.end(), [](const Place& each) { return !each.affine; })) {
    for (Place& each : all) {
      if (each.affine) continue;
      each.said = as_entry(evaluate(*each.by_data, *equation_->scope), each.span);
    }
    return {gathered(name_of(*x.of), of, std::move(all), guarded)};
  }
  Entry made{of, {}};
  bool leaves = false;
  for (size_t axis = 0; axis < all.size(); ++axis) {
    const Dim& extent = graph().shape(of)[axis];
    leaves = leaves || (guarded && !stays_within(indices_, *all[axis].affine, extent));
    made.at.push_back(std::move(*all[axis].affine));
  }
  if (!leaves) return {std::move(made)};
  // It is read where the branch that it stands in is taken: elsewhere it does not matter what is
  // there, so long as it is a number.
  const std::vector<int> indices = indices_of(made);
  View view{extents_of(indices), {}, 0.0};
  for (const Affine& at : made.at) view.map.push_back(over(at, indices));
  return {entry_over(graph().view(of, std::move(view)), indices)};
}

// In a function that was called with entries: an access at one of them.
std::optional<Entry> Checker::entry_at_arguments(const syntax::Subscript& x, Value of,
                                                 Scope& scope) {
  std::vector<Place> places;
  bool any = false;
  for (const syntax::Item& item : x.items) {
    const auto* expr = std::get_if<syntax::ExprPtr>(&item.what);
    if (expr == nullptr) return std::nullopt;
    const Thing thing = evaluate(**expr, scope);
    Place place{std::nullopt, nullptr, std::nullopt, item.span};
    if (const auto* known = thing.as<Known>()) {
      place.affine = Affine::at(extent({*known}, item.span));
    } else if (thing.as<Entry>() != nullptr || thing.as<Tensor>() != nullptr) {
      any = any || thing.as<Entry>() != nullptr;
      if (thing.as<Entry>() != nullptr) place.said = *thing.as<Entry>();
      if (thing.as<Tensor>() != nullptr) place.said = Entry{thing.as<Tensor>()->value, {}};
    }
    places.push_back(std::move(place));
  }
  if (!any) return std::nullopt;
  const Shape& shape = graph().shape(of);
  if (places.size() != shape.size()) {
    fail(errors::not_fully_indexed(x.brackets, operand(of, x.of->span), places.size()));
  }
  for (size_t axis = 0; axis < places.size(); ++axis) {
    if (!places[axis].affine) continue;
    const Dim& at = places[axis].affine->offset;
    if (stays_within(indices_, *places[axis].affine, shape[axis])) continue;
    fail(errors::access_leaves(places[axis].span, name_of(*x.of), shape[axis], at, at));
  }
  return gathered(name_of(*x.of), of, std::move(places), false);
}

// An access some of whose places are entries of index tensors.
Entry Checker::gathered(const std::string& name, Value of, std::vector<Place> places,
                        bool guarded) {
  std::vector<Entry> by_data;
  std::set<int> used;
  bool leaves = false;
  for (size_t axis = 0; axis < places.size(); ++axis) {
    const Dim extent = graph().shape(of)[axis];
    if (places[axis].affine) {
      leaves = leaves || (guarded && !stays_within(indices_, *places[axis].affine, extent));
      for (const Affine::Term& term : places[axis].affine->terms) used.insert(term.axis);
      continue;
    }
    const Span at = places[axis].span;
    if (!places[axis].said) fail(errors::not_affine(at));
    const Entry& said = *places[axis].said;
    const Type& type = graph().type(said.of);
    if (type.element != Element::index) {
      fail(errors::not_an_index(operand(said.of, at), type, extent));
    }
    check_bound(said.of, {name, extent}, at);
    for (int index : indices_of(said)) used.insert(index);
    by_data.push_back(said);
  }
  if (leaves) of = padded(of, places);
  const std::vector<int> indices(used.begin(), used.end());
  Gathering gathering{extents_of(indices), {}};
  std::vector<Value> operands;
  for (const Place& place : places) {
    if (place.affine) {
      gathering.from.push_back(Coordinate::affine(over(*place.affine, indices)));
      continue;
    }
    const Entry& said = by_data[operands.size()];
    operands.push_back(said.of);
    std::vector<Affine> at;
    for (const Affine& each : said.at) at.push_back(over(each, indices));
    gathering.from.push_back(Coordinate::said_by(static_cast<int>(operands.size()), std::move(at)));
  }
  return entry_over(graph().gather(of, std::move(operands), std::move(gathering)), indices);
}

// The tensor with zeros around it, so that no affine place leaves it; the places are moved along.
Value Checker::padded(Value of, std::vector<Place>& places) {
  const Shape shape = graph().shape(of);
  View view{shape, {}, 0.0};
  for (size_t axis = 0; axis < places.size(); ++axis) {
    view.map.push_back(Affine::axis(static_cast<int>(axis)));
    if (!places[axis].affine || stays_within(indices_, *places[axis].affine, shape[axis])) continue;
    const auto [least, largest] = reach(indices_, *places[axis].affine);
    view.shape[axis] = largest - least + Dim(1);
    view.map[axis].offset = least;
    places[axis].affine->offset = places[axis].affine->offset - least;
  }
  return graph().view(of, std::move(view));
}

// Indices below `bound` read an axis: it has so many entries.
void Checker::check_bound(Value index, const errors::Axis& axis, Span at) {
  const Dim bound = graph().type(index).bound;
  if ((bound - axis.extent - Dim(1)).never_negative()) {
    fail(errors::index_too_large(at, bound, axis, operand(index, at)));
  }
  require(axis.extent - bound,
          fmt::format("indices below {} read an axis of `{}`", bound.text(), axis.extent.text()),
          at);
}

// An index as a number.
Thing Checker::index_value(int number) {
  const Index& index = indices_[number];
  Value values = graph().iota(index.extent);
  if (index.low != Dim(0)) {
    values = graph().map(Op::add, {real(values), graph().size(index.low)});
  }
  return {entry_over(values, {number})};
}

// The entry that a thing is, or that a layer gave; null where it is another.
const Entry* Checker::entry_of(const Thing& thing) {
  const auto* use = thing.as<LayerUse>();
  return use != nullptr ? entry_of(*use->layer->result) : thing.as<Entry>();
}

Entry Checker::as_entry(const Thing& thing, Span at) {
  if (const auto* entry = entry_of(thing)) return *entry;
  const Value whole = value(thing, at);
  if (!graph().shape(whole).empty()) fail(errors::whole_in_equation(at, operand(whole, at)));
  return {whole, {}};
}

std::vector<int> Checker::indices_of(const Entry& entry) const {
  std::set<int> used;
  for (const Affine& at : entry.at) {
    for (const Affine::Term& term : at.terms) used.insert(term.axis);
  }
  return {used.begin(), used.end()};
}

Affine Checker::over(const Affine& at, const std::vector<int>& indices) const {
  Affine made = Affine::at(at.offset);
  for (const auto& [index, coefficient] : at.terms) {
    made.offset = made.offset + Dim(coefficient) * indices_[index].low;
    // With one other index beside it, an index of one value only hides that that one stands alone.
    if (indices_[index].extent == Dim(1) && at.terms.size() > 1) continue;
    const auto place = std::find(indices.begin(), indices.end(), index);
    made.terms.push_back({static_cast<int>(place - indices.begin()), coefficient});
  }
  std::sort(made.terms.begin(), made.terms.end(),
            [](const auto& a, const auto& b) { return a.axis < b.axis; });
  return made;
}

Shape Checker::extents_of(const std::vector<int>& indices) const {
  Shape shape;
  for (int index : indices) shape.push_back(indices_[index].extent);
  return shape;
}

Value Checker::tensor_over(const Entry& entry, const std::vector<int>& indices) {
  View view{extents_of(indices), {}, std::nullopt};
  for (const Affine& at : entry.at) view.map.push_back(over(at, indices));
  return changes_nothing(view, graph().shape(entry.of)) ? entry.of
                                                        : graph().view(entry.of, std::move(view));
}

Entry Checker::entry_over(Value tensor, const std::vector<int>& indices) const {
  Entry made{tensor, {}};
  for (int index : indices) made.at.push_back(Affine::axis(index, 1, Dim(0) - indices_[index].low));
  return made;
}

Entry Checker::real(Entry entry) {
  entry.of = real(entry.of);
  return entry;
}

}  // namespace gradus::checking
