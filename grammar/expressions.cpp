#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "grammar/recursive_descent.h"

namespace gradus::syntax {
namespace {

// How tightly operators bind; `^` and what binds tighter have functions of their own.
enum Power : int {
  loosest = 1,
  conjunction = 2,
  negation = 3,
  comparison = 4,
  sum = 5,
  product = 6
};

struct Infix {
  Token token;
  BinaryOp op;
  Power power;
};
constexpr Infix infixes[] = {
    {Token::kw_or, BinaryOp::logical_or, loosest},
    {Token::kw_and, BinaryOp::logical_and, conjunction},
    {Token::less, BinaryOp::less, comparison},
    {Token::less_equal, BinaryOp::less_equal, comparison},
    {Token::greater, BinaryOp::greater, comparison},
    {Token::greater_equal, BinaryOp::greater_equal, comparison},
    {Token::equal, BinaryOp::equal, comparison},
    {Token::not_equal, BinaryOp::not_equal, comparison},
    {Token::plus, BinaryOp::add, sum},
    {Token::minus, BinaryOp::subtract, sum},
    {Token::star, BinaryOp::multiply, product},
    {Token::slash, BinaryOp::divide, product},
    {Token::at, BinaryOp::matmul, product},
};

const Infix* infix(Token token) {
  const Infix* found = std::find_if(std::begin(infixes), std::end(infixes),
                                    [&](const Infix& each) { return each.token == token; });
  return found == std::end(infixes) ? nullptr : found;
}

Reducer reducer(Token token) {
  return static_cast<Reducer>(static_cast<int>(token) - static_cast<int>(Token::kw_sum));
}
static_assert(static_cast<int>(Token::kw_logsumexp) - static_cast<int>(Token::kw_sum) ==
              static_cast<int>(Reducer::logsumexp));

int height(const ExprPtr& expr) { return expr ? expr->height : 0; }

template <typename List, typename Part>
int highest(const List& list, Part part) {
  int result = 0;
  for (const auto& each : list) result = std::max(result, height(part(each)));
  return result;
}

}  // namespace

ExprPtr Parser::make(uint32_t begin, decltype(Expr::what) what, int below) {
  if (below >= max_height) fail(nested_too_deeply(stream_.lexeme_before().span, max_height));
  auto result = std::make_unique<Expr>();
  result->what = std::move(what);
  result->span = from(begin);
  result->height = below + 1;
  expression_end_ = result->span.end;
  highest_ = std::max(highest_, result->height);
  return result;
}

ExprPtr Parser::expr() {
  if (is(Token::kw_if)) return conditional();
  return binary(loosest);
}

ExprPtr Parser::range_bound() { return binary(sum); }

ExprPtr Parser::conditional() {
  const Level level(*this);
  const Span keyword = span();
  If result;
  stream_.next();
  result.condition = expr();
  if (!is(Token::kw_then)) incomplete(keyword, Token::kw_then);
  stream_.next();
  result.yes = expr();
  if (!is(Token::kw_else)) incomplete(keyword, Token::kw_else);
  stream_.next();
  result.no = expr();
  const int below = std::max({result.condition->height, result.yes->height, result.no->height});
  return make(keyword.begin, std::move(result), below);
}

// At what stands in place of the `then` or `else` of an `if`.
void Parser::incomplete(Span keyword, Token missing) {
  if (is(Token::equals) || is(Token::arrow)) unexpected(description(missing));
  const bool bracket = is(Token::rbracket) || is(Token::rbrace);
  if (bracket || stream_.restarts(statement_)) {
    unexpected(description(missing),
               missing == Token::kw_else && is(Token::newline)
                   ? "an `if` is a value, so it needs one for both cases: `if c then a else b`"
                   : "");
  }
  fail(incomplete_if(keyword, here(), missing));
}

// Operators that bind at least as tightly as `least`, by binding powers.
ExprPtr Parser::binary(int least) {
  const Level level(*this);
  const uint32_t begin = span().begin;
  ExprPtr left = prefix(least);
  for (const Infix* found = infix(token()); found && found->power >= least;
       found = infix(token())) {
    const Span op = span();
    stream_.next();
    ExprPtr right = found->power == product && at_reduction() ? reduction()
                    : found->power == product                 ? factor()
                                                              : binary(found->power + 1);
    const int below = std::max(height(left), height(right));
    left = make(begin, Binary{found->op, op, std::move(left), std::move(right)}, below);
    const Infix* next = infix(token());
    if (found->power == comparison && next && next->power == comparison) {
      const Binary& compared = std::get<Binary>(left->what);
      fail(chained_comparison(op, span(), stream_.text(compared.right->span)));
    }
  }
  return left;
}

ExprPtr Parser::prefix(int least) {
  if (is(Token::kw_not) && least <= negation) {
    const Span op = span();
    stream_.next();
    ExprPtr operand = binary(negation);
    const int below = height(operand);
    return make(op.begin, Unary{UnaryOp::logical_not, op, std::move(operand)}, below);
  }
  return at_reduction() ? reduction() : factor();
}

// Whether `sum[` and the like stand here, after any number of `-`.
bool Parser::at_reduction() const {
  size_t minuses = 0;
  while (stream_.ahead(minuses) == Token::minus) ++minuses;
  return is_reducer(stream_.ahead(minuses)) && stream_.ahead(minuses + 1) == Token::lbracket;
}

ExprPtr Parser::reduction() {
  const Level level(*this);
  const Found found = here();
  stream_.next();
  if (found.token == Token::minus) {
    ExprPtr operand = reduction();
    const int below = height(operand);
    return make(found.span.begin, Unary{UnaryOp::negate, found.span, std::move(operand)}, below);
  }
  Reduction result{reducer(found.token), found.span, {}, nullptr};
  expect(Token::lbracket);
  do {
    if (is(Token::number) || is(Token::colon)) {
      unexpected("the name of an index",
                 "`sum[i] x[i]` sums over an index; an axis is folded by "
                 "`sum(x, axis = 0)`");
    }
    result.indices.push_back(name("an index"));
  } while (accept(Token::comma));
  expect(Token::rbracket, "`,` or `]`");
  result.body = binary(product);
  const int below = height(result.body);
  return make(found.span.begin, std::move(result), below);
}

ExprPtr Parser::factor() {
  if (!is(Token::minus)) return power();
  const Level level(*this);
  const Span op = span();
  stream_.next();
  ExprPtr operand = factor();
  const int below = height(operand);
  return make(op.begin, Unary{UnaryOp::negate, op, std::move(operand)}, below);
}

ExprPtr Parser::power() {
  const uint32_t begin = span().begin;
  if (is_reducer(token()) && stream_.ahead() != Token::lparen) {
    if (stream_.ahead() == Token::lbracket) fail(needs_parentheses(here()));
    const std::string_view word = stream_.text();
    stream_.next();
    return make(begin, Use{std::string(word)}, 0);
  }
  ExprPtr base = postfix();
  if (!is(Token::caret)) return base;
  const Level level(*this);
  const Span op = span();
  stream_.next();
  ExprPtr exponent = factor();
  const int below = std::max(height(base), height(exponent));
  return make(begin, Binary{BinaryOp::power, op, std::move(base), std::move(exponent)}, below);
}

ExprPtr Parser::postfix() {
  const uint32_t begin = span().begin;
  ExprPtr result = atom();
  while (true) {
    const Span mark = span();
    if (is(Token::lparen)) {
      result = call(begin, std::move(result));
    } else if (is(Token::lbracket)) {
      result = subscript(begin, std::move(result));
    } else if (accept(Token::quote)) {
      const int below = height(result);
      result = make(begin, Unary{UnaryOp::transpose, mark, std::move(result)}, below);
    } else if (accept(Token::dot)) {
      if (is_reducer(token())) {
        unexpected(
            "a part of a layer",
            fmt::format("a function stands before what it is applied to: `{}(x)`", stream_.text()));
      }
      if (is(Token::lparen)) {
        unexpected("a part of a layer",
                   "functions of numbers are applied entry by entry as they "
                   "are, without a `.`");
      }
      Name member = name("a part of a layer");
      const int below = height(result);
      result = make(begin, Member{std::move(result), std::move(member)}, below);
    } else {
      return result;
    }
  }
}

ExprPtr Parser::call(uint32_t begin, ExprPtr function) {
  const uint32_t open = span().begin;
  Call result{std::move(function), {}, {}};
  stream_.next();
  while (!is(Token::rparen)) {
    result.arguments.push_back(argument());
    if (!accept(Token::comma)) break;
  }
  expect(Token::rparen, "`,` or `)`");
  result.parentheses = from(open);
  const int below =
      std::max(height(result.function),
               highest(result.arguments, [](const Argument& each) -> auto& { return each.value; }));
  return make(begin, std::move(result), below);
}

Argument Parser::argument() {
  const Found found = here();
  Argument result;
  if (stream_.ahead() == Token::equals && reserved_word(found.text) && !is_reducer(found.token)) {
    refuse(found, "an argument", false);
  }
  if ((is(Token::name) || is_reducer(token())) && stream_.ahead() == Token::equals) {
    result.keyword = Name{std::string(found.text), found.span};
    stream_.next();
    stream_.next();
  }
  result.value = expr();
  result.span = from(found.span.begin);
  return result;
}

ExprPtr Parser::subscript(uint32_t begin, ExprPtr of) {
  const uint32_t open = span().begin;
  Subscript result{std::move(of), {}, {}};
  int below = height(result.of);
  stream_.next();
  do {
    if (is(Token::rbracket) && !result.items.empty()) break;
    result.items.push_back(item());
    below = std::max(below, highest_in(result.items.back()));
  } while (accept(Token::comma));
  expect(Token::rbracket, "`,` or `]`");
  result.brackets = from(open);
  return make(begin, std::move(result), below);
}

int Parser::highest_in(const Item& item) {
  return std::visit(
      Overloaded{[](const ExprPtr& value) { return height(value); },
                 [](const Slice& slice) {
                   return std::max({height(slice.low), height(slice.high), height(slice.step)});
                 },
                 [](NewAxis) { return 0; }, [](Rest) { return 0; }},
      item.what);
}

Item Parser::item() {
  const uint32_t begin = span().begin;
  const auto bound = [&]() -> ExprPtr {
    const bool none = is(Token::colon) || is(Token::comma) || is(Token::rbracket);
    return none ? nullptr : expr();
  };
  Item result;
  if (accept(Token::kw_new)) {
    result.what = NewAxis{};
  } else if (accept(Token::dots)) {
    result.what = Rest{};
  } else {
    ExprPtr low = is(Token::colon) ? nullptr : expr();
    if (accept(Token::colon)) {
      Slice slice{std::move(low), bound(), nullptr};
      if (accept(Token::colon)) slice.step = bound();
      result.what = std::move(slice);
    } else {
      if (is(Token::dots)) unexpected("`,` or `]`", "a slice is written with `:`, as in `x[0:10]`");
      result.what = std::move(low);
    }
  }
  result.span = from(begin);
  return result;
}

ExprPtr Parser::atom() {
  const Found found = here();
  const uint32_t begin = found.span.begin;
  switch (found.token) {
    case Token::number:
      return number();
    case Token::string:
      stream_.next();
      return make(begin, Text{unquoted(found.text)}, 0);
    case Token::kw_true:
    case Token::kw_false:
      stream_.next();
      return make(begin, Truth{found.token == Token::kw_true}, 0);
    case Token::name:
    case Token::kw_sum:
    case Token::kw_prod:
    case Token::kw_max:
    case Token::kw_min:
    case Token::kw_mean:
    case Token::kw_logsumexp:
      stream_.next();
      return make(begin, Use{std::string(found.text)}, 0);
    case Token::lparen: {
      stream_.next();
      ExprPtr inner = expr();
      if (is(Token::comma)) unexpected("`)`", "a list is written in brackets: `[a, b]`");
      expect(Token::rparen, "an operator or `)`");
      inner->span = from(begin);
      expression_end_ = inner->span.end;
      return inner;
    }
    case Token::lbracket:
      return list();
    case Token::kw_scan:
      return scan();
    case Token::kw_repeat:
      return repeat();
    case Token::kw_if:
    case Token::kw_not:
      fail(needs_parentheses(found));
    default:
      unexpected("an expression");
  }
}

ExprPtr Parser::number() {
  const std::string_view digits = stream_.text();
  const uint32_t begin = span().begin;
  Number result;
  // What is too small is 0; what is too large was refused by the lexer.
  std::from_chars(digits.data(), digits.data() + digits.size(), result.value);
  result.integer = digits.find_first_of(".eE") == digits.npos;
  stream_.next();
  return make(begin, result, 0);
}

ExprPtr Parser::list() {
  const uint32_t begin = span().begin;
  List result;
  stream_.next();
  while (!is(Token::rbracket)) {
    result.entries.push_back(expr());
    if (!accept(Token::comma)) break;
  }
  expect(Token::rbracket, "`,` or `]`");
  const int below = highest(result.entries, [](const ExprPtr& each) -> auto& { return each; });
  return make(begin, std::move(result), below);
}

ExprPtr Parser::scan() {
  const int outer = std::exchange(highest_, 0);
  Scan result;
  result.keyword = span();
  stream_.next();
  expect(Token::lparen);
  do {
    result.walks.push_back(walk());
  } while (accept(Token::comma));
  result.carries = carries();
  result.body = block("a scan");
  const int below = std::exchange(highest_, std::max(outer, highest_));
  const uint32_t begin = result.keyword.begin;
  return make(begin, std::move(result), below);
}

Walk Parser::walk() {
  const uint32_t begin = span().begin;
  Walk result;
  result.name = name("an element of the sequence");
  expect(Token::kw_in);
  result.sequence = expr();
  result.reverse = accept(Token::kw_reverse);
  if (!is(Token::kw_over)) {
    unexpected("`over`", "a scan says along which axis it walks: `xt in x over time`");
  }
  stream_.next();
  if (is(Token::name) && stream_.text() == "axis" && stream_.ahead() == Token::equals) {
    stream_.next();
    stream_.next();
    result.axis = expr();
  } else {
    result.dimension = name("a dimension");
  }
  result.span = from(begin);
  return result;
}

ExprPtr Parser::repeat() {
  const int outer = std::exchange(highest_, 0);
  Repeat result;
  result.keyword = span();
  stream_.next();
  expect(Token::lparen);
  result.rounds = range();
  result.carries = carries();
  result.steps = steps("a repeat");
  const int below = std::exchange(highest_, std::max(outer, highest_));
  const uint32_t begin = result.keyword.begin;
  return make(begin, std::move(result), below);
}

// From the `;` to the closing parenthesis of a scan or repeat.
std::vector<Carry> Parser::carries() {
  std::vector<Carry> result;
  if (!accept(Token::semicolon)) {
    unexpected("`;`", is(Token::rparen) ? "what is carried from round to round comes after `;`: "
                                          "`; h = zeros([n])`"
                                        : "");
  }
  do {
    const uint32_t begin = span().begin;
    Carry carry;
    carry.name = name("a carried value");
    expect(Token::equals);
    carry.start = expr();
    carry.span = from(begin);
    result.push_back(std::move(carry));
  } while (accept(Token::comma));
  expect(Token::rparen, "`,` or `)`");
  return result;
}

}  // namespace gradus::syntax
