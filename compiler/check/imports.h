#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "grammar/diagnostic.h"
#include "grammar/syntax.h"

namespace gradus {

// The files that a model file imports, and those that these import, each read once.
struct Imports {
  std::deque<syntax::SyntaxTree> trees;
  // By the place of the path in an `import`; nothing for one that was reported as wrong.
  std::map<Span, const syntax::SyntaxTree*> by_place;
  std::map<const syntax::SyntaxTree*, std::string>
      names;  // of the files, without folder and ending

  const std::string& name(const syntax::SyntaxTree& tree) const { return names.at(&tree); }
  const syntax::SyntaxTree* find(Span place) const {
    const auto found = by_place.find(place);
    return found == by_place.end() ? nullptr : found->second;
  }
};

// The text of a file, or nothing where it can not be read.
using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;

// Reads what a file imports; paths are relative to the file that they stand in. Files that are not
// there, that import one another in a circle, or that have syntax errors are reported.
Imports load_imports(const syntax::SyntaxTree& file, Sources& sources, const ReadFile& read,
                     Diagnostics& diagnostics);

}  // namespace gradus
