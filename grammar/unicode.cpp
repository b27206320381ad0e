#include "grammar/unicode.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gradus::unicode {
namespace {

struct Interval {
  char32_t first;
  char32_t last;
};
struct CombiningClass {
  char32_t first;
  char32_t last;
  uint8_t value;
};
struct Replacement {
  char32_t code;
  char32_t normal;
};
struct Composition {
  char32_t first;
  char32_t second;
  char32_t composed;
};

#include "grammar/unicode.inc"

// The row of intervals in order that holds the code point, or null.
template <typename Row, size_t size>
const Row* find(const Row (&table)[size], char32_t code) {
  const Row* row = std::upper_bound(
      std::begin(table), std::end(table), code,
      [](char32_t wanted, const Row& candidate) { return wanted < candidate.first; });
  if (row == std::begin(table)) return nullptr;
  --row;
  return code <= row->last ? row : nullptr;
}

// Hangul syllables compose by arithmetic (Unicode 3.12).
constexpr char32_t syllables = 0xAC00, leading = 0x1100, vowels = 0x1161, trailing = 0x11A7;
constexpr char32_t leading_count = 19, vowel_count = 21, trailing_count = 28;
constexpr char32_t syllable_count = leading_count * vowel_count * trailing_count;

uint8_t combining_class(char32_t code) {
  const CombiningClass* row = find(combining, code);
  return row ? row->value : 0;
}

// The composed code point, or 0.
char32_t compose(char32_t first, char32_t second) {
  if (first - leading < leading_count && second - vowels < vowel_count) {
    return syllables + ((first - leading) * vowel_count + (second - vowels)) * trailing_count;
  }
  if (first - syllables < syllable_count && (first - syllables) % trailing_count == 0 &&
      second - trailing - 1 < trailing_count - 1) {
    return first + (second - trailing);
  }
  const Composition* row = std::lower_bound(
      std::begin(composed), std::end(composed), std::pair(first, second),
      [](const Composition& candidate, const std::pair<char32_t, char32_t>& wanted) {
        return std::pair(candidate.first, candidate.second) < wanted;
      });
  const bool found = row != std::end(composed) && row->first == first && row->second == second;
  return found ? row->composed : 0;
}

void decompose(char32_t code, std::u32string& out) {
  if (code < 0xC0) {
    out += code;
    return;
  }
  const Replacement* row = std::lower_bound(
      std::begin(replaced), std::end(replaced), code,
      [](const Replacement& candidate, char32_t wanted) { return candidate.code < wanted; });
  if (row != std::end(replaced) && row->code == code) return decompose(row->normal, out);
  const Composition* pair =
      std::find_if(std::begin(composed), std::end(composed),
                   [&](const Composition& candidate) { return candidate.composed == code; });
  if (pair != std::end(composed)) {
    decompose(pair->first, out);
    out += pair->second;
    return;
  }
  out += code;  // a Hangul syllable needs no decomposition: marks never reorder into it
}

// Marks after a starter in the order of their classes.
void reorder(std::u32string& text) {
  for (auto begin = text.begin(); begin != text.end();) {
    if (combining_class(*begin) == 0) {
      ++begin;
      continue;
    }
    auto end = std::find_if(begin, text.end(), [](char32_t c) { return combining_class(c) == 0; });
    const auto before = [](char32_t a, char32_t b) {
      return combining_class(a) < combining_class(b);
    };
    for (auto next = begin; next != end; ++next) {
      std::rotate(std::upper_bound(begin, next, *next, before), next, next + 1);
    }
    begin = end;
  }
}

}  // namespace

char32_t decode(std::string_view text, size_t& at) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char lead = byte(at++);
  if (lead < 0x80) return lead;
  const size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || at + more > text.size()) return malformed;
  char32_t code = lead & (0x3Fu >> more);
  for (size_t k = 0; k < more; ++k) {
    if ((byte(at + k) & 0xC0) != 0x80) return malformed;
    code = code << 6 | (byte(at + k) & 0x3Fu);
  }
  const char32_t least[] = {0x80, 0x800, 0x10000};
  if (code < least[more - 1] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return malformed;
  }
  at += more;
  return code;
}

void encode(char32_t code, std::string& out) {
  if (code > 0x10FFFF) code = 0xFFFD;
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int more = code >= 0x10000 ? 3 : code >= 0x800 ? 2 : 1;
  const char32_t marks[] = {0xC0, 0xE0, 0xF0};
  out += static_cast<char>(marks[more - 1] | code >> (6 * more));
  for (int k = more - 1; k >= 0; --k) out += static_cast<char>(0x80 | (code >> (6 * k) & 0x3F));
}

std::u32string decode(std::string_view text) {
  std::u32string out;
  for (size_t at = 0; at < text.size();) out += decode(text, at);
  return out;
}

std::string encode(std::u32string_view text) {
  std::string out;
  for (const char32_t code : text) encode(code, out);
  return out;
}

bool is_letter(char32_t code) { return find(letters, code) != nullptr; }
bool is_mark(char32_t code) { return find(marks, code) != nullptr; }

int width(char32_t code) {
  if (code < 0x300) return 1;
  if (find(zero_width, code)) return 0;
  return find(wide, code) ? 2 : 1;
}

std::u32string nfc(std::u32string_view text) {
  std::u32string parts;
  for (const char32_t code : text) decompose(code, parts);
  reorder(parts);
  std::u32string out;
  size_t starter = std::u32string::npos;  // its place in `out`
  for (const char32_t code : parts) {
    const uint8_t mine = combining_class(code);
    if (starter != std::u32string::npos) {
      // A mark is blocked by one of its class or higher between it and the starter.
      const bool next = starter + 1 == out.size();
      const char32_t joined =
          next || (combining_class(out.back()) != 0 && combining_class(out.back()) < mine)
              ? compose(out[starter], code)
              : 0;
      if (joined) {
        out[starter] = joined;
        continue;
      }
    }
    if (mine == 0) starter = out.size();
    out += code;
  }
  return out;
}

bool is_nfc(std::u32string_view text) {
  const auto plain = [](char32_t code) { return code < 0x300; };
  if (std::all_of(text.begin(), text.end(), plain)) return true;
  const auto never = [](char32_t code) { return find(never_normal, code) != nullptr; };
  return std::none_of(text.begin(), text.end(), never) && nfc(text) == text;
}

}  // namespace gradus::unicode
