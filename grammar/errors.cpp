#include "grammar/errors.h"

#include <fmt/format.h>

#include <fmt/ranges.h>

#include <array>
#include <vector>

#include "grammar/unicode.h"

namespace gradus::syntax {
namespace {

#define CODE(name, title) constexpr DiagnosticCode name{#name, title};
#include "grammar/errors.def"
#undef CODE

constexpr std::array codes = {
#define CODE(name, title) name,
#include "grammar/errors.def"
#undef CODE
};

// A token as it was found: `x`, or "the end of the line".
std::string quoted(const Found& found) {
  if (found.text.empty()) return std::string(description(found.token));
  return fmt::format("`{}`", found.text);
}

std::string quoted(char32_t character) {
  std::string letter;
  unicode::encode(character, letter);
  const bool visible = character > 0x20 && character != 0x7F && character < 0xFFFD &&
                       !(character >= 0x80 && character <= 0xA0) &&
                       !(character >= 0x2000 && character <= 0x200F) &&
                       !(character >= 0x2028 && character <= 0x202F) &&
                       !(character >= 0x205F && character <= 0x206F) && character != 0x3000 &&
                       character != 0xFEFF && unicode::width(character) > 0;
  return visible ? fmt::format("`{}`", letter)
                 : fmt::format("U+{:04X}", static_cast<uint32_t>(character));
}

}  // namespace

std::span<const DiagnosticCode> syntax_codes() { return codes; }

Diagnostic unexpected_character(Span at, char32_t character, std::string_view meant) {
  std::string help;
  if (meant == "a blank") {
    help = "write a plain blank";
  } else if (!meant.empty()) {
    help = fmt::format("write `{}`", meant);
  }
  return {.code = E0101,
          .message = fmt::format("unexpected character {}", quoted(character)),
          .primary = {at, "not part of the language"},
          .help = std::move(help)};
}

Diagnostic foreign_operator(Span at, std::string_view spelling, std::string_view advice) {
  return {.code = E0102,
          .message = fmt::format("there is no `{}`", spelling),
          .primary = {at, ""},
          .help = std::string(advice)};
}

Diagnostic malformed_number(Span at, std::string_view why, std::string_view advice) {
  return {.code = E0103,
          .message = fmt::format("a number that {}", why),
          .primary = {at, ""},
          .help = std::string(advice)};
}

Diagnostic malformed_string(Span at, std::string_view why, std::string_view advice) {
  return {.code = E0104,
          .message = fmt::format("a string that {}", why),
          .primary = {at, ""},
          .help = std::string(advice)};
}

Diagnostic name_not_normal(Span at, std::string_view name, std::string_view normal) {
  std::vector<std::string> letters;
  for (const char32_t letter : unicode::decode(normal)) {
    if (letter >= 0x80) letters.push_back(fmt::format("U+{:04X}", static_cast<uint32_t>(letter)));
  }
  return {.code = E0105,
          .message = fmt::format("the name `{}` is not in Unicode's normalisation form C", name),
          .primary = {at, "two names that look alike would differ"},
          .help = fmt::format("write `{}`, with {}", normal, fmt::join(letters, ", "))};
}

Diagnostic malformed_utf8(Span at) {
  return {.code = E0106,
          .message = "bytes that are not UTF-8",
          .primary = {at, ""},
          .help = "save the file in UTF-8"};
}

Diagnostic unexpected_token(const Found& found, std::string_view expected,
                            std::string_view advice) {
  return {.code = E0110,
          .message = fmt::format("expected {}, found {}", expected, quoted(found)),
          .primary = {found.span, fmt::format("expected {}", expected)},
          .help = std::string(advice)};
}

Diagnostic unclosed_bracket(Span opener, std::string_view bracket, Span noticed) {
  return {.code = E0111,
          .message = fmt::format("this `{}` is never closed", bracket),
          .primary = {opener, "opened here"},
          .secondary = {{noticed, "it should be closed before this"}}};
}

Diagnostic unmatched_bracket(const Found& closer, std::optional<Found> opener) {
  Diagnostic result{.code = E0112,
                    .message = fmt::format("`{}` closes nothing", closer.text),
                    .primary = {closer.span, "no bracket is open here"}};
  if (opener) {
    const std::string_view wanted = opener->text == "(" ? ")" : opener->text == "[" ? "]" : "}";
    result.message = fmt::format("`{}` where a `{}` is open", closer.text, opener->text);
    result.primary.text = fmt::format("expected `{}`", wanted);
    result.secondary = {{opener->span, "opened here"}};
  }
  return result;
}

Diagnostic reserved_name(const Found& word, std::string_view role) {
  std::string help = fmt::format("choose another name, such as `{}_`", word.text);
  const bool defines = role == "a definition" && is_declaration(word.token);
  if (word.token == Token::kw_loss && (defines || role == "the loss to minimise")) {
    help = "a loss has a name of its own: `loss J = …`, `train J { … }`";
  } else if (word.token == Token::kw_output && defines) {
    help = "`output` lists names that are defined: `yhat = …`, then `output yhat`";
  }
  return {.code = E0113,
          .message = fmt::format("`{}` is a reserved word, not a name for {}", word.text, role),
          .primary = {word.span, "reserved"},
          .help = std::move(help)};
}

Diagnostic chained_comparison(Span first, Span second, std::string_view middle) {
  return {
      .code = E0114,
      .message = "comparisons can not be chained",
      .primary = {second, "a second comparison"},
      .secondary = {{first, "the first one"}},
      .help = fmt::format("join two comparisons by `and`, and repeat `{}` in the second", middle)};
}

Diagnostic needs_parentheses(const Found& operand) {
  const bool reduction = is_reducer(operand.token);
  return {.code = E0115,
          .message = fmt::format("`{}{}` as an operand needs parentheses", operand.text,
                                 reduction ? "[…]" : ""),
          .primary = {operand.span, ""},
          .help = reduction
                      ? "put the whole sum or product in parentheses; without them it may only "
                        "stand last in a product"
                      : "put the whole operand in parentheses"};
}

Diagnostic not_a_statement(Span expression, std::string_view advice) {
  return {.code = E0116,
          .message = "this line neither declares nor defines anything",
          .primary = {expression, "a value without a name"},
          .help = std::string(advice)};
}

Diagnostic misplaced_declaration(const Found& word, std::string_view where) {
  return {.code = E0117,
          .message = fmt::format("`{}` can not stand in {}", word.text, where),
          .primary = {word.span, "only at top level"},
          .help = "move it out of the braces"};
}

Diagnostic incomplete_if(Span keyword, const Found& found, Token missing) {
  const bool no_else = missing == Token::kw_else;
  std::string help = no_else ? "an `if` is a value, so it needs one for both cases: "
                               "`if c then a else b`"
                             : "write `if c then a else b`";
  if (found.text == "elif" || found.text == "elseif") help = "write `else if`";
  const std::string expected(info(missing).spelling);
  if (found.token == Token::name && !closest(found.text, {&expected, 1}).empty()) {
    help = fmt::format("did you mean `{}`?", expected);
  }
  return {.code = E0118,
          .message = fmt::format("an `if` without `{}`", info(missing).spelling),
          .primary = {found.span, fmt::format("expected `{}`, found {}", info(missing).spelling,
                                              quoted(found))},
          .secondary = {{keyword, "of this `if`"}},
          .help = std::move(help)};
}

Diagnostic foreign_statement(const Found& word, std::string_view advice) {
  return {.code = E0119,
          .message = fmt::format("there is no `{}` statement", word.text),
          .primary = {word.span, ""},
          .help = std::string(advice)};
}

Diagnostic nested_too_deeply(Span at, int limit) {
  return {.code = E0120,
          .message = fmt::format("nested too deeply: more than {} levels", limit),
          .primary = {at, "the next level begins here"},
          .help = "give a part of it a name of its own"};
}

Diagnostic empty_block(Span braces, std::string_view what) {
  return {.code = E0121,
          .message = fmt::format("{} with nothing in it", what),
          .primary = {braces, ""}};
}

Diagnostic block_without_value(Span last) {
  return {.code = E0121,
          .message = "a block without a value",
          .primary = {last, "the last line defines a name"},
          .help = "a block's value is its last line: add one with the expression alone"};
}

Diagnostic equals_in_expression(Span equals) {
  return {.code = E0122,
          .message = "`=` in an expression",
          .primary = {equals, "`=` defines a name"},
          .help = "a comparison is written with `==`"};
}

Label line_goes_on(Span op, std::string_view spelling) {
  return {op, fmt::format("`{}` needs a right side, so the line does not end here", spelling)};
}

Diagnostic equals_after_operator(Span equals, Span op, std::string_view spelling) {
  return {.code = E0122,
          .message = "`=` in an expression that goes on from the line above",
          .primary = {equals, "`=` defines a name"},
          .secondary = {line_goes_on(op, spelling)}};
}

Diagnostic equal_in_definition(Span equal) {
  return {.code = E0122,
          .message = "`==` where `=` belongs",
          .primary = {equal, "`==` compares"},
          .help = "a definition is written with `=`"};
}

Diagnostic not_definable(Span left, std::string_view why, std::string_view advice) {
  return {.code = E0123,
          .message = "a left side that can not be defined",
          .primary = {left, std::string(why)},
          .help = std::string(advice)};
}

}  // namespace gradus::syntax
