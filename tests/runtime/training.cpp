#include "runtime/training.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <limits>
#include <vector>

#include "runtime/interrupt.h"
#include "runtime/progress.h"
#include "runtime/threads.h"
#include "tests/allocations.h"

using namespace gradus::runtime;

namespace {

// A hand-written step for N samples of the model  J = mean((w·x - y)²),  w ← w − 0.05·∂J/∂w. From
// step `breaks` on the loss is NaN, and so is w after it; `poison` is the step after which w is NaN
// although its loss was finite.
template <int64_t N>
void fit(void* const* slots, void* arena, ThreadPool*) {
  const auto* x = static_cast<const double*>(slots[0]);
  const auto* y = static_cast<const double*>(slots[1]);
  const int32_t step = *static_cast<const int32_t*>(slots[2]);
  auto& w = *static_cast<double*>(slots[3]);
  const auto* limits = static_cast<const double*>(slots[4]);
  auto& t = *static_cast<double*>(slots[5]);
  auto& loss = *static_cast<double*>(slots[6]);
  auto* error = static_cast<double*>(arena);
  auto* prediction = static_cast<double*>(slots[7]);
  double gradient = 0;
  loss = 0;
  for (int64_t i = 0; i < N; ++i) {
    prediction[i] = w * x[i];
    error[i] = prediction[i] - y[i];
    loss += error[i] * error[i] / N;
    gradient += 2 * error[i] * x[i] / N;
  }
  w -= 0.05 * gradient;
  t += 1;
  if (step >= limits[0]) loss = std::numeric_limits<double>::quiet_NaN();
  if (step >= limits[0] || step == limits[1]) w = std::numeric_limits<double>::quiet_NaN();
}

// The same without an update.
template <int64_t N>
void measure(void* const* slots, void* arena, ThreadPool* pool) {
  double w = *static_cast<double*>(slots[3]), t = 0;
  const double never[] = {1e9, 1e9};
  const int32_t step = 0;
  void* const copy[] = {
      slots[0], slots[1], const_cast<int32_t*>(&step), &w, const_cast<double*>(never), &t,
      slots[6], slots[7]};
  fit<N>(copy, arena, pool);
}

template <int64_t N>
Program program(void (*run)(void* const*, void*, ThreadPool*)) {
  Step step;
  step.slots = {
      {"x", Role::input, Scalar::f64, {N}},      {"y", Role::input, Scalar::f64, {N}},
      {"step", Role::input, Scalar::i32, {}},    {"w", Role::parameter, Scalar::f64, {}},
      {"limits", Role::state, Scalar::f64, {2}}, {"w.t", Role::optimizer_state, Scalar::f64, {}},
      {"J", Role::output, Scalar::f64, {}},      {"p", Role::output, Scalar::f64, {N}}};
  step.arena_bytes = N * 8;
  step.run = run;
  return {N, {step}};
}

std::vector<Program> programs_to_fit() { return {program<4>(fit<4>), program<2>(fit<2>)}; }

constexpr int64_t samples = 10;

Dataset line() {
  Dataset data;
  Tensor x(Scalar::f64, {samples}), y(Scalar::f64, {samples});
  for (size_t i = 0; i < samples; ++i) {
    x.values<double>()[i] = 0.1 * static_cast<double>(i);
    y.values<double>()[i] = 0.3 * static_cast<double>(i) + (i % 3 == 0 ? 0.05 : -0.02);
  }
  data.inputs.push_back({"x", std::move(x), 0});
  data.inputs.push_back({"y", std::move(y), 0});
  return data;
}

Variables start(double breaks = 1e9, double poison = 1e9) {
  Variables variables;
  variables.all.push_back({Role::parameter, "w", Tensor::scalar(Scalar::f64, 0.5)});
  variables.all.push_back({Role::state, "limits", Tensor::of<double>({2}, {breaks, poison})});
  variables.all.push_back({Role::optimizer_state, "w.t", Tensor::scalar(Scalar::f64, 0)});
  return variables;
}

double value(const Variables& variables, const char* name) {
  const Role role = name == std::string("w") ? Role::parameter : Role::optimizer_state;
  return variables.find(role, name)->at(0);
}

// w after that many steps.
double trained(int64_t steps) {
  const Dataset data = line();
  const auto programs = programs_to_fit();
  Batches batches(data, {.batch = 4, .seed = 3});
  Variables variables = start();
  const Training result = train(programs, variables, batches, {.steps = steps, .loss = "J"});
  CHECK(result.steps == steps);
  CHECK(value(variables, "w.t") == static_cast<double>(steps));
  return value(variables, "w");
}

class Recorder : public Listener {
 public:
  void begin(std::span<const std::string> names, std::span<const std::string>) override {
    begun.assign(names.begin(), names.end());
  }
  void step(const StepReport& report) override {
    steps.push_back(report.step);
    step_losses.push_back(report.values[0]);
  }
  void epoch(const EpochReport& report) override {
    epochs.push_back(report.epoch);
    epoch_losses.push_back(report.values[0]);
    if (!report.validation.empty()) held_out.push_back(report.validation[0]);
  }
  void end() override { ended = true; }

