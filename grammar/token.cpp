#include "grammar/token.h"

namespace gradus::syntax {
namespace {

constexpr TokenInfo varying(Token token, std::string_view name) {
  return {token, name, "", TokenGroup::varying, NewlineRule::ends, NewlineRule::ends};
}

constexpr TokenInfo table[] = {
    varying(Token::end, "end"),       varying(Token::newline, "newline"),
    varying(Token::name, "name"),     varying(Token::number, "number"),
    varying(Token::string, "string"),
#define MARK(name, spelling, after) \
  {Token::name, #name, spelling, TokenGroup::mark, NewlineRule::after, NewlineRule::ends},
#define WORD(name, spelling, group, after, before) \
  {Token::name, #name, spelling, TokenGroup::group, NewlineRule::after, NewlineRule::before},
#include "grammar/tokens.def"
#undef MARK
#undef WORD
};

constexpr std::string_view descriptions[] = {
    "the end of the file", "the end of the line", "a name", "a number", "a string",
#define MARK(name, spelling, after) ("`" spelling "`"),
#define WORD(name, spelling, group, after, before) ("`" spelling "`"),
#include "grammar/tokens.def"
#undef MARK
#undef WORD
};

}  // namespace

const TokenInfo& info(Token token) { return table[static_cast<size_t>(token)]; }

std::span<const TokenInfo> token_table() { return table; }

std::optional<Token> reserved_word(std::string_view spelling) {
  for (const TokenInfo& row : table) {
    const bool word = row.group != TokenGroup::varying && row.group != TokenGroup::mark;
    if (word && row.spelling == spelling) return row.token;
  }
  return std::nullopt;
}

std::optional<Token> leading_mark(std::string_view text) {
  std::optional<Token> longest;
  for (const TokenInfo& row : table) {
    const bool fits = row.group == TokenGroup::mark && text.starts_with(row.spelling);
    if (fits && (!longest || row.spelling.size() > info(*longest).spelling.size())) {
      longest = row.token;
    }
  }
  return longest;
}

std::string_view description(Token token) { return descriptions[static_cast<size_t>(token)]; }

}  // namespace gradus::syntax
