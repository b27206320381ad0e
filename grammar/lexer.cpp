#include "grammar/lexer.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "grammar/errors.h"
#include "grammar/unicode.h"

namespace gradus::syntax {
namespace {

// More say nothing about a file that is no model.
constexpr int most_errors = 100;

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool starts_name(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return unicode::is_letter(c);
}
bool continues_name(char32_t c) {
  return starts_name(c) || is_digit(c) || (c >= 0x80 && unicode::is_mark(c));
}

// Marks of other languages. None is a sequence of tokens that the grammar has anywhere, so that
// they are mistakes wherever they stand.
struct Foreign {
  std::string_view spelling;
  std::string_view advice;
  Token meant;
};
constexpr Foreign foreign[] = {
    {"===", "write `==`", Token::equal},
    {"...", "write `..`", Token::dots},
    {"**", "write `^` for a power", Token::caret},
    {"&&", "write `and`", Token::kw_and},
    {"||", "write `or`", Token::kw_or},
    {":=", "a definition is written with `=`, an assignment to a state with `<-`", Token::equals},
    {"=>", "a comparison is written `>=`, an argument by name `units = 3`", Token::greater_equal},
    {"=<", "write `<=`", Token::less_equal},
    {"<>", "write `!=`", Token::not_equal},
    {"~=", "write `!=`, or `~` alone for an initialiser", Token::not_equal},
    {"+=", "only states are assigned to, by `s <- s + x`", Token::equals},
    {"-=", "only states are assigned to, by `s <- s - x`", Token::equals},
    {"*=", "only states are assigned to, by `s <- s * x`", Token::equals},
    {"/=", "only states are assigned to, by `s <- s / x`; `!=` is unequal", Token::equals},
    {"^=", "only states are assigned to, by `s <- s ^ x`", Token::equals},
    {"@=", "only states are assigned to, by `s <- s @ x`", Token::equals},
    {"++", "write `+` once", Token::plus},
    {"&", "write `and`", Token::kw_and},
    {"|", "write `or`", Token::kw_or},
    {"!", "write `not`", Token::kw_not},
};

struct Lookalike {
  char32_t character;
  std::string_view spelling;
  Token meant;
};
constexpr Lookalike lookalikes[] = {
#define LOOKALIKE(character, spelling, meant) {character, spelling, Token::meant},
#include "grammar/lookalikes.def"
#undef LOOKALIKE
};

constexpr char32_t blanks[] = {0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                               0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x200B,
                               0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF, 0x0B,   0x0C};

// The digit that a raised or lowered one stands for, or 0.
char raised_digit(char32_t c) {
  if (c == U'¹') return '1';
  if (c == U'²') return '2';
  if (c == U'³') return '3';
  if (c == 0x2070 || (c >= 0x2074 && c <= 0x2079)) return static_cast<char>('0' + (c - 0x2070));
  return 0;
}
char lowered_digit(char32_t c) {
  return c >= 0x2080 && c <= 0x2089 ? static_cast<char>('0' + (c - 0x2080)) : '\0';
}

class Lexer {
 public:
  Lexer(const SourceFile& file, Diagnostics& errors)
      : text_(file.text), file_(file.number), errors_(errors) {}

  std::vector<Lexeme> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // a byte order mark
    while (at_ < text_.size()) step();
    emit(Token::end, at_);
    return std::move(out_);
  }

