#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/schedule.h"
#include "compiler/cli/session.h"
#include "compiler/codegen/codegen.h"
#include "compiler/compile.h"

namespace gradus::cli {
namespace {

struct BenchOptions : Options {
  int64_t batch = 0;
  double seconds = 1;
};

// What the phases took, in order.
class Phases {
 public:
  template <typename Action>
  auto operator()(const char* name, Action action) {
    const auto start = std::chrono::steady_clock::now();
    auto result = action();
    const auto end = std::chrono::steady_clock::now();
    seconds_.emplace_back(name, std::chrono::duration<double>(end - start).count());
    return result;
  }
  const std::vector<std::pair<const char*, double>>& seconds() const { return seconds_; }
  double total() const {
    double sum = 0;
    for (const auto& [name, seconds] : seconds_) sum += seconds;
    return sum;
  }

 private:
  std::vector<std::pair<const char*, double>> seconds_;
};

// The time of training steps, sorted.
std::vector<double> times_of(const std::vector<runtime::Program>& programs, Session& session,
                             const runtime::BatchOptions& cut, runtime::ThreadPool& pool,
                             double seconds) {
  runtime::Arena arena;
  runtime::Calls calls(programs, session.weights, session.data.dataset, arena, &pool);
  runtime::Batches batches(session.data.dataset, session.data.split.training, cut);
  std::vector<double> times;
  double spent = 0;
  constexpr int warm_up = 2;
  constexpr int least = 5;
  for (int k = 0; k < warm_up + least || spent < seconds; ++k) {
    const auto batch = batches.at(0, k % batches.per_epoch());
    if (batch.samples != programs[0].samples) continue;
    const auto start = std::chrono::steady_clock::now();
    for (runtime::Call& call : calls.of(batch.samples)) {
      call.set({.step = k});
      call.run(batch);
    }
    const auto end = std::chrono::steady_clock::now();
    if (k < warm_up) continue;
    times.push_back(std::chrono::duration<double>(end - start).count());
    spent += times.back();
  }
  std::sort(times.begin(), times.end());
  return times;
}

struct Measured {
  int64_t parameters = 0;  // numbers
  int64_t samples = 0;     // of a batch
  size_t kernels = 0;
  int64_t arena_bytes = 0;
  std::vector<double> times;
};

void print(const BenchOptions& options, const Phases& phases, const Measured& measured) {
  const double median = measured.times[measured.times.size() / 2];
  if (options.json) {
    nlohmann::ordered_json compile;
    for (const auto& [name, seconds] : phases.seconds()) compile[name] = seconds;
    compile["seconds"] = phases.total();
    const nlohmann::ordered_json object = {
        {"compile", compile},
        {"step",
         {{"seconds", median},
          {"least", measured.times.front()},
          {"steps", measured.times.size()},
          {"samples", measured.samples},
          {"samples_per_second", static_cast<double>(measured.samples) / median},
          {"kernels", measured.kernels},
          {"arena_bytes", measured.arena_bytes}}},
        {"parameters", measured.parameters}};
    fmt::print("{}\n", object.dump());
    return;
  }
  for (const auto& [name, seconds] : phases.seconds()) {
    fmt::print("{:<10} {:9.2f} ms\n", name, 1e3 * seconds);
  }
  fmt::print("{:<10} {:9.2f} ms to compile {} kernels for {} parameters\n", "",
             1e3 * phases.total(), measured.kernels, measured.parameters);
  fmt::print("{:<10} {:9.3f} ms, {:.0f} samples a second ({} samples a step, median of {})\n",
             "step", 1e3 * median, static_cast<double>(measured.samples) / median, measured.samples,
             measured.times.size());
}

Status bench(const BenchOptions& options) {
  Phases phases;
  Status status = Status::done;
  std::optional<Program> program =
      phases("check", [&] { return load_model(options, true, status); });
  if (!program) return status;
  if (program->trains.empty()) {
    print_error(options, fmt::format("{} has no `train` block", options.file),
                "the time of a training step is measured");
    return Status::model_errors;
  }
  const Precision precision = precision_of(*program, options);
  auto data =
      bind_data(*program, precision, options, {nullptr, program->trains[0].validation, nullptr});
  if (!data) return unreadable(options, data.error());
  auto weights = initial_weights(*program, data->dims, precision, options.seed);
  if (!weights) return unreadable(options, weights.error());
  Session session{precision, *std::move(data), *std::move(weights)};
  if (auto error = add_optimizer_states(*program, session)) return unreadable(options, *error);
  const auto rows = static_cast<int64_t>(session.data.split.training.size());
  if (session.data.samples && rows == 0) {
    return unreadable(options, {"the data have no samples to train on", ""});
  }
  const Loop loop = loop_of(program->trains[0], {.batch = options.batch}, options.seed, rows);

  Measured measured;
  runtime::Program made{runtime::batch_sizes(rows, loop.batches).front(), {}};
  measured.samples = made.samples;
  DimBindings dims = session.data.dims;
  if (dims.contains("batch")) dims["batch"] = made.samples;
  const auto functions = phases("gradient", [&] {
    std::vector<Function> all;
    for (size_t k = 0; k < program->trains.size(); ++k) all.push_back(training_step(*program, k));
    return all;
  });
  const auto plans = phases("plan", [&] {
    std::vector<kernel::Plan> all;
    for (const Function& each : functions) {
      all.push_back(plan_of(program->graph, each, dims, precision));
    }
    return all;
  });
  made.steps = phases("code", [&] {
    std::vector<runtime::Step> all;
    for (const kernel::Plan& each : plans) all.push_back(codegen::compile(each));
    return all;
  });
  for (const kernel::Plan& each : plans) {
    measured.kernels += each.kernels.size();
    measured.arena_bytes = std::max(measured.arena_bytes, each.arena_bytes);
  }
  for (const runtime::Variable& each : session.weights.all) {
    if (each.role == runtime::Role::parameter) measured.parameters += each.values.size();
  }
  runtime::ThreadPool pool(thread_count(options));
  measured.times = times_of({made}, session, loop.batches, pool, options.seconds);
  print(options, phases, measured);
  return Status::done;
}

}  // namespace

void add_bench(CLI::App& app, Status& status) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", "Compile time, and the time of a training step.");
  add_common(*command, *options);
  command->add_option("--batch", options->batch, "samples in a batch, instead of the model's")
      ->check(at_least_one());
  command->add_option("--seconds", options->seconds, "how long to measure steps (1)");
  command->callback(
      [options, &status] { status = options->dump.empty() ? bench(*options) : dump(*options); });
}

}  // namespace gradus::cli
