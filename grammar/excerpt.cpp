#include "grammar/excerpt.h"

#include <algorithm>
#include <ranges>
#include <string_view>

#include "grammar/unicode.h"

namespace gradus {
namespace {

constexpr uint32_t tab_width = 4;

// A code point of a source line as a terminal can show it.
std::string shown(char32_t code) {
  if (code == '\t') return std::string(tab_width, ' ');
  if (code == unicode::malformed) code = 0xFFFD;
  if (code < 0x20) code += 0x2400;  // pictures of control characters
  if (code == 0x7F) code = 0x2421;
  const bool reorders = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  if (reorders || (code >= 0x80 && code < 0xA0)) code = 0xFFFD;
  std::string out;
  unicode::encode(code, out);
  return out;
}

uint32_t columns(char32_t code) {
  if (code == '\t') return tab_width;
  return code == unicode::malformed ? 1 : static_cast<uint32_t>(unicode::width(code));
}

// A row of cells, one a column. Each holds what is written there; the second column of a wide
// character holds nothing.
class Row {
 public:
  void put(uint32_t column, std::string_view text, Style style) {
    for (size_t at = 0; at < text.size();) {
      const char32_t code = unicode::decode(text, at);
      const uint32_t wide = columns(code);
      if (wide == 0 && column > 0) {
        cells_[column - 1].text += shown(code);
        continue;
      }
      if (cells_.size() < column + wide) cells_.resize(column + wide);
      cells_[column] = {shown(code), style};
      for (uint32_t k = 1; k < wide; ++k) cells_[column + k] = {"", style};
      column += wide;
    }
  }
  void fill(uint32_t begin, uint32_t end, char mark, Style style) {
    for (uint32_t column = begin; column < end; ++column) put(column, {&mark, 1}, style);
  }

  std::string text(bool color) const {
    std::string out;
    for (size_t k = 0; k < cells_.size();) {
      const Style style = cells_[k].style;
      std::string same;
      for (; k < cells_.size() && cells_[k].style == style; ++k) same += cells_[k].text;
      out += paint(style, same, color);
    }
    return out;
  }

 private:
  struct Cell {
    std::string text = " ";
    Style style = Style::plain;
  };
  std::vector<Cell> cells_;
};

// A line of source, cut to what fits around a place.
class Line {
 public:
  Line(const SourceFile& file, uint32_t offset) {
    const std::string_view text = file.text;
    offset = std::min<uint32_t>(offset, static_cast<uint32_t>(text.size()));
    const size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
    begin_ = before == std::string_view::npos ? 0 : static_cast<uint32_t>(before + 1);
    text_ = text.substr(begin_, std::min(text.find('\n', offset), text.size()) - begin_);
    if (text_.ends_with('\r')) text_.remove_suffix(1);
    number_ = position(file, begin_).line;
  }

  uint32_t number() const { return number_; }
  uint32_t begin() const { return begin_; }
  uint32_t end() const { return begin_ + static_cast<uint32_t>(text_.size()); }
  uint32_t indent() const {
    const size_t first = text_.find_first_not_of(" \t");
    return begin_ + static_cast<uint32_t>(first == std::string_view::npos ? 0 : first);
  }

  // The column of a byte offset in what `text` shows.
  uint32_t column(uint32_t offset) const {
    const uint32_t at = full_column(offset);
    if (cut_ == 0) return std::min(at, last_);
    return at < cut_ ? 0 : std::min(at - cut_ + 1, last_);
  }

  // Shows at most `width` columns, those with [from, to) among them if they fit.
  void cut(uint32_t from, uint32_t to, uint32_t width) {
    const uint32_t all = full_column(end());
    if (all <= width) return;
    const uint32_t begin = full_column(from);
    const uint32_t marked = std::min(full_column(to) - begin, width);
    const uint32_t spare = (width - marked) / 2;
    cut_ = begin > spare ? std::min(begin - spare, all - width) : 0;
    last_ = width;
  }

  std::string text() const {
    std::string out;
    uint32_t column = 0;
    bool more = false;
    for (size_t at = 0; at < text_.size();) {
      const char32_t code = unicode::decode(text_, at);
      const uint32_t wide = columns(code);
      if (column >= cut_ && column + wide <= cut_ + last_) out += shown(code);
      more |= column + wide > cut_ + last_;
      column += wide;
    }
    return (cut_ > 0 ? "…" : "") + out + (more ? "…" : "");
  }

 private:
  uint32_t full_column(uint32_t offset) const {
    uint32_t column = 0;
    for (size_t at = 0; at < text_.size() && begin_ + at < offset;) {
      column += columns(unicode::decode(text_, at));
    }
    return column;
  }

