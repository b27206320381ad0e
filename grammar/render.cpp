#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "grammar/diagnostic.h"
#include "grammar/excerpt.h"

namespace gradus {
namespace {

// How many calls of a chain are shown; of a longer one, those at its ends.
constexpr size_t calls_shown = 4;

class Renderer {
 public:
  Renderer(const Diagnostic& diagnostic, const Sources& sources, const RenderOptions& options)
      : diagnostic_(diagnostic), sources_(sources), options_(options) {
    uint32_t last = 0;
    const auto see = [&](const Label& label) {
      last = std::max(last, position(sources_[label.span.file], label.span.end).line);
    };
    see(diagnostic_.primary);
    std::for_each(diagnostic_.secondary.begin(), diagnostic_.secondary.end(), see);
    std::for_each(diagnostic_.called_from.begin(), diagnostic_.called_from.end(), see);
    margin_ = std::max<size_t>(2, fmt::formatted_size("{}", last));
  }

  std::string run() {
    headline();
    place("-->", diagnostic_.primary.span);
    std::vector<Label> beside = take_beside();
    beside.insert(beside.begin(), diagnostic_.primary);
    excerpt(beside, main_style());
    for (size_t k = 0; k < rest_.size();) {
      std::vector<Label> group = {rest_[k++]};
      for (; k < rest_.size() && same_line(group[0].span, rest_[k].span); ++k) {
        group.push_back(rest_[k]);
      }
      if (group[0].span.file != shown_) place(":::", group[0].span);
      excerpt(group, Style::secondary);
    }
    called_from();
    for (const std::string& note : diagnostic_.notes) remark("note", note);
    if (!diagnostic_.help.empty()) remark("help", diagnostic_.help);
    return std::move(out_);
  }

 private:
  Style main_style() const {
    return diagnostic_.code.severity() == Severity::error ? Style::error : Style::warning;
  }

  bool same_line(Span a, Span b) const {
    if (a.file != b.file) return false;
    const SourceFile& file = sources_[a.file];
    const uint32_t line = position(file, a.begin).line;
    return position(file, a.end).line == line && position(file, b.begin).line == line &&
           position(file, b.end).line == line;
  }

  // The secondary labels on the line of the primary one; the others are left in rest_.
  std::vector<Label> take_beside() {
    std::vector<Label> beside;
    for (const Label& label : diagnostic_.secondary) {
      (same_line(diagnostic_.primary.span, label.span) ? beside : rest_).push_back(label);
    }
    return beside;
  }

  void headline() {
    const bool error = diagnostic_.code.severity() == Severity::error;
    out_ += paint(main_style(),
                  fmt::format("{}[{}]", error ? "error" : "warning", diagnostic_.code.name),
                  options_.color);
    out_ += paint(Style::bold, ": " + diagnostic_.message, options_.color) + "\n";
  }

  void place(std::string_view arrow, Span span) {
    const SourceFile& file = sources_[span.file];
    const Position at = position(file, span.begin);
    shown_ = span.file;
    out_ += std::string(margin_, ' ') + paint(Style::gutter, std::string(arrow), options_.color) +
            fmt::format(" {}:{}:{}\n", file.name, at.line, at.column);
  }

  void gutter(std::string_view number, const std::string& line) {
    out_ += paint(Style::gutter, fmt::format("{:>{}} |", number, margin_), options_.color);
    out_ += (line.empty() ? "" : " ") + line + "\n";
  }

  void excerpt(const std::vector<Label>& labels, Style first) {
    gutter("", "");
    for (const ExcerptRow& row :
         excerpt_rows(sources_[labels[0].span.file], labels, first, options_)) {
      gutter(row.line == 0 ? "" : fmt::format("{}", row.line), row.text);
    }
  }

  void called_from() {
    const std::vector<Label>& calls = diagnostic_.called_from;
    const bool some = calls.size() > calls_shown;
    for (size_t k = 0; k < calls.size(); ++k) {
      if (some && k == calls_shown / 2) {
        const size_t hidden = calls.size() - calls_shown;
        remark("note", fmt::format("{} more call{} in between", hidden, hidden == 1 ? "" : "s"));
        k += hidden - 1;
        continue;
      }
      place(":::", calls[k].span);
      excerpt({calls[k]}, Style::secondary);
    }
  }

  // Further lines of the text are aligned with its first.
  void remark(std::string_view kind, const std::string& text) {
    const std::string indent(margin_ + 5 + kind.size(), ' ');
    out_ += std::string(margin_, ' ') + paint(Style::gutter, " =", options_.color) + " " +
            paint(Style::bold, fmt::format("{}:", kind), options_.color) + " ";
    for (const char c : text) {
      out_ += c;
      if (c == '\n') out_ += indent;
    }
    out_ += "\n";
  }

  const Diagnostic& diagnostic_;
  const Sources& sources_;
  const RenderOptions& options_;
  std::vector<Label> rest_;
  uint32_t shown_ = 0;  // the file of the last place
  size_t margin_ = 2;   // columns of line numbers
  std::string out_;
};

}  // namespace

std::string render(const Diagnostic& diagnostic, const Sources& sources,
                   const RenderOptions& options) {
  return Renderer(diagnostic, sources, options).run();
}

std::string render(const Diagnostics& diagnostics, const Sources& sources,
                   const RenderOptions& options) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    if (!out.empty()) out += "\n";
    out += render(diagnostic, sources, options);
  }
  return out;
}

}  // namespace gradus
