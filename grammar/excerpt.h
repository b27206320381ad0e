#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grammar/diagnostic.h"

namespace gradus {

enum class Style : uint8_t { plain, bold, error, warning, secondary, gutter };

// `text` in the colours of a style.
std::string paint(Style style, const std::string& text, bool color);

// A row of an excerpt, right of the gutter.
struct ExcerptRow {
  uint32_t line;  // its number, 0 for a row of marks
  std::string text;
};

// The source lines of the labels with marks and texts below. All labels lie in `file`; several lie
// on one line, a single one may span many. The first is marked in `first`, with ^ unless that is
// secondary; the others with -.
std::vector<ExcerptRow> excerpt_rows(const SourceFile& file, const std::vector<Label>& labels,
                                     Style first, const RenderOptions& options);

}  // namespace gradus
