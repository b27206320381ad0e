#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/report.h"
#include "compiler/cli/session.h"
#include "compiler/compile.h"
#include "runtime/random.h"
#include "runtime/rows.h"

namespace gradus::cli {
namespace {

// The largest difference that passes, relative to the largest entry of the gradient.
constexpr double tolerance = 1e-6;

struct GradcheckOptions : Options {
  std::string weights;
  std::string of;
  int64_t samples = 64;   // of the data
  int64_t entries = 100;  // of a parameter
};

// Keeps the first samples of the data: each entry of a gradient costs several losses.
void keep_samples(BoundData& data, int64_t most) {
  if (!data.samples || *data.samples <= most) return;
  std::vector<int64_t> rows(static_cast<size_t>(most));
  for (int64_t i = 0; i < most; ++i) rows[static_cast<size_t>(i)] = i;
  for (runtime::Input& input : data.dataset.inputs) {
    if (input.batch_axis < 0) continue;
    input.values = runtime::take_rows(input.values, input.batch_axis, rows);
  }
  data.samples = most;
  data.dims["batch"] = most;
}

// The derivative of `loss` at the entry `x`, from differences: of fourth order at two widths, and
// the one whose neighbours agree best with each other. At a kink of the loss, none of them need be
// near.
template <typename Loss>
std::vector<double> differences(double& x, Loss loss) {
  const double at = x;
  std::vector<double> found;
  for (const double width : {1e-3, 1e-4, 1e-5, 1e-6}) {
    const double h = width * std::max(1.0, std::fabs(at));
    const auto shifted = [&](double by) {
      x = at + by;
      return loss();
    };
    const double near = shifted(h) - shifted(-h);
    const double far = shifted(2 * h) - shifted(-2 * h);
    found.push_back((8 * near - far) / (12 * h));
  }
  x = at;
  return found;
}

struct Checked {
  std::string name;
  double error = 0;
  int64_t entries = 0;  // that were looked at
  int64_t size = 0;
};

class Gradcheck {
 public:
  Gradcheck(const GradcheckOptions& options, Program& program)
      : options_(options), program_(program) {}

  Status operator()() {
    const std::optional<NamedValue> loss = chosen_loss(program_, options_.of, options_);
    if (!loss) return Status::wrong_usage;
    Function value{{{"loss", loss->value}}, {}};
    const std::vector<std::string> needed = inputs_needed(program_, value.roots());
    auto session = begin(program_, Precision::f64, options_, {options_.weights, false, &needed});
    if (!session) return unreadable(options_, session.error());
    session_ = *std::move(session);
    keep_samples(session_.data, options_.samples);

    Gradients gradients = differentiate(program_.graph, loss->value, parameters_of(program_));
    Function derivative{gradients.simplified, {}};
    runtime::ThreadPool pool(thread_count(options_));
    runtime::Arena arena;
    const runtime::Step value_step = compiled(program_, value, session_.data.dims, Precision::f64);
    const runtime::Step gradient_step =
        compiled(program_, derivative, session_.data.dims, Precision::f64);
    const runtime::Dataset& data = session_.data.dataset;
    runtime::Call value_call(value_step, session_.weights, data, arena, &pool);
    runtime::Call gradient_call(gradient_step, session_.weights, data, arena, &pool);
    runtime::Batches batches(data, runtime::BatchOptions{.batch = 0, .shuffle = false});
    batch_ = batches.at(0, 0);
    gradient_call.run(batch_);

    std::vector<Checked> all;
    for (runtime::Variable& variable : session_.weights.all) {
      if (variable.role != runtime::Role::parameter) continue;
      all.push_back(check(variable, *gradient_call.output(variable.name), value_call));
    }
    return print(all);
  }

 private:
  Checked check(runtime::Variable& variable, const runtime::Tensor& gradient,
                runtime::Call& value_call) {
    Checked checked{variable.name, 0, 0, gradient.size()};
    const auto entries = variable.values.values<double>();
    double scale = 0;
    for (int64_t i = 0; i < gradient.size(); ++i)
      scale = std::max(scale, std::fabs(gradient.at(i)));
    const auto loss = [&] {
      value_call.run(batch_);
      return value_call.output("loss")->at(0);
    };
    // Rounding of the loss limits what a difference can tell of a gradient that is all but zero.
    scale = std::max(scale, 1e-6 * std::max(1.0, std::fabs(loss())));
    std::vector<int64_t> order(entries.size());
    runtime::permute(order, runtime::Random(options_.seed, "gradcheck:" + variable.name));
    if (static_cast<int64_t>(order.size()) > options_.entries) {
      order.resize(static_cast<size_t>(options_.entries));
    }
    for (const int64_t i : order) {
      double best = INFINITY;
      for (double found : differences(entries[static_cast<size_t>(i)], loss)) {
        best = std::min(best, std::fabs(found - gradient.at(i)) / scale);
      }
      checked.error = std::max(checked.error, best);
      ++checked.entries;
    }
    return checked;
  }

  Status print(const std::vector<Checked>& all) {
    bool passed = true;
    nlohmann::json parameters = nlohmann::json::object();
    for (const Checked& each : all) {
      const bool good = each.error <= tolerance;
      passed = passed && good;
      parameters[each.name] = {
          {"error", number(each.error)}, {"entries", each.entries}, {"passed", good}};
      if (options_.json) continue;
      const std::string share = each.entries < each.size
                                    ? fmt::format(", {} of {} entries", each.entries, each.size)
                                    : "";
      fmt::print("{} {}: {:.1e}{}\n", good ? "ok  " : "FAIL", each.name, each.error, share);
    }
    if (options_.json) {
      fmt::print("{}\n", nlohmann::json{{"passed", passed}, {"parameters", parameters}}.dump());
    } else {
      fmt::print("{} of {} parameters agree with finite differences to {:.0e}\n",
                 std::count_if(all.begin(), all.end(),
                               [](const Checked& each) { return each.error <= tolerance; }),
                 all.size(), tolerance);
    }
    return passed ? Status::done : Status::check_failed;
  }

  const GradcheckOptions& options_;
  Program& program_;
  Session session_;
  runtime::Batches::Batch batch_;
};

Status gradcheck(const GradcheckOptions& options) {
  Status status = Status::done;
  std::optional<Program> program = load_model(options, false, status);
  if (!program) return status;
  return Gradcheck(options, *program)();
}

}  // namespace

void add_gradcheck(CLI::App& app, Status& status) {
  auto options = std::make_shared<GradcheckOptions>();
  CLI::App* command = app.add_subcommand(
      "gradcheck", "Holds the compiled gradients against finite differences in f64.");
  add_common(*command, *options);
  command->add_option("--weights", options->weights, "check at these weights");
  command->add_option("--of", options->of, "the loss that this is about");
  command->add_option("--samples", options->samples, "samples of the data to check on (64)")
      ->check(CLI::PositiveNumber);
  command->add_option("--entries", options->entries, "entries of each parameter to check (100)")
      ->check(CLI::PositiveNumber);
  command->callback([options, &status] {
    status = options->dump.empty() ? gradcheck(*options) : dump(*options);
  });
}

}  // namespace gradus::cli
