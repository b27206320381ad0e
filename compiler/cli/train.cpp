#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/report.h"
#include "compiler/cli/session.h"
#include "compiler/compile.h"
#include "runtime/interrupt.h"
#include "runtime/progress.h"
#include "runtime/training.h"

namespace gradus::cli {
namespace {

struct TrainOptions : Options {
  std::string weights;  // start from
  std::string save;
  int64_t epochs = 0;
  int64_t steps = 0;
  int64_t batch = 0;
  bool allow_missing = false;
};

// What the program's first `train` block says, changed by what the command line says.
struct Schedule {
  runtime::BatchOptions batches;
  int64_t steps = 0;
};

Schedule schedule_of(const Train& train, const TrainOptions& options, int64_t samples) {
  Schedule schedule;
  schedule.batches = {.batch = options.batch > 0 ? options.batch : train.batch.value_or(0),
                      .shuffle = train.shuffle,
                      .drop_last = train.drop_last,
                      .seed = options.seed};
  const int64_t batch = schedule.batches.batch > 0 ? schedule.batches.batch : samples;
  int64_t per_epoch = 1;
  if (batch > 0 && samples > 0) {
    per_epoch =
        train.drop_last ? std::max<int64_t>(samples / batch, 1) : (samples + batch - 1) / batch;
  }
  if (options.steps > 0) {
    schedule.steps = options.steps;
  } else if (options.epochs > 0) {
    schedule.steps = options.epochs * per_epoch;
  } else if (train.steps) {
    schedule.steps = *train.steps;
  } else {
    schedule.steps = train.epochs.value_or(1) * per_epoch;
  }
  return schedule;
}

// The optimizers' own states, beside the weights.
std::optional<runtime::Error> add_optimizer_states(const Program& program, Session& session) {
  for (const Train& train : program.trains) {
    for (const OptimizerUpdate& update : train.optimizer) {
      for (const Parameter& state : update.states) {
        auto value = initial(program, state, session.data.dims, session.precision, 0);
        if (!value) return value.error();
        session.weights.all.push_back(
            {runtime::Role::optimizer_state, state.name, *std::move(value)});
      }
    }
  }
  return std::nullopt;
}

// The first definition that is not finite on this batch, in the order of the file.
std::string first_not_finite(Program& program, Session& session,
                             const runtime::Batches::Batch& batch) {
  Function function;
  for (const NamedValue& each : program.definitions) {
    function.results.push_back({each.name, each.value});
  }
  if (function.results.empty()) return "";
  DimBindings dims = session.data.dims;
  if (dims.contains("batch")) dims["batch"] = batch.samples;
  const runtime::Step step = compiled(program, function, dims, session.precision);
  runtime::Arena arena;
  runtime::Call call(step, session.weights, session.data.dataset, arena, nullptr);
  call.run(batch);
  for (const Definition& each : function.results) {
    const runtime::Tensor* value = call.output(each.name);
    for (int64_t i = 0; value != nullptr && i < value->size(); ++i) {
      if (!std::isfinite(value->at(i))) return each.name;
    }
  }
  return "";
}

class TrainingRun {
 public:
  TrainingRun(const TrainOptions& options, Program& program)
      : options_(options), program_(program) {}

  Status operator()() {
    if (program_.trains.empty()) {
      print_error(options_, fmt::format("{} has no `train` block", options_.file),
                  "add one: `train J { optimizer = adam(), epochs = 10 }`");
      return Status::model_errors;
    }
    if (auto error = prepare()) return unreadable(options_, *error);
    if (auto error = compile()) return unreadable(options_, *error);
    return run();
  }

 private:
  std::optional<runtime::Error> prepare() {
    const Precision precision = precision_of(program_, options_);
    SavedWeights saved;
    if (!options_.weights.empty()) {
      auto read = read_weights(options_.weights);
      if (!read) return read.error();
      saved = *std::move(read);
    }
    auto data = bind_data(program_, precision, options_,
                          {.only = nullptr,
                           .validation = program_.trains[0].validation,
                           .known = &saved.preparations});
    if (!data) return data.error();
    auto weights = initial_weights(program_, data->dims, precision, options_.seed);
    if (!weights) return weights.error();
    session_ = Session{precision, *std::move(data), *std::move(weights)};
    if (!options_.weights.empty()) {
      auto error = take_weights(saved, options_.allow_missing, options_.weights, session_.weights);
      if (error) return error;
    }
    if (auto error = add_optimizer_states(program_, session_)) return error;
    training_rows_ = static_cast<int64_t>(session_.data.split.training.size());
    if (session_.data.samples && training_rows_ == 0) {
      return runtime::Error{"the data have no samples to train on", ""};
    }
    schedule_ = schedule_of(program_.trains[0], options_, training_rows_);
    return std::nullopt;
  }

  std::optional<runtime::Error> compile() {
    const auto start = std::chrono::steady_clock::now();
    std::vector<Function> steps;
    for (const Train& train : program_.trains) steps.push_back(training_step(program_, train));
    auto programs =
        compiled(program_, steps, session_.data.dims,
                 runtime::batch_sizes(training_rows_, schedule_.batches), session_.precision);
    if (!programs) return programs.error();
    programs_ = *std::move(programs);
    held_out_.batch = schedule_.batches.batch;
    held_out_.shuffle = false;
    if (!session_.data.split.validation.empty()) {
      // `training` is false where held-out samples are evaluated.
      Status status = Status::done;
      evaluated_ = load_model(options_, false, status);
      auto validation =
          compiled(*evaluated_, {evaluation(*evaluated_)}, session_.data.dims,
                   runtime::batch_sizes(static_cast<int64_t>(session_.data.split.validation.size()),
                                        held_out_),
                   session_.precision);
      if (!validation) return validation.error();
      validation_ = *std::move(validation);
    }
    compile_seconds_ =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::nullopt;
  }

