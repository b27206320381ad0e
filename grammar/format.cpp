#include "grammar/format.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "grammar/lexer.h"
#include "grammar/parser.h"

namespace gradus::syntax {
namespace {

constexpr size_t step = 2;           // of indentation, for what is in brackets
constexpr size_t continued = 4;      // for a statement's further lines outside of brackets
constexpr size_t most_padding = 16;  // a longer left side is not lined up with

// Displayed columns: code points, since names are NFC.
size_t width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

// Definitions are lined up with definitions, losses with metrics.
enum class Kind : uint8_t { other, definition, scalar };

struct Line {
  bool after_blank = false;
  // Columns before the text: of its own, beside those of the line that it hangs from, if it does.
  size_t indent = 0;
  std::optional<size_t> hangs_from;
  bool under_text = false;  // below what follows a bracket there; else below that line's beginning
  Kind kind = Kind::other;
  std::string text;
  std::string comment;           // with its `#`; behind the text where there is some
  std::optional<size_t> equals;  // where in the text a definition has its `=`
};

// Whether a token can be the end of an operand, so that a `-`, `(` or `[` behind it is infix, a
// call or a subscript.
bool ends_operand(Token token) {
  switch (token) {
    case Token::name:
    case Token::number:
    case Token::string:
    case Token::quote:
    case Token::rparen:
    case Token::rbracket:
    case Token::rbrace:
    case Token::kw_true:
    case Token::kw_false:
    case Token::kw_new:
    case Token::kw_index:
    case Token::kw_bool:
    case Token::kw_real:
      return true;
    default:
      return is_reducer(token);
  }
}

class Layout {
 public:
  Layout(std::string_view text, std::vector<Lexeme> lexemes)
      : text_(text), lexemes_(std::move(lexemes)) {}

  std::vector<Line> lines() {
    for (at_ = 0; at_ < lexemes_.size(); ++at_) {
      gap();
      if (token() != Token::end) put();
    }
    finish();
    return std::move(lines_);
  }

 private:
  struct Bracket {
    Token token;
    size_t line;     // that it stands on
    size_t column;   // of that line's text, behind it
    bool last;       // on its line
    bool reduction;  // of `sum[k]`: what follows is its body
    bool entries;    // of a data or train block: commas separate its lines
  };

  Token token() const { return lexemes_[at_].token; }
  Token before() const { return at_ == 0 ? Token::end : lexemes_[at_ - 1].token; }
  Token innermost() const { return open_.empty() ? Token::end : open_.back().token; }
  std::string_view text(Span span) const { return text_.substr(span.begin, span.end - span.begin); }

  // ---- what stands between the tokens: newlines and comments

  void gap() {
    const uint32_t begin = at_ == 0 ? 0 : lexemes_[at_ - 1].span.end;
    const uint32_t end =
        token() == Token::end ? static_cast<uint32_t>(text_.size()) : lexemes_[at_].span.begin;
    std::string_view between = text_.substr(begin, end - begin);
    int newlines = at_ == 0 ? 1 : 0;
    while (!between.empty()) {
      if (between.front() == '#') {
        const size_t length = std::min(between.find('\n'), between.size());
        comment(between.substr(0, length), newlines);
        between.remove_prefix(length);
        newlines = 0;
        continue;
      }
      if (between.front() == '\n') ++newlines;
      between.remove_prefix(1);
    }
    if (token() == Token::end) return;
    if (newlines > 0 || has_comment_) begin_line(newlines);
  }

  void comment(std::string_view comment, int newlines) {
    while (!comment.empty() && std::string_view(" \t\r").find(comment.back()) != comment.npos) {
      comment.remove_suffix(1);
    }
    if (newlines > 0 || has_comment_) {
      begin_line(newlines);
      hang();
    }
    line_.comment = comment;
    has_comment_ = true;
  }

  void begin_line(int newlines) {
    const bool first_in_block = before() == Token::lbrace && !has_comment_;
    finish();
    line_ = {};
    line_.after_blank = newlines > 1 && !lines_.empty() && !first_in_block;
    at_line_start_ = true;
    has_comment_ = false;
  }

