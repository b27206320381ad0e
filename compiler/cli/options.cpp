#include "compiler/cli/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include <cstdlib>
#include <thread>

namespace gradus::cli {

void add_common(CLI::App& command, Options& options) {
  command.add_option("FILE", options.file, "the model file, or - for standard input")->required();
  command.add_option("--data", options.data, "data for an input: NAME=PATH[:KEY]")
      ->check(assignment())
      ->type_name("NAME=PATH")
      ->allow_extra_args(false);
  command.add_option("--set", options.set, "another value for a constant: CONST=NUMBER")
      ->check(number_assignment())
      ->type_name("CONST=NUMBER")
      ->allow_extra_args(false);
  command.add_option("--precision", options.precision, "element type of real numbers")
      ->check(CLI::IsMember({"f32", "f64"}));
  command.add_option("--seed", options.seed, "seed of all that is random (0)");
  command.add_option("--threads", options.threads, "threads to compute with (all cores)")
      ->check(CLI::Range(1, 1024));
  command.add_flag("--json", options.json, "one machine-readable object on standard output");
  command.add_option("--color", options.color, "colours in messages")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  command.add_flag("-q,--quiet", options.quiet, "no progress");
  command.add_flag("-v,--verbose", options.verbose, "say more");
  command.add_option("--dump", options.dump, "print what a phase made, and stop there")
      ->check(
          CLI::IsMember({"syntax", "types", "graph", "gradient", "simplified", "plan", "llvm"}));
}

CLI::Validator at_least_one() {
  return {[](std::string& text) {
            const bool whole = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
              return c >= '0' && c <= '9';
            });
            const bool zero = text.find_first_not_of('0') == std::string::npos;
            return whole && !zero ? "" : fmt::format("{} is not a whole number above 0", text);
          },
          "N"};
}

CLI::Validator assignment() {
  return {[](std::string& text) {
            const size_t equals = text.find('=');
            const bool whole =
                equals != std::string::npos && equals > 0 && equals + 1 < text.size();
            return whole ? "" : fmt::format("`{}` is not NAME=VALUE", text);
          },
          "NAME=VALUE"};
}

CLI::Validator number_assignment() {
  return {[](std::string& text) -> std::string {
            std::string checked = text;
            if (std::string error = assignment()(checked); !error.empty()) return error;
            const char* begin = text.c_str() + text.find('=') + 1;
            char* end = nullptr;
            std::strtod(begin, &end);
            return *end == '\0' ? "" : fmt::format("`{}` is not a number, in `{}`", begin, text);
          },
          "CONST=NUMBER"};
}

CLI::Validator path_ending(const std::vector<std::string>& endings) {
  return {[endings](std::string& path) -> std::string {
            for (const std::string& ending : endings) {
              if (path.ends_with(ending)) return "";
            }
            return fmt::format("{} does not end in {}, which says how it is written", path,
                               fmt::join(endings, " or "));
          },
          "FILE"};
}

CLI::Validator weights_ending() { return path_ending({".safetensors", ".npz"}); }

bool use_color(const Options& options, int file_descriptor) {
  if (options.color != "auto") return options.color == "always";
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  return isatty(file_descriptor) == 1;
}

int thread_count(const Options& options) {
  if (options.threads > 0) return options.threads;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores == 0 ? 1 : static_cast<int>(cores);
}

}  // namespace gradus::cli
