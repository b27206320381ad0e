#include "compiler/formula/expr.h"

#include <algorithm>
#include <ranges>

namespace gradus::formula {
namespace {

Expr make(Kind kind, std::vector<Expr> parts) {
  Expr::Node node;
  node.kind = kind;
  node.parts = std::move(parts);
  return Expr(std::move(node));
}

Expr make(Kind kind, std::string_view word, std::vector<Expr> parts) {
  Expr::Node node;
  node.kind = kind;
  node.word = word;
  node.parts = std::move(parts);
  return Expr(std::move(node));
}

// Parts of the same kind are spliced in.
std::vector<Expr> flattened(Kind kind, std::vector<Expr> parts) {
  std::vector<Expr> flat;
  for (Expr& part : parts) {
    if (part.is(kind)) {
      flat.insert(flat.end(), part->parts.begin(), part->parts.end());
    } else {
      flat.push_back(std::move(part));
    }
  }
  return flat;
}

// Takes the signs of the factors out; whether what is left is to be subtracted.
bool take_sign(std::vector<Expr>& factors) {
  bool minus = false;
  for (Expr& factor : factors) {
    if (factor.is(Kind::negative)) {
      factor = factor[0];
      minus = !minus;
    } else if (factor.is(Kind::number) && factor->value < 0) {
      factor = number(-factor->value);
      minus = !minus;
    }
  }
  return minus;
}

Expr joined(Kind kind, std::vector<Expr> parts) {
  const bool minus = take_sign(parts);
  std::vector<Expr> factors = flattened(kind, std::move(parts));
  factors.erase(
      std::remove_if(factors.begin(), factors.end(), [](const Expr& x) { return x.is_number(1); }),
      factors.end());
  if (factors.empty()) return number(minus ? -1 : 1);
  Expr result = factors.size() == 1 ? factors[0] : make(kind, std::move(factors));
  return minus ? negative(std::move(result)) : result;
}

// Numbers are added up, where the first of them stands.
void fold_numbers(std::vector<Expr>& terms) {
  const auto is_number = [](const Expr& x) { return x.is(Kind::number); };
  const auto first = std::find_if(terms.begin(), terms.end(), is_number);
  if (first == terms.end()) return;
  double total = 0;
  for (const Expr& term : terms) total += is_number(term) ? term->value : 0;
  *first = number(total);
  terms.erase(std::remove_if(first + 1, terms.end(), is_number), terms.end());
  if (total == 0) terms.erase(first);
}

int symbols_of_parts(const Expr& x) {
  int total = 0;
  for (const Expr& part : x->parts) total += part.valid() ? symbols(part) : 0;
  return total;
}

// Within an index, names, numbers and arithmetic are free.
int symbols_of_index(const Expr& x) {
  if (x.is(Kind::name) || x.is(Kind::number)) return 0;
  if (x.is(Kind::sum) || x.is(Kind::product) || x.is(Kind::negative) || x.is(Kind::quotient) ||
      x.is(Kind::slice)) {
    int total = 0;
    for (const Expr& part : x->parts) total += part.valid() ? symbols_of_index(part) : 0;
    return total;
  }
  return symbols(x);
}

}  // namespace

bool operator==(const Expr& a, const Expr& b) {
  if (a.node_ == b.node_) return true;
  if (!a.valid() || !b.valid()) return false;
  return a->kind == b->kind && a->value == b->value && a->symbol == b->symbol &&
         a->word == b->word && a->words == b->words && a->parts == b->parts;
}

Expr number(double value) {
  Expr::Node node;
  node.value = value;
  return Expr(std::move(node));
}

Expr name(Symbol symbol) {
  Expr::Node node;
  node.kind = Kind::name;
  node.symbol = std::move(symbol);
  return Expr(std::move(node));
}

Expr word(std::string_view spelt) { return name(as_spelt(spelt)); }

Expr entry(Expr of, std::vector<Expr> indices) {
  if (indices.empty() || of.is(Kind::number)) return of;
  indices.insert(indices.begin(), std::move(of));
  return make(Kind::entry, std::move(indices));
}

Expr sum(std::vector<Expr> terms) {
  std::vector<Expr> flat;
  for (Expr& term : terms) {
    const bool minus = term.is(Kind::negative);
    if (minus && term[0].is(Kind::sum)) {
      for (const Expr& part : term[0]->parts) flat.push_back(negative(part));
    } else if (term.is(Kind::sum)) {
      flat.insert(flat.end(), term->parts.begin(), term->parts.end());
    } else if (!term.is_number(0)) {
      flat.push_back(std::move(term));
    }
  }
  fold_numbers(flat);
  if (flat.empty()) return number(0);
  // What is added comes before what is subtracted: ŷ − y, not −y + ŷ.
  const auto is_added = [](const Expr& x) {
    return !x.is(Kind::negative) && !(x.is(Kind::number) && x->value < 0);
  };
  const auto first = std::find_if(flat.begin(), flat.end(), is_added);
  if (first != flat.end()) std::rotate(flat.begin(), first, first + 1);
  return flat.size() == 1 ? flat[0] : make(Kind::sum, std::move(flat));
}

Expr product(std::vector<Expr> factors) { return joined(Kind::product, std::move(factors)); }
Expr hadamard(std::vector<Expr> factors) { return joined(Kind::hadamard, std::move(factors)); }

Expr quotient(Expr top, Expr bottom) {
  std::vector<Expr> parts = {std::move(top), std::move(bottom)};
  const bool minus = take_sign(parts);
  Expr result = parts[1].is_number(1) ? parts[0] : make(Kind::quotient, std::move(parts));
  return minus ? negative(std::move(result)) : result;
}

Expr power(Expr base, Expr exponent) {
  if (exponent.is_number(1)) return base;
  return make(Kind::power, {std::move(base), std::move(exponent)});
}

Expr negative(Expr x) {
  if (x.is(Kind::negative)) return x[0];
  if (x.is(Kind::number)) return number(-x->value);
  return make(Kind::negative, {std::move(x)});
}

Expr transpose(Expr x) {
  if (x.is(Kind::transpose)) return x[0];
  if (x.is(Kind::number)) return x;
  if (x.is(Kind::negative)) return negative(transpose(x[0]));
  if (x.is(Kind::product)) {
    // Numbers stay in front.
    std::vector<Expr> reversed;
    for (const Expr& part : x->parts) {
      if (part.is(Kind::number)) reversed.push_back(part);
    }
    for (const Expr& part : std::ranges::reverse_view(x->parts)) {
      if (!part.is(Kind::number)) reversed.push_back(transpose(part));
    }
    return make(Kind::product, std::move(reversed));
  }
  if (x.is(Kind::call) && x->word == "diag") return x;
  return make(Kind::transpose, {std::move(x)});
}

Expr call(std::string_view function, std::vector<Expr> arguments,
          std::vector<std::string> keywords) {
  Expr::Node node;
  node.kind = Kind::call;
  node.word = function;
  node.words = std::move(keywords);
  node.parts = std::move(arguments);
  return Expr(std::move(node));
}

Expr call_along(std::string_view function, Expr x, const std::vector<int>& axes,
                const std::vector<int>& usual) {
  if (axes == usual) return call(function, {std::move(x)});
  std::vector<Expr> numbers;
  for (int axis : axes) numbers.push_back(number(axis));
  Expr which = numbers.size() == 1 ? numbers[0] : list(numbers);
  return call(function, {std::move(x), which}, {"axis"});
}

Expr big(std::string_view operation, Expr body, std::vector<Expr> bound) {
  bound.insert(bound.begin(), std::move(body));
  return make(Kind::big, operation, std::move(bound));
}

Expr range(Expr index, Expr extent) {
  return make(Kind::range, {std::move(index), std::move(extent)});
}

Expr bracket(Expr condition) { return make(Kind::bracket, {std::move(condition)}); }

Expr comparison(Expr left, std::string_view op, Expr right) {
  if (left.is(Kind::number) && !right.is(Kind::number)) {
    static constexpr std::pair<std::string_view, std::string_view> mirrored[] = {
        {"<", ">"}, {">", "<"}, {"≤", "≥"}, {"≥", "≤"}};
    for (const auto& [sign, other] : mirrored) {
      if (sign == op) return comparison(std::move(right), other, std::move(left));
    }
  }
  return make(Kind::comparison, op, {std::move(left), std::move(right)});
}

Expr logic(std::string_view op, std::vector<Expr> parts) {
  return make(Kind::logic, op, std::move(parts));
}

Expr negation(Expr condition) {
  if (condition.is(Kind::logic) && condition->word == "not") return condition[0];
  if (condition.is(Kind::comparison)) {
    static constexpr std::pair<std::string_view, std::string_view> opposite[] = {
        {"<", "≥"}, {"≥", "<"}, {">", "≤"}, {"≤", ">"}, {"=", "≠"}, {"≠", "="}};
    for (const auto& [op, other] : opposite) {
      if (op == condition->word) return comparison(condition[0], other, condition[1]);
    }
  }
  return logic("not", {std::move(condition)});
}

Expr choice(Expr condition, Expr then, Expr otherwise) {
  return make(Kind::choice, {std::move(condition), std::move(then), std::move(otherwise)});
}

Expr norm(Expr x) { return make(Kind::norm, {std::move(x)}); }
Expr absolute(Expr x) { return make(Kind::absolute, {std::move(x)}); }
Expr list(std::vector<Expr> parts) { return make(Kind::list, std::move(parts)); }

Expr slice(Expr first, Expr last, Expr stride) {
  return make(Kind::slice, {std::move(first), std::move(last), std::move(stride)});
}

namespace {

// A term as a number times what is left.
struct Multiple {
  double number = 1;
  Expr of;
};

Multiple multiple(const Expr& term) {
  if (term.is(Kind::negative)) {
    const Multiple inner = multiple(term[0]);
    return {-inner.number, inner.of};
  }
  if (term.is(Kind::product) && term[0].is(Kind::number)) {
    return {term[0]->value, product({term->parts.begin() + 1, term->parts.end()})};
  }
  return {1, term};
}

Expr collected_sum(const std::vector<Expr>& terms) {
  std::vector<Multiple> multiples;
  for (const Expr& term : terms) {
    const Multiple next = multiple(term);
    const auto like = std::find_if(multiples.begin(), multiples.end(), [&](const Multiple& other) {
      return other.of == next.of && !next.of.is(Kind::number);
    });
    if (like == multiples.end()) {
      multiples.push_back(next);
    } else {
      like->number += next.number;
    }
  }
  if (multiples.size() == terms.size()) return sum(terms);
  std::vector<Expr> parts;
  for (const auto& [times, of] : multiples) {
    if (times != 0) parts.push_back(product({number(times), of}));
  }
  return sum(std::move(parts));
}

}  // namespace

Expr collected(const Expr& x) {
  Expr::Node node = *x.operator->();
  for (Expr& part : node.parts) {
    if (part.valid()) part = collected(part);
  }
  if (x.is(Kind::sum)) return collected_sum(node.parts);
  if (x.is(Kind::negative)) return negative(node.parts[0]);
  if (x.is(Kind::product) && !(node.parts == x->parts)) {
    double number_of = 1;
    std::erase_if(node.parts, [&](Expr& part) {
      const Multiple inner = multiple(part);
      number_of *= part.is(Kind::number) ? part->value : inner.number;
      part = inner.of;
      return part.is(Kind::number);
    });
    node.parts.insert(node.parts.begin(), number(number_of));
    return product(std::move(node.parts));
  }
  return node.parts == x->parts ? x : Expr(std::move(node));
}

Expr colon() { return slice({}, {}, {}); }

Expr derivative(Expr of, Expr by) { return make(Kind::derivative, {std::move(of), std::move(by)}); }

int symbols(const Expr& x) {
  switch (x->kind) {
    case Kind::number:
      return x->value < 0 ? 2 : 1;
    case Kind::name:
    case Kind::derivative:
      return 1;
    case Kind::entry: {
      int total = x[0].is(Kind::name) ? 1 : symbols(x[0]) + 1;
      for (size_t k = 1; k < x->parts.size(); ++k) total += symbols_of_index(x[k]);
      return total;
    }
    case Kind::sum: {
      int total = symbols_of_parts(x) + static_cast<int>(x->parts.size()) - 1;
      for (size_t k = 1; k < x->parts.size(); ++k) total -= x[k].is(Kind::negative) ? 1 : 0;
      return total;
    }
    case Kind::product:
    case Kind::hadamard:
    case Kind::logic:
      return symbols_of_parts(x) + std::max(1, static_cast<int>(x->parts.size()) - 1);
    case Kind::power:
      return symbols(x[0]) + (x[1].is(Kind::number) ? 1 : 1 + symbols(x[1]));
    case Kind::big:
      return symbols(x[0]) + 1;
    case Kind::bracket:
    case Kind::list:
      return symbols_of_parts(x);
    case Kind::quotient:
    case Kind::negative:
    case Kind::transpose:
    case Kind::call:
    case Kind::comparison:
    case Kind::choice:
    case Kind::norm:
    case Kind::absolute:
      return symbols_of_parts(x) + 1;
    case Kind::slice:
    case Kind::range:
      return 0;
  }
  return 0;
}

}  // namespace gradus::formula
