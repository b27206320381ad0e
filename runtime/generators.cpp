#include "runtime/generators.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/digits.h"
#include "runtime/random.h"

namespace gradus::runtime {

namespace {

using std::numbers::pi;

constexpr double none = -1;  // no default: the argument is required

struct Parameter {
  std::string_view name;
  double fallback = none;
  double least = 0;
  double most = 0;
  bool whole = false;
};

constexpr Parameter samples(double fallback = none) {
  // No more than a tensor of points can have on any machine; what it takes is asked for once.
  return {"n", fallback, 1, 1e9, true};
}
constexpr Parameter noise(double fallback) { return {"noise", fallback, 0, 1e6}; }

struct Point {
  double x;
  double y;
};

using Values = std::array<double, 3>;

// Where sample i of n lies, which is the k-th of its class.
using Place = Point (*)(const Values& values, int64_t k, int64_t of, int64_t label);

// Evenly from 0 to 1.
double part(int64_t k, int64_t of) {
  return of > 1 ? static_cast<double>(k) / static_cast<double>(of - 1) : 0.5;
}

Point moon(const Values&, int64_t k, int64_t of, int64_t label) {
  const double angle = pi * part(k, of);
  return label == 0 ? Point{std::cos(angle), std::sin(angle)}
                    : Point{1 - std::cos(angle), 0.5 - std::sin(angle)};
}

Point circle(const Values& values, int64_t k, int64_t of, int64_t label) {
  const double angle = 2 * pi * static_cast<double>(k) / static_cast<double>(of);
  const double radius = label == 0 ? 1 : values[2];
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

// Each arm turns by 4 radians on its way out, as in Karpathy's notes for Stanford's CS231n.
Point spiral(const Values& values, int64_t k, int64_t of, int64_t label) {
  const double radius = part(k, of);
  const double angle = 4 * radius + 2 * pi * static_cast<double>(label) / values[1];
  return {radius * std::sin(angle), radius * std::cos(angle)};
}

struct Generator {
  std::string_view name;
  std::array<Parameter, 3> parameters;
  size_t noise;    // which of the parameters
  size_t classes;  // which of them, 0 for two classes
  Place place;
};

constexpr Generator generators[] = {
    {"moons", {samples(), noise(0.1), {}}, 1, 0, moon},
    {"circles", {samples(), noise(0.05), {"factor", 0.5, 0, 1}}, 1, 0, circle},
    {"spirals", {samples(), {"classes", 3, 1, 1000, true}, noise(0.05)}, 2, 1, spiral},
    {"xor", {samples(4), noise(0), {}}, 1, 0, nullptr},
    {"digits", {samples(), {}, {}}, 0, 0, nullptr},
};

const Generator* find(std::string_view name) {
  for (const Generator& generator : generators) {
    if (generator.name == name) return &generator;
  }
  return nullptr;
}

// The position of the parameter that an argument is for.
std::optional<size_t> position(const Generator& generator, const Argument& argument, size_t order) {
  const auto& parameters = generator.parameters;
  if (argument.name.empty()) {
    if (order < parameters.size() && !parameters[order].name.empty()) return order;
    return std::nullopt;
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].name == argument.name) return i;
  }
  return std::nullopt;
}

std::string listed(const Generator& generator) {
  std::string list;
  for (const Parameter& parameter : generator.parameters) {
    if (!parameter.name.empty())
      list += fmt::format("{}{}", list.empty() ? "" : ", ", parameter.name);
  }
  return fmt::format("it takes {}", list);
}

Result<Values> bind(const Generator& generator, std::span<const Argument> arguments) {
  Values values{};
  std::array<bool, 3> given{};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto at = position(generator, arguments[i], i);
    if (!at) {
      return Error{
          arguments[i].name.empty()
              ? fmt::format("`{}` does not take {} arguments", generator.name, i + 1)
              : fmt::format("`{}` has no argument `{}`", generator.name, arguments[i].name),
          listed(generator)};
    }
    if (std::exchange(given[*at], true)) {
      return Error{fmt::format("`{}` is given twice", generator.parameters[*at].name), ""};
    }
    values[*at] = arguments[i].value;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const Parameter& p = generator.parameters[i];
    if (p.name.empty()) continue;
    if (!given[i] && p.fallback == none) {
      return Error{fmt::format("`{}` needs the argument `{}`", generator.name, p.name), ""};
    }
    if (!given[i]) values[i] = p.fallback;
    const bool sound = values[i] >= p.least && values[i] <= p.most;
    if (!sound || (p.whole && values[i] != std::floor(values[i]))) {
      return Error{fmt::format("`{}` must be {}from {} to {}, not {}", p.name,
                               p.whole ? "a whole number " : "", p.least, p.most, values[i]),
                   ""};
    }
  }
  return values;
}

void scatter(Tensor& x, double deviation, const Random& random) {
  const auto values = x.values<double>();
  for (size_t i = 0; i < values.size(); ++i) values[i] += deviation * random.normal(i);
}

Point corner(int64_t i) { return {static_cast<double>(i / 2 % 2), static_cast<double>(i % 2)}; }

// Points whose classes take turns, in random order; the corners of the square stay in turn.
Generated points(const Generator& generator, const Values& values, int64_t n, uint64_t seed,
                 Tensor x) {
  Generated made{std::move(x), Tensor(Scalar::i32, {n})};
  const auto coordinates = made.x.values<double>();
  const auto labels = made.y.values<int32_t>();
  const int64_t classes = generator.classes ? static_cast<int64_t>(values[generator.classes]) : 2;
  std::vector<int64_t> order(static_cast<size_t>(n));
  permute(order, Random(seed, fmt::format("order of {}", generator.name)));
  for (size_t row = 0; row < order.size(); ++row) {
    const int64_t i = generator.place ? order[row] : static_cast<int64_t>(row);
    const int64_t label = i % classes;
    const int64_t in_class = (n - label + classes - 1) / classes;
    const Point at =
        generator.place ? generator.place(values, i / classes, in_class, label) : corner(i);
    coordinates[2 * row] = at.x;
    coordinates[2 * row + 1] = at.y;
    labels[row] = static_cast<int32_t>(generator.place ? label : at.x != at.y);
  }
  scatter(made.x, values[generator.noise], Random(seed, generator.name));
  return made;
}

}  // namespace

bool is_generator(std::string_view name) { return find(name) != nullptr; }

Result<Generated> generate(std::string_view name, std::span<const Argument> arguments,
                           uint64_t seed) {
  const Generator* const generator = find(name);
  if (!generator) {
    return Error{fmt::format("no generator is called `{}`", name),
                 "moons, circles, spirals, xor and digits are there"};
  }
  const auto values = bind(*generator, arguments);
  if (!values) return values.error();
  const auto n = static_cast<int64_t>((*values)[0]);
  const bool images = generator->name == "digits";
  auto x = images ? Tensor::make(Scalar::f32, {n, digit_size, digit_size})
                  : Tensor::make(Scalar::f64, {n, 2});
  if (!x) return Error{fmt::format("no memory for {} samples", n), ""};
  if (!images) return points(*generator, *values, n, seed, *std::move(x));
  Generated made{*std::move(x), Tensor(Scalar::i32, {n})};
  draw_digits(made.x, made.y, seed);
  return made;
}

}  // namespace gradus::runtime