 private:
  Span span(size_t begin, size_t end) const {
    return {file_, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  }
  Span from(size_t begin) const { return span(begin, at_); }
  char32_t peek(size_t at) const {
    return at < text_.size() ? unicode::decode(text_, at) : char32_t{0};
  }

  void report(Diagnostic diagnostic) {
    if (++reported_ <= most_errors) errors_.add(std::move(diagnostic));
  }

  void emit(Token token, size_t begin) {
    out_.push_back({token, from(begin), newline_});
    newline_ = false;
  }

  void step() {
    const char c = text_[at_];
    if (c == '\n') newline_ = true;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (c == '#') {
      skip_line();
    } else if (is_digit(static_cast<unsigned char>(c))) {
      number();
    } else if (c == '"') {
      string(1, "\"");
    } else if (starts_name(peek(at_))) {
      name();
    } else {
      mark();
    }
  }

  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  // Moves past a name's characters and says whether there were any.
  bool skip_name() {
    const size_t begin = at_;
    while (at_ < text_.size()) {
      size_t next = at_;
      const char32_t c = unicode::decode(text_, next);
      if (const char digit = lowered_digit(c)) {
        report(unexpected_character(span(at_, next), c, {&digit, 1}));
      } else if (c == unicode::malformed || !continues_name(c)) {
        break;
      }
      at_ = next;
    }
    return at_ > begin;
  }

  void name() {
    const size_t begin = at_;
    skip_name();
    const std::string_view spelling = text_.substr(begin, at_ - begin);
    const std::u32string letters = unicode::decode(spelling);
    if (!unicode::is_nfc(letters)) {
      report(name_not_normal(from(begin), spelling, unicode::encode(unicode::nfc(letters))));
    }
    emit(reserved_word(spelling).value_or(Token::name), begin);
  }

  void skip_digits() {
    while (at_ < text_.size() && is_digit(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  // Moves past an exponent, if one stands here.
  bool skip_exponent() {
    if (peek(at_) != 'e' && peek(at_) != 'E') return false;
    const bool sign = peek(at_ + 1) == '+' || peek(at_ + 1) == '-';
    if (!is_digit(peek(at_ + 1 + sign))) return false;
    at_ += 1 + sign;
    skip_digits();
    return true;
  }

  void number() {
    const size_t begin = at_;
    skip_digits();
    if (peek(at_) == '.' && is_digit(peek(at_ + 1))) {
      ++at_;
      skip_digits();
      skip_exponent();
    } else if (peek(at_) == '.') {
      lonely_point(begin);
    } else {
      skip_exponent();
    }
    if (starts_name(peek(at_))) return letters_after_number(begin);
    check_range(begin);
    emit(Token::number, begin);
  }

  // `1.` without digits after the point, unless the point begins `..` or a member's name.
  void lonely_point(size_t begin) {
    const char32_t next = peek(at_ + 1);
    const size_t point = at_++;
    const bool exponent = skip_exponent();
    if (next == '.' || (starts_name(next) && !exponent)) {
      at_ = point;
      return;
    }
    const std::string_view all = text_.substr(begin, at_ - begin);
    const size_t whole = point - begin + 1;
    report(malformed_number(
        from(begin), "has no digits after its point",
        write(std::string(all.substr(0, whole)) + "0" + std::string(all.substr(whole)))));
  }

  static std::string write(const std::string& code) { return "write `" + code + "`"; }

  void letters_after_number(size_t begin) {
    const std::string digits(text_.substr(begin, at_ - begin));
    const size_t middle = at_;
    skip_name();
    const std::string letters(text_.substr(middle, at_ - middle));
    if (letters.find('_') != std::string::npos && is_digit(peek(middle + 1))) {
      std::string joined = digits + letters;
      std::erase(joined, '_');
      report(malformed_number(from(begin), "has `_` in it", write(joined)));
    } else if (digits == "0" && (letters[0] == 'x' || letters[0] == 'b' || letters[0] == 'o')) {
      report(malformed_number(from(begin), "is not decimal", "write it in decimal"));
    } else if (letters == "e" || letters == "E") {
      report(malformed_number(from(begin), "has no digits after its `e`", write(digits)));
    } else {
      report(malformed_number(from(begin), "runs into a name",
                              "a product is written `" + digits + " * " + letters + "`"));
    }
    emit(Token::number, begin);
  }

  void check_range(size_t begin) {
    const std::string_view digits = text_.substr(begin, at_ - begin);
    double value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    // What is too small for a double is 0, so only large numbers are refused.
    if (result.ec == std::errc::result_out_of_range && digits.find("e-") == digits.npos &&
        digits.find("E-") == digits.npos) {
      report(malformed_number(from(begin), "is too large", "write `inf` for infinity"));
    }
  }

  // A string that begins with `opening` bytes and ends with `closing`.
  void string(size_t opening, std::string_view closing) {
    const size_t begin = at_;
    at_ += opening;
    while (at_ < text_.size() && text_[at_] != '\n' && !text_.substr(at_).starts_with(closing)) {
      if (text_[at_] == '\\') escape();
      if (at_ < text_.size() && text_[at_] != '\n') ++at_;
    }
    if (text_.substr(at_).starts_with(closing)) {
      at_ += closing.size();
    } else {
      while (at_ > begin + opening && (text_[at_ - 1] == '\r' || text_[at_ - 1] == ' ')) --at_;
      report(malformed_string(from(begin), "has no closing `\"` on its line",
                              "a string ends on the line it begins on"));
    }
    emit(Token::string, begin);
  }

  // At a backslash: moves to the character that it escapes.
  void escape() {
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\n';
    if (next == '"' || next == '\\') {
      ++at_;
    } else if (next != '\n') {
      report(malformed_string(span(at_, at_ + 1), "has a `\\` that escapes nothing",
                              "a backslash is written `\\\\`, a quotation mark `\\\"`"));
    }
  }

  void mark() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("//") || rest.starts_with("/*")) return foreign_comment();
    if (rest[0] == '.' && is_digit(peek(at_ + 1)) && !after_operand()) return leading_point();
    for (const Foreign& each : foreign) {
      if (!rest.starts_with(each.spelling) || leading_mark(rest) == Token::not_equal) continue;
      const size_t begin = at_;
      at_ += each.spelling.size();
      report(foreign_operator(from(begin), each.spelling, each.advice));
      return emit(each.meant, begin);
    }
    if (const std::optional<Token> token = leading_mark(rest)) {
      const size_t begin = at_;
      at_ += info(*token).spelling.size();
      return emit(*token, begin);
    }
    stray();
  }

  // Whether what stands here continues an operand that ended without a blank: `h.5`.
  bool after_operand() const {
    if (out_.empty() || out_.back().span.end != at_) return false;
    const Token last = out_.back().token;
    return last == Token::name || last == Token::number || last == Token::rparen ||
           last == Token::rbracket || last == Token::quote;
  }

  void leading_point() {
    const size_t begin = at_++;
    skip_digits();
    skip_exponent();
    report(malformed_number(from(begin), "has no digits before its point",
                            write("0" + std::string(text_.substr(begin, at_ - begin)))));
    emit(Token::number, begin);
  }

  void foreign_comment() {
    const size_t begin = at_;
    const bool line = text_[at_ + 1] == '/';
    report(foreign_operator(span(at_, at_ + 2), line ? "//" : "/*", "a comment begins with `#`"));
    const size_t close = line ? text_.npos : text_.find("*/", at_ + 2);
    if (close == text_.npos) return skip_line();
    at_ = close + 2;
    newline_ |= text_.substr(begin, at_ - begin).find('\n') != text_.npos;
  }

  // A character that is no part of the language.
  void stray() {
    const size_t begin = at_;
    const char32_t c = unicode::decode(text_, at_);
    if (c == unicode::malformed) return malformed(begin);
    if (std::find(std::begin(blanks), std::end(blanks), c) != std::end(blanks)) {
      return report(unexpected_character(from(begin), c, "a blank"));
    }
    if (const char digit = raised_digit(c)) return raised(begin, c, digit);
    if (c == U'“' || c == U'”' || c == U'„' || c == U'«') return quoted(begin, c);
    for (const Lookalike& each : lookalikes) {
      if (each.character != c) continue;
      report(unexpected_character(from(begin), c, each.spelling));
      return emit(each.meant, begin);
    }
    if (c >= 0xFF01 && c <= 0xFF5E) {  // full-width ASCII
      const char plain = static_cast<char>(c - 0xFEE0);
      report(unexpected_character(from(begin), c, {&plain, 1}));
      const Token meant = is_digit(static_cast<unsigned char>(plain)) ? Token::number : Token::name;
      return emit(leading_mark({&plain, 1}).value_or(meant), begin);
    }
    if (c == '%' && (out_.empty() || newline_)) {
      report(foreign_operator(from(begin), "%", "a comment begins with `#`"));
      return skip_line();
    }
    if (c == U'?') {
      return report(foreign_operator(from(begin), "?", "write `if c then a else b`"));
    }
    report(unexpected_character(from(begin), c, ""));
    while (at_ < text_.size() && peek(at_) == c) unicode::decode(text_, at_);
  }

  void malformed(size_t begin) {
    for (size_t next = at_; next < text_.size(); at_ = next) {
      if (unicode::decode(text_, next) != unicode::malformed) break;
    }
    report(malformed_utf8(from(begin)));
  }

  // `x²` is read as `x^2`.
  void raised(size_t begin, char32_t c, char digit) {
    report(unexpected_character(from(begin), c, std::string("^") + digit));
    emit(Token::caret, begin);
    while (at_ < text_.size() && raised_digit(peek(at_))) unicode::decode(text_, at_);
    emit(Token::number, begin);
  }

  // A string in typographic quotation marks, where they close on this line.
  void quoted(size_t begin, char32_t c) {
    report(unexpected_character(from(begin), c, "\""));
    const size_t line_end = std::min(text_.find('\n', at_), text_.size());
    for (const std::string_view closing : {"”", "“", "»", "\""}) {
      const size_t end = text_.find(closing, at_);
      if (end >= line_end) continue;
      at_ = end + closing.size();
      break;
    }
    emit(Token::string, begin);
  }

  std::string_view text_;
  uint32_t file_;
  Diagnostics& errors_;
  int reported_ = 0;
  size_t at_ = 0;
  bool newline_ = false;  // since the last token
  std::vector<Lexeme> out_;
};

}  // namespace

std::vector<Lexeme> lex(const SourceFile& file, Diagnostics& errors) {
  return Lexer(file, errors).run();
}

std::string unquoted(std::string_view token) {
  std::string out;
  for (size_t at = 1; at + 1 < token.size(); ++at) {
    if (token[at] == '\\') ++at;
    out += token[at];
  }
  return out;
}

}  // namespace gradus::syntax