  void finish() {
    if (line_.text.empty() && line_.comment.empty()) return;
    lines_.push_back(std::exchange(line_, {}));
  }

  // ---- where lines begin

  // Puts the line where the contents of the innermost bracket are.
  void hang() {
    line_.indent = 0;
    if (open_.empty()) return;
    const Bracket& in = open_.back();
    line_.hangs_from = in.line;
    line_.under_text = !in.last;
    line_.indent = in.last ? step : in.column;
  }

  bool begins_statement() const {
    const Token last = before();
    if (last == Token::end || last == Token::lbrace) return true;
    if (last == Token::comma && !open_.empty() && open_.back().entries) return true;
    return info(last).after == NewlineRule::ends && info(token()).before == NewlineRule::ends;
  }

  void start_line() {
    at_line_start_ = false;
    const bool in_block = open_.empty() || innermost() == Token::lbrace;
    const bool closes =
        token() == Token::rparen || token() == Token::rbracket || token() == Token::rbrace;
    hang();
    if (closes) {
      if (open_.back().last) line_.indent = 0;
      if (token() == Token::rbrace) line_.after_blank = false;
      return;
    }
    if (!in_block) return;
    if (!begins_statement()) {
      line_.indent += continued;
      return;
    }
    operand_ = false;
    first_ = token();
    statement_depth_ = open_.size();
    if (first_ == Token::name || (!open_.empty() && open_.back().entries)) {
      line_.kind = Kind::definition;
    } else if (first_ == Token::kw_loss || first_ == Token::kw_metric) {
      line_.kind = Kind::scalar;
    }
  }

  // ---- tokens

  void put() {
    if (at_line_start_) {
      start_line();
      sign_ = false;
    }
    if (!open_.empty() && !line_.text.empty() && is_opening(before()) &&
        before() != Token::lbrace) {
      open_.back().last = false;
    }
    if (line_.text.empty()) {
      // Nothing to keep apart from.
    } else if (blank_between()) {
      line_.text += ' ';
    }
    if (token() == Token::equals && line_.kind != Kind::other && !line_.equals &&
        open_.size() == statement_depth_) {
      line_.equals = line_.text.size();
    }
    line_.text += text(lexemes_[at_].span);
    brackets();
  }

  static bool is_opening(Token token) {
    return token == Token::lparen || token == Token::lbracket || token == Token::lbrace;
  }

  void brackets() {
    const bool was_operand = std::exchange(operand_, ends_operand(token()));
    if (is_opening(token())) {
      const bool reduction = token() == Token::lbracket && is_reducer(before());
      const bool entries =
          token() == Token::lbrace && (first_ == Token::kw_data || first_ == Token::kw_train);
      open_.push_back({token(), lines_.size(), width(line_.text), true, reduction, entries});
    }
    switch (token()) {
      case Token::rparen:
      case Token::rbracket:
      case Token::rbrace:
        operand_ = !open_.back().reduction;
        open_.pop_back();
        return;
      case Token::star:  // of a pattern: `over gen.*`
        operand_ = !was_operand;
        return;
      case Token::minus:
        sign_ = !was_operand;
        return;
      default:
        return;
    }
  }

  // Whether a blank stands between this token and the one before it on the line.
  bool blank_between() {
    const Token last = before();
    if (std::exchange(sign_, false)) return false;
    switch (last) {
      case Token::lparen:
      case Token::lbracket:
      case Token::dot:
      case Token::dots:
      case Token::caret:
        return false;
      case Token::lbrace:
        return token() != Token::rbrace;
      case Token::colon:
        return innermost() != Token::lbracket;
      default:
        break;
    }
    switch (token()) {
      case Token::rparen:
      case Token::rbracket:
      case Token::comma:
      case Token::semicolon:
      case Token::dot:
      case Token::quote:
      case Token::caret:
        return false;
      case Token::dots:
      case Token::colon:
        return last == Token::comma;
      case Token::lparen:
      case Token::lbracket:
        return !operand_;
      default:
        return true;
    }
  }

