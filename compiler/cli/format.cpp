#include "grammar/format.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "compiler/cli/commands.h"
#include "compiler/cli/model.h"
#include "runtime/file.h"

namespace gradus::cli {
namespace {

struct Formatting {
  std::vector<std::string> files;
  bool check = false;
  bool quiet = false;
  std::string color = "auto";
};

Status complain(const std::string& message) {
  fmt::print(stderr, "error: {}\n", message);
  return Status::unreadable;
}

// One file: standard input is written to standard output, a file is replaced where it changes.
Status format_one(const std::string& path, const Formatting& how) {
  std::optional<std::string> text = read_text(path);
  if (!text) return complain(fmt::format("can not read {}", path));
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
  if (how.check) {
    if (*formatted == source.text) return Status::done;
    if (!how.quiet) fmt::print("{}\n", path);
    return Status::check_failed;
  }
  if (path == "-") {
    fmt::print("{}", *formatted);
    return Status::done;
  }
  if (*formatted == source.text) return Status::done;
  runtime::NewFile file(path);
  file.write(*formatted);
  if (const auto error = file.commit()) return complain(error->message);
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
  command->add_flag("-q,--quiet", how->quiet, "no names");
  command->add_option("--color", how->color, "colours in messages")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  command->callback([how, &status] { status = format_all(*how); });
}

}  // namespace gradus::cli
