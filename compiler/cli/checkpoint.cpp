#include "compiler/cli/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "runtime/safetensors.h"

namespace gradus::cli {
namespace {

using runtime::Error;
using runtime::Result;
using runtime::Tensor;

constexpr std::string_view best_prefix = "best/";
constexpr std::string_view standing_name = "standing";
constexpr std::string_view sums_name = "standing/sums";
constexpr std::string_view best_values_name = "standing/best_values";

std::string key_of(const runtime::Variable& variable) {
  switch (variable.role) {
    case runtime::Role::parameter:
      return "parameter/" + variable.name;
    case runtime::Role::state:
      return "state/" + variable.name;
    case runtime::Role::optimizer_state:
      return "optimizer/" + variable.name;
    case runtime::Role::input:
    case runtime::Role::output:
      break;
  }
  return variable.name;
}

Tensor numbers(std::span<const double> values) {
  return Tensor::of<double>({static_cast<int64_t>(values.size())}, values);
}

std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.at(i));
  return values;
}

template <typename Number>
Number parsed(const std::string& text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::optional<Error> write_checkpoint(const std::string& path, const runtime::Standing& standing,
                                      const RunFacts& run, const runtime::Variables& variables) {
  const double scalars[] = {
      static_cast<double>(standing.step), static_cast<double>(standing.samples), standing.best_loss,
      static_cast<double>(standing.best_step), static_cast<double>(standing.waited)};
  const Tensor numbers_kept = numbers(scalars);
  const Tensor sums = numbers(standing.sums);
  const Tensor best_values = numbers(standing.best_values);
  std::vector<runtime::TensorView> views = {{std::string(standing_name), &numbers_kept},
                                            {std::string(sums_name), &sums},
                                            {std::string(best_values_name), &best_values}};
  for (const runtime::Variable& each : variables.all) {
    views.push_back({key_of(each), &each.values});
  }
  for (size_t k = 0; k < standing.best.size(); ++k) {
    views.push_back({std::string(best_prefix) + key_of(variables.all[k]), &standing.best[k]});
  }
  runtime::Metadata metadata = preparations_as_metadata(run.preparations);
  metadata["seed"] = std::to_string(run.seed);
  metadata["batch"] = std::to_string(run.batch);
  return runtime::write_safetensors(path, views, metadata);
}

Result<Checkpoint> read_checkpoint(const std::string& path) {
  auto file = runtime::read_safetensors(path);
  if (!file) return file.error();
  Checkpoint saved;
  bool is_one = false;
  for (runtime::NamedTensor& each : file->tensors) {
    if (each.name == standing_name && each.values.size() == 5) {
      is_one = true;
      saved.standing.step = static_cast<int64_t>(each.values.at(0));
      saved.standing.samples = static_cast<int64_t>(each.values.at(1));
      saved.standing.best_loss = each.values.at(2);
      saved.standing.best_step = static_cast<int64_t>(each.values.at(3));
      saved.standing.waited = static_cast<int64_t>(each.values.at(4));
    } else if (each.name == sums_name) {
      saved.standing.sums = numbers(each.values);
    } else if (each.name == best_values_name) {
      saved.standing.best_values = numbers(each.values);
    } else {
      saved.variables.push_back(std::move(each));
    }
  }
  if (!is_one) return Error{path + " is no checkpoint", "`gradus train --out DIR` writes them"};
  auto preparations = preparations_of(file->metadata, path);
  if (!preparations) return preparations.error();
  saved.run.preparations = *std::move(preparations);
  saved.run.seed = parsed<uint64_t>(file->metadata["seed"]);
  saved.run.batch = parsed<int64_t>(file->metadata["batch"]);
  return saved;
}

std::optional<Error> take_variables(Checkpoint& saved, const std::string& path,
                                    runtime::Variables& variables) {
  const auto find = [&](const std::string& key) -> const Tensor* {
    for (const runtime::NamedTensor& each : saved.variables) {
      if (each.name == key) return &each.values;
    }
    return nullptr;
  };
  const std::string going_on =
      "a run goes on with the model, constants and precision that it began with";
  std::set<std::string> known;
  for (runtime::Variable& variable : variables.all) {
    known.insert(key_of(variable));
    const Tensor* value = find(key_of(variable));
    const bool fits = value != nullptr && value->shape() == variable.values.shape() &&
                      value->type() == variable.values.type();
    if (!fits) {
      return Error{fmt::format("{}: `{}` is not as the model says", path, variable.name), going_on};
    }
    variable.values = value->clone();
    if (saved.standing.best_step < 0) continue;
    const Tensor* best = find(std::string(best_prefix) + key_of(variable));
    if (best != nullptr) saved.standing.best.push_back(best->clone());
  }
  for (const runtime::NamedTensor& each : saved.variables) {
    if (each.name.starts_with(best_prefix) || known.contains(each.name)) continue;
    return Error{fmt::format("{}: the model has no {} `{}`", path,
                             each.name.starts_with("optimizer/") ? "optimizer state" : "quantity",
                             each.name.substr(each.name.find('/') + 1)),
                 going_on};
  }
  if (saved.standing.best.size() != variables.all.size()) saved.standing.best_step = -1;
  return std::nullopt;
}

}  // namespace gradus::cli