  std::vector<std::string> begun;
  std::vector<int64_t> steps;
  std::vector<int64_t> epochs;
  std::vector<double> step_losses;
  std::vector<double> epoch_losses;
  std::vector<double> held_out;
  bool ended = false;
};

}  // namespace

TEST_CASE("training finds the minimum and tells of its way", "[training]") {
  const Dataset data = line();
  const auto programs = programs_to_fit();
  Batches batches(data, {.batch = 4, .seed = 3});
  Variables variables = start();
  Recorder recorder;
  const Training result = train(programs, variables, batches,
                                {.steps = 3 * 400, .loss = "J", .listeners = {&recorder}});
  CHECK(result.ending == Training::Ending::done);
  CHECK(value(variables, "w") == Approx(3).margin(0.1));
  CHECK(recorder.begun == std::vector<std::string>{"J"});
  CHECK(recorder.steps.size() == 1200);
  CHECK(recorder.epochs.size() == 400);
  CHECK(recorder.epochs.back() == 399);
  CHECK(recorder.ended);
  CHECK(result.names == std::vector<std::string>{"J"});
  CHECK(result.values[0] == recorder.epoch_losses.back());
  CHECK(result.values[0] < 0.01);
  // An average by samples: two batches of 4 and one of 2.
  const auto& losses = recorder.step_losses;
  CHECK(recorder.epoch_losses[0] == Approx((4 * losses[0] + 4 * losses[1] + 2 * losses[2]) / 10));
}

TEST_CASE("a run that goes on later is the same run", "[training]") {
  const Dataset data = line();
  const auto programs = programs_to_fit();
  Recorder whole;
  Variables never_stopped = start();
  Batches all(data, {.batch = 4, .seed = 3});
  train(programs, never_stopped, all, {.steps = 100, .loss = "J", .listeners = {&whole}});
  for (const int64_t cut : {1, 3, 5, 64}) {
    Batches batches(data, {.batch = 4, .seed = 3});
    Variables variables = start();
    Standing standing;
    TrainingOptions first = {.steps = cut, .loss = "J"};
    first.save = [&](const Standing& s) {
      standing.step = s.step;
      standing.samples = s.samples;
      standing.sums = s.sums;
    };
    train(programs, variables, batches, first);
    CHECK(standing.step == cut);
    Batches again(data, {.batch = 4, .seed = 3});
    Recorder rest;
    const Training result =
        train(programs, variables, again,
              {.steps = 100, .from = &standing, .loss = "J", .listeners = {&rest}});
    CHECK(result.steps == 100);
    CHECK(value(variables, "w") == trained(100));
    // An epoch that was cut is reported as a whole.
    CHECK(rest.epoch_losses.back() == whole.epoch_losses.back());
    CHECK(rest.epoch_losses.front() == whole.epoch_losses[static_cast<size_t>(cut / 3)]);
  }
}

