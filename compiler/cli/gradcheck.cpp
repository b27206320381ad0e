#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/report.h"
#include "compiler/cli/session.h"
#include "compiler/compile.h"
#include "compiler/gradient/differences.h"
#include "compiler/gradient/overridden.h"
#include "runtime/random.h"
#include "runtime/rows.h"

namespace gradus::cli {
namespace {

// The largest difference that passes, relative to the largest entry of the gradient.
constexpr double tolerance = 1e-6;

struct GradcheckOptions : Options {
  std::string weights;
  std::string of;
  int64_t samples = 16;   // of the data
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

struct Checked {
  std::string name;
  double error = 0;
  int64_t entries = 0;    // that were looked at
  int64_t unsettled = 0;  // of these, where the differences do not tell: at a kink of the loss
  int64_t size = 0;
  bool overridden =
      false;  // by stop_gradient or `derivative`: the gradient is not meant to be the derivative

  bool judged() const { return !overridden && (entries == 0 || unsettled < entries); }
  bool passed() const { return !judged() || error <= tolerance; }
};

class Gradcheck {
 public:
  Gradcheck(const GradcheckOptions& options, Model& program)
      : options_(options), program_(program) {}

  Status operator()() {
    const std::optional<NamedValue> loss = chosen_loss(program_, options_.of, options_);
    if (!loss) return Status::wrong_usage;
    Function value{{{"loss", loss->value}}, {}};
    if (is_random(program_, value.roots(), "a check by differences", options_)) {
      return Status::model_errors;
    }
    const std::vector<std::string> needed = inputs_needed(program_, value.roots());
    auto session = begin(program_, Precision::f64, options_, {options_.weights, false, &needed});
    if (!session) return unreadable(options_, session.error());
    session_ = *std::move(session);
    if (session_.data.samples == 0) return unreadable(options_, {"the data have no samples", ""});
    keep_samples(session_.data, options_.samples);

    const std::set<Value> hidden = overridden(program_.graph, loss->value);
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
    value_call.run(batch_);
    if (!std::isfinite(value_call.output("loss")->at(0))) {
      print_error(options_,
                  fmt::format("the loss is {} at these weights", value_call.output("loss")->at(0)),
                  "differences tell nothing there; `--weights FILE` starts elsewhere");
      return Status::check_failed;
    }

    std::vector<Checked> all;
    for (runtime::Variable& variable : session_.weights.all) {
      if (variable.role != runtime::Role::parameter) continue;
      all.push_back(check(variable, *gradient_call.output(variable.name), value_call));
      all.back().overridden = hidden.contains(program_.find(variable.name));
    }
    return print(all);
  }

 private:
  Checked check(runtime::Variable& variable, const runtime::Tensor& gradient,
                runtime::Call& value_call) {
    Checked checked;
    checked.name = variable.name;
    checked.size = gradient.size();
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
      double& entry = entries[static_cast<size_t>(i)];
      const double at = entry;
      const Difference found = ridders(
          [&](double x) {
            entry = x;
            return loss();
          },
          at);
      entry = at;
      ++checked.entries;
      if (!(found.error <= tolerance * scale)) {
        ++checked.unsettled;
        continue;
      }
      const double error = std::fabs(found.value - gradient.at(i)) / scale;
      checked.error = error <= checked.error ? checked.error : error;  // NaN stays
    }
    return checked;
  }

  Status print(const std::vector<Checked>& all) {
    bool passed = true;
    nlohmann::json parameters = nlohmann::json::object();
    for (const Checked& each : all) {
      const bool good = each.passed();
      passed = passed && good;
      parameters[each.name] = {{"error", number(each.error)},
                               {"entries", each.entries},
                               {"unsettled", each.unsettled},
                               {"overridden", each.overridden},
                               {"passed", good}};
      if (!options_.json) print_line(each);
    }
    if (options_.json) {
      fmt::print("{}\n", nlohmann::json{{"passed", passed}, {"parameters", parameters}}.dump());
    } else {
      const auto agree = std::count_if(all.begin(), all.end(), [](const Checked& each) {
        return each.judged() && each.passed();
      });
      const auto open =
          std::count_if(all.begin(), all.end(), [](const Checked& each) { return !each.judged(); });
      fmt::print("{} of {} parameters agree with finite differences to {:.0e}{}\n", agree,
                 all.size(), tolerance, open > 0 ? fmt::format(", {} not judged", open) : "");
    }
    return passed ? Status::done : Status::check_failed;
  }

  static void print_line(const Checked& each) {
    std::string remarks;
    if (each.entries < each.size) {
      remarks += fmt::format(", {} of {} entries", each.entries, each.size);
    }
    if (each.unsettled > 0) {
      remarks += fmt::format(", {} of them at a kink and not judged", each.unsettled);
    }
    if (each.overridden) remarks += ", overridden";
    fmt::print("{} {}: {:.1e}{}\n",
               !each.judged()  ? "--  "
               : each.passed() ? "ok  "
                               : "FAIL",
               each.name, each.error, remarks);
  }

  const GradcheckOptions& options_;
  Model& program_;
  Session session_;
  runtime::Batches::Batch batch_;
};

Status gradcheck(const GradcheckOptions& options) {
  Status status = Status::done;
  std::optional<Model> program = load_model(options, false, status);
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
  command->add_option("--samples", options->samples, "samples of the data to check on (16)")
      ->check(at_least_one());
  command->add_option("--entries", options->entries, "entries of each parameter to check (100)")
      ->check(at_least_one());
  command->callback([options, &status] {
    status = options->dump.empty() ? gradcheck(*options) : dump(*options);
  });
}

}  // namespace gradus::cli
