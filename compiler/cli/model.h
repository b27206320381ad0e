#pragma once

#include <optional>
#include <string>

#include "compiler/check/program.h"
#include "compiler/cli/options.h"
#include "compiler/cli/status.h"
#include "grammar/diagnostic.h"

namespace gradus::cli {

// A program and the texts that its spans are of.
struct Model : Program {
  Sources sources;
};

// The checked program of the model file, with warnings printed; or nothing, where errors were
// printed and `status` says what the run ends with. `training` is what the language's `training`
// means.
std::optional<Model> load_model(const Options& options, bool training, Status& status);

// Whether these values need a random operator; each is reported. `command` is what may not be
// random.
bool is_random(const Model& model, const std::vector<Value>& values, std::string_view command,
               const Options& options);

// The text of a file; of standard input for `-`. Nothing where it can not be read.
std::optional<std::string> read_text(const std::string& path);

// What `--dump syntax` shows: the tree of the model file, or its syntax errors.
Status dump_syntax(const Options& options);

// Prints `error: …` and, where there is one, a line of help, to standard error.
void print_error(const Options& options, const std::string& message, const std::string& help = "");

}  // namespace gradus::cli
