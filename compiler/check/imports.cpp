#include "compiler/check/imports.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "compiler/check/errors.h"
#include "grammar/parser.h"

namespace gradus {
namespace {

class Loading {
 public:
  Loading(Sources& sources, const ReadFile& read, Diagnostics& diagnostics)
      : sources_(sources), read_(read), diagnostics_(diagnostics) {}

  Imports imports;

  void file(const syntax::SyntaxTree& tree) {
    const std::string name = sources_[tree.file].name;
    open_.push_back(std::filesystem::path(name).lexically_normal().string());
    for (const syntax::Statement& each : tree.statements) {
      if (const auto* found = std::get_if<syntax::Import>(&each)) import(*found, name);
    }
    open_.pop_back();
  }

 private:
  void import(const syntax::Import& x, const std::string& from) {
    const auto folder = std::filesystem::path(from).parent_path();
    const std::string path = (folder / x.path).lexically_normal().string();
    const auto opened = std::find(open_.begin(), open_.end(), path);
    if (opened != open_.end()) {
      diagnostics_.add(errors::import_circle(x.path_span, {opened, open_.end()}));
      return;
    }
    if (const auto known = known_.find(path); known != known_.end()) {
      imports.by_place[x.path_span] = known->second;
      return;
    }
    auto text = read_(path);
    if (!text) {
      diagnostics_.add(errors::import_unreadable(x.path_span, path));
      return;
    }
    const SourceFile& source = sources_.add(path, *std::move(text));
    const syntax::SyntaxTree& tree =
        imports.trees.emplace_back(syntax::parse(source, diagnostics_));
    known_[path] = &tree;
    imports.names[&tree] = std::filesystem::path(path).stem().string();
    imports.by_place[x.path_span] = &tree;
    file(tree);
  }

  Sources& sources_;
  const ReadFile& read_;
  Diagnostics& diagnostics_;
  std::vector<std::string> open_;  // the files that are being read, the model file first
  std::map<std::string, const syntax::SyntaxTree*> known_;
};

}  // namespace

Imports load_imports(const syntax::SyntaxTree& file, Sources& sources, const ReadFile& read,
                     Diagnostics& diagnostics) {
  Loading loading(sources, read, diagnostics);
  loading.file(file);
  return std::move(loading.imports);
}

}  // namespace gradus
