#include <fmt/format.h>

#include <algorithm>

#include "grammar/recursive_descent.h"

// What was probably meant by what is wrong.
namespace gradus::syntax {
namespace {

struct Foreign {
  std::string_view word;
  std::string_view advice;
};

// How statements of other languages begin, and what there is instead.
constexpr Foreign statements[] = {
    {"def", "a function is defined by `fn f(x) = …`"},
    {"func", "a function is defined by `fn f(x) = …`"},
    {"function", "a function is defined by `fn f(x) = …`"},
    {"lambda", "a function is defined by `fn f(x) = …`"},
    {"let", "a definition is only `name = …`"},
    {"var", "a definition is only `name = …`; `state` declares what changes from step to step"},
    {"val", "a definition is only `name = …`"},
    {"auto", "a definition is only `name = …`"},
    {"for", "write an equation in index notation, or `repeat (l in 0..n; h = x) { … }`, or `scan`"},
    {"while", "write `repeat (l in 0..n; h = x) { … }`, or `scan`"},
    {"elif", "an `if` is a value: `if c then a else if d then b else e`"},
    {"return", "a block's value is its last line, without a word before it"},
    {"class", "a layer is defined by `layer f(x) { … }`"},
    {"struct", "a layer is defined by `layer f(x) { … }`"},
    {"from", "another file is imported by `import \"file.grad\"`"},
    {"include", "another file is imported by `import \"file.grad\"`"},
    {"use", "another file is imported by `import \"file.grad\"`"},
    {"using", "another file is imported by `import \"file.grad\"`"},
    {"model", "a file is a model: its statements need no frame"},
    {"parameter", "a parameter is declared by `param`"},
    {"print", "`output` names what `gradus predict` writes"},
    {"assert", "shapes are checked by themselves; values are reported by `metric`"},
    {"pass", "leave it out"},
};

// Types of other languages.
constexpr Foreign types[] = {
    {"float", "numbers are `real`, which is left out: `[batch, 784]`"},
    {"double",
     "numbers are `real`, which is left out: `[batch, 784]`; `precision f64` says how "
     "precise"},
    {"float32", "numbers are `real`, which is left out: `[batch, 784]`"},
    {"float64",
     "numbers are `real`, which is left out: `[batch, 784]`; `precision f64` says how "
     "precise"},
    {"int", "whole numbers are `index(n)`, from 0 to n - 1: `index(10)[batch]`"},
    {"int64", "whole numbers are `index(n)`, from 0 to n - 1: `index(10)[batch]`"},
    {"long", "whole numbers are `index(n)`, from 0 to n - 1: `index(10)[batch]`"},
    {"tensor", "a shape is enough: `[batch, 784]`"},
    {"Tensor", "a shape is enough: `[batch, 784]`"},
};

template <size_t n>
std::string_view advice_on(std::string_view word, const Foreign (&table)[n]) {
  const auto* found = std::find_if(std::begin(table), std::end(table),
                                   [&](const Foreign& each) { return each.word == word; });
  return found == std::end(table) ? std::string_view() : found->advice;
}

bool begins_operand(Token token) {
  return token == Token::name || token == Token::number || token == Token::lparen ||
         is_reducer(token);
}

// The words among what is expected: `over` of "`over` or `{`".
std::vector<std::string> words_of(std::string_view expected) {
  std::vector<std::string> words;
  for (size_t at = expected.find('`'); at != expected.npos; at = expected.find('`', at + 1)) {
    const size_t end = expected.find('`', at + 1);
    if (end == expected.npos) break;
    const std::string_view word = expected.substr(at + 1, end - at - 1);
    if (reserved_word(word)) words.emplace_back(word);
    at = end;
  }
  return words;
}

}  // namespace

std::string_view foreign_statement_advice(std::string_view word) {
  return advice_on(word, statements);
}

std::string_view foreign_type_advice(std::string_view word) { return advice_on(word, types); }

std::string misspelt(std::string_view word, std::span<const std::string> candidates) {
  const std::string_view near = closest(word, candidates);
  return near.empty() ? "" : fmt::format("did you mean `{}`?", near);
}

std::string misspelt_declaration(std::string_view word) {
  std::vector<std::string> words;
  for (const TokenInfo& each : token_table()) {
    if (is_declaration(each.token)) words.emplace_back(each.spelling);
  }
  return misspelt(word, words);
}

// `sum(j) x[i, j]`, at the `x`.
bool Parser::after_called_index() const {
  constexpr Token form[] = {Token::rparen, Token::name, Token::lparen};
  for (size_t k = 0; k < std::size(form); ++k) {
    if (stream_.lexeme_before(k + 1).token != form[k]) return false;
  }
  return is_reducer(stream_.lexeme_before(std::size(form) + 1).token);
}

// What was probably meant by the token here, where something else was expected.
std::string Parser::advice(std::string_view expected) const {
  const bool operand_before = after_expression();
  const bool inside = stream_.depth() > depth_;
  if (is(Token::name)) {
    std::string meant = misspelt(stream_.text(), words_of(expected));
    if (!meant.empty()) return meant;
  }
  if (is(Token::arrow)) {
    return "`<-` assigns to a state; a comparison with a negative number has a space: `x < -1`";
  }
  if (is(Token::semicolon) && !inside) {
    return "a statement ends with its line: leave the `;` out";
  }
  if (is(Token::tilde)) return "`~` belongs to parameters: `param W: [m, n] ~ he_normal`";
  if (is(Token::kw_if) && operand_before) return "the condition comes first: `if c then a else b`";
  if (is(Token::kw_where) && !operand_before) {
    return "a choice is written `if c then a else b`; `where` gives the ranges of an equation";
  }
  if (operand_before && begins_operand(token()) && after_called_index()) {
    return "a sum over an index has it in brackets: `sum[i] x[i]`";
  }
  if (operand_before && stream_.text(stream_.lexeme_before().span) == "lambda") {
    return "functions have names: `fn f(x) = …`, and are passed by name";
  }
  if (operand_before && stream_.text() == "for") {
    return "an entry for each index is an equation: `y[i] = 2 * x[i]`";
  }
  if (inside && is(Token::semicolon)) return "what stands in brackets is separated by `,`";
  if (inside && is(Token::name) && stream_.lexeme_before().token == Token::name) {
    return "a `,` or an operator is missing before it";
  }
  if (operand_before && begins_operand(token()) && stream_.ahead() != Token::equals) {
    if (inside) return "a `,` or an operator is missing before it";
    return "a product is written with `*`, a call with `(` right behind the name";
  }
  if (operand_before && is(Token::string)) return "a string stands in a call: `csv(\"iris.csv\")`";
  if (!operand_before && is(Token::quote)) return "a string is written in double quotes";
  if (!operand_before && is(Token::star) && stream_.lexeme_before().token == Token::star) {
    return "a power is written with `^`";
  }
  if (!operand_before && is(Token::plus)) return "there is no `+` before a number";
  if (operand_before && is(Token::colon)) {
    return inside ? "an argument by name is written with `=`: `dense(x, units = 3)`"
                  : "only inputs, parameters, states and formals are followed by `:` and a type";
  }
  return "";
}

}  // namespace gradus::syntax
