#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/check/checker.h"
#include "compiler/check/variables.h"

// Operators that are called by name: elementwise ones, which are rows of the operator table, and
// reductions.
namespace gradus::checking {
namespace {

std::vector<int> all_axes(const Shape& shape) {
  std::vector<int> axes(shape.size());
  for (size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<int>(k);
  return axes;
}

// The reductions that are one operator of the graph.
const std::map<std::string, Op>& reductions() {
  static const std::map<std::string, Op> all = {
      {"sum", Op::reduce_sum}, {"prod", Op::reduce_prod},    {"max", Op::reduce_max},
      {"min", Op::reduce_min}, {"any", Op::reduce_any},      {"all", Op::reduce_all},
      {"norm", Op::norm},      {"logsumexp", Op::logsumexp}, {"argmax", Op::argmax},
      {"argmin", Op::argmin}};
  return all;
}

}  // namespace

const std::map<std::string, Checker::Builtin>& Checker::builtins() {
  static const std::map<std::string, Builtin> all = [] {
    std::map<std::string, Builtin> table;
    for (const char* name : {"sum", "mean", "prod", "max", "min", "var", "std", "norm", "any",
                             "all", "logsumexp", "argmax", "argmin"}) {
      table[name] = {1, {"x", "axis", "keep"}, &Checker::reduction};
    }
    for (const char* name : {"softmax", "log_softmax"}) {
      table[name] = {1, {"x", "axis"}, &Checker::normalisation};
    }
    table["is_index"] = {1, {"x"}, &Checker::is_index};
    table["is_list"] = {1, {"x"}, &Checker::is_list};
    table["shape_of"] = {1, {"x"}, &Checker::shape_of};
    table["zeros"] = {1, {"shape"}, &Checker::filled};
    table["ones"] = {1, {"shape"}, &Checker::filled};
    table["full"] = {2, {"shape", "value"}, &Checker::filled};
    table["iota"] = {1, {"n"}, &Checker::filled};
    table["concat"] = {2, {"parts", "axis"}, &Checker::joined};
    table["stack"] = {2, {"parts", "axis"}, &Checker::joined};
    table["reshape"] = {2, {"x", "shape"}, &Checker::reshaped};
    table["flatten"] = {1, {"x"}, &Checker::reshaped};
    table["transpose"] = {2, {"x", "axes"}, &Checker::permuted};
    table["cumsum"] = {1, {"x", "axis"}, &Checker::cumulated};
    table["flip"] = {2, {"x", "axis"}, &Checker::flipped};
    table["split"] = {3, {"x", "n", "axis"}, &Checker::split};
    table["pad"] = {3, {"x", "widths", "value"}, &Checker::padded};
    table["one_hot"] = {2, {"i", "n"}, &Checker::one_hot};
    table["diag"] = {1, {"x"}, &Checker::diagonal};
    table["trace"] = {1, {"x"}, &Checker::diagonal};
    table["normal"] = {1, {"shape"}, &Checker::drawn};
    table["uniform"] = {1, {"shape"}, &Checker::drawn};
    table["bernoulli"] = {2, {"p", "shape"}, &Checker::bernoulli};
    table["categorical"] = {1, {"logits"}, &Checker::categorical};
    table["dropout"] = {2, {"x", "p"}, &Checker::dropout};
    for (const char* name : {"inv", "det", "adjugate", "logdet", "cholesky"}) {
      table[name] = {1, {"x"}, &Checker::of_matrix};
    }
    table["solve"] = {2, {"a", "b"}, &Checker::solve};
    return table;
  }();
  return all;
}

bool Checker::is_operator(const std::string& name) {
  return map_spelt(name) != nullptr || builtins().contains(name) || is_derivative(name);
}

Thing Checker::call_operator(const std::string& name, const Arguments& arguments, Span at) {
  size_t positions = 0;
  for (const Argument& each : arguments) positions += each.name.empty();
  const bool by_name = positions < arguments.size();
  if (is_derivative(name)) fail(errors::not_a_value(at, "a derivative without its variable"));
  const Map* row = map_spelt(name);
  const auto builtin = builtins().find(name);
  // `min` and `max` are elementwise with two positional arguments, else reductions.
  if (row != nullptr &&
      (builtin == builtins().end() || (static_cast<int>(positions) == row->arity && !by_name))) {
    return mapped(*row, arguments, at);
  }
  allow(arguments, builtin->second.positions, builtin->second.names, name);
  return (this->*builtin->second.apply)(name, arguments, at);
}

Thing Checker::mapped(const Map& row, const Arguments& arguments, Span at) {
  allow(arguments, static_cast<size_t>(row.arity), {}, row.spelling);
  static constexpr std::string_view names[] = {"x", "y", "z"};
  std::vector<Thing> things;
  std::vector<Value> operands;
  std::vector<Span> spans;
  double numbers[3] = {0, 0, 0};
  bool all_known = true;
  bool literals = true;
  for (int k = 0; k < row.arity; ++k) {
    const Argument& given = needed(arguments, static_cast<size_t>(k), names[k], row.spelling, at);
    things.push_back(*given.thing);
    spans.push_back(given.span);
    const auto* scalar = given.thing->as<Known>();
    all_known = all_known && scalar != nullptr && scalar->number;
    if (!all_known) continue;
    operands.push_back(scalar->node);
    literals = literals && graph()[scalar->node].op == Op::constant;
    numbers[k] = *scalar->number;
  }
  if (!all_known) return applied(row.op, things, spans, at, row.spelling);
  Known made = known(row.value(numbers[0], numbers[1], numbers[2]));
  if (!literals) made.node = graph().map(row.op, std::move(operands));
  return {made};
}

Value Checker::spread_back(Value reduced, const Shape& shape, const std::vector<int>& axes) {
  std::vector<int> rest;
  for (int k = 0; k < static_cast<int>(shape.size()); ++k) {
    if (!std::binary_search(axes.begin(), axes.end(), k)) rest.push_back(k);
  }
  return graph().broadcast(reduced, shape, rest);
}

Value Checker::mean(Value x, const std::vector<int>& axes) {
  Dim count(1);
  for (int axis : axes) count = count * graph().shape(x)[axis];
  return graph().map(Op::div, {graph().reduce(Op::reduce_sum, x, axes), graph().size(count)});
}

// What has no entries has no largest one.
void Checker::check_some(const std::string& name, const Shape& shape, const std::vector<int>& axes,
                         Span at) {
  for (int axis : axes) {
    if (shape[axis] == Dim(0)) fail(errors::extremum_of_nothing(at, name, shape));
    require(
        shape[axis] - Dim(1),
        fmt::format("`{}` is over an axis of `{}`, which has no entries", name, shape[axis].text()),
        at);
  }
}

Thing Checker::reduction(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  Value x = value(*given.thing, given.span);
  const bool logic = name == "any" || name == "all";
  const bool keeps_index = name == "argmax" || name == "argmin";
  if (!logic && !(keeps_index && graph().type(x).element == Element::real)) x = real(x);
  const Shape shape = graph().shape(x);
  const bool over_last = keeps_index || name == "logsumexp";
  std::vector<int> folded = over_last ? std::vector{axis(-1, shape, given.span)} : all_axes(shape);
  if (const Argument* over = argument(arguments, SIZE_MAX, "axis")) {
    folded = axes(*over->thing, shape, over->span);
  }
  if (name == "max" || name == "min" || keeps_index) check_some(name, shape, folded, given.span);
  Value result;
  if (name == "mean") {
    result = mean(x, folded);
  } else if (name == "var" || name == "std") {
    const Value centred = graph().map(Op::sub, {x, spread_back(mean(x, folded), shape, folded)});
    if (name == "var") {
      result = mean(graph().map(Op::mul, {centred, centred}), folded);
    } else {
      // ‖x − mean‖ / √n: the norm's derivative is 0 where all entries are equal, not NaN.
      Dim count(1);
      for (int each : folded) count = count * shape[each];
      result = graph().map(Op::div, {graph().reduce(Op::norm, centred, folded),
                                     graph().map(Op::sqrt, {graph().size(count)})});
    }
  } else {
    result = graph().reduce(reductions().at(name), x, folded);
  }
  const Argument* keep = argument(arguments, SIZE_MAX, "keep");
  if (keep != nullptr && truth(*keep->thing, keep->span)) {
    Shape kept = shape;
    for (int each : folded) kept[each] = Dim(1);
    result = spread_back(result, kept, folded);
  }
  return {Tensor{result}};
}

Thing Checker::normalisation(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = real(*given.thing, given.span);
  const Shape shape = graph().shape(x);
  std::vector<int> over = {axis(-1, shape, given.span)};
  if (const Argument* chosen = argument(arguments, SIZE_MAX, "axis")) {
    over = axes(*chosen->thing, shape, chosen->span);
  }
  return {Tensor{graph().normalise(name == "softmax" ? Op::softmax : Op::log_softmax, x, over)}};
}

// Whether a value is an index, known before anything runs: the prelude's way to accept both a label
// and a distribution.
Thing Checker::is_index(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  return {Truth{graph().type(value(*given.thing, given.span)).element == Element::index}};
}

// Whether an argument is a list: how the prelude accepts one size, or one for each axis.
Thing Checker::is_list(const std::string& name, const Arguments& arguments, Span at) {
  return {Truth{needed(arguments, 0, "x", name, at).thing->as<Items>() != nullptr}};
}

// The extents of a tensor, as a list of numbers.
Thing Checker::shape_of(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  Items extents;
  for (const Dim& extent : graph().shape(value(*given.thing, given.span))) {
    extents.entries.push_back({known(extent)});
  }
  return {std::move(extents)};
}

}  // namespace gradus::checking