TEST_CASE("a loss that is not finite leads back to the last good weights", "[training]") {
  const Dataset data = line();
  const auto programs = programs_to_fit();
  for (const int64_t breaks : {0, 1, 2, 63, 64, 65, 66, 127, 128, 129, 200}) {
    Batches batches(data, {.batch = 4, .seed = 3});
    Variables variables = start(static_cast<double>(breaks));
    Recorder recorder;
    double seen = 0;
    int64_t seen_step = -1;
    TrainingOptions options = {.steps = 300, .loss = "J", .listeners = {&recorder}};
    options.diverged = [&](const Batches::Batch& batch, int64_t step) {
      CHECK(batch.samples == (step % 3 == 2 ? 2 : 4));
      seen = value(variables, "w");
      seen_step = step;
    };
    const Training result = train(programs, variables, batches, options);
    const int64_t good = std::max<int64_t>(0, breaks - 1);
    CHECK(result.ending == Training::Ending::diverged);
    CHECK(result.culprit == "J");
    CHECK(result.steps == good);
    CHECK(value(variables, "w") == trained(good));
    CHECK(seen_step == breaks);
    CHECK(seen == trained(breaks));
    CHECK(recorder.ended);
  }
}

TEST_CASE("weights that the last update breaks are not kept", "[training]") {
  const Dataset data = line();
  const auto programs = programs_to_fit();
  Batches batches(data, {.batch = 4, .seed = 3});
  Variables variables = start(1e9, 63);
  const Training result = train(programs, variables, batches, {.steps = 64, .loss = "J"});
  CHECK(result.ending == Training::Ending::diverged);
  CHECK(result.steps == 63);
  CHECK(value(variables, "w") == trained(63));
}

TEST_CASE("training stops when it is asked to", "[training]") {
  const Dataset data = line();
  const auto programs = programs_to_fit();
  Batches batches(data, {.batch = 4, .seed = 3});
  Variables variables = start();
  Recorder recorder;
  int asked = 0;
  const Training result = train(
      programs, variables, batches,
      {.steps = 300, .loss = "J", .stop = [&] { return ++asked == 5; }, .listeners = {&recorder}});
  CHECK(result.ending == Training::Ending::stopped);
  CHECK(result.steps == 5);
  CHECK(value(variables, "w") == trained(5));
  CHECK(recorder.epochs == std::vector<int64_t>{0, 1});  // the second is not whole
}

TEST_CASE("an interrupt is noted once", "[training]") {
  const Interrupt interrupt;
  CHECK(!Interrupt::requested());
  std::raise(SIGINT);
  CHECK(Interrupt::requested());
}

TEST_CASE("training ends after the step in which a condition holds", "[training]") {
  const Dataset data = line();
  std::vector<Program> programs = {program<10>(fit<10>)};
  // Whether the loss is small.
  programs[0].steps[0].slots.push_back({"small", Role::output, Scalar::u8, {}});
  programs[0].steps[0].run = [](void* const* slots, void* arena, ThreadPool* pool) {
    fit<10>(slots, arena, pool);
    *static_cast<uint8_t*>(slots[8]) = *static_cast<double*>(slots[6]) < 0.1;
  };
  Batches batches(data, {});
  Variables variables = start();
  Recorder recorder;
  const Training result =
      train(programs, variables, batches,
            {.steps = 1000, .loss = "J", .until = {"small"}, .listeners = {&recorder}});
  CHECK(result.ending == Training::Ending::until);
  CHECK(result.steps < 1000);
  CHECK(recorder.step_losses.back() < 0.1);
  CHECK(recorder.step_losses[recorder.step_losses.size() - 2] >= 0.1);
}

