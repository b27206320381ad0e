#include "grammar/format.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/cli/commands.h"
#include "compiler/cli/model.h"
#include "runtime/file.h"

namespace gradus::cli {
namespace {

struct Formatting {
  std::vector<std::string> files;
  bool check = false;
  bool quiet = false;
  bool json = false;
  std::string color = "auto";
};

Status complain(const std::string& message, const Formatting& how) {
  Options options;
  options.color = how.color;
  options.json = how.json;
  print_error(options, message);
  return Status::unreadable;
}

// Says of a file whether it changes; with --json as an object a line.
void tell(const std::string& path, bool changes, const Formatting& how) {
  if (how.json) {
    fmt::print("{}\n", nlohmann::json{{"file", path}, {"changes", changes}}.dump());
  } else if (how.check && changes && !how.quiet) {
    fmt::print("{}\n", path);
  }
}

// One file: standard input is written to standard output, a file is replaced where it changes.
Status format_one(const std::string& path, const Formatting& how) {
  std::optional<std::string> text = read_text(path);
  if (!text) return complain(fmt::format("can not read {}", path), how);
  Sources sources;
  Diagnostics diagnostics;
  const SourceFile& source = sources.add(path, *std::move(text));
  const std::optional<std::string> formatted = syntax::format(source, diagnostics);
  if (!formatted) {
    Options options;
    options.color = how.color;
    const bool color = use_color(options, STDERR_FILENO);
    fmt::print(stderr, "{}", render(diagnostics, sources, {.color = color}));
    return Status::model_errors;
  }
  const bool changes = *formatted != source.text;
  if (path != "-" || how.check) tell(path, changes, how);
  if (how.check) return changes ? Status::check_failed : Status::done;
  if (path == "-") {
    fmt::print("{}", *formatted);
    return Status::done;
  }
  if (!changes) return Status::done;
  runtime::NewFile file(path);
  file.write(*formatted);
  if (const auto error = file.commit()) return complain(error->message, how);
  return Status::done;
}

// All of them; the status of the worst: a file that can not be read, then one with errors.
Status format_all(const Formatting& how) {
  Status worst = Status::done;
  const auto rank = [](Status status) {
    switch (status) {
      case Status::done:
        return 0;
      case Status::check_failed:
        return 1;
      case Status::model_errors:
        return 2;
      default:
        return 3;
    }
  };
  for (const std::string& path : how.files) {
    const Status status = format_one(path, how);
    if (rank(status) > rank(worst)) worst = status;
  }
  return worst;
}

}  // namespace

void add_format(CLI::App& app, Status& status) {
  auto how = std::make_shared<Formatting>();
  CLI::App* command = app.add_subcommand("fmt", "Formats model files.");
  command
      ->add_option("FILE", how->files, "model files, or - from standard input to standard output")
      ->required();
  command->add_flag("--check", how->check, "only name the files that would change; status 5");
  command->add_flag("--json", how->json, "say of each file whether it changes, an object a line");
  command->add_flag("-q,--quiet", how->quiet, "no names");
  command->add_option("--color", how->color, "colours in messages")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  command->callback([how, &status] { status = format_all(*how); });
}

}  // namespace gradus::cli
