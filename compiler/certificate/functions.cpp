#include "compiler/certificate/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "compiler/graph/graph.h"
#include "compiler/graph/interpret.h"
#include "compiler/graph/scalar.h"

namespace gradus::certificate {
namespace {

std::vector<int> axes_or(const Arguments& x, int rank, bool last_alone) {
  std::vector<int> axes = x.axes;
  for (int& axis : axes) axis = axis < 0 ? axis + rank : axis;
  if (!axes.empty()) return axes;
  if (last_alone) return {rank - 1};
  axes.resize(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

// Calls visit(places) with the places of the entries along some axes, once for each index of the
// others, in row-major order.
template <class Visit>
void for_each_line(const Shape& shape, const std::vector<int>& axes, Visit visit) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t k = shape.size(); k-- > 1;) strides[k - 1] = strides[k] * shape[k];
  std::vector<int64_t> inner = {0};
  std::vector<int64_t> outer = {0};
  for (size_t k = 0; k < shape.size(); ++k) {
    const bool is_along = std::find(axes.begin(), axes.end(), static_cast<int>(k)) != axes.end();
    std::vector<int64_t>& offsets = is_along ? inner : outer;
    std::vector<int64_t> next;
    for (const int64_t at : offsets) {
      for (int64_t i = 0; i < shape[k]; ++i) next.push_back(at + i * strides[k]);
    }
    offsets = std::move(next);
  }
  for (const int64_t at : outer) {
    std::vector<int64_t> line = inner;
    for (int64_t& each : line) each += at;
    visit(line);
  }
}

Quantity reduction(std::string_view word, const Arguments& x, bool last_alone) {
  if (x.operands[0].is_number()) return reduced(word, {x.operands[0].number()});
  // Of I, which has a diagonal however large it is.
  if (word == "any" && x.operands[0].is_identity() && x.operands[0].tensor().entries[0] != 0) {
    return {1, true};
  }
  Tensor room;
  const Tensor& all = closed(x.operands[0], room);
  const std::vector<int> axes = axes_or(x, static_cast<int>(all.shape.size()), last_alone);
  Tensor result;
  result.is_boolean = word == "any" || word == "all";
  for (size_t k = 0; k < all.shape.size(); ++k) {
    if (std::find(axes.begin(), axes.end(), static_cast<int>(k)) == axes.end()) {
      result.shape.push_back(all.shape[k]);
    }
  }
  for_each_line(all.shape, axes, [&](const std::vector<int64_t>& line) {
    std::vector<double> numbers;
    numbers.reserve(line.size());
    for (const int64_t at : line) numbers.push_back(all.entries[at]);
    result.entries.push_back(reduced(word, numbers));
  });
  return result;
}

// softmax, log_softmax and cumsum: what becomes of the entries along axes.
Quantity along(const Arguments& x, const std::function<void(std::vector<double>&)>& change) {
  Tensor room;
  Tensor result = closed(x.operands[0], room);
  if (result.shape.empty()) throw Meaningless("a number has no axis");
  const std::vector<int> axes = axes_or(x, static_cast<int>(result.shape.size()), true);
  for_each_line(result.shape, axes, [&](const std::vector<int64_t>& line) {
    std::vector<double> numbers;
    for (const int64_t at : line) numbers.push_back(result.entries[at]);
    change(numbers);
    for (size_t k = 0; k < line.size(); ++k) result.entries[line[k]] = numbers[k];
  });
  return result;
}

void softmax(std::vector<double>& x) {
  const double log_sum = reduced("logsumexp", x);
  for (double& each : x) each = std::exp(each - log_sum);
}

void log_softmax(std::vector<double>& x) {
  const double log_sum = reduced("logsumexp", x);
  for (double& each : x) each -= log_sum;
}

void cumsum(std::vector<double>& x) { std::partial_sum(x.begin(), x.end(), x.begin()); }

Quantity diagonal(const Quantity& of) {
  Tensor room;
  const Tensor& x = closed(of, room);
  const bool is_vector =
      x.shape.size() == 1 || (x.shape.size() == 2 && (x.shape[0] == 1) != (x.shape[1] == 1));
  const int64_t n = is_vector ? size_of(x.shape) : x.shape.empty() ? 0 : x.shape[0];
  Tensor result;
  if (is_vector) {
    result.shape = {n, n};
    result.entries.assign(static_cast<size_t>(n * n), 0);
    for (int64_t k = 0; k < n; ++k) result.entries[k * n + k] = x.entries[k];
    return result;
  }
  if (x.shape.size() != 2 || x.shape[1] != n) throw Meaningless("diag of what is no square matrix");
  result.shape = {n};
  for (int64_t k = 0; k < n; ++k) result.entries.push_back(x.entries[k * n + k]);
  return result;
}

Quantity one_hot(const Quantity& labels, int64_t classes) {
  Tensor room;
  const Tensor& x = closed(labels, room);
  Tensor result{x.shape, {}};
  result.shape.push_back(classes);
  for (const double label : x.entries) {
    for (int64_t k = 0; k < classes; ++k) {
      result.entries.push_back(label == static_cast<double>(k) ? 1 : 0);
    }
  }
  return result;
}

Quantity reshaped(const Quantity& x, const Shape& shape) {
  if (x.is_number() && size_of(shape) == 1) return Tensor{shape, {x.number()}};
  Tensor room;
  Tensor result = closed(x, room);
  if (size_of(result.shape) != size_of(shape)) {
    throw Meaningless(fmt::format("{} has other entries than {}", text(result.shape), text(shape)));
  }
  result.shape = shape;
  result.is_row = false;
  return result;
}

Quantity concatenated(const std::vector<Quantity>& parts, int axis) {
  std::vector<Quantity> slices;
  for (const Quantity& each : parts) {
    Tensor room;
    const Tensor& one = closed(each, room);
    if (axis < 0 || axis >= static_cast<int>(one.shape.size())) throw Meaningless("no such axis");
    for (int64_t k = 0; k < one.shape[axis]; ++k) slices.push_back(part(each, axis, k));
  }
  return stacked(slices, axis);
}

Quantity padded(const Quantity& of, const std::vector<int64_t>& margins, double fill) {
  Tensor room;
  Tensor x = closed(of, room);
  if (margins.size() != 2 * x.shape.size()) throw Meaningless("margins of other axes");
  for (size_t axis = 0; axis < x.shape.size(); ++axis) {
    const int64_t inner = size_of({x.shape.begin() + static_cast<long>(axis) + 1, x.shape.end()});
    const int64_t outer = size_of({x.shape.begin(), x.shape.begin() + static_cast<long>(axis)});
    Tensor wider = x;
    wider.shape[axis] += margins[2 * axis] + margins[2 * axis + 1];
    wider.entries.clear();
    for (int64_t k = 0; k < outer; ++k) {
      const auto first = x.entries.begin() + k * x.shape[axis] * inner;
      wider.entries.insert(wider.entries.end(), margins[2 * axis] * inner, fill);
      wider.entries.insert(wider.entries.end(), first, first + x.shape[axis] * inner);
      wider.entries.insert(wider.entries.end(), margins[2 * axis + 1] * inner, fill);
    }
    x = std::move(wider);
  }
  return x;
}

Array as_array(const Quantity& x) {
  Tensor room;
  const Tensor& all = closed(x, room);
  return {Element::real, all.shape, all.entries};
}

std::optional<Op> linear_algebra_spelt(std::string_view word) {
  for (const Op op : {Op::inv, Op::solve, Op::det, Op::adjugate, Op::logdet, Op::cholesky}) {
    if (name(op) == word) return op;
  }
  return std::nullopt;
}

// As the language defines it, by the interpreter.
Quantity linear_algebra(Op op, const Arguments& x) {
  Graph graph;
  std::vector<Value> leaves;
  Bindings bindings;
  for (const Quantity& each : x.operands) {
    Array array = as_array(each);
    gradus::Shape shape;
    for (const int64_t extent : array.shape) shape.emplace_back(extent);
    const std::string name = fmt::format("x{}", leaves.size());
    leaves.push_back(graph.leaf(Op::input, name, {Element::real, std::move(shape), 0}));
    bindings.emplace(name, std::move(array));
  }
  const size_t rank = bindings.at("x0").shape.size();
  const bool is_square =
      rank >= 2 && bindings.at("x0").shape[rank - 1] == bindings.at("x0").shape[rank - 2];
  if (!is_square) {
    // Of numbers and vectors it is the reciprocal.
    if (op == Op::inv && rank < 2) return mapped(x.operands[0], [](double a) { return 1 / a; });
    throw Meaningless(fmt::format("{} of what is no square matrix", name(op)));
  }
  Array result = interpret(graph, graph.linear_algebra(op, leaves), bindings);
  return Tensor{std::move(result.shape), std::move(result.entries)};
}

// Functions of an operand's entries along axes, or of all.
std::optional<Quantity> applied_along(std::string_view word, const Arguments& x) {
  for (std::string_view known : {"sum", "prod", "max", "min", "any", "all", "norm"}) {
    if (word == known && x.operands.size() == 1) return reduction(word, x, false);
  }
  for (std::string_view known : {"logsumexp", "argmax", "argmin"}) {
    if (word == known) return reduction(word, x, true);
  }
  if (word == "softmax") return along(x, softmax);
  if (word == "log_softmax") return along(x, log_softmax);
  if (word == "cumsum") return along(x, cumsum);
  return std::nullopt;
}

// Functions that move entries.
std::optional<Quantity> applied_to_places(std::string_view word, const Arguments& x) {
  const auto extent = [](const Quantity& n) { return std::llround(n.number()); };
  if (word == "concat") return concatenated(x.parts, x.axes.empty() ? 0 : x.axes[0]);
  if (word == "iota") {
    Tensor result{{extent(x.operands.at(0))}, {}};
    for (int64_t k = 0; k < result.shape[0]; ++k) result.entries.push_back(static_cast<double>(k));
    return result;
  }
  if (word == "full") return fitted(x.operands.at(0), x.numbers);
  if (word == "diag") return diagonal(x.operands.at(0));
  if (word == "one_hot") return one_hot(x.operands.at(0), extent(x.operands.at(1)));
  if (word == "reshape") return reshaped(x.operands.at(0), x.numbers);
  if (word == "flatten") {
    const Shape& shape = x.operands.at(0).tensor().shape;
    return reshaped(x.operands[0], {shape[0], size_of(shape) / std::max<int64_t>(1, shape[0])});
  }
  if (word == "pad") return padded(x.operands.at(0), x.numbers, x.value);
  return std::nullopt;
}

}  // namespace

double reduced(std::string_view word, const std::vector<double>& x) {
  const auto total = [&](auto f) {
    double sum = 0;
    for (const double each : x) sum += f(each);
    return sum;
  };
  if (word == "sum" || word == "Σ") return total([](double each) { return each; });
  if (word == "prod" || word == "∏") {
    return std::accumulate(x.begin(), x.end(), 1.0, std::multiplies<>());
  }
  if (word == "any") return std::any_of(x.begin(), x.end(), [](double each) { return each != 0; });
  if (word == "all") return std::all_of(x.begin(), x.end(), [](double each) { return each != 0; });
  if (word == "norm") return std::sqrt(total([](double each) { return each * each; }));
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double largest = std::accumulate(x.begin(), x.end(), -infinity, scalar::maximum);
  const double smallest = std::accumulate(x.begin(), x.end(), infinity, scalar::minimum);
  if (word == "max") return largest;
  if (word == "min") return smallest;
  if (word == "argmax" || word == "argmin") {
    const double wanted = word == "argmax" ? largest : smallest;
    return static_cast<double>(std::find(x.begin(), x.end(), wanted) - x.begin());
  }
  if (word == "logsumexp") {
    if (std::isinf(largest)) return largest;
    return largest + std::log(total([&](double each) { return std::exp(each - largest); }));
  }
  throw Meaningless(fmt::format("`{}` over indices is not known", word));
}

Quantity applied(std::string_view word, const Arguments& x) {
  if (word == "normal" || word == "uniform") throw Meaningless("random numbers differ each time");
  if (auto result = applied_along(word, x)) return *result;
  if (auto result = applied_to_places(word, x)) return *result;
  if (const auto op = linear_algebra_spelt(word)) return linear_algebra(*op, x);
  if (word == "ψ" && x.operands.size() == 1) {
    return mapped(x.operands[0], [](double a) { return scalar::polygamma_of(0, a); });
  }
  if (word == "polygamma" && x.operands.size() == 2) {
    return mapped(x.operands[0], x.operands[1], scalar::polygamma_of);
  }
  const Map* map = map_spelt(word == "σ" ? "sigmoid" : word);
  if (map == nullptr || x.operands.size() != static_cast<size_t>(map->arity)) {
    throw Meaningless(fmt::format("nothing says what `{}` is", word));
  }
  const auto value = map->value;
  if (map->arity == 1) {
    return mapped(x.operands[0], [value](double a) { return value(a, 0, 0); });
  }
  return mapped(x.operands[0], x.operands[1],
                [value](double a, double b) { return value(a, b, 0); });
}

}  // namespace gradus::certificate
