#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// What the lexer and the renderer must know of Unicode.
namespace gradus::unicode {

// Stands for a byte that is not part of well-formed UTF-8.
inline constexpr char32_t malformed = 0xFFFFFFFF;

// The code point at `at` (before the end), which moves past it; a malformed byte is taken alone.
char32_t decode(std::string_view text, size_t& at);
void encode(char32_t code, std::string& out);
std::u32string decode(std::string_view text);
std::string encode(std::u32string_view text);

bool is_letter(char32_t code);  // categories Lu Ll Lt Lm Lo
bool is_mark(char32_t code);    // categories Mn Mc

// Columns of a terminal: 0, 1 or 2.
int width(char32_t code);

// The text in normalisation form C. Of the code points that the form replaces, the ideographs of
// old standards stay as they are; `is_nfc` refuses them.
std::u32string nfc(std::u32string_view text);
bool is_nfc(std::u32string_view text);

}  // namespace gradus::unicode
