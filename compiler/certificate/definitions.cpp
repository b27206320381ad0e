// What names mean: given values, equations, and equations for the rounds of a loop.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/certificate/evaluator.h"
#include "compiler/certificate/reader.h"
#include "compiler/formula/notation.h"

namespace gradus::certificate {

using formula::Expr;
using formula::Kind;

namespace {

bool mentions(const Expr& x, const std::string& name) {
  if (x.is(Kind::name)) return x->symbol.base == name;
  return std::any_of(x->parts.begin(), x->parts.end(),
                     [&](const Expr& part) { return part.valid() && mentions(part, name); });
}

// While it lives, the name is among those that are being computed.
class Pending {
 public:
  Pending(std::vector<std::string>& names, const std::string& name) : names_(names) {
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw Meaningless(fmt::format("{} is defined by itself", name));
    }
    names.push_back(name);
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() { names_.pop_back(); }

 private:
  std::vector<std::string>& names_;
};

// While it lives, the indices are others.
template <class Indices>
class Scope {
 public:
  Scope(Indices& indices, Indices inner) : indices_(indices), outer_(std::move(indices)) {
    indices_ = std::move(inner);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { indices_ = std::move(outer_); }

 private:
  Indices& indices_;
  Indices outer_;
};

}  // namespace

bool Evaluator::is_defined(std::string_view name) const {
  return given_.values.contains(name) || given_.rounds.contains(name) || rules_.contains(name);
}

void Evaluator::define(const formula::Equation& equation) {
  Rule rule;
  rule.right = equation.right.back();
  rule.rounds = equation.rounds;
  Expr left = equation.left;
  std::vector<Expr> groups;  // of indices, the last ones first
  while (left.is(Kind::entry)) {
    groups.push_back(left);
    left = left[0];
  }
  for (const Expr& group : groups) {
    const std::vector<Expr> indices(group->parts.begin() + 1, group->parts.end());
    const bool has_round = std::any_of(indices.begin(), indices.end(), [&](const Expr& each) {
      return !rule.rounds.empty() && each.valid() && mentions(each, rule.rounds[0]->symbol.base);
    });
    const bool is_free = std::all_of(indices.begin(), indices.end(), [&](const Expr& each) {
      return each.is(Kind::range) || (each.is(Kind::name) && !is_defined(each->symbol.base));
    });
    if (is_free && !has_round) {
      rule.free = indices;
      continue;
    }
    const auto place = std::find_if(indices.begin(), indices.end(),
                                    [](const Expr& each) { return !each.is(Kind::slice); });
    if (place == indices.end()) throw Meaningless("no index on the left side");
    rule.place = *place;
    rule.axis = static_cast<int>(place - indices.begin());
  }
  const std::string name = text(left);
  const bool is_of_layers =
      !rule.rounds.empty() && !rule.place.valid() && name.find('[') != std::string::npos;
  if (is_of_layers) return define_layers(name, rule);
  rules_[name].push_back(std::move(rule));
}

// A line for several layers, `∂J/∂y[l].W = …, l = 3, …, 0`, is one for each of them.
void Evaluator::define_layers(const std::string& name, const Rule& rule) {
  const int64_t first = whole_number(rule.rounds[1]);
  const int64_t last = whole_number(rule.rounds[2]);
  for (int64_t at = std::min(first, last); at <= std::max(first, last); ++at) {
    Rule own = rule;
    own.rounds.clear();
    own.fixed = {{rule.rounds[0]->symbol.base, at, 0}};
    const Scope scope(indices_, own.fixed);
    rules_[expanded(name)].push_back(own);
  }
}

// The name with numbers for the layers in it: y[2].h of y[l + 1].h where l is 1.
std::string Evaluator::expanded(const std::string& name) {
  std::string out;
  size_t at = 0;
  for (size_t open = name.find('['); open != std::string::npos; open = name.find('[', at)) {
    const size_t close = name.find(']', open);
    if (close == std::string::npos) break;
    const Known none;
    const std::string_view spelt(name.data() + open + 1, close - open - 1);
    layers_.push_back(Reader(spelt, none).formula());
    const Expr place = layers_.back();
    out += name.substr(at, open + 1 - at) + std::to_string(whole_number(place)) + "]";
    at = close + 1;
  }
  return out + name.substr(at);
}

void Evaluator::refuse(const std::string& name, const std::string& why) {
  Rule rule;
  rule.why = fmt::format("the formula of {} can not be read: {}", name, why);
  rules_[name].push_back(std::move(rule));
}

Quantity Evaluator::value_of(std::string_view name) {
  if (const auto given = given_.values.find(name); given != given_.values.end()) {
    return given->second;
  }
  if (const auto known = wholes_.find(name); known != wholes_.end()) return known->second;
  const auto rules = rules_.find(name);
  if (rules == rules_.end()) throw Meaningless(fmt::format("nothing says what {} is", name));
  const Pending pending(pending_, rules->first);
  // An adjoint has the shape of what it is the adjoint of.
  const std::string adjoint = "δ_";
  const auto of = name.starts_with(adjoint) ? given_.values.find(name.substr(adjoint.size()))
                                            : given_.values.end();
  if (of == given_.values.end() || of->second.is_number()) {
    return wholes_[rules->first] = whole(rules->first, rules->second, nullptr);
  }
  const Shape& shape = of->second.tensor().shape;
  return wholes_[rules->first] = fitted(whole(rules->first, rules->second, &shape), shape);
}

Tensor Evaluator::value(const std::string& name, const Shape& shape) {
  const auto rules = rules_.find(name);
  if (rules == rules_.end()) throw Meaningless(fmt::format("nothing says what {} is", name));
  const Pending pending(pending_, name);
  return fitted(whole(name, rules->second, &shape), shape);
}

// All of it; a value of rounds is put together from them.
Quantity Evaluator::whole(const std::string& name, const std::vector<Rule>& rules,
                          const Shape* shape) {
  if (!rules[0].place.valid()) return by_rule(rules[0], shape);
  for (const Rule& rule : rules) {
    if (rule.rounds.empty()) continue;
    std::vector<int64_t> places;
    const int64_t first = whole_number(rule.rounds[1]);
    const int64_t last = whole_number(rule.rounds[2]);
    for (int64_t at = std::min(first, last); at <= std::max(first, last); ++at) {
      const Scope scope(indices_, {{rule.rounds[0]->symbol.base, at, 0}});
      places.push_back(whole_number(rule.place));
    }
    std::sort(places.begin(), places.end());
    std::vector<Quantity> parts;
    for (const int64_t at : places) parts.push_back(of_round(name, at));
    return stacked(parts, rule.axis);
  }
  throw Meaningless(fmt::format("nothing says what {} is as a whole", name));
}

Quantity Evaluator::by_rule(const Rule& rule, const Shape* shape) {
  if (!rule.right.valid()) throw Meaningless(rule.why);
  const Scope scope(indices_, rule.fixed);
  return rule.free.empty() ? evaluate(rule.right) : entries(rule.right, rule.free, shape);
}

// Entry by entry. The shape says what the indices run over, where it is known; else ranges on the
// left side or what is read on the right.
Quantity Evaluator::entries(const Expr& right, const std::vector<Expr>& free, const Shape* shape) {
  const size_t outside = indices_.size();
  Tensor result;
  for (size_t k = 0; k < free.size(); ++k) {
    const Expr& index = free[k].is(Kind::range) ? free[k][0] : free[k];
    const std::string& word = index->symbol.base;
    const int64_t extent = shape != nullptr && shape->size() == free.size() ? (*shape)[k]
                           : free[k].is(Kind::range) ? whole_number(free[k][1])
                                                     : extent_in(right, word, false);
    if (extent < 0) throw Meaningless(fmt::format("nothing says how far {} runs", word));
    result.shape.push_back(extent);
  }
  for (size_t k = 0; k < free.size(); ++k) {
    const Expr& index = free[k].is(Kind::range) ? free[k][0] : free[k];
    indices_.push_back({index->symbol.base, 0, result.shape[k]});
  }
  const int64_t size = size_of(result.shape);
  for (int64_t at = 0; at < size; ++at) {
    int64_t rest = at;
    for (size_t k = free.size(); k-- > 0; rest /= result.shape[k]) {
      indices_[outside + k].value = rest % result.shape[k];
    }
    const Quantity entry = evaluate(right);
    if (std::exchange(is_outside_, false)) {
      throw Meaningless(fmt::format("{} reads what is not there", text(right)));
    }
    if (!entry.is_number()) {
      throw Meaningless(fmt::format("{} is no entry", text(right)));
    }
    result.is_boolean = entry.is_boolean();
    result.entries.push_back(entry.number());
  }
  indices_.resize(outside);
  return result;
}

// The value of the index of its rounds at which a line is about a place.
std::optional<int64_t> Evaluator::index_at(const Rule& rule, int64_t place) {
  const auto place_at = [&](int64_t index) {
    const Scope scope(indices_, {{rule.rounds[0]->symbol.base, index, 0}});
    return whole_number(rule.place);
  };
  const int64_t slope = place_at(1) - place_at(0);
  if (slope != 1 && slope != -1) throw Meaningless(fmt::format("{} is no round", text(rule.place)));
  const int64_t index = (place - place_at(0)) * slope;
  const int64_t first = whole_number(rule.rounds[1]);
  const int64_t last = whole_number(rule.rounds[2]);
  const bool is_in = std::min(first, last) <= index && index <= std::max(first, last);
  return is_in ? std::optional(index) : std::nullopt;
}

Quantity Evaluator::of_round(const std::string& name, int64_t place) {
  // What lines say of a name comes before what the model file has by it.
  const auto given = given_.rounds.find(name);
  if (given != given_.rounds.end() && !rules_.contains(name)) {
    const auto found = given->second.find(place);
    if (found != given->second.end()) return found->second;
    is_outside_ = true;
    return 0;
  }
  const Place key(name, place);
  if (const auto known = rounds_.find(key); known != rounds_.end()) return known->second;
  const Pending pending(pending_, fmt::format("{}[{}]", name, place));
  for (const Rule& rule : rules_.at(name)) {
    if (!rule.right.valid()) throw Meaningless(rule.why);
    std::vector<Index> inner;
    if (rule.rounds.empty()) {
      const Scope scope(indices_, {});
      if (whole_number(rule.place) != place) continue;
    } else {
      const Scope scope(indices_, {});
      const auto index = index_at(rule, place);
      if (!index) continue;
      const int64_t extent =
          std::abs(whole_number(rule.rounds[1]) - whole_number(rule.rounds[2])) + 1;
      inner.push_back({rule.rounds[0]->symbol.base, *index, extent});
    }
    const Scope scope(indices_, std::move(inner));
    return rounds_[key] =
               rule.free.empty() ? evaluate(rule.right) : entries(rule.right, rule.free, nullptr);
  }
  throw Meaningless(fmt::format("nothing says what {}[{}] is", name, place));
}

}  // namespace gradus::certificate
