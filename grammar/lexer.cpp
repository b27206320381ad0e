#include "grammar/lexer.h"

#include <fmt/format.h>

#include <unordered_map>

namespace gradus {
namespace {

const std::unordered_map<std::string_view, Token> words = {
    {"const", Token::kw_const},
    {"input", Token::kw_input},
    {"param", Token::kw_param},
    {"state", Token::kw_state},
    {"fn", Token::kw_fn},
    {"layer", Token::kw_layer},
    {"derivative", Token::kw_derivative},
    {"loss", Token::kw_loss},
    {"metric", Token::kw_metric},
    {"output", Token::kw_output},
    {"optimizer", Token::kw_optimizer},
    {"data", Token::kw_data},
    {"train", Token::kw_train},
    {"import", Token::kw_import},
    {"precision", Token::kw_precision},
    {"index", Token::kw_index},
    {"bool", Token::kw_bool},
    {"real", Token::kw_real},
    {"if", Token::kw_if},
    {"then", Token::kw_then},
    {"else", Token::kw_else},
    {"and", Token::kw_and},
    {"or", Token::kw_or},
    {"not", Token::kw_not},
    {"scan", Token::kw_scan},
    {"repeat", Token::kw_repeat},
    {"in", Token::kw_in},
    {"over", Token::kw_over},
    {"reverse", Token::kw_reverse},
    {"where", Token::kw_where},
    {"new", Token::kw_new},
    {"true", Token::kw_true},
    {"false", Token::kw_false},
    {"sum", Token::kw_sum},
    {"prod", Token::kw_prod},
    {"max", Token::kw_max},
    {"min", Token::kw_min},
    {"mean", Token::kw_mean},
    {"logsumexp", Token::kw_logsumexp},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

// Whether a newline after this token does not end the statement.
bool wants_more(Token t) {
  return (t >= Token::plus && t <= Token::caret) || t == Token::lparen || t == Token::lbracket ||
         t == Token::lbrace || t == Token::comma || t == Token::colon || t == Token::semicolon ||
         t == Token::dot || t == Token::dotdot || (t >= Token::assign && t <= Token::not_equal) ||
         t == Token::kw_if || t == Token::kw_then || t == Token::kw_else || t == Token::kw_and ||
         t == Token::kw_or || t == Token::kw_not || t == Token::kw_in || t == Token::kw_over ||
         t == Token::kw_where;
}

class Lexer {
 public:
  Lexer(const SourceFile& source, Diagnostics& diagnostics)
      : text_(source.text), file_(source.number), diagnostics_(diagnostics) {}

  std::vector<Lexeme> run() {
    while (at_ < text_.size()) step();
    if (!out_.empty() && out_.back().token == Token::newline) out_.pop_back();
    emit(Token::end, text_.size());
    return std::move(out_);
  }

 private:
  void emit(Token token, size_t begin) {
    // then, else, where, and, or continue the statement before them.
    if ((token == Token::kw_then || token == Token::kw_else || token == Token::kw_where ||
         token == Token::kw_and || token == Token::kw_or) &&
        !out_.empty() && out_.back().token == Token::newline) {
      out_.pop_back();
    }
    out_.push_back({token, Span{file_, static_cast<uint32_t>(begin), static_cast<uint32_t>(at_)},
                    std::string_view(text_).substr(begin, at_ - begin)});
  }

  void newline() {
    const size_t begin = at_++;
    if (out_.empty() || out_.back().token == Token::newline || wants_more(out_.back().token))
      return;
    if (!brackets_.empty() && brackets_.back() != '{') return;
    emit(Token::newline, begin);
  }

  void step() {
    const char c = text_[at_];
    if (c == '\n') return newline();
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
      return;
    }
    if (c == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      return;
    }
    const size_t begin = at_;
    if (is_name_start(c)) {
      while (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
      auto word = words.find(std::string_view(text_).substr(begin, at_ - begin));
      return emit(word == words.end() ? Token::name : word->second, begin);
    }
    if (is_digit(c)) return number();
    if (c == '"') return string();
    mark();
  }

  void number() {
    const size_t begin = at_;
    auto digits = [&] {
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    digits();
    if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      size_t p = at_ + 1;
      if (p < text_.size() && (text_[p] == '+' || text_[p] == '-')) ++p;
      if (p < text_.size() && is_digit(text_[p])) {
        at_ = p;
        digits();
      }
    }
    emit(Token::number, begin);
  }

  void string() {
    const size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n')
      at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ < text_.size() && text_[at_] == '"') ++at_;
    at_ = std::min(at_, text_.size());
    emit(Token::string, begin);
  }

  void mark() {
    static constexpr std::pair<std::string_view, Token> marks[] = {
        {"..", Token::dotdot},        {"<-", Token::arrow},   {"<=", Token::less_equal},
        {">=", Token::greater_equal}, {"==", Token::equal},   {"!=", Token::not_equal},
        {"+", Token::plus},           {"-", Token::minus},    {"*", Token::star},
        {"/", Token::slash},          {"@", Token::at},       {"^", Token::caret},
        {"'", Token::quote},          {"(", Token::lparen},   {")", Token::rparen},
        {"[", Token::lbracket},       {"]", Token::rbracket}, {"{", Token::lbrace},
        {"}", Token::rbrace},         {",", Token::comma},    {":", Token::colon},
        {";", Token::semicolon},      {".", Token::dot},      {"=", Token::assign},
        {"~", Token::tilde},          {"<", Token::less},     {">", Token::greater}};
    const std::string_view rest = std::string_view(text_).substr(at_);
    for (const auto& [spelling, token] : marks) {
      if (!rest.starts_with(spelling)) continue;
      const size_t begin = at_;
      at_ += spelling.size();
      const char c = spelling[0];
      if (c == '(' || c == '[' || c == '{') brackets_.push_back(c);
      if ((c == ')' || c == ']' || c == '}') && !brackets_.empty()) brackets_.pop_back();
      if (token == Token::rbrace && !out_.empty() && out_.back().token == Token::newline) {
      }
      return emit(token, begin);
    }
    diagnostics_.add(
        {.code = {"E0101", ""},
         .message = fmt::format("unexpected character `{}`", rest[0]),
         .primary = {{file_, static_cast<uint32_t>(at_), static_cast<uint32_t>(at_ + 1)}, ""}});
    ++at_;
  }

  const std::string& text_;
  uint32_t file_;
  Diagnostics& diagnostics_;
  size_t at_ = 0;
  std::vector<char> brackets_;
  std::vector<Lexeme> out_;
};

}  // namespace

std::vector<Lexeme> lex(const SourceFile& source, Diagnostics& diagnostics) {
  return Lexer(source, diagnostics).run();
}

}  // namespace gradus
