// Names in MathML.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "compiler/formula/symbol.h"

namespace gradus::formula {
namespace {

std::string_view mark(Symbol::Accent accent) {
  switch (accent) {
    case Symbol::Accent::none:
      return "";
    case Symbol::Accent::hat:
      return "^";
    case Symbol::Accent::bar:
      return "¯";
    case Symbol::Accent::dot:
      return "˙";
  }
  std::abort();
}

std::string letter_of(const Symbol& symbol) {
  std::string base =
      fmt::format("<mi>{}</mi>", symbol.greek ? greek_letter(symbol.base) : escaped(symbol.base));
  if (symbol.accent == Symbol::Accent::none) return base;
  return fmt::format("<mover accent=\"true\">{}<mo stretchy=\"false\">{}</mo></mover>", base,
                     mark(symbol.accent));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A token of an index that is spelt, `[l − 1]`.
struct Token {
  std::string_view text;
  std::string_view tag;
};

// The first token: a number, a word or one sign.
Token token_of(std::string_view text) {
  size_t size = 1;
  if (is_digit(text[0])) {
    while (size < text.size() && is_digit(text[size])) ++size;
    return {text.substr(0, size), "mn"};
  }
  if (is_ascii_letter(text[0])) {
    while (size < text.size() && is_ascii_letter(text[size])) ++size;
    return {text.substr(0, size), "mi"};
  }
  while (size < text.size() && (text[size] & 0xC0) == 0x80) ++size;
  return {text.substr(0, size), "mo"};
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string row(const std::string& elements) {
  // One element ends at its first closing tag, if it holds text alone.
  const size_t closing = elements.find("</");
  const bool is_token = elements.starts_with("<m") && elements.find('<', 1) == closing &&
                        closing != std::string::npos &&
                        elements.find('>', closing) + 1 == elements.size();
  return is_token ? elements : "<mrow>" + elements + "</mrow>";
}

std::string mathml_subscript(const Symbol& symbol) {
  if (symbol.subscript.empty() || !symbol.mathml_subscript.empty()) return symbol.mathml_subscript;
  const bool is_number = std::all_of(symbol.subscript.begin(), symbol.subscript.end(), is_digit);
  return fmt::format("<{0}>{1}</{0}>", is_number ? "mn" : "mi", escaped(symbol.subscript));
}

std::string mathml_index(const Symbol& symbol) {
  if (symbol.index.empty() || !symbol.mathml_index.empty()) return symbol.mathml_index;
  std::string out;
  for (std::string_view rest = symbol.index; !rest.empty();) {
    const Token token = token_of(rest);
    rest.remove_prefix(token.text.size());
    if (token.text != " ") {
      const std::string_view still =
          token.text == "[" || token.text == "]" ? " stretchy=\"false\"" : "";
      out += fmt::format("<{0}{1}>{2}</{0}>", token.tag, still, escaped(token.text));
    }
  }
  return out;
}

std::string mathml(const Symbol& symbol, const std::string& indices) {
  std::string out;
  // A dot that is no operator has no space around it.
  for (const Symbol& owner : symbol.owners) out += mathml(owner) + "<mi>.</mi>";
  std::string own = letter_of(symbol);
  std::string low = mathml_subscript(symbol);
  // A letter has one subscript: the indices stand in it, behind what belongs to the name.
  if (symbol.index.empty()) {
    if (!low.empty() && !indices.empty()) low += "<mo>;</mo>";
    low += indices;
  }
  if (!low.empty()) own = fmt::format("<msub>{}{}</msub>", own, row(low));
  out += own;
  if (!symbol.index.empty()) {
    out += mathml_index(symbol);
    if (!indices.empty()) out = fmt::format("<msub>{}{}</msub>", row(out), row(indices));
  }
  const bool is_one = symbol.owners.empty() && (symbol.index.empty() || !indices.empty());
  return is_one ? out : row(out);
}

}  // namespace gradus::formula
