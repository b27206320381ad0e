#pragma once

#include <optional>
#include <string>

#include "grammar/diagnostic.h"

namespace gradus::syntax {

// The text of a file in the one layout: blanks between tokens, indentation, trailing comments and
// the `=` of neighbouring definitions aligned, at most one empty line in a row. Lines are broken
// where they were, comments are kept word for word, and what the file means stays. Formatting again
// changes nothing. Nothing where the file has syntax errors, which are added to `errors`.
std::optional<std::string> format(const SourceFile& file, Diagnostics& errors);

}  // namespace gradus::syntax
