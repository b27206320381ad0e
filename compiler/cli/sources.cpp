#include "compiler/cli/sources.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/generators.h"

namespace gradus::cli {
namespace {

using runtime::Data;
using runtime::Error;
using runtime::Result;

const Setting* find(const Source& source, std::string_view name) {
  for (const Setting& setting : source.arguments) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

// The text of the first positional argument: a path.
std::string path_of(const Source& source) {
  for (const Setting& setting : source.arguments) {
    if (!setting.name.empty()) continue;
    if (const auto* path = std::get_if<std::string>(&setting.value)) return *path;
  }
  return "";
}

std::vector<std::string> texts(const Setting* setting) {
  std::vector<std::string> all;
  if (setting == nullptr) return all;
  if (const auto* one = std::get_if<std::string>(&setting->value)) all.push_back(*one);
  if (const auto* list = std::get_if<std::vector<Setting>>(&setting->value)) {
    for (const Setting& entry : *list) {
      if (const auto* one = std::get_if<std::string>(&entry.value)) all.push_back(*one);
    }
  }
  return all;
}

runtime::Fill fill_of(const Setting* setting) {
  using Kind = runtime::Fill::Kind;
  if (setting == nullptr) return {};
  if (const auto* value = std::get_if<double>(&setting->value)) return {Kind::value, *value};
  const auto* word = std::get_if<std::string>(&setting->value);
  return {word != nullptr && *word == "drop" ? Kind::drop : Kind::mean, 0};
}

SourcePlan plan_of(const Source& source, size_t output, const std::filesystem::path& folder) {
  SourcePlan plan;
  plan.standardize = source.standardize;
  const std::string path = path_of(source);
  if (path.empty()) {
    plan.kind = SourcePlan::Kind::generator;
    plan.source = &source;
    plan.output = output;
    return plan;
  }
  plan.kind = SourcePlan::Kind::file;
  plan.path = (folder / path).lexically_normal().string();
  plan.options.format = source.kind;
  if (const Setting* stride = find(source, "stride")) {
    const auto* characters = std::get_if<double>(&stride->value);
    if (characters != nullptr) plan.options.row_stride = static_cast<int64_t>(*characters);
  }
  plan.options.keys = texts(find(source, source.kind == "csv" ? "columns" : "key"));
  plan.options.fill = fill_of(find(source, "fill"));
  return plan;
}

// `--data NAME=PATH[:KEY]`; there is an input of that name.
void apply(const std::string& argument, std::map<std::string, SourcePlan>& plans) {
  const size_t equals = argument.find('=');
  const runtime::Location location = runtime::parse_location(argument.substr(equals + 1));
  SourcePlan& changed = plans.at(argument.substr(0, equals));
  changed.kind = SourcePlan::Kind::file;
  changed.path = location.path;
  changed.options.format.clear();
  changed.options.keys = location.keys;
}

// One of the values that a generator gives. Each input of a pair makes the pair anew, by the same
// seed.
Result<Data> generate(const Source& source, size_t output, uint64_t seed) {
  std::vector<runtime::Argument> arguments;
  for (const Setting& setting : source.arguments) {
    if (const auto* value = std::get_if<double>(&setting.value)) {
      arguments.push_back({setting.name, *value});
    }
  }
  auto made = runtime::generate(source.kind, arguments, seed);
  if (!made) return made.error();
  Data data;
  data.values = output == 0 ? std::move(made->x) : std::move(made->y);
  return data;
}

}  // namespace

std::map<std::string, SourcePlan> plan_sources(const Program& program, const Options& options) {
  const std::filesystem::path folder = std::filesystem::path(options.file).parent_path();
  std::map<std::string, SourcePlan> plans;
  for (const Input& input : program.inputs) {
    SourcePlan& plan = plans[input.name];
    if (input.default_value) plan.kind = SourcePlan::Kind::literals;
  }
  for (const Source& source : program.sources) {
    for (size_t k = 0; k < source.inputs.size(); ++k) {
      plans[source.inputs[k]] = plan_of(source, k, folder);
    }
  }
  for (const std::string& argument : options.data) apply(argument, plans);
  for (const Input& input : program.inputs) {
    SourcePlan& plan = plans[input.name];
    plan.options.categories = program.graph.type(input.value).element != Element::real;
    // Text for [batch, n] comes in rows of n, where n is a number.
    if (input.batch_axis == 0 && input.declared.size() == 2) {
      plan.options.row_length = input.declared[1].number().value_or(0);
      if (plan.options.row_stride == 0) plan.options.row_stride = plan.options.row_length;
    }
    // The key in a .npz file is the input's name unless another is given.
    if (plan.options.keys.empty() && std::filesystem::path(plan.path).extension() == ".npz") {
      plan.options.keys = {input.name};
    }
  }
  return plans;
}

Result<Data> read_source(const Input& input, const SourcePlan& plan, uint64_t seed) {
  switch (plan.kind) {
    case SourcePlan::Kind::nowhere:
      return Error{
          fmt::format("input `{}` has no data", input.name),
          fmt::format("bind them with `--data {}=PATH`, or in a `data` block", input.name)};
    case SourcePlan::Kind::literals: {
      std::vector<int64_t> shape;
      for (const Dim& dim : input.default_value->shape) shape.push_back(dim.number().value_or(0));
      Data data;
      data.values = runtime::Tensor::of<double>(shape, std::span(input.default_value->values));
      return data;
    }
    case SourcePlan::Kind::file: {
      auto data = runtime::read_data(plan.path, plan.options);
      if (!data) {
        return Error{fmt::format("input `{}`: {}", input.name, data.error().message),
                     data.error().help};
      }
      return data;
    }
    case SourcePlan::Kind::generator:
      return generate(*plan.source, plan.output, seed);
  }
  std::abort();
}

}  // namespace gradus::cli
