#include "compiler/cli/data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "compiler/cli/sources.h"
#include "runtime/rows.h"

namespace gradus::cli {
namespace {

using runtime::Data;
using runtime::Error;
using runtime::Result;
using runtime::Scalar;
using runtime::Tensor;

struct Reading {
  const Input* input = nullptr;
  Data data;
  SourcePlan plan;
};

// Rows that miss something that is to be dropped, over all inputs.
std::optional<Error> drop_missing(std::vector<Reading>& readings) {
  std::vector<int64_t> rows;
  for (const Reading& reading : readings) {
    if (reading.plan.options.fill.kind != runtime::Fill::Kind::drop) continue;
    const std::vector<int64_t> missing = runtime::rows_of(
        reading.data.values.shape(), reading.input->batch_axis, reading.data.missing);
    rows.insert(rows.end(), missing.begin(), missing.end());
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  if (rows.empty()) return std::nullopt;
  for (Reading& reading : readings) {
    if (reading.input->batch_axis < 0) continue;
    Data& data = reading.data;
    if (reading.plan.options.fill.kind != runtime::Fill::Kind::drop && !data.missing.empty()) {
      return Error{
          fmt::format("input `{}` has missing cells that are filled, while rows of another "
                      "input are dropped",
                      reading.input->name),
          "use `fill = drop` for both"};
    }
    data.values = runtime::drop_rows(data.values, reading.input->batch_axis, rows);
    data.missing.clear();
  }
  return std::nullopt;
}

// Learns or applies what is done to an input's data before the model sees them.
std::optional<Error> prepare_reading(Reading& reading, const DataRequest& request,
                                     BoundData& bound) {
  Data& data = reading.data;
  const std::string& name = reading.input->name;
  const runtime::Recipe recipe{reading.plan.options.fill.kind == runtime::Fill::Kind::mean,
                               reading.plan.standardize};
  runtime::Preparation how;
  if (recipe.fill_mean || recipe.standardize) {
    data.values = data.values.to(Scalar::f64);
    const runtime::Preparation* known = nullptr;
    if (request.known != nullptr) {
      auto found = request.known->find(name);
      if (found != request.known->end()) known = &found->second;
    }
    if (known != nullptr) {
      how = *known;
    } else {
      auto learnt = runtime::learn(data, recipe, reading.input->batch_axis, bound.split.training);
      if (!learnt) return learnt.error();
      how = *std::move(learnt);
    }
    if (auto error = runtime::prepare(data, how, reading.input->batch_axis)) return error;
  }
  how.categories = data.categories;
  if (!(how == runtime::Preparation{})) bound.preparations[name] = how;
  return std::nullopt;
}

// Solves extent = number for the one dimension name that is not bound yet; else why it can not be.
std::optional<std::string> bind_extent(const Dim& extent, int64_t number, DimBindings& dims) {
  const Dim known = extent.substituted(dims);
  if (auto fixed = known.number()) {
    if (*fixed == number) return std::nullopt;
    if (extent.number()) return fmt::format("{} is not {}", number, *fixed);
    return fmt::format("`{}` is {}, not {}", extent.text(), *fixed, number);
  }
  const std::vector<std::string> names = known.names();
  if (names.size() != 1) return fmt::format("`{}` has several unknowns", known.text());
  const Dim name = Dim::named(names[0]);
  const int64_t rest = known.substituted(names[0], Dim(0)).number().value_or(0);
  const int64_t slope = known.substituted(names[0], Dim(1)).number().value_or(0) - rest;
  const bool solvable = known == Dim(slope) * name + Dim(rest) && slope != 0 &&
                        (number - rest) % slope == 0 && (number - rest) / slope >= 0;
  if (!solvable) return fmt::format("no `{}` makes `{}` {}", names[0], known.text(), number);
  dims[names[0]] = (number - rest) / slope;
  return std::nullopt;
}

std::optional<Error> bind_dims(const Program& program, const Reading& reading, DimBindings& dims) {
  Type type = program.graph.type(reading.input->value);
  type.shape = reading.input->declared;
  const std::vector<int64_t>& shape = reading.data.values.shape();
  const auto misfit = [&](const std::string& why) {
    return Error{fmt::format("input `{}` is declared as {}, and its data have shape {}{}",
                             reading.input->name, text(type), runtime::text(shape), why),
                 ""};
  };
  if (shape.size() != type.shape.size()) return misfit("");
  // Extents that are a name alone come first: they bind the names that others need.
  for (const bool alone : {true, false}) {
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (type.shape[axis].name().has_value() != alone) continue;
      if (auto why = bind_extent(type.shape[axis], shape[axis], dims)) return misfit(": " + *why);
    }
  }
  return std::nullopt;
}

// Indices within their bound, and booleans that are 0 or 1.
std::optional<Error> check_range(const Reading& reading, int64_t bound) {
  const Tensor& values = reading.data.values;
  const std::vector<std::string>& categories = reading.data.categories;
  if (static_cast<int64_t>(categories.size()) > bound) {
    const size_t shown = std::min<size_t>(categories.size(), 8);
    return Error{fmt::format("input `{}` holds indices below {}, and its data have {} categories: "
                             "{}{}",
                             reading.input->name, bound, categories.size(),
                             fmt::join(categories.begin(), categories.begin() + shown, ", "),
                             shown < categories.size() ? ", …" : ""),
                 ""};
  }
  for (int64_t i = 0; i < values.size(); ++i) {
    const double entry = values.at(i);
    if (entry >= 0 && entry < static_cast<double>(bound) && entry == std::floor(entry)) continue;
    std::string place = fmt::format("entry {}", i);
    if (values.rank() > 1) {
      std::vector<int64_t> at(values.shape().size());
      int64_t rest = i;
      for (size_t k = at.size(); k-- > 0; rest /= values.shape()[k]) {
        at[k] = rest % values.shape()[k];
      }
      place = fmt::format("entry [{}]", fmt::join(at, ", "));
    }
    return Error{fmt::format("input `{}` holds indices below {}, and {} is {}", reading.input->name,
                             bound, place, entry),
                 ""};
  }
  return std::nullopt;
}

Result<runtime::Input> finished(const Program& program, Reading& reading, const DimBindings& dims,
                                Precision precision) {
  const Type& type = program.graph.type(reading.input->value);
  Scalar scalar = precision == Precision::f32 ? Scalar::f32 : Scalar::f64;
  if (type.element != Element::real) {
    const int64_t bound =
        type.element == Element::boolean ? 2 : type.bound.substituted(dims).number().value_or(0);
    if (auto error = check_range(reading, bound)) return *std::move(error);
    scalar = type.element == Element::index ? Scalar::i32 : Scalar::u8;
  }
  Tensor values = reading.data.values.type() == scalar ? std::move(reading.data.values)
                                                       : reading.data.values.to(scalar);
  return runtime::Input{reading.input->name, std::move(values), reading.input->batch_axis};
}

// A name that only the bound of an index has is the number of categories; without them, as large as
// the largest index asks for.
void bind_bound(const Program& program, const Reading& reading, DimBindings& dims) {
  const Type& type = program.graph.type(reading.input->value);
  const std::optional<std::string> name = type.bound.name();
  if (type.element != Element::index || !name || dims.contains(*name)) return;
  const std::vector<std::string>& categories = reading.data.categories;
  double largest = static_cast<double>(categories.size()) - 1;
  const Tensor& values = reading.data.values;
  for (int64_t i = 0; categories.empty() && i < values.size(); ++i) {
    largest = std::max(largest, values.at(i));
  }
  // Extents are 32-bit numbers; what is larger is found out of range.
  dims[*name] = static_cast<int64_t>(std::min(largest, 2147483646.0)) + 1;
}

}  // namespace

std::optional<Error> check_requirements(const Program& program, const DimBindings& dims) {
  for (const Requirement& requirement : program.requirements) {
    auto bound = dims.find(requirement.dimension);
    if (bound == dims.end() || bound->second == requirement.number) continue;
    return Error{fmt::format("the model needs `{} = {}`, and the data say {}",
                             requirement.dimension, requirement.number, bound->second),
                 ""};
  }
  for (const Condition& condition : program.conditions) {
    const auto least = condition.least.substituted(dims).number();
    if (!least || *least >= 0) continue;
    std::vector<std::string> bound;
    for (const std::string& name : condition.least.names()) {
      bound.push_back(fmt::format("{} = {}", name, dims.at(name)));
    }
    return Error{
        fmt::format("{}, and the data say {}", condition.otherwise, fmt::join(bound, ", ")), ""};
  }
  return std::nullopt;
}

Precision precision_of(const Program& program, const Options& options) {
  if (options.precision.empty()) return program.precision;
  return options.precision == "f64" ? Precision::f64 : Precision::f32;
}

Result<BoundData> bind_data(const Program& program, Precision precision, const Options& options,
                            const DataRequest& request) {
  std::map<std::string, SourcePlan> plans = plan_sources(program, options);
  std::vector<Reading> readings;
  for (const Input& input : program.inputs) {
    if (request.only != nullptr &&
        std::find(request.only->begin(), request.only->end(), input.name) == request.only->end()) {
      continue;
    }
    SourcePlan& plan = plans.at(input.name);
    if (request.known != nullptr) {
      auto known = request.known->find(input.name);
      if (known != request.known->end()) plan.options.known_categories = known->second.categories;
    }
    auto data = read_source(input, plan, options.seed);
    if (!data) return data.error();
    readings.push_back({&input, *std::move(data), plan});
  }
  if (auto error = drop_missing(readings)) return *std::move(error);

  BoundData bound;
  for (const Reading& reading : readings) {
    if (auto error = bind_dims(program, reading, bound.dims)) return *std::move(error);
    const int axis = reading.input->batch_axis;
    if (axis >= 0) bound.samples = reading.data.values.shape()[static_cast<size_t>(axis)];
  }
  for (const Reading& reading : readings) bind_bound(program, reading, bound.dims);
  if (auto error = check_requirements(program, bound.dims)) return *std::move(error);
  bound.split = runtime::split(bound.samples.value_or(1), request.validation, options.seed);
  for (Reading& reading : readings) {
    if (auto error = prepare_reading(reading, request, bound)) return *std::move(error);
    auto input = finished(program, reading, bound.dims, precision);
    if (!input) return input.error();
    bound.dataset.inputs.push_back(*std::move(input));
  }
  return bound;
}

}  // namespace gradus::cli
