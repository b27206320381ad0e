#include "grammar/token_stream.h"

#include <algorithm>

namespace gradus::syntax {
namespace {

bool opens(Token token) {
  return token == Token::lparen || token == Token::lbracket || token == Token::lbrace;
}

// The bracket that a closing one belongs to, or `end`.
Token opener(Token token) {
  if (token == Token::rparen) return Token::lparen;
  if (token == Token::rbracket) return Token::lbracket;
  return token == Token::rbrace ? Token::lbrace : Token::end;
}

// A bracket that closes the innermost one closes it; one that closes an outer one closes all inside
// of it too; any other changes nothing.
void follow(const std::vector<Lexeme>& lexemes, size_t at, std::vector<size_t>& open) {
  const Token token = lexemes[at].token;
  if (opens(token)) open.push_back(at);
  const Token wanted = opener(token);
  if (wanted == Token::end) return;
  for (size_t k = open.size(); k > 0; --k) {
    if (lexemes[open[k - 1]].token != wanted) continue;
    open.resize(k - 1);
    return;
  }
}

}  // namespace

TokenStream::TokenStream(const SourceFile& file, std::vector<Lexeme> lexemes)
    : text_(file.text), lexemes_(std::move(lexemes)) {}

Span TokenStream::span() const {
  const Span here = lexemes_[at_].span;
  if ((!newline_ && lexemes_[at_].token != Token::end) || at_ == 0) return here;
  const uint32_t behind = lexemes_[at_ - 1].span.end;
  return {here.file, behind, behind};
}

std::string_view TokenStream::text(Span span) const {
  return text_.substr(span.begin, span.end - span.begin);
}

Token TokenStream::ahead(size_t count) const {
  if (newline_ && count == 0) return Token::newline;
  if (newline_) --count;
  for (size_t at = at_ + 1; at <= at_ + count; ++at) {
    if (lexemes_[at - 1].token == Token::end) return Token::end;
    if (ends_statement(at)) return at == at_ + count ? Token::newline : Token::end;
  }
  return lexemes_[at_ + count].token;
}

void TokenStream::next() {
  if (newline_) {
    newline_ = false;
    return;
  }
  if (lexemes_[at_].token == Token::end) return;
  follow(lexemes_, at_, open_);
  ++at_;
  newline_ = ends_statement(at_);
}

bool TokenStream::ends_statement(size_t at) const {
  const Token token = lexemes_[at].token;
  if (at == 0 || !lexemes_[at].first_on_line || token == Token::end) return false;
  if (innermost() == Token::lparen || innermost() == Token::lbracket) return false;
  return info(lexemes_[at - 1].token).after == NewlineRule::ends &&
         info(token).before == NewlineRule::ends;
}

bool TokenStream::innermost_is_unclosed() const {
  if (open_.empty()) return false;
  std::vector<size_t> open = open_;
  for (size_t at = at_; at < lexemes_.size(); ++at) {
    const bool block = lexemes_[open.back()].token == Token::lbrace;
    if (!block && lexemes_[at].first_on_line && is_declaration(lexemes_[at].token)) return true;
    // One that closes an outer bracket closes this one in passing.
    const bool fits = opener(lexemes_[at].token) == innermost();
    const size_t before = open.size();
    follow(lexemes_, at, open);
    if (before == open_.size() && open.size() < before) return !fits;
    if (open.size() < open_.size()) return true;
  }
  return true;
}

// `name =`, `name <-`, `name, name =` or `name[…] =`.
bool TokenStream::looks_like_definition(size_t at) const {
  if (lexemes_[at].token != Token::name) return false;
  ++at;
  while (lexemes_[at].token == Token::comma && lexemes_[at + 1].token == Token::name) at += 2;
  if (lexemes_[at].token == Token::lbracket) {
    while (lexemes_[at].token != Token::rbracket && lexemes_[at].token != Token::end) ++at;
    if (lexemes_[at].token == Token::rbracket) ++at;
  }
  return lexemes_[at].token == Token::equals || lexemes_[at].token == Token::arrow;
}

uint32_t TokenStream::column(uint32_t offset) const {
  const size_t newline = offset == 0 ? text_.npos : text_.rfind('\n', offset - 1);
  return offset - (newline == text_.npos ? 0 : static_cast<uint32_t>(newline) + 1);
}

bool TokenStream::restarts(Span statement) const {
  const Lexeme& here = lexemes_[at_];
  if (!here.first_on_line || here.span.begin == statement.begin) return false;
  if (open_.empty()) return is_declaration(here.token);  // the line before ended in an operator
  const bool block = innermost() == Token::lbrace;
  if (is_declaration(here.token)) {
    const bool local = here.token == Token::kw_param || here.token == Token::kw_state ||
                       here.token == Token::kw_optimizer;
    return !block || (!local && innermost_is_unclosed());
  }
  return !block && looks_like_definition(at_) &&
         column(here.span.begin) <= column(statement.begin) && innermost_is_unclosed();
}

// Whether a brace here closes the block that is the innermost at `depth`.
bool TokenStream::closes(size_t depth) const {
  return open_.size() >= depth &&
         std::none_of(open_.begin() + static_cast<ptrdiff_t>(depth), open_.end(),
                      [&](size_t at) { return lexemes_[at].token == Token::lbrace; });
}

void TokenStream::skip_body(Span statement) {
  while (newline_ && lexemes_[at_].token != Token::end) {
    const Span first = lexemes_[at_].span;
    if (column(first.begin) <= column(statement.begin) && text(first) != "end") return;
    do {
      next();
    } while (token() != Token::newline && token() != Token::end);
  }
}

void TokenStream::skip_statement(size_t depth, Span statement) {
  for (; token() != Token::end; next()) {
    if (open_.size() <= depth && newline_) return;
    if (depth > 0 && token() == Token::rbrace && closes(depth)) {
      open_.resize(depth);
      return;
    }
    // After an operator or a `;` a line goes on, but what is skipped need not.
    const bool fresh = open_.size() == depth && lexemes_[at_].first_on_line &&
                       lexemes_[at_].span.begin != statement.begin && looks_like_definition(at_);
    if (fresh || (open_.size() >= depth && restarts(statement))) {
      open_.resize(depth);
      newline_ = true;
      return;
    }
  }
}

}  // namespace gradus::syntax
