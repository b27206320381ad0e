#include <fmt/format.h>

#include "compiler/cli/commands.h"

using gradus::cli::Status;

int main(int argc, char** argv) {
  Status status = Status::done;
  CLI::App app(
      "Gradus derives the gradients of a model, shows them as formulas and trains with them.",
      "gradus");
  app.set_version_flag("--version", "gradus " GRADUS_VERSION);
  app.require_subcommand(0, 1);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& outcome) {  // --help and --version end here too
    return app.exit(outcome) == 0 ? 0 : static_cast<int>(Status::wrong_usage);
  }
  return static_cast<int>(status);
}
