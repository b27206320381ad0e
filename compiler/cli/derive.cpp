#include "compiler/cli/commands.h"
namespace gradus::cli {
void add_derive(CLI::App&, Status&) {}
void add_format(CLI::App&, Status&) {}
}  // namespace gradus::cli
