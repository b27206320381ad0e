#include "compiler/cli/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/graph/draw.h"
#include "compiler/graph/interpret.h"
#include "grammar/diagnostic.h"
#include "runtime/initialise.h"

namespace gradus::cli {
namespace {

using runtime::Error;
using runtime::Result;
using runtime::Tensor;

constexpr std::string_view preparation_key = "input:";

}  // namespace

Result<Tensor> initial(const Program& program, const Parameter& parameter, const DimBindings& dims,
                       Precision precision, uint64_t seed) {
  runtime::Shape shape;
  for (const Dim& extent : program.graph.shape(parameter.value)) {
    const auto number = extent.substituted(dims).number();
    if (!number) {
      return Error{fmt::format("the shape of `{}` is not known: nothing binds `{}`", parameter.name,
                               fmt::join(extent.substituted(dims).names(), "`, `")),
                   "bind the inputs that have this dimension with `--data`"};
    }
    shape.push_back(*number);
  }
  const Initialiser& how = parameter.initialiser;
  if (!how.name.empty()) {
    auto known = runtime::initialiser(how.name, how.arguments);
    if (!known) return known.error();
    return runtime::initialise(*known, shape, seed, parameter.name).to(scalar_of(precision));
  }
  const auto number = [](uint64_t x) {
    return Array{Element::index, {}, {static_cast<double>(x)}};
  };
  const Bindings drawn = {{drawn_step, number(0)},
                          {drawn_low, number(seed & 0xFFFFFFFF)},
                          {drawn_high, number(seed >> 32)}};
  const Array value = interpret(program.graph, how.value, drawn, dims);
  Tensor made(runtime::Scalar::f64, shape);
  const auto entries = made.values<double>();
  // A scalar stands for all entries.
  for (size_t i = 0; i < entries.size(); ++i) {
    entries[i] = value.entries.size() == 1 ? value.entries[0] : value.entries[i];
  }
  return made.to(scalar_of(precision));
}

runtime::Scalar scalar_of(Precision precision) {
  return precision == Precision::f32 ? runtime::Scalar::f32 : runtime::Scalar::f64;
}

Result<runtime::Variables> initial_weights(const Program& program, const DimBindings& dims,
                                           Precision precision, uint64_t seed) {
  runtime::Variables weights;
  const auto add = [&](const std::vector<Parameter>& list,
                       runtime::Role role) -> std::optional<Error> {
    for (const Parameter& parameter : list) {
      auto value = initial(program, parameter, dims, precision, seed);
      if (!value) return value.error();
      weights.all.push_back({role, parameter.name, *std::move(value)});
    }
    return std::nullopt;
  };
  if (auto error = add(program.parameters, runtime::Role::parameter)) return *std::move(error);
  if (auto error = add(program.states, runtime::Role::state)) return *std::move(error);
  return weights;
}

Result<SavedWeights> read_weights(const std::string& path) {
  auto file = runtime::read_tensors(path);
  if (!file) return file.error();
  SavedWeights saved;
  saved.values = std::move(file->tensors);
  auto preparations = preparations_of(file->metadata, path);
  if (!preparations) return preparations.error();
  saved.preparations = *std::move(preparations);
  return saved;
}

runtime::Metadata preparations_as_metadata(
    const std::map<std::string, runtime::Preparation>& preparations) {
  runtime::Metadata metadata;
  for (const auto& [input, preparation] : preparations) {
    metadata[std::string(preparation_key) + input] = runtime::to_text(preparation);
  }
  return metadata;
}

Result<std::map<std::string, runtime::Preparation>> preparations_of(
    const runtime::Metadata& metadata, const std::string& path) {
  std::map<std::string, runtime::Preparation> preparations;
  for (const auto& [key, text] : metadata) {
    if (!key.starts_with(preparation_key)) continue;
    auto preparation = runtime::parse_preparation(text);
    if (!preparation) return Error{path + ": " + preparation.error().message, ""};
    preparations.emplace(key.substr(preparation_key.size()), *std::move(preparation));
  }
  return preparations;
}

std::optional<Error> take_weights(const SavedWeights& saved, bool allow_missing,
                                  const std::string& path, runtime::Variables& weights) {
  std::set<std::string> missing;
  for (const runtime::Variable& variable : weights.all) missing.insert(variable.name);
  const std::vector<std::string> names(missing.begin(), missing.end());
  for (const runtime::NamedTensor& given : saved.values) {
    const auto known = std::find_if(
        weights.all.begin(), weights.all.end(),
        [&](const runtime::Variable& variable) { return variable.name == given.name; });
    if (known == weights.all.end()) {
      const auto near = closest(given.name, names);
      return Error{fmt::format("{}: `{}` is not a parameter of the model", path, given.name),
                   near.empty() ? "" : fmt::format("did you mean `{}`?", near)};
    }
    if (known->values.shape() != given.values.shape()) {
      return Error{
          fmt::format("{}: `{}` has shape {}, and the model's has {}", path, given.name,
                      runtime::text(given.values.shape()), runtime::text(known->values.shape())),
          ""};
    }
    known->values = given.values.to(known->values.type());
    missing.erase(given.name);
  }
  if (allow_missing || missing.empty()) return std::nullopt;
  return Error{fmt::format("{}: the weights lack `{}`", path, fmt::join(missing, "`, `")),
               "`--allow-missing` starts those from their initialisers"};
}

std::optional<Error> save_weights(const std::string& path, const runtime::Variables& weights,
                                  const std::map<std::string, runtime::Preparation>& preparations) {
  std::vector<runtime::TensorView> views;
  for (const runtime::Variable& variable : weights.all) {
    if (variable.role == runtime::Role::optimizer_state) continue;
    views.push_back({variable.name, &variable.values});
  }
  return runtime::write_tensors(path, views, preparations_as_metadata(preparations));
}

}  // namespace gradus::cli
