#include "grammar/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace gradus {
namespace {

struct Position {
  int line = 1;           // from 1
  int column = 1;         // from 1, in characters
  std::string_view text;  // of the line
};

// The number of characters: bytes that do not continue a UTF-8 sequence.
int characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Position position(std::string_view text, uint32_t offset) {
  offset = std::min<uint32_t>(offset, static_cast<uint32_t>(text.size()));
  const std::string_view before = text.substr(0, offset);
  const size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const size_t end = std::min(text.find('\n', offset), text.size());
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          characters(before.substr(start)) + 1, text.substr(start, end - start)};
}

class Renderer {
 public:
  Renderer(const Diagnostic& diagnostic, std::span<const SourceFile> sources, bool color)
      : diagnostic_(diagnostic), sources_(sources), color_(color) {
    for (const Label* label : labels()) {
      margin_ = std::max(margin_, fmt::formatted_size("{}", place(label->span).line));
    }
  }

  std::string run() {
    const bool error = diagnostic_.severity == Severity::error;
    out_ = paint(error ? "1;31" : "1;33",
                 fmt::format("{}[{}]", error ? "error" : "warning", diagnostic_.code));
    out_ += paint("1", ": " + diagnostic_.message) + "\n";
    const Position at = place(diagnostic_.primary.span);
    out_ += fmt::format("{:{}}{} {}:{}:{}\n", "", margin_, paint("1;34", "-->"),
                        source(diagnostic_.primary.span).name, at.line, at.column);
    excerpt(diagnostic_.primary, '^', error ? "1;31" : "1;33");
    for (const Label& label : diagnostic_.secondary) excerpt(label, '-', "1;34");
    for (const Label& call : diagnostic_.called_from) {
      const Position from = place(call.span);
      note(fmt::format("called from {}:{}:{}{}{}", source(call.span).name, from.line, from.column,
                       call.text.empty() ? "" : ": ", call.text));
    }
    if (!diagnostic_.help.empty()) note("help: " + diagnostic_.help);
    return out_;
  }

 private:
  std::vector<const Label*> labels() const {
    std::vector<const Label*> all = {&diagnostic_.primary};
    for (const Label& label : diagnostic_.secondary) all.push_back(&label);
    return all;
  }
  const SourceFile& source(Span span) const { return sources_[span.file]; }
  Position place(Span span) const { return position(source(span).text, span.begin); }
  std::string paint(std::string_view code, const std::string& text) const {
    return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  void note(const std::string& text) {
    out_ += fmt::format("{:{}} {} {}\n", "", margin_, paint("1;34", "="), text);
  }

  void excerpt(const Label& label, char mark, std::string_view color) {
    const Position at = place(label.span);
    const std::string bar = paint("1;34", "|");
    std::string line(at.text);
    std::replace(line.begin(), line.end(), '\t', ' ');
    while (!line.empty() && line.back() == '\r') line.pop_back();
    out_ += fmt::format("{:{}} {}\n", "", margin_, bar);
    out_ += fmt::format("{} {} {}\n", paint("1;34", fmt::format("{:>{}}", at.line, margin_)), bar,
                        line);
    const std::string_view text = source(label.span).text;
    const uint32_t end = std::min<uint32_t>(label.span.end, static_cast<uint32_t>(text.size()));
    const std::string_view marked =
        end > label.span.begin ? text.substr(label.span.begin, end - label.span.begin) : "";
    const int width = std::max(1, characters(marked.substr(0, marked.find('\n'))));
    out_ += fmt::format("{:{}} {} {:{}}{}\n", "", margin_, bar, "", at.column - 1,
                        paint(color, std::string(static_cast<size_t>(width), mark) +
                                         (label.text.empty() ? "" : " ") + label.text));
  }

  const Diagnostic& diagnostic_;
  std::span<const SourceFile> sources_;
  bool color_;
  size_t margin_ = 1;
  std::string out_;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string place_json(Span span, std::string_view text, std::span<const SourceFile> sources) {
  const SourceFile& source = sources[span.file];
  const Position begin = position(source.text, span.begin);
  const Position end = position(source.text, span.end);
  return fmt::format(
      R"({{"file": {}, "line": {}, "column": {}, "end_line": {}, "end_column": {}, "text": {}}})",
      quoted(source.name), begin.line, begin.column, end.line, end.column, quoted(text));
}

std::string places_json(const std::vector<Label>& labels, std::span<const SourceFile> sources) {
  std::string out = "[";
  for (const Label& label : labels) {
    if (out.size() > 1) out += ", ";
    out += place_json(label.span, label.text, sources);
  }
  return out + "]";
}

size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

auto order(const Diagnostic& d) {
  return std::tuple(d.primary.span.file, d.primary.span.begin, d.primary.span.end, d.code,
                    d.message);
}

}  // namespace

void Diagnostics::add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }

bool Diagnostics::any() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> all = all_;
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return order(a) < order(b); });
  all.erase(std::unique(all.begin(), all.end(),
                        [](const auto& a, const auto& b) { return order(a) == order(b); }),
            all.end());
  return all;
}

std::string render(const Diagnostic& diagnostic, std::span<const SourceFile> sources, bool color) {
  return Renderer(diagnostic, sources, color).run();
}

std::string render_json(const Diagnostic& diagnostic, std::span<const SourceFile> sources) {
  return fmt::format(
      R"({{"severity": "{}", "code": "{}", "message": {}, "place": {}, "labels": {}, "called_from": {}, "help": {}}})",
      diagnostic.severity == Severity::error ? "error" : "warning", diagnostic.code,
      quoted(diagnostic.message),
      place_json(diagnostic.primary.span, diagnostic.primary.text, sources),
      places_json(diagnostic.secondary, sources), places_json(diagnostic.called_from, sources),
      quoted(diagnostic.help));
}

std::string_view closest(std::string_view name, std::span<const std::string> candidates) {
  std::string_view best;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > name.size() + least || name.size() > candidate.size() + least) continue;
    const size_t away = distance(name, candidate);
    if (away < least && away < candidate.size()) {
      least = away;
      best = candidate;
    }
  }
  return best;
}

}  // namespace gradus
