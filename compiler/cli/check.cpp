#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"

namespace gradus::cli {
namespace {

Dim size_of_all(const Program& program) {
  Dim total;
  for (const Parameter& parameter : program.parameters) {
    total = total + size_of(program.graph.shape(parameter.value));
  }
  return total;
}

struct Line {
  std::string_view kind;
  std::string_view name;
  Value value;
};

// Everything that has a shape, by kind.
std::vector<Line> lines(const Program& program) {
  std::vector<Line> all;
  for (const Input& each : program.inputs) all.push_back({"input", each.name, each.value});
  for (const Parameter& each : program.parameters) all.push_back({"param", each.name, each.value});
  for (const Parameter& each : program.states) all.push_back({"state", each.name, each.value});
  for (const NamedValue& each : program.definitions) all.push_back({"", each.name, each.value});
  for (const NamedValue& each : program.losses) all.push_back({"loss", each.name, each.value});
  for (const NamedValue& each : program.metrics) all.push_back({"metric", each.name, each.value});
  return all;
}

void print_text(const Program& program) {
  size_t width = 0;
  for (const Line& line : lines(program)) width = std::max(width, line.name.size());
  for (const Line& line : lines(program)) {
    fmt::print("{:<6} {:<{}}  {}\n", line.kind, line.name, width,
               text(program.graph.type(line.value)));
  }
  for (const Requirement& need : program.requirements) {
    fmt::print("the data must have {} = {}\n", need.dimension, need.number);
  }
  const size_t count = program.parameters.size();
  const std::string numbers = size_of_all(program).text();
  fmt::print("{} parameter{}, {} number{}\n", count, count == 1 ? "" : "s", numbers,
             numbers == "1" ? "" : "s");
}

void print_json(const Program& program) {
  nlohmann::json object;
  object["definitions"] = nlohmann::json::array();
  for (const Line& line : lines(program)) {
    nlohmann::json shape = nlohmann::json::array();
    for (const Dim& dim : program.graph.shape(line.value)) {
      if (auto number = dim.number()) {
        shape.push_back(*number);
      } else {
        shape.push_back(dim.text());
      }
    }
    object["definitions"].push_back({{"kind", line.kind.empty() ? "definition" : line.kind},
                                     {"name", line.name},
                                     {"type", text(program.graph.type(line.value))},
                                     {"shape", shape}});
  }
  object["requirements"] = nlohmann::json::object();
  for (const Requirement& need : program.requirements) {
    object["requirements"][need.dimension] = need.number;
  }
  object["parameters"] = size_of_all(program).text();
  fmt::print("{}\n", object.dump());
}

Status check(const Options& options) {
  Status status = Status::done;
  std::optional<Program> program = load_model(options, false, status);
  if (!program) return status;
  if (options.json) {
    print_json(*program);
  } else {
    print_text(*program);
  }
  return Status::done;
}

}  // namespace

void add_check(CLI::App& app, Status& status) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("check", "Parses and checks; prints the shapes, or the errors.");
  add_common(*command, *options);
  command->callback(
      [options, &status] { status = options->dump.empty() ? check(*options) : dump(*options); });
}

}  // namespace gradus::cli
