// Any bytes as a model file: lexed, parsed, formatted and checked, they give a program or errors.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/prelude/prelude.h"
#include "grammar/format.h"
#include "grammar/parser.h"

using namespace gradus;  // NOLINT(google-build-using-namespace): a program of its own

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// Formatting keeps what a file means, and formatted again it stays as it is.
void check_format(const SourceFile& file, const syntax::SyntaxTree& tree) {
  Diagnostics errors;
  const auto formatted = syntax::format(file, errors);
  require(formatted.has_value(), "what parses is not formatted");
  Sources sources;
  const SourceFile& again = sources.add("formatted.grad", *formatted);
  require(syntax::print(syntax::parse(again, errors)) == syntax::print(tree), "another tree");
  require(!errors.any(), "the formatted file does not parse");
  require(syntax::format(again, errors) == formatted, "formatted twice it is another");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Sources sources;
  Diagnostics diagnostics;
  const SourceFile& file =
      sources.add("model.grad", std::string(reinterpret_cast<const char*>(data), size));
  const syntax::SyntaxTree tree = syntax::parse(file, diagnostics);
  if (!diagnostics.any()) {
    check_format(file, tree);
    std::vector<syntax::SyntaxTree> prelude;
    for (const PreludeFile& each : prelude_files()) {
      prelude.push_back(
          syntax::parse(sources.add(std::string(each.name), std::string(each.text)), diagnostics));
    }
    check(tree, prelude, {.set = {}, .training = false}, diagnostics);
  }
  render(diagnostics, sources);
  for (const Diagnostic& each : diagnostics.sorted()) render_json(each, sources);
  return 0;
}