TEST_CASE("patience keeps the weights of the best epoch", "[training]") {
  // w goes up by 1 in each step; held out, the loss is (w - 5)², the least at w = 5.
  Dataset data;
  data.inputs.push_back({"x", Tensor(Scalar::f64, {2}), 0});
  const Signature slots = {{"w", Role::parameter, Scalar::f64, {}},
                           {"J", Role::output, Scalar::f64, {}}};
  const auto make = [&](void (*run)(void* const*, void*, ThreadPool*)) {
    return std::vector<Program>{{2, {Step{.slots = slots, .run = run, .code = nullptr}}}};
  };
  const auto up = make([](void* const* s, void*, ThreadPool*) {
    *static_cast<double*>(s[0]) += 1;
    *static_cast<double*>(s[1]) = 0;
  });
  const auto distance = make([](void* const* s, void*, ThreadPool*) {
    *static_cast<double*>(s[1]) = std::pow(*static_cast<double*>(s[0]) - 5, 2);
  });
  Batches batches(data, {}), held_out(data, {});
  Variables variables;
  variables.all.push_back({Role::parameter, "w", Tensor::scalar(Scalar::f64, 0)});
  Recorder recorder;
  const Training result = train(
      up, variables, batches, {.steps = 100, .loss = "J", .patience = 3, .listeners = {&recorder}},
      {distance, &held_out});
  CHECK(result.ending == Training::Ending::patience);
  CHECK(result.steps == 8);
  CHECK(value(variables, "w") == 5);
  CHECK(result.validation == std::vector<double>{0});
  CHECK(recorder.held_out == std::vector<double>{16, 9, 4, 1, 0, 1, 4, 9});
}

TEST_CASE("several steps take turns on a batch", "[training]") {
  const Dataset data = line();
  std::vector<Program> programs = {program<10>(fit<10>)};
  programs[0].steps.push_back(programs[0].steps[0]);
  programs[0].steps[1].slots[6].name = "K";
  Batches batches(data, {});
  Variables variables = start();
  Recorder recorder;
  const Training result =
      train(programs, variables, batches,
            {.steps = 1, .loss = "J", .losses = {"K"}, .listeners = {&recorder}});
  CHECK(result.names == std::vector<std::string>{"J", "K"});
  CHECK(result.values[1] < result.values[0]);
  CHECK(value(variables, "w.t") == 2);
}

TEST_CASE("a step allocates nothing", "[training]") {
  const Dataset data = line();
  const auto programs = programs_to_fit();
  Batches batches(data, {.batch = 4, .seed = 3});
  Variables variables = start();
  ThreadPool pool(2);
  class Watch : public Listener {
   public:
    void step(const StepReport& report) override {
      if (report.step == 2) before = gradus::tests::allocations();
      if (report.step == 299) after = gradus::tests::allocations();
    }
    int64_t before = -1, after = -2;
  } watch;
  TrainingOptions options = {.steps = 300, .loss = "J", .stop = [] { return false; }};
  options.listeners = {&watch};
  train(programs, variables, batches, options, {}, &pool);
  CHECK(watch.before >= 0);
  CHECK(watch.after == watch.before);
}

TEST_CASE("evaluation averages by samples and puts outputs together", "[evaluation]") {
  const Dataset data = line();
  Variables variables = start();
  Arena arena;
  const auto evaluated = [&](const std::vector<Program>& programs, int64_t batch, Tensor* p) {
    Batches batches(data, {.batch = batch, .shuffle = false});
    Calls calls(programs, variables, data, arena, nullptr);
    Averages averages(programs);
    Predictions predictions({{"p", 0}}, samples);
    evaluate(calls, batches, averages, {}, &predictions);
    CHECK(averages.samples() == samples);
    CHECK(averages.find("J") == 0);
    CHECK(averages.find("K") == -1);
    *p = std::move(predictions.all()[0].values);
    return averages.values()[0];
  };
  const std::vector<Program> whole = {program<10>(measure<10>)};
  const std::vector<Program> parts = {program<4>(measure<4>), program<2>(measure<2>)};
  Tensor p, q;
  CHECK(evaluated(whole, 0, &p) == Approx(evaluated(parts, 4, &q)).epsilon(1e-14));
  REQUIRE(p.shape() == Shape{10});
  REQUIRE(q.shape() == Shape{10});
  for (int64_t i = 0; i < 10; ++i) {
    CHECK(p.at(i) == 0.5 * data.inputs[0].values.at(i));
    CHECK(q.at(i) == p.at(i));
  }
  CHECK(value(variables, "w") == 0.5);
}