  Status run() {
    runtime::ThreadPool pool(thread_count(options_));
    runtime::Batches batches(session_.data.dataset, session_.data.split.training,
                             schedule_.batches);
    runtime::Batches held_out(session_.data.dataset, session_.data.split.validation, held_out_);
    runtime::Progress progress(stderr, isatty(STDERR_FILENO) == 1, schedule_.steps,
                               batches.per_epoch());
    std::string culprit;
    int64_t diverged_at = 0;
    runtime::TrainingOptions training;
    training.steps = schedule_.steps;
    training.loss = program_.trains[0].loss;
    for (const NamedValue& loss : program_.losses) training.losses.push_back(loss.name);
    if (program_.trains[0].until.valid()) training.until = "until";
    training.patience = program_.trains[0].patience.value_or(0);
    training.stop = runtime::Interrupt::requested;
    training.diverged = [&](const runtime::Batches::Batch& batch, int64_t step) {
      culprit = first_not_finite(program_, session_, batch);
      diverged_at = step;
    };
    if (!options_.quiet) training.listeners.push_back(&progress);

    const runtime::Interrupt interrupt;
    const runtime::Training done =
        runtime::train(programs_, session_.weights, batches, training,
                       {validation_, validation_.empty() ? nullptr : &held_out}, &pool);
    if (!options_.save.empty()) {
      if (auto error = save_weights(options_.save, session_.weights, session_.data.preparations)) {
        return unreadable(options_, *error);
      }
    }
    return finish(done, culprit, diverged_at);
  }

  Status finish(const runtime::Training& done, const std::string& culprit, int64_t diverged_at) {
    const std::string& loss = program_.trains[0].loss;
    if (done.ending == runtime::Training::Ending::diverged) {
      print_error(options_,
                  fmt::format("training diverged: `{}` was not finite at step {}",
                              culprit.empty() ? done.culprit : culprit, diverged_at),
                  diverged_at == 0
                      ? "the weights are those it started from; look at the data, or the scale of "
                        "the weights"
                      : "the weights of the step before are kept; try a smaller rate");
      return Status::diverged;
    }
    print(done, loss);
    return done.ending == runtime::Training::Ending::stopped ? Status::interrupted : Status::done;
  }

  void print(const runtime::Training& done, const std::string& loss) {
    const bool held_out = !done.validation.empty();
    if (options_.json) {
      nlohmann::json object = report(program_, loss, done.names, done.values, samples());
      if (held_out) {
        object["validation"] =
            report(program_, loss, validation_names(done), done.validation, held_out_samples());
      }
      object["steps"] = done.steps;
      object["seconds"] = done.seconds;
      object["compile_seconds"] = compile_seconds_;
      fmt::print("{}\n", object.dump());
      return;
    }
    print_report(program_, loss, done.names, done.values, samples(), options_);
    if (!held_out) return;
    fmt::print("held out:\n");
    print_report(program_, loss, validation_names(done), done.validation, held_out_samples(),
                 options_);
  }

  // A training step gives the losses and metrics first, in the order in which an evaluation does.
  std::span<const std::string> validation_names(const runtime::Training& done) const {
    return std::span(done.names).first(done.validation.size());
  }

  std::optional<int64_t> samples() const {
    return session_.data.samples ? std::optional(training_rows_) : std::nullopt;
  }
  std::optional<int64_t> held_out_samples() const {
    return static_cast<int64_t>(session_.data.split.validation.size());
  }

  const TrainOptions& options_;
  Program& program_;
  std::optional<Program> evaluated_;
  Session session_;
  Schedule schedule_;
  runtime::BatchOptions held_out_;
  int64_t training_rows_ = 0;
  std::vector<runtime::Program> programs_;
  std::vector<runtime::Program> validation_;
  double compile_seconds_ = 0;
};

Status train(const TrainOptions& options) {
  Status status = Status::done;
  std::optional<Program> program = load_model(options, true, status);
  if (!program) return status;
  return TrainingRun(options, *program)();
}

}  // namespace

void add_train(CLI::App& app, Status& status) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand("train", "Derives, compiles and trains.");
  add_common(*command, *options);
  command->add_option("--epochs", options->epochs, "passes over the data, instead of the model's")
      ->check(at_least_one());
  command->add_option("--steps", options->steps, "steps in all, instead of epochs")
      ->check(at_least_one());
  command->add_option("--batch", options->batch, "samples in a batch, instead of the model's")
      ->check(at_least_one());
  command->add_option("--weights", options->weights, "start from these weights");
  command->add_flag("--allow-missing", options->allow_missing,
                    "start missing weights from their initialisers");
  command->add_option("--save", options->save, "write the weights here: .safetensors or .npz")
      ->check(weights_ending());
  command->callback(
      [options, &status] { status = options->dump.empty() ? train(*options) : dump(*options); });
}

}  // namespace gradus::cli
