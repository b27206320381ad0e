#include "compiler/cli/session.h"

#include <algorithm>
#include <set>

#include "compiler/cli/model.h"

namespace gradus::cli {

runtime::Result<Session> begin(const Program& program, Precision precision, const Options& options,
                               const SessionRequest& request) {
  SavedWeights saved;
  if (!request.weights_path.empty()) {
    auto read = read_weights(request.weights_path);
    if (!read) return read.error();
    saved = *std::move(read);
  }
  auto data = bind_data(program, precision, options,
                        {.only = request.inputs, .validation = 0, .known = &saved.preparations});
  if (!data) return data.error();
  auto weights = initial_weights(program, data->dims, precision, options.seed);
  if (!weights) return weights.error();
  if (!request.weights_path.empty()) {
    auto error = take_weights(saved, request.allow_missing, request.weights_path, *weights);
    if (error) return *std::move(error);
  }
  return Session{precision, *std::move(data), *std::move(weights)};
}

namespace {

void insert_names(const Dim& dim, std::set<std::string>& names) {
  for (const std::string& name : dim.names()) names.insert(name);
}

// The dimension names that an input's data bind.
std::set<std::string> names_bound(const Program& program, const Input& input) {
  std::set<std::string> names;
  for (const Dim& extent : input.declared) insert_names(extent, names);
  insert_names(program.graph.type(input.value).bound, names);
  return names;
}

}  // namespace

std::vector<std::string> inputs_needed(const Program& program, const std::vector<Value>& values) {
  const std::vector<Value> needed = reachable(program.graph, values);
  std::set<std::string> sizes;  // that are computed with
  for (Value value : needed) {
    const Node& node = program.graph[value];
    for (const Dim& extent : node.type.shape) insert_names(extent, sizes);
    if (const auto* extent = std::get_if<Extent>(&node.attributes))
      insert_names(extent->dim, sizes);
  }
  std::vector<std::string> names;
  std::vector<const Input*> others;
  for (const Input& input : program.inputs) {
    if (std::binary_search(needed.begin(), needed.end(), input.value)) {
      names.push_back(input.name);
      for (const std::string& name : names_bound(program, input)) sizes.erase(name);
    } else {
      others.push_back(&input);
    }
  }
  // Of the others, those that alone say how large something is.
  for (const Input* input : others) {
    const std::set<std::string> bound = names_bound(program, *input);
    if (std::any_of(bound.begin(), bound.end(),
                    [&](const auto& name) { return sizes.contains(name); })) {
      names.push_back(input->name);
      for (const std::string& name : bound) sizes.erase(name);
    }
  }
  return names;
}

Status unreadable(const Options& options, const runtime::Error& error) {
  print_error(options, error.message, error.help);
  return Status::unreadable;
}

}  // namespace gradus::cli
