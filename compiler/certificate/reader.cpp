#include "compiler/certificate/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "compiler/certificate/letters.h"

namespace gradus::certificate {

using formula::Expr;
using formula::Kind;

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Expr ones() { return formula::word("1"); }

// The functions whose word may stand for what they do over indices: `max_{k in 0..3} x[k]`.
constexpr std::array<std::string_view, 7> over_indices = {"max", "min",    "any",   "all",
                                                          "sum", "argmax", "argmin"};

}  // namespace

void Reader::skip_spaces() {
  while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
}

bool Reader::next_is(std::string_view sign) {
  std::string_view ahead = rest_;
  while (!ahead.empty() && ahead[0] == ' ') ahead.remove_prefix(1);
  return ahead.starts_with(sign);
}

bool Reader::take(std::string_view sign) {
  if (!next_is(sign)) return false;
  skip_spaces();
  rest_.remove_prefix(sign.size());
  return true;
}

bool Reader::take_touching(std::string_view sign) {
  if (!touches(sign)) return false;
  rest_.remove_prefix(sign.size());
  return true;
}

bool Reader::next_is_word(std::string_view word) {
  std::string_view ahead = rest_;
  while (!ahead.empty() && ahead[0] == ' ') ahead.remove_prefix(1);
  if (!ahead.starts_with(word)) return false;
  ahead.remove_prefix(word.size());
  return !continues_name(first_letter(ahead));
}

bool Reader::take_word(std::string_view word) { return next_is_word(word) && take(word); }

void Reader::expect(std::string_view sign) {
  if (!take(sign)) fail(fmt::format("no `{}`", sign));
}

void Reader::fail(const std::string& what) const {
  if (rest_.empty()) throw Unreadable(what + " at the end");
  constexpr size_t shown = 40;
  size_t end = 0;
  while (end < std::min(shown, rest_.size())) end += first_letter(rest_.substr(end)).size();
  throw Unreadable(fmt::format("{} before `{}`", what, rest_.substr(0, end)));
}

Expr Reader::formula() {
  const Expr all = choice();
  skip_spaces();
  if (!rest_.empty()) fail("nothing that goes on");
  return all;
}

formula::Equation Reader::equation() {
  formula::Equation read;
  skip_spaces();
  read.left = postfix();
  while (take("=")) read.right.push_back(choice());
  if (read.right.empty()) fail("no `=`");
  if (next_is(",")) read.rounds = rounds();
  skip_spaces();
  if (!rest_.empty()) fail("nothing that goes on");
  return read;
}

std::vector<Expr> Reader::rounds() {
  expect(",");
  skip_spaces();
  const Expr index = formula::word(take_name());
  expect("=");
  const Expr first = sum();
  expect(",");
  expect("…");
  expect(",");
  return {index, first, sum()};
}

Expr Reader::choice() {
  if (!take_word("if")) return disjunction();
  const Expr condition = disjunction();
  if (!take_word("then")) fail("no `then`");
  const Expr then = disjunction();
  if (!take_word("else")) fail("no `else`");
  return formula::choice(condition, then, choice());
}

Expr Reader::disjunction() {
  std::vector<Expr> parts = {conjunction()};
  while (take_word("or")) parts.push_back(conjunction());
  return parts.size() == 1 ? parts[0] : formula::logic("or", parts);
}

Expr Reader::conjunction() {
  std::vector<Expr> parts = {negation()};
  while (take_word("and")) parts.push_back(negation());
  return parts.size() == 1 ? parts[0] : formula::logic("and", parts);
}

Expr Reader::negation() {
  return take_word("not") ? formula::logic("not", {comparison()}) : comparison();
}

Expr Reader::comparison() {
  Expr left = sum();
  for (std::string_view sign : {" < ", " ≤ ", " > ", " ≥ ", " = ", " ≠ "}) {
    if (!touches(sign)) continue;
    // Of an equation, the next side.
    take(sign.substr(1));
    return formula::comparison(left, sign.substr(1, sign.size() - 2), sum());
  }
  return left;
}

