#pragma once

#include <CLI/CLI.hpp>

#include "compiler/cli/status.h"

namespace gradus::cli {

// Each subcommand is a file with one of these functions: it adds the subcommand to `app`; the
// subcommand's callback leaves in `status` what the run ends with. main.cpp calls them all.
void add_check(CLI::App& app, Status& status);
void add_derive(CLI::App& app, Status& status);
void add_train(CLI::App& app, Status& status);
void add_eval(CLI::App& app, Status& status);
void add_predict(CLI::App& app, Status& status);
void add_gradcheck(CLI::App& app, Status& status);
void add_bench(CLI::App& app, Status& status);
void add_sample(CLI::App& app, Status& status);
void add_format(CLI::App& app, Status& status);

}  // namespace gradus::cli
