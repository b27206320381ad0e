#pragma once

#include <string_view>
#include <vector>

#include "grammar/diagnostic.h"

namespace gradus {

enum class Token : uint8_t {
  end,
  newline,
  name,
  number,
  string,
  // marks
  plus,
  minus,
  star,
  slash,
  at,
  caret,
  quote,
  lparen,
  rparen,
  lbracket,
  rbracket,
  lbrace,
  rbrace,
  comma,
  colon,
  semicolon,
  dot,
  dotdot,
  assign,
  arrow,
  tilde,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  // words
  kw_const,
  kw_input,
  kw_param,
  kw_state,
  kw_fn,
  kw_layer,
  kw_derivative,
  kw_loss,
  kw_metric,
  kw_output,
  kw_optimizer,
  kw_data,
  kw_train,
  kw_import,
  kw_precision,
  kw_index,
  kw_bool,
  kw_real,
  kw_if,
  kw_then,
  kw_else,
  kw_and,
  kw_or,
  kw_not,
  kw_scan,
  kw_repeat,
  kw_in,
  kw_over,
  kw_reverse,
  kw_where,
  kw_new,
  kw_true,
  kw_false,
  kw_sum,
  kw_prod,
  kw_max,
  kw_min,
  kw_mean,
  kw_logsumexp,
};
struct Lexeme {
  Token token;
  Span span;
  std::string_view text;
};
std::vector<Lexeme> lex(const SourceFile& source, Diagnostics& diagnostics);
}  // namespace gradus
