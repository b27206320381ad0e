#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gradus::syntax {

enum class Token : uint8_t {
  end,      // of the file
  newline,  // one that ends a statement
  name,
  number,
  string,
#define MARK(name, spelling, after) name,
#define WORD(name, spelling, group, after, before) name,
#include "grammar/tokens.def"
#undef MARK
#undef WORD
};

enum class TokenGroup : uint8_t { varying, mark, declaration, element, control, literal, reducer };

enum class NewlineRule : uint8_t { ends, skipped };

// A row of the token table.
struct TokenInfo {
  Token token;
  std::string_view name;      // as in gradus.y
  std::string_view spelling;  // empty for varying ones
  TokenGroup group;
  NewlineRule after;   // of a newline after the token
  NewlineRule before;  // of a newline before it
};

const TokenInfo& info(Token token);
std::span<const TokenInfo> token_table();  // in the order of Token

// The reserved word that is spelt so.
std::optional<Token> reserved_word(std::string_view spelling);

// The longest mark that the text begins with.
std::optional<Token> leading_mark(std::string_view text);

inline bool is_declaration(Token token) { return info(token).group == TokenGroup::declaration; }
inline bool is_reducer(Token token) { return info(token).group == TokenGroup::reducer; }

// As messages call it: "`+`", "a name", "the end of the line".
std::string_view description(Token token);

}  // namespace gradus::syntax
