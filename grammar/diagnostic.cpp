#include "grammar/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "grammar/unicode.h"

namespace gradus {
namespace {

auto order(const Diagnostic& d) {
  return std::tuple(d.primary.span, d.code.name, std::string_view(d.message));
}

// `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const char32_t code = unicode::decode(text, at);
    if (code == '"' || code == '\\') out += '\\';
    if (code < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(code));
    } else {
      unicode::encode(code, out);
    }
  }
  return out + '"';
}

std::string json(const Label& label, const Sources& sources) {
  const SourceFile& file = sources[label.span.file];
  const Position begin = position(file, label.span.begin);
  const Position end = position(file, label.span.end);
  return fmt::format(
      R"({{"file": {}, "line": {}, "column": {}, "end_line": {}, "end_column": {}, "text": {}}})",
      quoted(file.name), begin.line, begin.column, end.line, end.column, quoted(label.text));
}

template <typename List, typename Each>
std::string json(const List& list, Each each) {
  std::string out = "[";
  for (const auto& entry : list) out += (out.size() > 1 ? ", " : "") + each(entry);
  return out + "]";
}

// Letters of ASCII in lower case: a slip of case alone is the smallest.
std::u32string folded(std::string_view text) {
  std::u32string out = unicode::decode(text);
  for (char32_t& c : out) c += c >= 'A' && c <= 'Z' ? 'a' - 'A' : 0;
  return out;
}

// Insertions, deletions, replacements and swaps of neighbours that make `a` of `b` (optimal string
// alignment).
size_t distance(const std::u32string& a, const std::u32string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

Span join(Span first, Span last) { return {first.file, first.begin, last.end}; }

const SourceFile& Sources::add(std::string name, std::string text) {
  return files_.emplace_back(SourceFile{size(), std::move(name), std::move(text)});
}

std::string_view Sources::text(Span span) const {
  const std::string_view all = files_[span.file].text;
  const size_t begin = std::min<size_t>(span.begin, all.size());
  return all.substr(begin, std::max(span.begin, span.end) - span.begin);
}

Position position(const SourceFile& file, uint32_t offset) {
  Position result;
  const std::string_view before = std::string_view(file.text).substr(0, offset);
  for (size_t at = 0; at < before.size();) {
    if (before[at] == '\n') {
      result = {result.line + 1, 1};
      ++at;
    } else {
      unicode::decode(before, at);
      ++result.column;
    }
  }
  return result;
}

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.code.severity() == Severity::error) ++errors_;
  list_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> list = list_;
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return order(a) < order(b); });
  list.erase(std::unique(list.begin(), list.end(),
                         [](const auto& a, const auto& b) { return order(a) == order(b); }),
             list.end());
  return list;
}

std::string render_json(const Diagnostic& diagnostic, const Sources& sources) {
  const auto label = [&](const Label& each) { return json(each, sources); };
  const auto text = [](const std::string& each) { return quoted(each); };
  return fmt::format(
      R"({{"severity": "{}", "code": "{}", "message": {}, "place": {}, "labels": {}, )"
      R"("called_from": {}, "notes": {}, "help": {}}})",
      diagnostic.code.severity() == Severity::error ? "error" : "warning", diagnostic.code.name,
      quoted(diagnostic.message), label(diagnostic.primary), json(diagnostic.secondary, label),
      json(diagnostic.called_from, label), json(diagnostic.notes, text), quoted(diagnostic.help));
}

std::string_view closest(std::string_view name, std::span<const std::string> candidates) {
  const std::u32string wanted = folded(name);
  const size_t most = std::max<size_t>(1, wanted.size() / 3);
  std::string_view best;
  size_t least = most + 1;
  for (const std::string& candidate : candidates) {
    const std::u32string letters = folded(candidate);
    const size_t longer = std::max(letters.size(), wanted.size());
    if (longer - std::min(letters.size(), wanted.size()) >= least) continue;
    // A name with nothing left of it is no slip.
    const size_t away = distance(wanted, letters);
    if (away < least && away < longer) {
      least = away;
      best = candidate;
    }
  }
  if (!best.empty()) return best;
  for (const std::string& candidate : candidates) {
    const std::u32string letters = folded(candidate);
    const auto [shorter, longer] = std::minmax(
        wanted, letters, [](const auto& a, const auto& b) { return a.size() < b.size(); });
    if (2 * shorter.size() > longer.size() && longer.starts_with(shorter)) return candidate;
    if (shorter.size() >= 4 && 2 * shorter.size() >= longer.size() && longer.ends_with(shorter)) {
      return candidate;
    }
  }
  return best;
}

}  // namespace gradus
