#include <fmt/format.h>

#include <algorithm>

#include "grammar/recursive_descent.h"

namespace gradus::syntax {
namespace {

constexpr std::string_view last_line_advice = "only a block's last line is an expression alone";

std::string_view leading_word(std::string_view text) {
  const auto* end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return text.substr(0, static_cast<size_t>(end - text.begin()));
}

}  // namespace

std::optional<Type> Parser::optional_type() {
  if (!accept(Token::colon)) return std::nullopt;
  return type();
}

Type Parser::type() {
  const uint32_t begin = span().begin;
  Type result;
  bool element = true;
  if (accept(Token::kw_index)) {
    result.element = Element::index;
    if (!is(Token::lparen)) unexpected("`(`", "an index says its bound: `index(10)`");
    stream_.next();
    result.bound = expr();
    expect(Token::rparen);
  } else if (accept(Token::kw_bool)) {
    result.element = Element::boolean;
  } else {
    element = accept(Token::kw_real);
  }
  if (is(Token::lbracket)) {
    result.shape = shape();
  } else if (!element) {
    const std::string_view foreign = foreign_type_advice(stream_.text());
    unexpected("a type", !foreign.empty() ? foreign
                         : is(Token::lparen)
                             ? "a shape stands in brackets: `[batch, 784]`"
                             : "a type is `real`, `bool` or `index(n)` and a shape, or a "
                               "shape alone: `[batch, 784]`");
  }
  result.span = from(begin);
  return result;
}

std::vector<Dimension> Parser::shape() {
  std::vector<Dimension> result;
  expect(Token::lbracket);
  while (!is(Token::rbracket)) {
    Dimension dimension;
    const uint32_t begin = span().begin;
    if (!accept(Token::dots)) dimension.size = expr();
    dimension.span = from(begin);
    result.push_back(std::move(dimension));
    if (!accept(Token::comma)) break;
  }
  expect(Token::rbracket, "`,` or `]`");
  return result;
}

std::vector<Range> Parser::where() {
  std::vector<Range> result;
  if (!accept(Token::kw_where)) return result;
  do {
    result.push_back(range());
  } while (accept(Token::comma));
  return result;
}

Range Parser::range() {
  const uint32_t begin = span().begin;
  Range result;
  result.index = name("an index");
  expect(Token::kw_in);
  result.low = range_bound();
  if (!is(Token::dots)) {
    const bool no_range = is(Token::semicolon) || is(Token::rparen) || is(Token::newline);
    unexpected("`..`", is(Token::colon) ? "a range is written `0..n`; n itself is left out"
                       : no_range       ? "a range has two ends: `0..n`; n itself is left out"
                                        : "");
  }
  stream_.next();
  result.high = range_bound();
  result.span = from(begin);
  return result;
}

// Expressions with commas between: what a block yields, or the left side of a definition.
std::vector<ExprPtr> Parser::values() {
  std::vector<ExprPtr> result;
  do {
    result.push_back(expr());
  } while (accept(Token::comma));
  return result;
}

// From the `=` or `<-` on. The left side was read as expressions.
Local Parser::definition(std::vector<ExprPtr> left) {
  if (is(Token::arrow)) return assignment(std::move(left));
  const uint32_t begin = left[0]->span.begin;
  Definition result;
  const Subscript* indexed = std::get_if<Subscript>(&left[0]->what);
  if (indexed && left.size() == 1) {
    if (left[0]->span != join(indexed->of->span, indexed->brackets)) {
      fail(not_definable(left[0]->span, "in parentheses", "leave the parentheses out"));
    }
    result.names.push_back(defined_name(*indexed->of));
    result.indices = free_indices(*indexed);
  } else {
    for (const ExprPtr& each : left) result.names.push_back(defined_name(*each));
  }
  result.equals = span();
  stream_.next();
  result.value = expr();
  result.where = where();
  result.span = from(begin);
  return result;
}

Assignment Parser::assignment(std::vector<ExprPtr> left) {
  const uint32_t begin = left[0]->span.begin;
  Assignment result;
  if (left.size() > 1) {
    const Span all = join(left.front()->span, left.back()->span);
    fail(not_definable(all, "several values", "assign to one state a line"));
  }
  result.name = defined_name(*left[0]);
  result.arrow = span();
  stream_.next();
  result.value = expr();
  result.span = from(begin);
  return result;
}

// The name that an expression on a left side is.
Name Parser::defined_name(const Expr& left) {
  const Use* use = std::get_if<Use>(&left.what);
  const std::string_view written = stream_.text(left.span);
  if (use && written == use->name) {
    const std::optional<Token> word = reserved_word(use->name);
    if (word) refuse({*word, left.span, written}, "a definition");
    return {use->name, left.span};
  }
  if (use) fail(not_definable(left.span, "in parentheses", "leave the parentheses out"));
  if (std::holds_alternative<Call>(left.what)) {
    fail(not_definable(left.span, "a call",
                       "a function is defined by `fn f(x) = …`, entries by `y[i] = …`"));
  }
  if (std::holds_alternative<Member>(left.what)) {
    fail(not_definable(left.span, "a part of something else",
                       "a name has no `.` in it; parameters of layers are defined in the layer"));
  }
  if (std::holds_alternative<Subscript>(left.what)) {
    fail(not_definable(left.span, "an entry", "index notation defines one name: `z[i] = …`"));
  }
  fail(not_definable(left.span, "an expression", "a definition is `name = …`"));
}

std::vector<FreeIndex> Parser::free_indices(const Subscript& left) {
  std::vector<FreeIndex> result;
  for (const Item& item : left.items) {
    FreeIndex index{std::nullopt, item.span};
    if (const ExprPtr* value = std::get_if<ExprPtr>(&item.what)) {
      if (!std::holds_alternative<Use>((*value)->what)) {
        fail(not_definable(item.span, "not a free index",
                           "all entries are defined at once: an index on the left is a name"));
      }
      index.name = defined_name(**value);
    } else if (!std::holds_alternative<Rest>(item.what)) {
      fail(not_definable(item.span, "not a free index",
                         "all entries are defined at once: an index on the left is a name"));
    }
    result.push_back(std::move(index));
  }
  if (stream_.lexeme_before(2).token == Token::comma) {
    fail(not_definable(left.brackets, "a `,` behind the last index", "leave the `,` out"));
  }
  return result;
}

// The line is an expression, where a definition was expected.
void Parser::nothing_defined(const std::vector<ExprPtr>& values, std::string_view advice) {
  const Span all = join(values.front()->span, values.back()->span);
  const Found first{Token::name, values[0]->span, stream_.text(values[0]->span)};
  const Binary* compared = std::get_if<Binary>(&values[0]->what);
  if (compared && compared->op == BinaryOp::equal && values.size() == 1 &&
      std::holds_alternative<Use>(compared->left->what)) {
    fail(equal_in_definition(compared->op_span));
  }
  if (is(Token::name) || is(Token::number) || is(Token::lbrace) || is(Token::kw_import) ||
      std::holds_alternative<Call>(values[0]->what)) {
    const std::string_view word = leading_word(first.text);
    const std::string_view instead = foreign_statement_advice(word);
    if (!instead.empty()) {
      const uint32_t end = first.span.begin + static_cast<uint32_t>(word.size());
      fail(foreign_statement({Token::name, {first.span.file, first.span.begin, end}, word},
                             instead));
    }
  }
  if ((is(Token::name) || is(Token::lbrace) || is(Token::string)) && values.size() == 1 &&
      std::holds_alternative<Use>(values[0]->what)) {
    const std::string meant = misspelt_declaration(first.text);
    if (!meant.empty()) fail(foreign_statement(first, meant));
  }
  if (is(Token::colon)) {
    unexpected("`=`", "data are declared by `input x: [batch]`, parameters by `param`");
  }
  if (is(Token::tilde))
    unexpected("`=`", "a parameter is declared by `param W: [m, n] ~ he_normal`");
  if (!is(Token::newline) && !is(Token::end) && !is(Token::rbrace)) {
    unexpected("`=`");
  }
  fail(not_a_statement(all, advice));
}

Block Parser::body(std::string_view what) {
  if (is(Token::lbrace) || (is(Token::newline) && stream_.ahead() == Token::lbrace)) {
    return block(what);
  }
  Block result;
  const uint32_t begin = span().begin;
  if (is(Token::newline)) {
    body_is_lost_ = true;
    unexpected("`=` or `{`", "a body is one expression, `fn f(x) = …`, or lines in `{ }`");
  }
  expect(Token::equals, "`=` or `{`");
  result.results = values();
  result.where = where();
  result.span = from(begin);
  return result;
}

Block Parser::block(std::string_view what) {
  Block result;
  const uint32_t begin = span().begin;
  result.locals = lines(what, &result);
  result.span = from(begin);
  return result;
}

std::vector<Local> Parser::steps(std::string_view what) { return lines(what, nullptr); }

std::vector<Local> Parser::lines(std::string_view what, Block* results) {
  const Level level(*this);
  std::vector<Local> locals;
  bool sound = true;
  open_brace();
  if (is(Token::rbrace)) fail(empty_block(join(stream_.lexeme_before().span, span()), what));
  while (!is(Token::rbrace)) {
    if (is(Token::end)) unexpected("`}`");
    if (accept(Token::newline)) continue;
    check_block_is_closed(true);
    if (results && !results->results.empty()) {  // so that was not the last line
      const Span early = join(results->results.front()->span, results->results.back()->span);
      report(not_a_statement(early, last_line_advice));
      results->results.clear();
      sound = false;
    }
    bool is_result = false;
    auto parsed = line(LineEnd::local, [&] { return local(what, results, is_result); });
    sound &= parsed.has_value();
    if (parsed && !is_result) locals.push_back(std::move(*parsed));
  }
  if (results && results->results.empty() && sound) {
    fail(block_without_value(span_of(locals.back())));
  }
  expect(Token::rbrace);
  return locals;
}

// A line of a block. If it turns out to be the block's value, that goes to `results` and what is
// returned means nothing.
Local Parser::local(std::string_view what, Block* results, bool& is_result) {
  refuse_reserved_definition();
  if (is(Token::kw_param)) return param();
  if (is(Token::kw_state)) return state();
  if (is_declaration(token())) fail(misplaced_declaration(here(), what));
  std::vector<ExprPtr> left = values();
  if (is(Token::equals) || is(Token::arrow)) return definition(std::move(left));
  const bool last = is(Token::newline) || is(Token::rbrace) || is(Token::kw_where);
  if (!results || !last) {
    nothing_defined(left,
                    results ? last_line_advice
                            : "nothing comes of a value here: what is assigned or carried counts");
  }
  is_result = true;
  results->results = std::move(left);
  results->where = where();
  return Assignment{};
}

// A declaration that stands at top level only, at the start of a line of a block: either the block
// was never closed, or it is to be moved.
void Parser::check_block_is_closed(bool may_own) {
  const Token word = token();
  const Token next = stream_.ahead();
  if (!is_declaration(word)) return;
  if (may_own && (word == Token::kw_param || word == Token::kw_state)) return;
  if (next == Token::equals || next == Token::comma || next == Token::arrow) return;
  if (stream_.innermost_is_unclosed()) {
    fail(unclosed_bracket(stream_.innermost_span(), "{", span()));
  }
}

}  // namespace gradus::syntax
