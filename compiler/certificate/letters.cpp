#include "compiler/certificate/letters.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gradus::certificate {
namespace {

using Pair = std::pair<std::string_view, char>;

constexpr std::array<Pair, 31> low = {{
    {"₀", '0'}, {"₁", '1'}, {"₂", '2'}, {"₃", '3'}, {"₄", '4'}, {"₅", '5'}, {"₆", '6'}, {"₇", '7'},
    {"₈", '8'}, {"₉", '9'}, {"ₐ", 'a'}, {"ₑ", 'e'}, {"ₕ", 'h'}, {"ᵢ", 'i'}, {"ⱼ", 'j'}, {"ₖ", 'k'},
    {"ₗ", 'l'}, {"ₘ", 'm'}, {"ₙ", 'n'}, {"ₒ", 'o'}, {"ₚ", 'p'}, {"ᵣ", 'r'}, {"ₛ", 's'}, {"ₜ", 't'},
    {"ᵤ", 'u'}, {"ᵥ", 'v'}, {"ₓ", 'x'}, {"₊", '+'}, {"₋", '-'},
}};

constexpr std::array<Pair, 12> high = {{
    {"⁰", '0'},
    {"¹", '1'},
    {"²", '2'},
    {"³", '3'},
    {"⁴", '4'},
    {"⁵", '5'},
    {"⁶", '6'},
    {"⁷", '7'},
    {"⁸", '8'},
    {"⁹", '9'},
    {"⁻", '-'},
    {"ᐟ", '/'},
}};

// Signs outside of ASCII.
constexpr std::array<std::string_view, 14> signs = {"·", "⊙", "−", "Σ", "∏", "ᵀ", "√",
                                                    "‖", "≤", "≥", "≠", "∂", "…", "∞"};

template <size_t N>
char found(const std::array<Pair, N>& pairs, std::string_view letter) {
  const auto* pair = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const Pair& each) { return each.first == letter; });
  return pair == pairs.end() ? '\0' : pair->second;
}

}  // namespace

std::string_view first_letter(std::string_view text) {
  size_t size = text.empty() ? 0 : 1;
  while (size < text.size() && (text[size] & 0xC0) == 0x80) ++size;
  return text.substr(0, size);
}

bool continues_name(std::string_view letter) {
  if (letter.empty()) return false;
  const char c = letter[0];
  if (letter.size() == 1) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  return std::find(signs.begin(), signs.end(), letter) == signs.end() && found(high, letter) == 0;
}

bool starts_name(std::string_view letter) {
  const bool is_digit = letter.size() == 1 && letter[0] >= '0' && letter[0] <= '9';
  return !is_digit && continues_name(letter) && found(low, letter) == 0;
}

std::string lifted(std::string_view subscripts) {
  std::string out;
  while (!subscripts.empty()) {
    const std::string_view letter = first_letter(subscripts);
    const char c = found(low, letter);
    if (c == '\0') return "";
    out += c;
    subscripts.remove_prefix(letter.size());
  }
  return out;
}

size_t subscripts_begin(std::string_view text) {
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const std::string_view letter = first_letter(text.substr(at));
    at += letter.size();
    if (found(low, letter) == '\0') begin = at;
  }
  return begin;
}

std::string take_superscripts(std::string_view& text) {
  std::string out;
  for (;;) {
    const std::string_view letter = first_letter(text);
    const char c = found(high, letter);
    // ⁻ᵀ is the transposed inverse.
    if (c == '\0' || (c == '-' && text.substr(letter.size()).starts_with("ᵀ"))) return out;
    out += c;
    text.remove_prefix(letter.size());
  }
}

}  // namespace gradus::certificate
