#include "compiler/compile.h"

#include <cmath>
#include <map>

#include "compiler/gradient/gradient.h"
#include "compiler/graph/rewrite.h"
#include "compiler/kernel/planner.h"
#include "compiler/simplify/simplify.h"

namespace gradus {
namespace {

using gradus::without_calls;  // beside the one below

void append(std::vector<Definition>& results, const std::vector<NamedValue>& values) {
  for (const NamedValue& value : values) results.push_back({value.name, value.value});
}

// All values of a function rewritten together, so that what they share stays shared.
Function simplified(Graph& graph, Function function) {
  const std::vector<Value> plain = without_calls(graph, function.roots());
  const std::vector<Value> known = recognise(graph, plain, nullptr);
  const std::vector<Value> after = stabilise(graph, simplify(graph, known, nullptr));
  size_t next = 0;
  for (Definition& result : function.results) result.value = after[next++];
  for (Update& update : function.updates) update.value = after[next++];
  return function;
}

// Adjoints as they are computed: when derivatives are taken, it matters no more which were
// overridden.
std::map<Value, Value> without_calls(Graph& graph, const std::map<Value, Value>& adjoints) {
  std::vector<Value> values;
  for (const auto& [of, adjoint] : adjoints) values.insert(values.end(), {of, adjoint});
  values = without_calls(graph, values);
  std::map<Value, Value> result;
  for (size_t k = 0; k < values.size(); k += 2) result.emplace(values[k], values[k + 1]);
  return result;
}

// min(1, clip / ‖gradients‖): the factor that keeps the norm of all gradients, taken as one vector,
// below `clip` (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
// networks", 2013).
Value clip_factor(Graph& graph, const std::vector<Definition>& gradients, double clip) {
  Value squares = graph.constant(0);
  for (const Definition& gradient : gradients) {
    const Value square = graph.map(Op::mul, {gradient.value, gradient.value});
    std::vector<int> axes(graph.shape(square).size());
    for (size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<int>(k);
    squares = graph.map(Op::add, {squares, graph.reduce(Op::reduce_sum, square, axes)});
  }
  // The norm is 0 only where every gradient is, which then stays as it is.
  const Value norm = graph.map(Op::sqrt, {squares});
  const Value limit = graph.constant(clip);
  return graph.map(Op::div, {limit, graph.map(Op::max, {norm, limit})});
}

}  // namespace

std::vector<Definition> parameters_of(const Program& program) {
  std::vector<Definition> all;
  for (const Parameter& parameter : program.parameters) {
    all.push_back({parameter.name, parameter.value});
  }
  return all;
}

Gradients differentiate(Graph& graph, Value loss, const std::vector<Definition>& variables,
                        const GradientOptions& options) {
  Gradients found;
  // What is recognised is recognised in the variables too, which may be definitions.
  std::vector<Value> roots = {loss};
  for (const Definition& variable : variables) roots.push_back(variable.value);
  roots = recognise(graph, roots, &found.log);
  std::vector<Value> raw =
      gradient(graph, roots[0], std::span(roots).subspan(1), &found.log, options);
  raw.insert(raw.begin(), roots[0]);
  raw = without_calls(graph, raw);
  found.log.adjoints = without_calls(graph, found.log.adjoints);
  const std::vector<Value> simple = simplify(graph, raw, &found.log);
  raw.erase(raw.begin());
  found.loss = simple[0];
  for (size_t k = 0; k < variables.size(); ++k) {
    found.variables.push_back({variables[k].name, roots[k + 1]});
    found.raw.push_back({variables[k].name, raw[k]});
    found.simplified.push_back({variables[k].name, simple[k + 1]});
  }
  return found;
}

Function evaluation(Program& program) {
  Function function;
  append(function.results, program.losses);
  append(function.results, program.metrics);
  return simplified(program.graph, std::move(function));
}

Function with_gradients(Program& program, const Gradients& gradients) {
  Function function;
  append(function.results, program.losses);
  append(function.results, program.metrics);
  for (const Definition& gradient : gradients.simplified) function.results.push_back(gradient);
  return simplified(program.graph, std::move(function));
}

Function training_step(Program& program, size_t block) {
  Graph& graph = program.graph;
  const Train& train = program.trains[block];
  std::vector<Definition> variables;
  for (const OptimizerUpdate& update : train.optimizer) {
    const Parameter& parameter = program.parameters[update.parameter];
    variables.push_back({parameter.name, parameter.value});
  }
  const Gradients gradients =
      differentiate(graph, program.find(train.loss), variables, {.recompute = train.recompute});
  std::map<Value, Value> raw;      // for the leaves that stand for gradients
  std::map<Value, Value> clipped;  // what the optimizer sees
  Value factor;
  if (train.clip_norm) factor = clip_factor(graph, gradients.simplified, *train.clip_norm);
  Function function;
  append(function.results, program.losses);
  append(function.results, program.metrics);
  for (size_t k = 0; k < train.optimizer.size(); ++k) {
    const Value gradient = gradients.simplified[k].value;
    const Value leaf = train.optimizer[k].gradient;
    raw[leaf] = gradient;
    clipped[leaf] = factor.valid() ? graph.map(Op::mul, {gradient, factor}) : gradient;
    for (const Update& update : train.optimizer[k].updates) function.updates.push_back(update);
  }
  std::vector<Value> values;
  for (const Update& update : function.updates) values.push_back(update.value);
  values = substitute(graph, values, clipped);
  for (size_t k = 0; k < values.size(); ++k) function.updates[k].value = values[k];
  if (train.until.valid()) {
    const Value test = substitute(graph, std::span(&train.until, 1), raw)[0];
    function.results.push_back({until_name(block), test});
  }
  for (const Parameter& state : program.states) {
    if (state.update.valid() && block == 0) {
      function.updates.push_back({state.value, state.update});
    }
  }
  return function;
}

std::string until_name(size_t block) { return "until:" + std::to_string(block); }

kernel::Plan plan_of(Graph& graph, const Function& function, const DimBindings& dims,
                     Precision precision) {
  const Function numeric = simplified(graph, specialise(graph, function, dims));
  const auto real = precision == Precision::f32 ? kernel::Scalar::f32 : kernel::Scalar::f64;
  return kernel::plan(graph, numeric, {.real = real});
}

}  // namespace gradus
