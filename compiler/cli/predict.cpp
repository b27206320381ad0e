#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/session.h"
#include "compiler/compile.h"
#include "grammar/diagnostic.h"
#include "runtime/npy.h"

namespace gradus::cli {
namespace {

struct PredictOptions : Options {
  std::string weights;
  std::string out;
  std::vector<std::string> of;
  int64_t batch = 0;
  bool allow_missing = false;
};

// The program's outputs, or the values asked for. An error is printed where there is none.
std::optional<std::vector<NamedValue>> wanted(const Program& program,
                                              const PredictOptions& options) {
  if (options.of.empty()) {
    if (!program.outputs.empty()) return program.outputs;
    print_error(options, fmt::format("{} declares no `output`", options.file),
                "name a definition with `--of`");
    return std::nullopt;
  }
  std::vector<NamedValue> values;
  for (const std::string& name : options.of) {
    const Value value = program.find(name);
    if (!value.valid()) {
      std::vector<std::string> names;
      for (const NamedValue& known : program.definitions) names.push_back(known.name);
      const auto near = closest(name, names);
      print_error(options, fmt::format("there is no definition `{}` in {}", name, options.file),
                  near.empty() ? "" : fmt::format("did you mean `{}`?", near));
      return std::nullopt;
    }
    values.push_back({name, value, {}});
  }
  return values;
}

int batch_axis(const Shape& shape) {
  for (size_t k = 0; k < shape.size(); ++k) {
    if (shape[k] == Dim::named("batch")) return static_cast<int>(k);
  }
  return -1;
}

std::optional<runtime::Error> write(const std::string& path,
                                    std::vector<runtime::NamedTensor>& predictions) {
  if (predictions.size() == 1 && !path.ends_with(".npz")) {
    return runtime::write_npy(path, predictions[0].values);
  }
  std::vector<runtime::TensorView> views;
  for (const runtime::NamedTensor& each : predictions) views.push_back({each.name, &each.values});
  return runtime::write_tensors(path, views);
}

void print_json(const std::string& path, const std::vector<runtime::NamedTensor>& predictions,
                std::optional<int64_t> samples) {
  nlohmann::json object = {{"file", path}, {"outputs", nlohmann::json::object()}};
  object["samples"] = samples ? nlohmann::json(*samples) : nlohmann::json(nullptr);
  for (const runtime::NamedTensor& each : predictions) {
    object["outputs"][each.name] = {{"shape", each.values.shape()}};
  }
  fmt::print("{}\n", object.dump());
}

Status predict(const PredictOptions& options) {
  Status status = Status::done;
  std::optional<Program> program = load_model(options, false, status);
  if (!program) return status;
  if (options.weights.empty() && !program->parameters.empty()) {
    print_error(options, "without `--weights` there is nothing to predict by",
                "`gradus train --save FILE.safetensors` trains the parameters and writes them");
    return Status::wrong_usage;
  }
  const auto values = wanted(*program, options);
  if (!values) return Status::wrong_usage;
  if (values->size() > 1 && !options.out.ends_with(".npz")) {
    print_error(options, fmt::format("{} outputs do not fit into {}", values->size(), options.out),
                "give a file that ends in .npz, or pick one with `--of`");
    return Status::wrong_usage;
  }

  Function function;
  for (const NamedValue& value : *values) function.results.push_back({value.name, value.value});
  const std::vector<std::string> needed = inputs_needed(*program, function.roots());
  auto session = begin(*program, precision_of(*program, options), options,
                       {options.weights, options.allow_missing, &needed});
  if (!session) return unreadable(options, session.error());

  const int64_t samples = session->data.samples.value_or(1);
  const runtime::BatchOptions cut{.batch = options.batch, .shuffle = false, .seed = options.seed};
  runtime::Batches batches(session->data.dataset, cut);
  const auto programs = compiled(*program, {function}, session->data.dims,
                                 runtime::batch_sizes(samples, cut), session->precision);
  if (!programs) return unreadable(options, programs.error());
  runtime::ThreadPool pool(thread_count(options));
  runtime::Arena arena;
  runtime::Calls calls(*programs, session->weights, session->data.dataset, arena, &pool);
  runtime::Averages averages(*programs);
  std::vector<runtime::WantedOutput> rows;
  for (const NamedValue& value : *values) {
    rows.push_back({value.name, batch_axis(program->graph.shape(value.value))});
  }
  runtime::Predictions predictions(std::move(rows), samples);
  runtime::evaluate(calls, batches, averages, {.seed = options.seed}, &predictions);
  std::vector<runtime::NamedTensor>& all = predictions.all();
  if (auto error = write(options.out, all)) return unreadable(options, *error);
  if (options.json) print_json(options.out, all, session->data.samples);
  return Status::done;
}

}  // namespace

void add_predict(CLI::App& app, Status& status) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("predict", "The model's outputs on data.");
  add_common(*command, *options);
  command->add_option("--weights", options->weights,
                      "trained weights, .safetensors or .npz; needed where there are parameters");
  command->add_option("-o", options->out, "the .npy file to write, .npz for several outputs")
      ->check(path_ending({".npy", ".npz"}))
      ->required();
  command->add_option("--of", options->of, "a definition instead of the outputs (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--batch", options->batch, "samples in a batch (all)")->check(at_least_one());
  command->add_flag("--allow-missing", options->allow_missing,
                    "start missing weights from their initialisers");
  command->callback(
      [options, &status] { status = options->dump.empty() ? predict(*options) : dump(*options); });
}

}  // namespace gradus::cli
