#include <fmt/format.h>

#include "compiler/cli/commands.h"

using namespace gradus::cli;  // NOLINT(google-build-using-namespace): the commands

int main(int argc, char** argv) {
  Status status = Status::done;
  CLI::App app(
      "Gradus derives the gradients of a model, shows them as formulas and trains with them.",
      "gradus");
  app.set_version_flag("--version", "gradus " GRADUS_VERSION);
  app.require_subcommand(1);
  add_check(app, status);
  add_derive(app, status);
  add_train(app, status);
  add_eval(app, status);
  add_predict(app, status);
  add_gradcheck(app, status);
  add_format(app, status);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& outcome) {  // --help and --version end here too
    return app.exit(outcome) == 0 ? 0 : static_cast<int>(Status::wrong_usage);
  }
  return static_cast<int>(status);
}
