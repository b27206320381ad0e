#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

// A place in a file: bytes [begin, end) of the text of file number `file` of the Sources.
struct Span {
  uint32_t file = 0;
  uint32_t begin = 0;
  uint32_t end = 0;

  friend bool operator==(const Span&, const Span&) = default;
  friend auto operator<=>(const Span&, const Span&) = default;
};

// From where `first` begins to where `last` ends. Both lie in one file.
Span join(Span first, Span last);

// A file as it was read: the model, what it imports, or a part of the prelude.
struct SourceFile {
  uint32_t number = 0;  // its place in the Sources, and the `file` of spans
  std::string name;     // as messages show it
  std::string text;
};

// All files that were loaded. A file stays at its address.
class Sources {
 public:
  const SourceFile& add(std::string name, std::string text);
  const SourceFile& operator[](uint32_t file) const { return files_[file]; }
  uint32_t size() const { return static_cast<uint32_t>(files_.size()); }
  // The bytes of a span.
  std::string_view text(Span span) const;

 private:
  std::deque<SourceFile> files_;
};

// Lines and columns count from 1, columns in code points.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
};
Position position(const SourceFile& file, uint32_t offset);

enum class Severity : uint8_t { error, warning };

// What a diagnostic is called in messages and tests. A room lists its codes in its `errors.def`:
//
//   namespace {
//   #define CODE(name, title) constexpr DiagnosticCode name{#name, title};
//   #include "grammar/errors.def"
//   #undef CODE
//   }
//
// so that a code is used once and an unused one does not compile.
struct DiagnosticCode {
  std::string_view name;   // E and four digits, or W for a warning
  std::string_view title;  // what the code is about, whatever the particular message says

  Severity severity() const { return name.starts_with('W') ? Severity::warning : Severity::error; }
};

// A place and what is to be said about it; the text may be empty.
struct Label {
  Span span;
  std::string text;
};

// A mistake in a model file. Texts begin with a small letter, end without a full stop and quote
// code in `…`; a text may have several lines. Each kind is made by a function of its own
// (`Diagnostic mismatched_product(Span op, …)`), by designated initialisers:
//
//   return {.code = E…, .message = …, .primary = {span, "…"}, .help = "…"};
struct Diagnostic {
  DiagnosticCode code;
  std::string message;                // what is wrong, in the user's terms
  Label primary;                      // where: underlined with ^
  std::vector<Label> secondary = {};  // where it comes from: underlined with -
  std::vector<std::string> notes = {};
  std::string help = {};                // a suggestion, or empty
  std::vector<Label> called_from = {};  // the calls the place was reached by, innermost first
};

// The diagnostics of a run.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  // Whether there is an error; warnings do not count.
  bool any() const { return errors_ > 0; }
  bool empty() const { return list_.empty(); }
  size_t errors() const { return errors_; }
  // In the order of files and places, each once.
  std::vector<Diagnostic> sorted() const;

 private:
  std::vector<Diagnostic> list_;
  size_t errors_ = 0;
};

struct RenderOptions {
  bool color = false;
  uint32_t width = 120;  // columns of source shown; longer lines are cut around the place
};

// A diagnostic as a person reads it, ending in a newline:
//
//   error[CODE]: message
//     --> mnist.grad:9:12
//      |
//    9 | logits = x @ W2 + b2
//      |            ^ label
//      = help: …
std::string render(const Diagnostic& diagnostic, const Sources& sources,
                   const RenderOptions& options = {});

// All of them, sorted, with an empty line between.
std::string render(const Diagnostics& diagnostics, const Sources& sources,
                   const RenderOptions& options = {});

// A diagnostic as one JSON object: severity, code, message, place, labels, called_from, notes,
// help. A place is file, line, column, end_line, end_column, text.
std::string render_json(const Diagnostic& diagnostic, const Sources& sources);

// The candidate that `name` is most likely a slip of, by edit distance (Damerau and Levenshtein),
// the first on a tie. All too far, by more than a third of its letters: the first that abbreviates
// it or that it abbreviates, by less than half (`activ` and `act`), or that ends as it does
// (`misloss` and `loss`), or empty.
std::string_view closest(std::string_view name, std::span<const std::string> candidates);

}  // namespace gradus