Expr Reader::sum() {
  std::vector<Expr> terms = {term()};
  for (;;) {
    if (take("+")) {
      terms.push_back(term());
    } else if (take("−")) {
      terms.push_back(formula::negative(term()));
    } else {
      return terms.size() == 1 ? terms[0] : formula::sum(terms);
    }
  }
}

Expr Reader::term() {
  if (take("−")) return formula::negative(term());
  std::vector<Expr> parts = {product()};
  while (take("⊙")) parts.push_back(product());
  return parts.size() == 1 ? parts[0] : formula::hadamard(parts);
}

// · and / bind alike, from the left; Σ takes all that follows, up to + and −. A factor 1 is the
// vector of ones: products with the number are not written.
Expr Reader::product() {
  Expr left = factor();
  if (left.is_number(1) && next_is("·")) left = ones();
  for (;;) {
    if (take("·")) {
      Expr right = factor();
      if (right.is_number(1)) right = ones();
      left = formula::product({left, right});
    } else if (touches("(")) {
      left = formula::product({left, factor()});
    } else if (take("/")) {
      left = formula::quotient(left, power());
    } else {
      return left;
    }
  }
}

Expr Reader::factor() {
  skip_spaces();
  std::string operation;
  std::string bound;
  return take_big(operation, bound) ? big(operation, bound) : power();
}

// Σ, ∏, or the word of a function, with its indices as subscripts, if it has some.
bool Reader::take_big(std::string& operation, std::string& bound) {
  std::string_view ahead = rest_;
  const std::string_view letter = first_letter(ahead);
  const bool is_sign = letter == "Σ" || letter == "∏";
  if (is_sign) {
    operation = letter;
  } else {
    for (std::string_view word : over_indices) {
      if (ahead.starts_with(word) && word.size() > operation.size()) operation = word;
    }
    if (operation.empty()) return false;
  }
  ahead.remove_prefix(operation.size());
  size_t end = 0;
  while (continues_name(first_letter(ahead.substr(end)))) {
    end += first_letter(ahead.substr(end)).size();
  }
  bound = lifted(ahead.substr(0, end));
  const bool is_list = ahead.starts_with("_{");
  const bool stands_alone = is_sign && (end == 0 || is_list);
  if (!is_list && bound.empty() && !stands_alone) return false;
  rest_ = ahead;
  if (!is_list) rest_.remove_prefix(end);
  return true;
}

Expr Reader::big(const std::string& operation, const std::string& subscript) {
  std::vector<Expr> bound;
  if (!subscript.empty()) bound.push_back(formula::word(subscript));
  if (take_touching("_{")) {
    do bound.push_back(bound_index());
    while (take(","));
    expect("}");
  }
  return formula::big(operation, term(), std::move(bound));
}

// `k`, `k in 0..n`, and one with `≠ j` that leaves an index out.
Expr Reader::bound_index() {
  skip_spaces();
  Expr index = formula::word(take_name());
  if (take_word("in")) {
    expect("0..");
    index = formula::range(index, sum());
  }
  return take("≠") ? formula::comparison(index, "≠", sum()) : index;
}

Expr Reader::power() {
  const Expr base = postfix();
  const std::string exponent = take_superscripts(rest_);
  if (!exponent.empty()) {
    const size_t stroke = exponent.find('/');
    double value = std::stod(exponent);
    if (stroke != std::string::npos) value /= std::stod(exponent.substr(stroke + 1));
    return formula::power(base, formula::number(value));
  }
  return take_touching("^") ? formula::power(base, atom()) : base;
}

Expr Reader::postfix() {
  Expr x = atom();
  for (;;) {
    const bool is_one = x.is_number(1);
    if (touches("⁻¹") && !touches("⁻¹ᐟ") && !x.is(Kind::number)) {
      take_touching("⁻¹");
      x = formula::call("inv", {x});
    } else if (take_touching("⁻ᵀ")) {
      x = formula::transpose(formula::call("inv", {x}));
    } else if (take_touching("ᵀ")) {
      x = formula::transpose(is_one ? ones() : x);
    } else if (take_touching("[")) {
      x = formula::entry(x, indices());
    } else {
      return x;
    }
  }
}

