#include "compiler/cli/dump.h"

#include <fmt/format.h>

#include "compiler/cli/model.h"
#include "compiler/cli/session.h"
#include "compiler/codegen/codegen.h"
#include "compiler/compile.h"
#include "compiler/graph/print.h"

namespace gradus::cli {
namespace {

void print(const std::string& text) { fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n"); }

// What `graph` shows: the values that the file names.
Function named_values(const Program& program) {
  Function function;
  for (const auto* list : {&program.definitions, &program.losses, &program.metrics}) {
    for (const NamedValue& each : *list) function.results.push_back({each.name, each.value});
  }
  return function;
}

Function step_of(Program& program) {
  if (!program.trains.empty()) return training_step(program, 0);
  if (program.losses.empty()) return evaluation(program);
  return with_gradients(
      program, differentiate(program.graph, program.losses[0].value, parameters_of(program)));
}

Status dump_plan(Program& program, const Options& options) {
  const Precision precision = precision_of(program, options);
  const double held_out = program.trains.empty() ? 0 : program.trains[0].validation;
  auto data = bind_data(program, precision, options, {nullptr, held_out, nullptr});
  if (!data) return unreadable(options, data.error());
  DimBindings dims = data->dims;
  if (dims.contains("batch")) {
    dims["batch"] = static_cast<int64_t>(data->split.training.size());
    if (!program.trains.empty() && program.trains[0].batch) {
      dims["batch"] = std::min(dims["batch"], *program.trains[0].batch);
    }
  }
  const kernel::Plan plan = plan_of(program.graph, step_of(program), dims, precision);
  print(options.dump == "plan" ? kernel::text(plan) : codegen::dump_llvm(plan));
  return Status::done;
}

}  // namespace

Status dump(const Options& options) {
  if (options.dump == "syntax") return dump_syntax(options);
  Status status = Status::done;
  std::optional<Program> program = load_model(options, true, status);
  if (!program) return status;
  if (options.dump == "types") {
    for (const auto* list : {&program->definitions, &program->losses, &program->metrics}) {
      for (const NamedValue& each : *list) {
        fmt::print("{}: {}\n", each.name, text(program->graph.type(each.value)));
      }
    }
    return Status::done;
  }
  if (options.dump == "graph") {
    print(text(program->graph, named_values(*program)));
    return Status::done;
  }
  if (options.dump == "gradient") {
    if (program->losses.empty()) return Status::done;
    Function raw;
    raw.results =
        differentiate(program->graph, program->losses[0].value, parameters_of(*program)).raw;
    print(text(program->graph, raw));
    return Status::done;
  }
  if (options.dump == "simplified") {
    print(text(program->graph, step_of(*program)));
    return Status::done;
  }
  return dump_plan(*program, options);
}

}  // namespace gradus::cli
