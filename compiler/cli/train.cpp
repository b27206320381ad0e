#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>

#include "compiler/cli/checkpoint.h"
#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/report.h"
#include "compiler/cli/schedule.h"
#include "compiler/cli/session.h"
#include "compiler/compile.h"
#include "runtime/curve.h"
#include "runtime/event_file.h"
#include "runtime/file.h"
#include "runtime/interrupt.h"
#include "runtime/metrics_log.h"
#include "runtime/progress.h"
#include "runtime/training.h"

namespace gradus::cli {
namespace {

struct TrainOptions : Options {
  std::string weights;  // start from
  std::string save;
  std::string out;  // the run's folder
  bool resume = false;
  int64_t epochs = 0;
  int64_t steps = 0;
  int64_t batch = 0;
  bool allow_missing = false;
};

// The first definition that is not finite on this batch, in the order of the file.
std::string first_not_finite(Program& program, Session& session,
                             const runtime::Batches::Batch& batch, const runtime::Clock& clock) {
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
  call.set(clock);
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
  TrainingRun(TrainOptions options, Program& program)
      : options_(std::move(options)), program_(program) {}

  Status operator()() {
    if (program_.trains.empty()) {
      print_error(options_, fmt::format("{} has no `train` block", options_.file),
                  "add one: `train J { optimizer = adam(), epochs = 10 }`");
      return Status::model_errors;
    }
    if (auto error = prepare()) return unreadable(options_, *error);
    if (auto error = make_folder()) return unreadable(options_, *error);
    if (auto error = compile()) return unreadable(options_, *error);
    return run();
  }

 private:
  std::string in_folder(const char* name) const { return options_.out + "/" + name; }

  // Reads the checkpoint that the run goes on from. Its seed is the run's.
  std::optional<runtime::Error> take_up() {
    auto read = read_checkpoint(in_folder("last.ckpt"));
    if (!read) return read.error();
    checkpoint_ = *std::move(read);
    options_.seed = checkpoint_->run.seed;
    return std::nullopt;
  }

  std::optional<runtime::Error> go_on() {
    const std::string path = in_folder("last.ckpt");
    if (auto error = take_variables(*checkpoint_, path, session_.weights)) return error;
    const auto begun = read_text(in_folder("model.grad"));
    const auto text = options_.file == "-" ? std::nullopt : read_text(options_.file);
    if (begun && text && *begun != *text && !options_.quiet) {
      fmt::print(stderr, "the run goes on with another text of the model than it began with\n");
    }
    if (checkpoint_->run.batch == schedule_.batches.batch) return std::nullopt;
    return runtime::Error{
        fmt::format("{} is of a run with batches of {}", path, checkpoint_->run.batch),
        fmt::format("go on with `--batch {}`", checkpoint_->run.batch)};
  }

  // The folder of the run, with the model file as it is run.
  std::optional<runtime::Error> make_folder() {
    if (options_.out.empty()) return std::nullopt;
    std::error_code error;
    std::filesystem::create_directories(options_.out, error);
    if (error) return runtime::Error{fmt::format("{}: {}", options_.out, error.message()), ""};
    const auto text = options_.file == "-" ? std::nullopt : read_text(options_.file);
    if (!text) return std::nullopt;
    runtime::NewFile copy(in_folder("model.grad"));
    copy.write(*text);
    return copy.commit();
  }

  std::optional<runtime::Error> prepare() {
    const Precision precision = precision_of(program_, options_);
    if (options_.resume) {
      if (auto error = take_up()) return error;
    }
    SavedWeights saved;
    if (!options_.weights.empty()) {
      auto read = read_weights(options_.weights);
      if (!read) return read.error();
      saved = *std::move(read);
    }
    auto data =
        bind_data(program_, precision, options_,
                  {.only = nullptr,
                   .validation = program_.trains[0].validation,
                   .known = checkpoint_ ? &checkpoint_->run.preparations : &saved.preparations});
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
    schedule_ =
        loop_of(program_.trains[0],
                {.epochs = options_.epochs, .steps = options_.steps, .batch = options_.batch},
                options_.seed, training_rows_);
    return checkpoint_ ? go_on() : std::nullopt;
  }

  std::optional<runtime::Error> compile() {
    const auto start = std::chrono::steady_clock::now();
    std::vector<Function> steps;
    for (size_t k = 0; k < program_.trains.size(); ++k) {
      steps.push_back(training_step(program_, k));
    }
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
    for (size_t k = 0; k < program_.trains.size(); ++k) {
      if (program_.trains[k].until.valid()) training.until.push_back(until_name(k));
    }
    if (checkpoint_) training.from = &checkpoint_->standing;
    training.patience = program_.trains[0].patience.value_or(0);
    training.stop = runtime::Interrupt::requested;
    training.seed = options_.seed;
    training.diverged = [&](const runtime::Batches::Batch& batch, int64_t step) {
      culprit = first_not_finite(program_, session_, batch,
                                 {options_.seed, step, step / batches.per_epoch()});
      diverged_at = step;
    };
    if (!options_.quiet) training.listeners.push_back(&progress);
    std::optional<runtime::Error> unsaved;
    std::optional<runtime::MetricsLog> log;
    std::optional<runtime::EventFile> events;
    if (!options_.out.empty()) {
      const int64_t from = checkpoint_ ? checkpoint_->standing.step : 0;
      log.emplace(in_folder("metrics.jsonl"), schedule_.steps, batches.per_epoch(), from);
      events.emplace(options_.out, schedule_.steps);
      if (!log->good() || !events->good()) {
        return unreadable(options_, {"can not write into " + options_.out, ""});
      }
      training.listeners.push_back(&*log);
      training.listeners.push_back(&*events);
      training.save = [&](const runtime::Standing& standing) {
        unsaved = write_checkpoint(
            in_folder("last.ckpt"), standing,
            {options_.seed, schedule_.batches.batch, session_.data.preparations}, session_.weights);
      };
    }

    const runtime::Interrupt interrupt;
    const runtime::Training done =
        runtime::train(programs_, session_.weights, batches, training,
                       {validation_, validation_.empty() ? nullptr : &held_out}, &pool);
    if (unsaved) return unreadable(options_, *unsaved);
    if (auto error = save_run()) return unreadable(options_, *error);
    if (!options_.save.empty()) {
      if (auto error = save_weights(options_.save, session_.weights, session_.data.preparations)) {
        return unreadable(options_, *error);
      }
    }
    return finish(done, culprit, diverged_at);
  }

  // What the folder has when the run has ended.
  std::optional<runtime::Error> save_run() {
    if (options_.out.empty()) return std::nullopt;
    const auto log = runtime::read_file(in_folder("metrics.jsonl"));
    if (!log) return log.error();
    const std::string& loss = program_.trains[0].loss;
    runtime::NewFile curve(in_folder("curve.svg"));
    curve.write(runtime::chart(runtime::curves_of(*log, loss), "step"));
    if (auto error = curve.commit()) return error;
    return save_weights(in_folder("weights.safetensors"), session_.weights,
                        session_.data.preparations);
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

  TrainOptions options_;
  Program& program_;
  std::optional<Program> evaluated_;
  std::optional<Checkpoint> checkpoint_;  // that the run goes on from
  Session session_;
  Loop schedule_;
  runtime::BatchOptions held_out_;
  int64_t training_rows_ = 0;
  std::vector<runtime::Program> programs_;
  std::vector<runtime::Program> validation_;
  double compile_seconds_ = 0;
};

Status train(const TrainOptions& options) {
  Status status = Status::done;
  if (options.resume && (options.out.empty() || !options.weights.empty())) {
    print_error(options,
                options.out.empty() ? "`--resume` goes on in a run's folder"
                                    : "`--resume` has weights of its own",
                options.out.empty() ? "say which: `--out DIR`" : "leave out `--weights`");
    return Status::wrong_usage;
  }
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
  command->add_option("--out", options->out,
                      "the run's folder: weights, checkpoint, metrics, a curve");
  command->add_flag("--resume", options->resume, "go on from the checkpoint in the run's folder");
  command->callback(
      [options, &status] { status = options->dump.empty() ? train(*options) : dump(*options); });
}

}  // namespace gradus::cli
