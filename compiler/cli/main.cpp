#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "compiler/cli/commands.h"
#include "compiler/cli/model.h"
#include "grammar/diagnostic.h"

using namespace gradus::cli;  // NOLINT(google-build-using-namespace): the commands

namespace {

// Names of the subcommands, or of the options of the one that is given.
std::vector<std::string> known_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* each : app.get_subcommands({})) words.push_back(each->get_name());
  for (const CLI::App* given : app.get_subcommands()) {
    for (const CLI::Option* option : given->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

// What is wrong with the arguments, and what may have been meant by one that is not known.
void explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const std::vector<std::string> words = known_words(app);
  std::string message = error.what();
  std::string help =
      "`gradus --help` lists the subcommands, `gradus SUBCOMMAND --help` its options";
  for (int k = 1; k < argc; ++k) {
    std::string word = argv[k];
    word = word.substr(0, word.find('='));
    const bool is_option = word.starts_with("--");
    if (std::find(words.begin(), words.end(), word) != words.end() || (k > 1 && !is_option)) {
      continue;
    }
    if (!is_option) message = fmt::format("there is no subcommand `{}`", word);
    const std::string_view near = gradus::closest(word, words);
    if (!near.empty()) help = fmt::format("did you mean `{}`?", near);
    break;
  }
  Options options;
  for (int k = 1; k < argc; ++k)
    options.json = options.json || std::string_view(argv[k]) == "--json";
  print_error(options, message, help);
}

// Said where the program has failed, by which status the run ends.
[[noreturn]] void our_bug(std::string_view what) {
  fmt::print(stderr,
             "error: this is a bug in gradus: {}\n  = help: please report it, with the model file, "
             "the command and what `gradus --version` says\n",
             what);
  std::_Exit(static_cast<int>(Status::our_bug));
}

#ifdef NDEBUG
// In a release a crash is told from a user's mistake; a debug build leaves it to the debugger.
void catch_crashes() {
  const auto crashed = [](int) { our_bug("it has crashed"); };
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, crashed);
}
#else
void catch_crashes() {}
#endif

}  // namespace

int main(int argc, char** argv) {
  catch_crashes();
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
  add_bench(app, status);
  add_sample(app, status);
  add_format(app, status);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& outcome) {  // --help and --version end here too
    if (outcome.get_exit_code() == 0) return app.exit(outcome);
    explain(app, outcome, argc, argv);
    return static_cast<int>(Status::wrong_usage);
  } catch (const std::bad_alloc&) {
    print_error({}, "there is not enough memory for this model and its data",
                "a smaller batch needs less: `--batch N`");
    return static_cast<int>(Status::unreadable);
  } catch (const std::exception& failure) {
    our_bug(failure.what());
  }
  return static_cast<int>(status);
}
