#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "grammar/diagnostic.h"
#include "grammar/token.h"

// The syntax errors, one function each. errors.def lists their codes.
namespace gradus::syntax {

std::span<const DiagnosticCode> syntax_codes();

// ---- Lexis

// A character that begins no token. `meant` is what to write instead, or empty.
Diagnostic unexpected_character(Span at, char32_t character, std::string_view meant);
// `**`, `&&`, `//`: `advice` is the suggestion.
Diagnostic foreign_operator(Span at, std::string_view spelling, std::string_view advice);
// `1.`, `.5`, `2x`: `advice` says what to write.
Diagnostic malformed_number(Span at, std::string_view why, std::string_view advice);
Diagnostic malformed_string(Span at, std::string_view why, std::string_view advice);
Diagnostic name_not_normal(Span at, std::string_view name, std::string_view normal);
Diagnostic malformed_utf8(Span at);

// ---- Grammar

// A token as messages quote it.
struct Found {
  Token token;
  Span span;
  std::string_view text;  // as it is written
};

// `expected` is a list in words: "`,` or `)`".
Diagnostic unexpected_token(const Found& found, std::string_view expected,
                            std::string_view advice = {});
// `noticed` is where something begins that can not stand inside of the bracket.
Diagnostic unclosed_bracket(Span opener, std::string_view bracket, Span noticed);
// `opener` is the innermost open bracket, where there is one.
Diagnostic unmatched_bracket(const Found& closer, std::optional<Found> opener);
Diagnostic reserved_name(const Found& word, std::string_view role);
Diagnostic chained_comparison(Span first, Span second, std::string_view middle);
Diagnostic needs_parentheses(const Found& operand);
Diagnostic not_a_statement(Span expression, std::string_view advice);
// `where` is what the declaration stands in: "a layer".
Diagnostic misplaced_declaration(const Found& word, std::string_view where);
Diagnostic incomplete_if(Span keyword, const Found& found, Token missing);
Diagnostic foreign_statement(const Found& word, std::string_view advice);
Diagnostic nested_too_deeply(Span at, int limit);
Diagnostic empty_block(Span braces, std::string_view what);
Diagnostic block_without_value(Span last);
Diagnostic equals_in_expression(Span equals);
// Why the line of the operator `op` goes on on the next.
Label line_goes_on(Span op, std::string_view spelling);
Diagnostic equals_after_operator(Span equals, Span op, std::string_view spelling);
Diagnostic equal_in_definition(Span equal);
Diagnostic not_definable(Span left, std::string_view why, std::string_view advice);

}  // namespace gradus::syntax
