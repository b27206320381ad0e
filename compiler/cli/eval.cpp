#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/report.h"
#include "compiler/cli/session.h"
#include "compiler/compile.h"

namespace gradus::cli {
namespace {

struct EvalOptions : Options {
  std::string weights;
  std::string gradients;  // a path, or empty
  std::string of;         // a loss
  int64_t batch = 0;
  bool allow_missing = false;
};

// Averages gradients over batches, each weighed by its samples.
class GradientAverage : public runtime::RowSink {
 public:
  explicit GradientAverage(const std::vector<Definition>& gradients) {
    for (const Definition& gradient : gradients) names_.push_back(gradient.name);
  }

  void take(std::span<const runtime::Call> calls, int64_t, int64_t samples) override {
    samples_ += samples;
    sums_.resize(names_.size());
    for (size_t k = 0; k < names_.size(); ++k) {
      const runtime::Tensor& gradient = *calls[0].output(names_[k]);
      if (sums_[k].empty()) {
        sums_[k].resize(static_cast<size_t>(gradient.size()));
        last_.push_back(gradient.clone());
      }
      for (int64_t i = 0; i < gradient.size(); ++i) {
        sums_[k][static_cast<size_t>(i)] += static_cast<double>(samples) * gradient.at(i);
      }
      if (samples == samples_) last_[k] = gradient.clone();
    }
  }

  // Of one batch, its gradients as they are.
  std::vector<runtime::NamedTensor> finish(int64_t batches) {
    std::vector<runtime::NamedTensor> all;
    for (size_t k = 0; k < names_.size(); ++k) {
      runtime::Tensor values = std::move(last_[k]);
      if (batches > 1) {
        runtime::Tensor mean(runtime::Scalar::f64, values.shape());
        for (size_t i = 0; i < sums_[k].size(); ++i) {
          mean.values<double>()[i] = sums_[k][i] / static_cast<double>(samples_);
        }
        values = mean.to(values.type());
      }
      all.push_back({names_[k], std::move(values)});
    }
    return all;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<double>> sums_;
  std::vector<runtime::Tensor> last_;
  int64_t samples_ = 0;
};

// The gradients' slots must not collide with the losses' and metrics'.
std::string slot_name(const std::string& parameter) { return "gradient:" + parameter; }

std::optional<runtime::Error> write_gradients(const std::string& path,
                                              std::vector<runtime::NamedTensor> gradients) {
  const size_t prefix = slot_name("").size();
  std::vector<runtime::TensorView> views;
  for (runtime::NamedTensor& gradient : gradients) {
    gradient.name.erase(0, prefix);
    views.push_back({gradient.name, &gradient.values});
  }
  return runtime::write_tensors(path, views);
}

Status eval(const EvalOptions& options) {
  Status status = Status::done;
  std::optional<Model> program = load_model(options, false, status);
  if (!program) return status;
  const std::optional<NamedValue> loss = chosen_loss(*program, options.of, options);
  if (!loss) return Status::wrong_usage;

  Function function;
  for (const auto* list : {&program->losses, &program->metrics}) {
    for (const NamedValue& each : *list) function.results.push_back({each.name, each.value});
  }
  if (is_random(*program, function.roots(), "an evaluation", options)) return Status::model_errors;
  function = evaluation(*program);
  Gradients gradients;
  if (!options.gradients.empty()) {
    gradients = differentiate(program->graph, loss->value, parameters_of(*program));
    for (Definition& gradient : gradients.simplified) gradient.name = slot_name(gradient.name);
    function = with_gradients(*program, gradients);
  }
  const std::vector<std::string> needed = inputs_needed(*program, function.roots());
  auto session = begin(*program, precision_of(*program, options), options,
                       {options.weights, options.allow_missing, &needed});
  if (!session) return unreadable(options, session.error());
  if (options.weights.empty() && !program->parameters.empty() && !options.quiet) {
    fmt::print(stderr, "without `--weights` the parameters have their starting values\n");
  }
  if (session->data.samples == 0) return unreadable(options, {"the data have no samples", ""});

  const runtime::BatchOptions cut{.batch = options.batch, .shuffle = false, .seed = options.seed};
  runtime::Batches batches(session->data.dataset, cut);
  const auto programs =
      compiled(*program, {function}, session->data.dims,
               runtime::batch_sizes(session->data.samples.value_or(1), cut), session->precision);
  if (!programs) return unreadable(options, programs.error());
  runtime::ThreadPool pool(thread_count(options));
  runtime::Arena arena;
  runtime::Calls calls(*programs, session->weights, session->data.dataset, arena, &pool);
  runtime::Averages averages(*programs);
  GradientAverage sink(gradients.simplified);
  runtime::evaluate(calls, batches, averages, {.seed = options.seed},
                    options.gradients.empty() ? nullptr : &sink);

  if (!options.gradients.empty()) {
    if (auto error = write_gradients(options.gradients, sink.finish(batches.per_epoch()))) {
      return unreadable(options, *error);
    }
  }
  print_report(*program, loss->name, averages.names(), averages.values(), session->data.samples,
               options);
  return Status::done;
}

}  // namespace

void add_eval(CLI::App& app, Status& status) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "Loss and metrics on data.");
  add_common(*command, *options);
  command->add_option("--weights", options->weights, "trained weights, .safetensors or .npz");
  command->add_option("--grad", options->gradients, "write the loss's gradients to this .npz")
      ->check(path_ending({".npz"}));
  command->add_option("--of", options->of, "the loss that this is about");
  command->add_option("--batch", options->batch, "samples in a batch (all)")->check(at_least_one());
  command->add_flag("--allow-missing", options->allow_missing,
                    "start missing weights from their initialisers");
  command->callback(
      [options, &status] { status = options->dump.empty() ? eval(*options) : dump(*options); });
}

}  // namespace gradus::cli
