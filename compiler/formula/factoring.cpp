#include "compiler/formula/factoring.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace gradus::formula {

std::optional<Factoring::Form> Factoring::form(const Expr& x) const {
  switch (x->kind) {
    case Kind::name: {
      const std::string printed = text(x->symbol);
      if (printed == "1") return Form::column;
      if (printed == "I") return Form::matrix;
      const auto found = named_.find(printed);
      if (found == named_.end()) return Form::scalar;  // a dimension, an index
      const size_t rank = found->second.shape.size();
      if (rank > 2) return std::nullopt;
      return rank == 0 ? Form::scalar : rank == 1 ? Form::column : Form::matrix;
    }
    case Kind::number:
    case Kind::norm:
    case Kind::big:
      return Form::scalar;
    case Kind::product:
      return form_of_product(x, 0, x->parts.size());
    case Kind::transpose: {
      const auto inner = form(x[0]);
      if (inner == Form::column) return Form::row;
      return inner == Form::row ? Form::column : inner;
    }
    case Kind::negative:
    case Kind::power:
      return form(x[0]);
    case Kind::sum:
    case Kind::hadamard:
    case Kind::quotient: {
      std::optional<Form> all = Form::scalar;
      for (const Expr& part : x->parts) {
        const auto own = form(part);
        if (!own) return std::nullopt;
        if (all == Form::scalar) all = own;
        if (own != Form::scalar && own != all) return std::nullopt;
      }
      return all;
    }
    case Kind::call:
      if (x->word == "inv" || x->word == "diag") return Form::matrix;
      return std::nullopt;
    case Kind::entry:
    case Kind::range:
    case Kind::bracket:
    case Kind::comparison:
    case Kind::logic:
    case Kind::choice:
    case Kind::absolute:
    case Kind::list:
    case Kind::slice:
    case Kind::derivative:
      return std::nullopt;
  }
  return std::nullopt;
}

// Of the factors from `first` up to `last`.
std::optional<Factoring::Form> Factoring::form_of_product(const Expr& x, size_t first,
                                                          size_t last) const {
  Form all = Form::scalar;
  for (size_t k = first; k < last; ++k) {
    const auto own = form(x[k]);
    if (!own) return std::nullopt;
    if (own == Form::scalar) continue;
    if (all == Form::scalar) {
      all = *own;
    } else if (all == Form::matrix) {
      all = *own == Form::column ? Form::column : Form::matrix;
      if (own == Form::row) return std::nullopt;
    } else if (all == Form::row) {
      if (own == Form::row) return std::nullopt;
      all = *own == Form::column ? Form::scalar : Form::row;
    } else {
      if (own != Form::row) return std::nullopt;
      all = Form::matrix;
    }
  }
  return all;
}

// How many rows (or columns) a matrix or a vector has; nothing where that is not plain to see.
std::optional<Dim> Factoring::length(const Expr& x, bool of_rows) const {
  if (x.is(Kind::name)) {
    const auto found = named_.find(text(x->symbol));
    if (found == named_.end() || found->second.shape.empty()) return std::nullopt;
    const Shape& shape = found->second.shape;
    if (of_rows) return shape[0];
    return shape.size() == 1 ? Dim(1) : shape[1];
  }
  if (x.is(Kind::transpose)) return length(x[0], !of_rows);
  if (x.is(Kind::product)) {
    std::vector<Expr> factors = x->parts;
    std::erase_if(factors, [&](const Expr& each) { return form(each) == Form::scalar; });
    if (factors.empty()) return std::nullopt;
    return length(of_rows ? factors.front() : factors.back(), of_rows);
  }
  const bool is_like_its_parts = x.is(Kind::sum) || x.is(Kind::hadamard) || x.is(Kind::quotient) ||
                                 x.is(Kind::negative) || x.is(Kind::power) || x.is(Kind::call);
  if (!is_like_its_parts) return std::nullopt;
  for (const Expr& part : x->parts) {
    if (auto own = length(part, of_rows)) return own;
  }
  return std::nullopt;
}

// Whether what is left of two terms may be added up before it is multiplied with what they have in
// common: sums over other rows may have 1ᵀ in common.
bool Factoring::may_join(const Expr& common, const Expr& a, const Expr& b,
                         bool on_the_right) const {
  const Expr& base = common.is(Kind::transpose) ? common[0] : common;
  if (!base.is(Kind::name) || text(base->symbol) != "1") return true;
  const auto own = length(a, !on_the_right);
  return own && own == length(b, !on_the_right);
}

namespace {

// A term of a sum, without its sign.
struct Signed {
  Expr term;
  bool minus = false;
};

Signed without_sign(const Expr& x) {
  return x.is(Kind::negative) ? Signed{x[0], true} : Signed{x, false};
}

Expr with_sign(const Expr& x, bool minus) { return minus ? negative(x) : x; }

}  // namespace