  std::string_view text_;
  uint32_t begin_ = 0;
  uint32_t number_ = 0;
  uint32_t cut_ = 0;                // columns left out at the left
  uint32_t last_ = UINT32_MAX / 2;  // columns shown
};

struct Mark {
  uint32_t begin;
  uint32_t end;
  std::string_view text;
  Style style;
};

char mark_of(Style style) { return style == Style::secondary ? '-' : '^'; }

// Text of one or more lines, each begun at the column.
void write(std::vector<Row>& rows, size_t row, uint32_t column, std::string_view text,
           Style style) {
  for (;; ++row) {
    if (rows.size() <= row) rows.resize(row + 1);
    const size_t end = text.find('\n');
    rows[row].put(column, text.substr(0, end), style);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

// The rows below a line: marks, the rightmost text beside them, the others hanging below, from
// right to left.
std::vector<Row> mark_rows(std::vector<Mark> marks) {
  std::vector<Row> rows(1);
  for (const Mark& mark : std::views::reverse(marks)) {  // the first on top
    rows[0].fill(mark.begin, mark.end, mark_of(mark.style), mark.style);
  }
  std::erase_if(marks, [](const Mark& mark) { return mark.text.empty(); });
  if (marks.empty()) return rows;
  std::sort(marks.begin(), marks.end(),
            [](const Mark& a, const Mark& b) { return a.begin > b.begin; });
  uint32_t edge = 0;
  for (const Mark& mark : marks) edge = std::max(edge, mark.end);
  size_t hanging = 0;
  if (marks[0].end == edge && marks[0].text.find('\n') == std::string_view::npos) {
    write(rows, 0, edge + 1, marks[0].text, marks[0].style);
    hanging = 1;
  } else if (marks.size() == 1) {
    write(rows, 0, edge + 1, marks[0].text, marks[0].style);
    return rows;
  }
  if (hanging == marks.size()) return rows;
  rows.emplace_back();
  for (size_t k = hanging; k < marks.size(); ++k) {
    rows[1].put(marks[k].begin, "|", marks[k].style);
  }
  for (size_t k = hanging; k < marks.size(); ++k) {
    const size_t row = rows.size();
    write(rows, row, marks[k].begin, marks[k].text, marks[k].style);
    for (size_t below = row; below < rows.size(); ++below) {
      for (size_t other = k + 1; other < marks.size(); ++other) {
        if (marks[other].begin < marks[k].begin) {
          rows[below].put(marks[other].begin, "|", marks[other].style);
        }
      }
    }
  }
  return rows;
}

std::vector<ExcerptRow> one_line(const SourceFile& file, const std::vector<Label>& labels,
                                 Style first, const RenderOptions& options) {
  Line line(file, labels[0].span.begin);
  line.cut(labels[0].span.begin, labels[0].span.end, options.width);
  std::vector<Mark> marks;
  for (const Label& label : labels) {
    const uint32_t begin = line.column(label.span.begin);
    const uint32_t end = std::max(line.column(label.span.end), begin + 1);
    marks.push_back({begin, end, label.text, marks.empty() ? first : Style::secondary});
  }
  std::vector<ExcerptRow> out = {{line.number(), line.text()}};
  for (const Row& row : mark_rows(std::move(marks))) out.push_back({0, row.text(options.color)});
  return out;
}

// A label over several lines: a bar at the left from its first character to its last.
std::vector<ExcerptRow> many_lines(const SourceFile& file, const Label& label, Style style,
                                   const RenderOptions& options) {
  std::vector<Line> lines = {Line(file, label.span.begin)};
  while (lines.back().end() < label.span.end && lines.back().end() < file.text.size()) {
    const uint32_t next = static_cast<uint32_t>(file.text.find('\n', lines.back().end()));
    if (next + 1 >= label.span.end) break;
    lines.emplace_back(file, next + 1);
  }
  for (Line& line : lines) line.cut(line.begin(), line.begin(), options.width);

  constexpr uint32_t bar = 2;  // columns of the bar and its blank
  std::vector<ExcerptRow> out = {{lines[0].number(), "  " + lines[0].text()}};
  Row start;
  const uint32_t column = lines[0].column(label.span.begin) + bar;
  start.fill(1, column, '_', style);
  start.fill(column, column + 1, mark_of(style), style);
  out.push_back({0, start.text(options.color)});

  const std::string edge = paint(style, "|", options.color) + " ";
  constexpr size_t most = 6;
  for (size_t k = 1; k < lines.size(); ++k) {
    if (lines.size() > most && k == 3) {
      out.push_back({0, paint(style, "|", options.color) + " …"});
      k = lines.size() - 2;
    }
    out.push_back({lines[k].number(), edge + lines[k].text()});
  }
  Row finish;
  const Line& last = lines.back();
  const uint32_t end = std::max(last.column(label.span.end), 1U) + bar;
  finish.put(0, "|", style);
  finish.fill(1, end - 1, '_', style);
  finish.fill(end - 1, end, mark_of(style), style);
  finish.put(end + 1, label.text.substr(0, label.text.find('\n')), style);
  out.push_back({0, finish.text(options.color)});
  return out;
}

}  // namespace

std::string paint(Style style, const std::string& text, bool color) {
  if (!color || text.empty()) return text;
  const char* code = "";
  switch (style) {
    case Style::plain:
      return text;
    case Style::bold:
      code = "1";
      break;
    case Style::error:
      code = "1;31";
      break;
    case Style::warning:
      code = "1;33";
      break;
    case Style::secondary:
    case Style::gutter:
      code = "1;34";
      break;
  }
  return std::string("\x1b[") + code + "m" + text + "\x1b[0m";
}

std::vector<ExcerptRow> excerpt_rows(const SourceFile& file, const std::vector<Label>& labels,
                                     Style first, const RenderOptions& options) {
  const Span span = labels[0].span;
  // A newline that ends the label is no second line.
  const size_t newline = file.text.find('\n', span.begin);
  const bool spans_lines = newline != std::string::npos && newline + 1 < span.end;
  return spans_lines ? many_lines(file, labels[0], first, options)
                     : one_line(file, labels, first, options);
}

}  // namespace gradus
