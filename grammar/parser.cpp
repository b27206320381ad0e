#include "grammar/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "grammar/recursive_descent.h"

namespace gradus::syntax {
namespace {

constexpr int most_errors = 100;
constexpr int most_levels = 250;

bool closes(Token token) {
  return token == Token::rparen || token == Token::rbracket || token == Token::rbrace;
}

bool is_opening(Token token) {
  return token == Token::lparen || token == Token::lbracket || token == Token::lbrace;
}

bool matches(Token open, Token close) {
  return (open == Token::lparen && close == Token::rparen) ||
         (open == Token::lbracket && close == Token::rbracket) ||
         (open == Token::lbrace && close == Token::rbrace);
}

}  // namespace

Parser::Parser(const SourceFile& file, Diagnostics& errors) : stream_(file, {}), errors_(errors) {
  Diagnostics lexical;
  stream_ = TokenStream(file, lex(file, lexical));
  for (Diagnostic& error : lexical.sorted()) {
    lexical_errors_.push_back(error.primary.span.begin);
    errors_.add(std::move(error));
  }
  statement_ = span();
}

SyntaxTree Parser::tree() {
  SyntaxTree tree;
  tree.file = span().file;
  while (!is(Token::end)) {
    if (accept(Token::newline)) continue;
    std::optional<Statement> parsed = line(LineEnd::statement, [&] { return statement(); });
    if (parsed) tree.statements.push_back(std::move(*parsed));
  }
  return tree;
}

Span Parser::from(uint32_t begin) const {
  const Span last = stream_.lexeme_before().span;
  return {last.file, begin, last.end};
}

bool Parser::accept(Token wanted) {
  if (!is(wanted)) return false;
  stream_.next();
  return true;
}

void Parser::expect(Token wanted, std::string_view expected) {
  if (accept(wanted)) return;
  if (wanted == Token::equals && is(Token::equal)) fail(equal_in_definition(span()));
  unexpected(expected.empty() ? description(wanted) : expected);
}

// The opening brace of a body. One on the next line is reported, and read on.
void Parser::open_brace(std::string_view expected) {
  if (is(Token::newline) && stream_.ahead() == Token::lbrace) {
    report(unexpected_token(here(), expected, "the `{` stands at the end of the line"));
    stream_.next();
  }
  expect(Token::lbrace, expected);
}

Name Parser::name(std::string_view role) {
  const Found found = here();
  if (is(Token::name)) {
    stream_.next();
    return {std::string(found.text), found.span};
  }
  if (reserved_word(found.text)) refuse(found, role);
  unexpected(fmt::format("a name for {}", role));
}

// An error of the lexer in the same statement is the cause of whatever else is wrong with it.
void Parser::report(Diagnostic diagnostic) {
  const auto lexical =
      std::lower_bound(lexical_errors_.begin(), lexical_errors_.end(), statement_.begin);
  const uint32_t here = std::max(span().end, diagnostic.primary.span.end);
  if (lexical != lexical_errors_.end() && *lexical <= here) return;
  if (++reported_ <= most_errors) errors_.add(std::move(diagnostic));
}

void Parser::fail(Diagnostic diagnostic) {
  report(std::move(diagnostic));
  throw Abandoned{};
}

void Parser::refuse(const Found& word, std::string_view role, bool defines) {
  if (defines) refused_.insert(std::string(word.text));
  fail(reserved_name(word, role));
}

void Parser::unexpected(std::string_view expected, std::string_view advice) {
  const Found found = here();
  if (refused_.contains(std::string(found.text))) throw Abandoned{};
  const Token open = stream_.innermost();
  if (open != Token::end) {
    const Found opener{open, stream_.innermost_span(), stream_.text(stream_.innermost_span())};
    const bool mismatch = closes(found.token) && !matches(open, found.token);
    const bool late = open != Token::lbrace && !is(Token::newline) && stream_.first_on_line();
    if (is(Token::end) || (stream_.depth() > depth_ && stream_.restarts(statement_)) ||
        ((mismatch || late) && stream_.innermost_is_unclosed())) {
      fail(unclosed_bracket(opener.span, opener.text, found.span));
    }
    if (mismatch) fail(unmatched_bracket(found, opener));
  } else if (closes(found.token)) {
    fail(unmatched_bracket(found, std::nullopt));
  }
  if (is(Token::equals) && after_expression()) {
    const Lexeme& op = stream_.lexeme_before(2);
    const bool continued = stream_.lexeme_before(1).first_on_line &&
                           info(op.token).after == NewlineRule::skipped &&
                           stream_.depth() == depth_;
    if (continued) fail(equals_after_operator(found.span, op.span, info(op.token).spelling));
    fail(equals_in_expression(found.span));
  }
  Diagnostic error = unexpected_token(
      found, expected, advice.empty() ? this->advice(expected) : std::string(advice));
  const Lexeme& last = stream_.lexeme_before();
  if (info(last.token).after == NewlineRule::skipped && !is_opening(last.token) &&
      stream_.first_on_line() && !is(Token::newline) && !is(Token::end)) {
    error.secondary.push_back(line_goes_on(last.span, info(last.token).spelling));
  }
  fail(std::move(error));
}

void Parser::end_line(LineEnd end) {
  if (is(Token::newline)) return;
  switch (end) {
    case LineEnd::statement:
      if (!is(Token::end)) unexpected("the end of the line");
      return;
    case LineEnd::local:
      if (!is(Token::rbrace)) unexpected("the end of the line or `}`");
      return;
    case LineEnd::entry:
      if (!is(Token::comma) && !is(Token::rbrace)) unexpected("`,`, the end of the line or `}`");
      return;
  }
}

Parser::Level::Level(Parser& parser) : parser(parser) {
  if (parser.levels_ == most_levels) parser.fail(nested_too_deeply(parser.span(), most_levels));
  ++parser.levels_;
}

SyntaxTree parse(const SourceFile& file, Diagnostics& errors) {
  return Parser(file, errors).tree();
}

}  // namespace gradus::syntax