std::vector<Expr> Reader::indices() {
  const bool outside = std::exchange(in_argument_, false);
  std::vector<Expr> all;
  do all.push_back(index());
  while (take(","));
  expect("]");
  in_argument_ = outside;
  return all;
}

// A place, or `first:last:stride`; on the left side also with its range, `k in 0..n`.
Expr Reader::index() {
  Expr first;
  if (!next_is(":")) {
    first = choice();
    if (take_word("in")) {
      expect("0..");
      return formula::range(first, sum());
    }
  }
  if (!take(":")) return first;
  Expr last;
  Expr stride;
  if (!next_is(":") && !next_is(",") && !next_is("]")) last = sum();
  if (take(":")) stride = sum();
  return formula::slice(first, last, stride);
}

Expr Reader::atom() {
  skip_spaces();
  if (take("(")) {
    const bool outside = std::exchange(in_argument_, false);
    const Expr inner = choice();
    expect(")");
    in_argument_ = outside;
    return inner;
  }
  if (take("[")) return in_brackets();
  if (take("√")) return formula::call("sqrt", {atom()});
  if (take("‖")) {
    const Expr inner = choice();
    expect("‖");
    return formula::norm(inner);
  }
  if (take("|")) {
    const Expr inner = choice();
    expect("|");
    return formula::absolute(inner);
  }
  if (take("∞")) return formula::number(std::numeric_limits<double>::infinity());
  if (touches("∂")) return derivative();
  if (!rest_.empty() && is_digit(rest_[0])) return number();
  if (!starts_name(first_letter(rest_))) fail("no name and no number");
  return named();
}

// A condition, or the entries of a list.
Expr Reader::in_brackets() {
  const bool is_argument = std::exchange(in_argument_, false);
  if (take("]")) return formula::list({});
  std::vector<Expr> parts;
  do parts.push_back(choice());
  while (take(","));
  expect("]");
  const bool is_list = parts.size() > 1 || (is_argument && !parts[0].is_condition());
  return is_list ? formula::list(std::move(parts)) : formula::bracket(parts[0]);
}

Expr Reader::number() {
  double value = 0;
  size_t size = 0;
  const auto digits = [&] {
    while (size < rest_.size() && is_digit(rest_[size])) ++size;
  };
  digits();
  // 0..n is no number with a point.
  if (size + 1 < rest_.size() && rest_[size] == '.' && is_digit(rest_[size + 1])) {
    ++size;
    digits();
  }
  if (size + 1 < rest_.size() && rest_[size] == 'e' &&
      (is_digit(rest_[size + 1]) || rest_[size + 1] == '-')) {
    size += 2;
    digits();
  }
  const std::string digits_read(rest_.substr(0, size));
  std::from_chars(digits_read.data(), digits_read.data() + size, value);
  rest_.remove_prefix(size);
  return formula::number(value);
}

Expr Reader::derivative() {
  expect("∂");
  const Expr of = formula::word(take_name());
  expect("/∂");
  return formula::derivative(of, formula::word(take_name()));
}

// The longest run of letters that is a name, dotted names and those with a round within, `y[0].h`
// or `y[l + 1].h`, included. One that ends in a round, `y[0]`, is one where it is known.
std::string_view Reader::take_name() {
  size_t end = 0;
  for (;;) {
    while (continues_name(first_letter(rest_.substr(end)))) {
      end += first_letter(rest_.substr(end)).size();
    }
    size_t next = end;
    if (next < rest_.size() && rest_[next] == '[') {
      next = rest_.find(']', end);
      if (next == std::string_view::npos) break;
      ++next;
      if (known_.contains(rest_.substr(0, next))) end = next;
    }
    if (next >= rest_.size() || rest_[next] != '.') break;
    if (!starts_name(first_letter(rest_.substr(next + 1)))) break;
    end = next + 1;
  }
  if (end == 0) fail("no name");
  const std::string_view name = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return name;
}

