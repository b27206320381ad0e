#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/check/imports.h"
#include "compiler/check/program.h"
#include "grammar/diagnostic.h"
#include "grammar/syntax.h"

namespace gradus {

struct CheckOptions {
  std::vector<std::string> set;      // CONST=VALUE, in place of what the file says
  bool training = false;             // what the language's `training` means
  const Imports* imports = nullptr;  // the files that the model file imports; null for none
};

// Checks a model file: resolves names, infers shapes, instantiates functions and layers, and builds
// the graph. The trees are those of files without syntax errors. Nothing where there are errors.
std::optional<Program> check(const syntax::SyntaxTree& file,
                             std::span<const syntax::SyntaxTree> prelude,
                             const CheckOptions& options, Diagnostics& diagnostics);

}  // namespace gradus
