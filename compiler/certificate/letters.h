#pragma once

#include <string>
#include <string_view>

// The characters that printed formulas are made of.
namespace gradus::certificate {

// The first character of UTF-8; empty where there is none.
std::string_view first_letter(std::string_view text);

// Whether a name may go on with it: letters, digits, `_`, accents and subscripts; no sign.
bool continues_name(std::string_view letter);
bool starts_name(std::string_view letter);

// Subscripts as they are spelt on the line, `ₜ₊₁` as `t+1`; empty where a character is no
// subscript.
std::string lifted(std::string_view subscripts);
// The text is split before what ends it in subscripts.
size_t subscripts_begin(std::string_view text);
// Superscripts as they are spelt on the line, `⁻¹ᐟ²` as `-1/2`, as far as there are any; they are
// taken off the text.
std::string take_superscripts(std::string_view& text);

}  // namespace gradus::certificate
