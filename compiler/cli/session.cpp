#include "compiler/cli/session.h"

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

std::vector<std::string> inputs_needed(const Program& program, const std::vector<Value>& values) {
  std::vector<std::string> names;
  for (Value value : reachable(program.graph, values)) {
    const Node& node = program.graph[value];
    if (node.op != Op::input) continue;
    const std::string& name = std::get<Named>(node.attributes).name;
    if (name != "step" && name != "epoch") names.push_back(name);
  }
  return names;
}

Status unreadable(const Options& options, const runtime::Error& error) {
  print_error(options, error.message, error.help);
  return Status::unreadable;
}

}  // namespace gradus::cli
