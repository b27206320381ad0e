#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

// A place in a source: the file's number and byte offsets, the end exclusive.
struct Span {
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

struct SourceFile {
  std::string name;
  std::string text;
};

// A place and what is to be said about it.
struct Label {
  Span span;
  std::string text;
};

enum class Severity : uint8_t { error, warning };

// A mistake in a model file, as users see it.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;     // E0203
  std::string message;  // one line, in the user's terms, lower case, no full stop
  Label primary;
  std::vector<Label> secondary;    // where a clashing dimension came from
  std::vector<Label> called_from;  // the calls that led here, innermost first
  std::string help;                // a suggestion, or empty
};

// Collects what is wrong with a program.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  // Whether there are errors; warnings do not count.
  bool any() const;
  // In the order of the files and places, each once.
  std::vector<Diagnostic> sorted() const;

 private:
  std::vector<Diagnostic> all_;
};

// The diagnostic with the lines it is about, as rustc shows its own. `sources` is indexed by the
// spans' file numbers; `color` adds ANSI colours.
std::string render(const Diagnostic& diagnostic, std::span<const SourceFile> sources, bool color);

// One JSON object: code, severity, message, place (file, line, column from 1), labels, help.
std::string render_json(const Diagnostic& diagnostic, std::span<const SourceFile> sources);

// The candidate that a misspelt name is likely to mean, or empty: the least edit distance (Damerau
// and Levenshtein), at most a third of the name's length.
std::string_view closest(std::string_view name, std::span<const std::string> candidates);

}  // namespace gradus
