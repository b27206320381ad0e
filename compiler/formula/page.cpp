#include "compiler/formula/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "compiler/formula/notation.h"

namespace gradus::formula {
namespace {

// How many columns a text in UTF-8 takes: accents stand on the letter before.
int columns(std::string_view text) {
  int count = 0;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if ((byte & 0xC0) == 0x80) continue;
    const bool is_accent = byte == 0xCC;
    count += is_accent ? 0 : 1;
  }
  return count;
}

// Breaks a line at spaces; the continuation is indented by two, behind the same `# ` if any.
std::string wrapped(const std::string& line, int width) {
  if (width == 0 || columns(line) <= width) return line;
  const std::string indent = line[0] == '#' ? "#   " : "  ";
  std::string out;
  std::string current;
  size_t begin = 0;
  while (begin < line.size()) {
    size_t end = line.find(' ', begin + 1);
    if (end == std::string::npos) end = line.size();
    const std::string word = line.substr(begin, end - begin);
    if (!current.empty() && current != indent && columns(current + word) > width) {
      out += current + "\n";
      current = indent + word.substr(1);
    } else {
      current += word;
    }
    begin = end;
  }
  return out + current;
}

struct TextLine {
  std::string operator()(const Equation& equation) const { return text(equation); }
  std::string operator()(const Remark& remark) const {
    return "# " + remark.words + (remark.about.valid() ? " " + text(remark.about) : "");
  }
  std::string operator()(const Step& step) const {
    const std::string sense = condition(step);
    return fmt::format("# {}: {} → {}{}", step.rule, text(step.before), text(step.after),
                       sense.empty() ? "" : " (" + sense + ")");
  }
};

// Words for LaTeX's text mode. Rules speak of Greek letters and of signs.
std::string escaped(std::string_view words) {
  static constexpr std::pair<std::string_view, std::string_view> signs[] = {
      {"−", "$-$"},       {"·", "$\\cdot$"}, {"≠", "$\\ne$"},  {"≤", "$\\le$"},   {"≥", "$\\ge$"},
      {"∞", "$\\infty$"}, {"→", "$\\to$"},   {"Σ", "$\\sum$"}, {"σ", "$\\sigma$"}};
  std::string out;
  while (!words.empty()) {
    size_t size = 1;
    while (size < words.size() && (words[size] & 0xC0) == 0x80) ++size;
    const std::string_view character = words.substr(0, size);
    words.remove_prefix(size);
    const auto* sign = std::find_if(std::begin(signs), std::end(signs),
                                    [&](const auto& known) { return known.first == character; });
    if (sign != std::end(signs)) {
      out += sign->second;
    } else {
      if (std::string_view("_&%#$").find(character) != std::string_view::npos) out += '\\';
      out += character;
    }
  }
  return out;
}

struct LatexLine {
  std::string operator()(const Equation& equation) const { return latex(equation); }
  std::string operator()(const Remark& remark) const {
    std::string words = escaped(remark.words);
    if (remark.about.valid()) words += fmt::format(" $\\boldsymbol{{{}}}$", latex(remark.about));
    return remark.heading ? fmt::format("\\intertext{{\\textbf{{{}}}}}", words)
                          : fmt::format("\\intertext{{{}}}", words);
  }
  std::string operator()(const Step& step) const {
    const std::string sense = condition(step).empty() ? "" : ", " + condition(step);
    return fmt::format("{} &\\to {} && \\text{{{}{}}}", latex(step.before), latex(step.after),
                       escaped(step.rule), escaped(sense));
  }
};

constexpr std::string_view document_begin =
    "\\documentclass[10pt]{article}\n"
    "\\usepackage[utf8]{inputenc}\n"
    "\\usepackage[T1]{fontenc}\n"
    "\\usepackage[a4paper, margin=15mm]{geometry}\n"
    "\\usepackage{amsmath, amssymb}\n"
    "\\allowdisplaybreaks\n"
    "\\begin{document}\n"
    "\\begin{align*}\n";
constexpr std::string_view document_end =
    "\\end{align*}\n"
    "\\end{document}\n";

}  // namespace

std::string condition(const Step& step) {
  switch (step.exactness) {
    case Exactness::exact:
      return "";
    case Exactness::rounding:
      return "up to rounding";
    case Exactness::assumes:
      return "assuming " + step.assumption;
  }
  std::abort();
}

std::string text(const Page& page, int width) {
  std::string out;
  for (const Line& line : page) {
    const auto* remark = std::get_if<Remark>(&line);
    if (remark != nullptr && remark->heading && !out.empty()) out += "\n";
    out += wrapped(std::visit(TextLine{}, line), width) + "\n";
  }
  return out;
}

std::string latex(const Page& page, bool document) {
  std::string out;
  for (size_t k = 0; k < page.size(); ++k) {
    out += std::visit(LatexLine{}, page[k]);
    // A formula is ended by what follows, if that is one.
    const bool ends = std::holds_alternative<Remark>(page[k]);
    const bool last = k + 1 == page.size() || std::holds_alternative<Remark>(page[k + 1]);
    out += ends || last ? "\n" : " \\\\\n";
  }
  if (!document) return out;
  return std::string(document_begin) + out + std::string(document_end);
}

}  // namespace gradus::formula