Expr Reader::named() {
  const std::string_view name = take_name();
  if (!touches("(")) return name_or_round(name);
  const bool is_name = known_.contains(name) || name.find('[') != std::string_view::npos;
  if (is_name && complement_follows(formula::word(name))) return formula::word(name);
  take_touching("(");
  return call(std::string(name));
}

// u(1 − u) is a product.
bool Reader::complement_follows(const Expr& name) {
  return rest_.starts_with("(1 − " + text(name->symbol) + ")");
}

// A known name, or one with a round as its subscript.
Expr Reader::name_or_round(std::string_view name) {
  const size_t at = known_.contains(name) ? 0 : round_begin(name, known_);
  if (at == 0) return formula::word(name);
  return formula::entry(formula::word(name.substr(0, at)), {place(lifted(name.substr(at)))});
}

// `t+1` as a sum.
Expr Reader::place(const std::string& spelt) {
  std::string spaced;
  for (const char c : spelt) {
    if (c == '+') {
      spaced += " + ";
    } else if (c == '-') {
      spaced += " − ";
    } else {
      spaced += c;
    }
  }
  return Reader(spaced, known_).formula();
}

Expr Reader::call(const std::string& function) {
  const bool outside = std::exchange(in_argument_, true);
  std::vector<Expr> arguments;
  std::vector<std::string> keywords;
  do {
    in_argument_ = true;
    arguments.push_back(argument(keywords, arguments.empty()));
  } while (take(","));
  expect(")");
  in_argument_ = outside;
  return formula::call(function, std::move(arguments), std::move(keywords));
}

Expr Reader::argument(std::vector<std::string>& keywords, bool is_first) {
  for (std::string_view keyword : {"axis", "value"}) {
    if (is_first || !next_is(std::string(keyword) + " = ")) continue;
    take(keyword);
    expect("=");
    keywords.emplace_back(keyword);
  }
  return choice();
}

namespace {

// The index of the rounds that a line is about; empty where it is about none.
std::string_view round_index(std::string_view line) {
  const size_t dots = line.rfind(", …, ");
  if (dots == std::string_view::npos) return {};
  const size_t equals = line.rfind(" = ", dots);
  const size_t comma = line.rfind(", ", equals);
  return line.substr(comma + 2, equals - comma - 2);
}

// Where the indices behind a name begin; rounds of repeated layers, `y[0].h`, belong to the name.
size_t name_end(std::string_view left) {
  size_t at = left.find('[');
  while (at != std::string_view::npos) {
    const size_t close = left.find(']', at);
    if (close == std::string_view::npos || close + 1 >= left.size() || left[close + 1] != '.') {
      return at;
    }
    at = left.find('[', close);
  }
  return left.size();
}

}  // namespace

size_t round_begin(std::string_view name, const Known& known) {
  const size_t begin = subscripts_begin(name);
  for (size_t at = name.size(); at > begin;) {
    do --at;
    while ((name[at] & 0xC0) == 0x80);
    if (!known.contains(name.substr(0, at))) continue;
    // A number behind a number is part of it: u₁₁ is no round of u₁.
    const std::string before = lifted(name.substr(begin, at - begin));
    const std::string spelt = lifted(name.substr(at));
    const bool runs_together = !before.empty() && is_digit(before.back()) && is_digit(spelt[0]);
    if (!runs_together) return at;
  }
  return 0;
}

std::string defined_name(std::string_view line) {
  std::string_view left = line.substr(0, line.find(" = "));
  left = left.substr(0, name_end(left));
  const std::string_view index = round_index(line);
  const size_t begin = subscripts_begin(left);
  const std::string spelt = lifted(left.substr(begin));
  const size_t round = index.empty() ? std::string::npos : spelt.rfind(index);
  if (round == std::string::npos) return std::string(left);
  // The letters of a subscript are one character each.
  size_t at = begin;
  for (size_t k = 0; k < round; ++k) at += first_letter(left.substr(at)).size();
  return std::string(left.substr(0, at));
}

}  // namespace gradus::certificate
