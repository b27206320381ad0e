#pragma once

#include <string_view>
#include <vector>

#include "grammar/lexer.h"

namespace gradus::syntax {

// The tokens of a file one by one, with the newlines that end statements among them. It keeps the
// brackets that are open, since they decide what a newline is.
class TokenStream {
 public:
  TokenStream(const SourceFile& file, std::vector<Lexeme> lexemes);

  // The token that stands here, and where. A newline and the end have the place behind the last
  // token.
  Token token() const { return newline_ ? Token::newline : lexemes_[at_].token; }
  Span span() const;
  std::string_view text() const { return text(span()); }
  std::string_view text(Span span) const;
  // The token `count` places on; from here to there stands no bracket.
  Token ahead(size_t count = 1) const;
  // The token `count` places back, newlines left out; the file's first where there is none.
  const Lexeme& lexeme_before(size_t count = 1) const {
    return lexemes_[at_ < count ? 0 : at_ - count];
  }
  bool first_on_line() const { return lexemes_[at_].first_on_line; }

  void next();

  // How many brackets are open, and the innermost.
  size_t depth() const { return open_.size(); }
  Token innermost() const { return open_.empty() ? Token::end : lexemes_[open_.back()].token; }
  Span innermost_span() const { return lexemes_[open_.back()].span; }

  // Whether the innermost bracket lacks its closing one: from here on none stands that fits.
  bool innermost_is_unclosed() const;
  // Whether a statement seems to begin here though the one that began at `statement` has not ended:
  // a bracket of it is open, or the line before ended in an operator.
  bool restarts(Span statement) const;
  // Moves to the end of a statement that began with `depth` brackets open at `statement`: a
  // newline, the bracket that closes its block, or what `restarts`.
  void skip_statement(size_t depth, Span statement);
  // Then past the lines that are indented deeper than the statement, and an `end` below them.
  void skip_body(Span statement);

 private:
  bool ends_statement(size_t at) const;
  bool looks_like_definition(size_t at) const;
  bool closes(size_t depth) const;
  uint32_t column(uint32_t offset) const;

  std::string_view text_;
  std::vector<Lexeme> lexemes_;
  size_t at_ = 0;
  bool newline_ = false;      // a newline stands before lexemes_[at_]
  std::vector<size_t> open_;  // the lexemes of the open brackets
};

}  // namespace gradus::syntax
