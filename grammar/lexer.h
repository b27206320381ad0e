#pragma once

#include <vector>

#include "grammar/diagnostic.h"
#include "grammar/token.h"

namespace gradus::syntax {

// A token at a place. Blanks and comments stand between the places of tokens.
struct Lexeme {
  Token token;
  Span span;
  bool first_on_line = false;  // a newline stands between it and the token before
};

// The tokens of a file, with `end` as the last; which newlines end statements is for the
// TokenStream to say. What is not a token is reported, and where it is plain what was meant, that
// token takes its place, so that one slip gives one error.
std::vector<Lexeme> lex(const SourceFile& file, Diagnostics& errors);

// What a string token says: without quotes and escapes.
std::string unquoted(std::string_view token);

}  // namespace gradus::syntax
