// Entries and parts of tensors, and what indices run over.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/certificate/evaluator.h"
#include "compiler/certificate/reader.h"
#include "compiler/formula/notation.h"

namespace gradus::certificate {

using formula::Expr;
using formula::Kind;

int64_t Evaluator::whole_number(const Expr& x) {
  const Quantity value = evaluate(x);
  if (!value.is_number()) throw Meaningless(fmt::format("{} is no place", text(x)));
  return std::llround(value.number());
}

const Evaluator::Index* Evaluator::index_called(std::string_view name) const {
  const auto found = std::find_if(indices_.rbegin(), indices_.rend(),
                                  [&](const Index& each) { return each.name == name; });
  return found == indices_.rend() ? nullptr : &*found;
}

// The names in it that are indices of around it.
const std::vector<std::string>& Evaluator::free_names(const Expr& x) {
  const auto known = free_.find(x.operator->());
  if (known != free_.end()) return known->second;
  std::vector<std::string> found;
  const auto add = [&](const std::string& name) {
    if (std::find(found.begin(), found.end(), name) == found.end()) found.push_back(name);
  };
  if (x.is(Kind::name)) {
    const std::string& word = x->symbol.base;
    const bool is_fixed = word == "1" || word == "I" || is_defined(word);
    if (const size_t open = word.find('['); !is_fixed && open != std::string::npos) {
      // The layer in y[l].h.
      const Known none;
      const std::string_view place(word.data() + open + 1, word.find(']') - open - 1);
      for (const std::string& name :
           free_names(*layers_.insert(layers_.end(), Reader(place, none).formula()))) {
        add(name);
      }
    } else if (!is_fixed) {
      add(word);
    }
  } else if (!x.is(Kind::derivative)) {
    for (const Expr& part : x->parts) {
      if (!part.valid()) continue;
      for (const std::string& name : free_names(part)) add(name);
    }
  }
  if (x.is(Kind::big)) {
    for (size_t k = 1; k < x->parts.size(); ++k) {
      Expr bound = x[k];
      while (!bound.is(Kind::name)) bound = bound[0];
      std::erase(found, bound->symbol.base);
    }
  }
  return free_[x.operator->()] = std::move(found);
}

// The values of the indices that it depends on.
std::optional<std::vector<double>> Evaluator::key_of(const Expr& x) {
  std::vector<double> key;
  for (const std::string& name : free_names(x)) {
    const Index* index = index_called(name);
    if (index == nullptr) return std::nullopt;
    key.push_back(static_cast<double>(index->value));
  }
  return key;
}

Quantity Evaluator::entry(const Expr& x) {
  const size_t count = x->parts.size() - 1;
  if (x[0].is(Kind::name) && count == 1 && !x[1].is(Kind::slice)) {
    const std::string& word = x[0]->symbol.base;
    const auto rules = rules_.find(word);
    const bool has_rounds =
        given_.rounds.contains(word) || (rules != rules_.end() && rules->second[0].place.valid());
    if (has_rounds) return of_round(word, whole_number(x[1]));
  }
  Quantity of = evaluate(x[0]);
  // What is carried may start as a number, 0 or 1, that stands for all entries.
  if (of.is_number() && (is_outside_ || x[0].is(Kind::entry))) return of;
  if (of.is_number()) throw Meaningless(fmt::format("{} is a number", text(x[0])));
  std::vector<int64_t> at;
  for (size_t k = 1; k <= count; ++k) {
    if (x[k].is(Kind::slice)) return sliced(of, x);
    const Quantity index = evaluate(x[k]);
    if (!index.is_number()) return sliced(of, x);
    at.push_back(std::llround(index.number()));
  }
  const Shape& shape = of.tensor().shape;
  if (count == 1 && shape.size() > 1) {
    const auto axis = round_axis(x[0], of, x[1]);
    if (!axis) throw Meaningless(fmt::format("nothing says of which axis {} is", text(x)));
    if (at[0] < 0 || at[0] >= shape[*axis]) {
      is_outside_ = true;
      return 0;
    }
    return part(of, *axis, at[0]);
  }
  if (count != shape.size()) return sliced(of, x);
  int64_t place = 0;
  for (size_t k = 0; k < count; ++k) {
    if (at[k] < 0 || at[k] >= shape[k]) {
      is_outside_ = true;
      return {0, of.is_boolean()};
    }
    place = place * shape[k] + at[k];
  }
  return {of.tensor().entries[place], of.is_boolean()};
}

// The axis of a tensor that rounds walk over: the one that is as long as there are rounds, and as
// the model file says.
std::optional<int> Evaluator::round_axis(const Expr& base, const Quantity& of, const Expr& place) {
  std::optional<int> given;
  if (base.is(Kind::name)) {
    const auto known = given_.round_axes.find(base->symbol.base);
    if (known != given_.round_axes.end()) given = known->second;
  }
  const Shape& shape = of.tensor().shape;
  for (const std::string& name : free_names(place)) {
    const Index* index = index_called(name);
    if (index == nullptr) continue;
    const auto axis = std::find(shape.begin(), shape.end(), index->extent);
    if (axis == shape.end() || (given && shape[*given] == index->extent)) continue;
    return static_cast<int>(axis - shape.begin());
  }
  return given;
}

// Parts of a tensor: slices, places, and at the places that a tensor of them holds.
Quantity Evaluator::sliced(const Quantity& of, const Expr& x) {
  Quantity rest = of;
  int axis = 0;
  for (size_t k = 1; k < x->parts.size(); ++k) {
    if (rest.is_number() || axis >= rest.rank()) {
      throw Meaningless(fmt::format("{} has more indices than axes", text(x)));
    }
    const int64_t extent = rest.tensor().shape[axis];
    const auto picked = [&](int64_t at) {
      if (at < 0 || at >= extent) throw Meaningless(fmt::format("{} is out of bounds", text(x)));
      return part(rest, axis, at);
    };
    if (!x[k].is(Kind::slice)) {
      const Quantity index = evaluate(x[k]);
      if (index.is_number()) {
        rest = picked(std::llround(index.number()));
        continue;
      }
      std::vector<Quantity> parts;
      for (const double at : index.tensor().entries) parts.push_back(picked(std::llround(at)));
      Tensor gathered = stacked(parts, axis).tensor();
      gathered.shape.erase(gathered.shape.begin() + axis);
      const Shape& own = index.tensor().shape;
      gathered.shape.insert(gathered.shape.begin() + axis, own.begin(), own.end());
      rest = std::move(gathered);
      axis += static_cast<int>(own.size());
      continue;
    }
    const int64_t first = x[k][0].valid() ? whole_number(x[k][0]) : 0;
    const int64_t last = x[k][1].valid() ? whole_number(x[k][1]) : extent;
    const int64_t stride = x[k][2].valid() ? whole_number(x[k][2]) : 1;
    const bool is_all = first == 0 && last == extent && stride == 1;
    if (!is_all) {
      std::vector<Quantity> parts;
      for (int64_t at = first; at < last; at += stride) parts.push_back(picked(at));
      if (parts.empty()) throw Meaningless(fmt::format("{} is empty", text(x)));
      rest = stacked(parts, axis);
    }
    ++axis;
  }
  return rest;
}

Evaluator::Range Evaluator::range_of(const Expr& bound, const Expr& body) {
  if (bound.is(Kind::range)) return {0, whole_number(bound[1])};
  const int64_t extent = extent_in(body, bound->symbol.base, true);
  if (extent < 0) throw Meaningless(fmt::format("nothing says how far {} runs", text(bound)));
  return {0, extent};
}

// How long the axes are that an index stands alone for: of those that are read in any case the
// shortest, or the longest where terms that are not there are none; else the longest; −1 where
// there are none.
int64_t Evaluator::extent_in(const Expr& body, const std::string& index, bool largest) {
  std::vector<std::pair<int64_t, bool>> found;
  const std::vector<Index> outside = indices_;
  find_extents(body, index, false, found);
  indices_ = outside;
  is_outside_ = false;
  int64_t sure = -1;
  int64_t any = -1;
  for (const auto& [extent, may_miss] : found) {
    any = std::max(any, extent);
    if (may_miss) continue;
    sure = sure < 0 ? extent : largest ? std::max(sure, extent) : std::min(sure, extent);
  }
  return sure < 0 ? any : sure;
}

void Evaluator::find_extents(const Expr& x, const std::string& index, bool may_miss,
                             std::vector<std::pair<int64_t, bool>>& found) {
  const std::vector<std::string>& names = free_names(x);
  if (std::find(names.begin(), names.end(), index) == names.end()) return;
  if (x.is(Kind::choice)) {
    find_extents(x[0], index, may_miss, found);
    find_extents(x[1], index, true, found);
    find_extents(x[2], index, true, found);
    return;
  }
  for (size_t k = 0; k < x->parts.size(); ++k) {
    if (x[k].valid()) find_extents(x[k], index, may_miss, found);
  }
  if (!x.is(Kind::entry)) return;
  const auto is_index = [&](const Expr& each) {
    return each.is(Kind::name) && each->symbol.base == index;
  };
  if (std::none_of(x->parts.begin() + 1, x->parts.end(), is_index)) return;
  // Which part it is an entry of does not matter: all have one shape.
  for (const std::string& name : free_names(x[0])) {
    if (index_called(name) == nullptr) indices_.push_back({name, 0, 0});
  }
  Quantity of;
  try {
    of = evaluate(x[0]);
  } catch (const Meaningless&) {
    return;  // it will be said where its value is needed
  }
  if (of.is_number()) return;
  const Shape& shape = of.tensor().shape;
  for (size_t k = 1; k < x->parts.size() && x->parts.size() - 1 == shape.size(); ++k) {
    if (is_index(x[k])) found.emplace_back(shape[k - 1], may_miss);
  }
}

}  // namespace gradus::certificate