// The first group of terms that have their last factor (or the first one) in common, taken
// together; nothing where that makes nothing shorter.
std::optional<Expr> Factoring::without_common(const Expr& x, bool on_the_right) const {
  const auto common = [&](const Expr& term) {
    return on_the_right ? term->parts.back() : term->parts.front();
  };
  const auto rest_of = [&](const Expr& term) {
    const auto first = term->parts.begin() + (on_the_right ? 0 : 1);
    return product({first, term->parts.end() - (on_the_right ? 1 : 0)});
  };
  const auto form_of_rest = [&](const Expr& term) {
    const size_t count = term->parts.size();
    return on_the_right ? form_of_product(term, 0, count - 1) : form_of_product(term, 1, count);
  };
  for (size_t k = 0; k < x->parts.size(); ++k) {
    const auto [model, minus] = without_sign(x[k]);
    if (!model.is(Kind::product) || common(model).is(Kind::number)) continue;
    const auto form_of_common = form(common(model));
    const auto form = form_of_rest(model);
    if (!form_of_common || !form) continue;
    if (!on_the_right && form_of_common == Form::scalar) continue;
    std::vector<Expr> rests;
    std::vector<Expr> others(x->parts.begin(), x->parts.begin() + static_cast<long>(k));
    for (size_t j = k; j < x->parts.size(); ++j) {
      const auto [term, sign] = without_sign(x[j]);
      const bool is_like = term.is(Kind::product) && common(term) == common(model) &&
                           form_of_rest(term) == form &&
                           may_join(common(model), rest_of(model), rest_of(term), on_the_right);
      if (is_like) {
        rests.push_back(with_sign(rest_of(term), sign != minus));
      } else {
        others.push_back(x[j]);
      }
    }
    if (rests.size() < 2) continue;
    const Expr inner = factored(collected(sum(std::move(rests))));
    const Expr both =
        on_the_right ? product({inner, common(model)}) : product({common(model), inner});
    others.insert(others.begin() + static_cast<long>(k), with_sign(both, minus));
    Expr result = sum(std::move(others));
    if (symbols(result) < symbols(x)) return result;
  }
  return std::nullopt;
}

Expr Factoring::factored_sum(const Expr& x) const {
  // What was turned around may be like another term now.
  Expr result = collected(x);
  // A + Aᵀ, not Aᵀ + A.
  const bool is_turned = result.is(Kind::sum) && result->parts.size() == 2 &&
                         result[0].is(Kind::transpose) && result[0][0] == result[1];
  if (is_turned) result = sum({result[1], result[0]});
  while (result.is(Kind::sum)) {
    auto shorter = without_common(result, true);
    if (!shorter) shorter = without_common(result, false);
    if (!shorter) break;
    result = *shorter;
  }
  return result;
}

bool Factoring::is_symmetric(const Expr& x) const {
  if (x.is(Kind::name)) {
    const auto found = named_.find(text(x->symbol));
    return found != named_.end() && found->second.is_symmetric;
  }
  return x.is(Kind::call) && x->word == "inv" && is_symmetric(x[0]);
}

// xᵀ, where x has become `inner`.
Expr Factoring::factored_transpose(const Expr& x, const Expr& inner) const {
  if (is_symmetric(inner)) return inner;
  std::vector<Expr> terms;
  for (const Expr& part : inner.is(Kind::sum) ? inner->parts : std::vector<Expr>{inner}) {
    terms.push_back(transpose(part));
  }
  const Expr turned = sum(std::move(terms));
  const Expr result = symbols(turned) <= symbols(x) ? turned : transpose(inner);
  return result == x || result.is(Kind::transpose) ? result : factored(result);
}

Expr Factoring::factored(const Expr& x) const {
  if (x->parts.empty()) return x;
  Expr::Node node = *x.operator->();
  bool changed = false;
  for (Expr& part : node.parts) {
    if (!part.valid()) continue;
    Expr other = factored(part);
    changed = changed || !(other == part);
    part = std::move(other);
  }
  // Signs and numbers that came out of a part go to the front of what it is part of.
  Expr result = x;
  if (changed && x.is(Kind::product)) {
    result = product(std::move(node.parts));
  } else if (changed && x.is(Kind::sum)) {
    result = sum(std::move(node.parts));
  } else if (changed && x.is(Kind::negative)) {
    result = negative(node.parts[0]);
  } else if (changed && x.is(Kind::quotient)) {
    result = quotient(node.parts[0], node.parts[1]);
  } else if (x.is(Kind::transpose)) {
    return factored_transpose(x, node.parts[0]);
  } else if (changed) {
    result = Expr(std::move(node));
  }
  return result.is(Kind::sum) ? factored_sum(result) : result;
}

}  // namespace gradus::formula
