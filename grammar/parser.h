#pragma once

#include "grammar/diagnostic.h"
#include "grammar/syntax.h"

namespace gradus::syntax {

// The tree of a file. Every syntax error of the file is added to `errors`; the statements that have
// one are missing from the tree, so a tree with errors is not to be checked further.
SyntaxTree parse(const SourceFile& file, Diagnostics& errors);

}  // namespace gradus::syntax
