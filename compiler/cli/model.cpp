#include "compiler/cli/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/check/check.h"
#include "compiler/check/errors.h"
#include "compiler/prelude/prelude.h"
#include "grammar/diagnostic.h"
#include "grammar/parser.h"

namespace gradus::cli {

std::optional<std::string> read_text(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  if (std::filesystem::is_directory(path)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(file), {});
  return file.bad() ? std::nullopt : std::optional(std::move(text));
}

namespace {

// Errors are printed for people on standard error; with --json as one object on standard output.
void print(const Diagnostics& diagnostics, const Sources& sources, const Options& options) {
  if (diagnostics.empty()) return;
  if (!options.json || !diagnostics.any()) {
    const bool color = use_color(options, STDERR_FILENO);
    fmt::print(stderr, "{}", render(diagnostics, sources, {.color = color}));
    return;
  }
  std::vector<std::string> objects;
  for (const Diagnostic& each : diagnostics.sorted()) {
    objects.push_back(render_json(each, sources));
  }
  fmt::print("{{\"errors\": [{}]}}\n", fmt::join(objects, ", "));
}

// The text of the model file, or a message.
std::optional<std::string> model_text(const Options& options) {
  std::optional<std::string> text = read_text(options.file);
  if (!text) {
    print_error(options, fmt::format("can not read {}", options.file),
                "the first argument is a model file");
  }
  return text;
}

// Whether there is a constant for each `--set` and an input for each `--data`; else an error.
bool names_exist(const Program& program, const Options& options) {
  std::vector<std::string> constants;
  for (const Constant& each : program.constants) constants.push_back(each.name);
  std::vector<std::string> inputs;
  for (const Input& each : program.inputs) inputs.push_back(each.name);
  const auto known = [&](const std::vector<std::string>& given, std::string_view flag,
                         std::string_view kind, const std::vector<std::string>& names) {
    for (const std::string& each : given) {
      const std::string name = each.substr(0, each.find('='));
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      const std::string_view near = closest(name, names);
      const std::string all = names.empty()
                                  ? fmt::format("the model has no {}s", kind)
                                  : fmt::format("the {}s are {}", kind, fmt::join(names, ", "));
      print_error(options, fmt::format("`{} {}`: there is no {} `{}`", flag, each, kind, name),
                  near.empty() ? all : fmt::format("did you mean `{}`?", near));
      return false;
    }
    return true;
  };
  return known(options.set, "--set", "constant", constants) &&
         known(options.data, "--data", "input", inputs);
}

}  // namespace

Status dump_syntax(const Options& options) {
  std::optional<std::string> text = model_text(options);
  if (!text) return Status::unreadable;
  Sources sources;
  Diagnostics diagnostics;
  const syntax::SyntaxTree file =
      syntax::parse(sources.add(options.file, *std::move(text)), diagnostics);
  print(diagnostics, sources, options);
  if (diagnostics.any()) return Status::model_errors;
  fmt::print("{}", syntax::print(file));
  return Status::done;
}

std::optional<Model> load_model(const Options& options, bool training, Status& status) {
  std::optional<std::string> text = model_text(options);
  if (!text) {
    status = Status::unreadable;
    return std::nullopt;
  }
  Sources sources;
  Diagnostics diagnostics;
  const syntax::SyntaxTree file =
      syntax::parse(sources.add(options.file, *std::move(text)), diagnostics);
  std::vector<syntax::SyntaxTree> prelude;
  for (const PreludeFile& each : prelude_files()) {
    const SourceFile& source =
        sources.add(fmt::format("prelude/{}", each.name), std::string(each.text));
    prelude.push_back(syntax::parse(source, diagnostics));
  }
  Imports imports;
  if (!diagnostics.any()) imports = load_imports(file, sources, read_text, diagnostics);
  std::optional<Program> program;
  if (!diagnostics.any()) {
    program = check(file, prelude, {.set = options.set, .training = training, .imports = &imports},
                    diagnostics);
  }
  print(diagnostics, sources, options);
  if (!program) {
    status = Status::model_errors;
    return std::nullopt;
  }
  if (!names_exist(*program, options)) {
    status = Status::wrong_usage;
    return std::nullopt;
  }
  return Model{*std::move(program), std::move(sources)};
}

namespace {

// The places at which the values draw random numbers, in the bodies of loops too.
void insert_draws(const Graph& graph, const std::vector<Value>& values, std::set<size_t>& places) {
  for (Value value : reachable(graph, values)) {
    const Attributes& attributes = graph[value].attributes;
    if (const auto* draw = std::get_if<Draw>(&attributes)) {
      places.insert(static_cast<size_t>(draw->site));
    }
    if (const auto* scan = std::get_if<Scan>(&attributes)) {
      insert_draws(graph, body_of(*scan), places);
    }
  }
}

}  // namespace

bool is_random(const Model& model, const std::vector<Value>& values, std::string_view command,
               const Options& options) {
  std::set<size_t> places;
  insert_draws(model.graph, values, places);
  Diagnostics diagnostics;
  for (size_t place : places) {
    const Drawn& draw = model.draws[place];
    diagnostics.add(errors::random_remains(draw.span, draw.name, command));
  }
  print(diagnostics, model.sources, options);
  return diagnostics.any();
}

void print_error(const Options& options, const std::string& message, const std::string& help) {
  if (options.json) {
    const nlohmann::json error = {{"severity", "error"}, {"message", message}, {"help", help}};
    fmt::print("{}\n", nlohmann::json{{"errors", {error}}}.dump());
    return;
  }
  const bool color = use_color(options, STDERR_FILENO);
  fmt::print(stderr, "{}: {}\n", color ? "\x1b[1;31merror\x1b[0m" : "error", message);
  if (!help.empty()) fmt::print(stderr, "  = help: {}\n", help);
}

}  // namespace gradus::cli