  std::string_view text_;
  std::vector<Lexeme> lexemes_;
  size_t at_ = 0;
  std::vector<Line> lines_;
  Line line_;
  bool at_line_start_ = false;
  bool has_comment_ = false;  // the line has its comment, so that it has ended
  std::vector<Bracket> open_;
  Token first_ = Token::end;  // of the statement
  size_t statement_depth_ = 0;
  bool operand_ = false;  // the token before ends an operand
  bool sign_ = false;     // the token before is a minus without a left side
};

// Runs of neighbouring lines for which `belongs`, each given to `align`. Lines that hang below the
// text of one of them do not end a run.
template <typename Belongs, typename Align>
void each_run(const std::vector<Line>& lines, Belongs belongs, Align align) {
  std::vector<size_t> run;
  const auto end = [&] {
    if (run.size() > 1) align(run);
    run.clear();
  };
  for (size_t k = 0; k < lines.size(); ++k) {
    const Line& line = lines[k];
    if (!run.empty() && line.under_text && *line.hangs_from >= run.front()) continue;
    const bool joins = !run.empty() && belongs(line) && !line.after_blank &&
                       line.hangs_from == lines[run.front()].hangs_from &&
                       line.kind == lines[run.front()].kind;
    if (!joins) end();
    if (belongs(line)) run.push_back(k);
  }
  end();
}

// The columns that are put before the `=` of each line.
std::vector<size_t> align_definitions(std::vector<Line>& lines) {
  std::vector<size_t> padding(lines.size(), 0);
  const auto left = [&](size_t k) { return width(lines[k].text.substr(0, *lines[k].equals)); };
  each_run(
      lines, [](const Line& line) { return line.equals.has_value(); },
      [&](const std::vector<size_t>& run) {
        size_t most = 0;
        size_t least = SIZE_MAX;
        for (size_t k : run) {
          most = std::max(most, left(k));
          least = std::min(least, left(k));
        }
        if (most - least > most_padding) return;
        for (size_t k : run) padding[k] = most - left(k);
      });
  for (size_t k = 0; k < lines.size(); ++k) {
    if (padding[k] > 0) lines[k].text.insert(*lines[k].equals, padding[k], ' ');
  }
  return padding;
}

void align_comments(std::vector<Line>& lines) {
  const auto end = [&](size_t k) { return lines[k].indent + width(lines[k].text); };
  each_run(
      lines, [](const Line& line) { return !line.text.empty() && !line.comment.empty(); },
      [&](const std::vector<size_t>& run) {
        size_t most = 0;
        for (size_t k : run) most = std::max(most, end(k));
        for (size_t k : run) lines[k].text.append(most - end(k), ' ');
      });
}

// Gives lines that hang from others their columns.
void hang(std::vector<Line>& lines, const std::vector<size_t>& padding) {
  for (Line& line : lines) {
    if (!line.hangs_from) continue;
    const size_t from = *line.hangs_from;
    line.indent += lines[from].indent + (line.under_text ? padding[from] : 0);
  }
}

std::string joined(const std::vector<Line>& lines) {
  std::string made;
  for (const Line& line : lines) {
    if (line.after_blank) made += '\n';
    made.append(line.indent, ' ');
    made += line.text;
    if (!line.text.empty() && !line.comment.empty()) made += "  ";
    made += line.comment;
    made += '\n';
  }
  return made;
}

}  // namespace

std::optional<std::string> format(const SourceFile& file, Diagnostics& errors) {
  const size_t before = errors.errors();
  parse(file, errors);
  if (errors.errors() > before) return std::nullopt;
  Diagnostics known;
  std::vector<Line> lines = Layout(file.text, lex(file, known)).lines();
  hang(lines, align_definitions(lines));
  align_comments(lines);
  return joined(lines);
}

}  // namespace gradus::syntax
