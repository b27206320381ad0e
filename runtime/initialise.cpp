#include "runtime/initialise.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "runtime/random.h"

namespace gradus::runtime {

namespace {

using Kind = Initialiser::Kind;

constexpr std::pair<std::string_view, Kind> names[] = {
    {"normal", Kind::normal},
    {"uniform", Kind::uniform},
    {"glorot_normal", Kind::glorot_normal},
    {"glorot_uniform", Kind::glorot_uniform},
    {"he_normal", Kind::he_normal},
    {"he_uniform", Kind::he_uniform},
    {"orthogonal", Kind::orthogonal},
};

void fill_normal(std::span<double> values, double mean, double deviation, const Random& random) {
  for (size_t i = 0; i < values.size(); ++i) values[i] = mean + deviation * random.normal(i);
}

void fill_uniform(std::span<double> values, double from, double to, const Random& random) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = from + (to - from) * random.uniform(i);
  }
}

// Σ x·y, in eight sums so that the compiler may compute them together.
double dot(std::span<const double> x, std::span<const double> y) {
  double sums[8] = {};
  size_t i = 0;
  for (; i + 8 <= x.size(); i += 8) {
    for (size_t k = 0; k < 8; ++k) sums[k] += x[i + k] * y[i + k];
  }
  for (; i < x.size(); ++i) sums[0] += x[i] * y[i];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

// Makes the rows orthonormal, in order, by modified Gram-Schmidt; each is made orthogonal to those
// before it twice, which is enough (Giraud et al., "The loss of orthogonality in the Gram-Schmidt
// orthogonalization process", 2005). Independent normal rows have a triangular factor of positive
// diagonal, which makes the result uniform.
void orthonormalise(std::span<double> matrix, size_t rows, size_t columns) {
  const auto row = [&](size_t i) { return matrix.subspan(i * columns, columns); };
  for (size_t i = 0; i < rows; ++i) {
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t j = 0; j < i; ++j) {
        const double along = dot(row(i), row(j));
        for (size_t k = 0; k < columns; ++k) row(i)[k] -= along * row(j)[k];
      }
    }
    const double norm = std::sqrt(dot(row(i), row(i)));
    for (double& entry : row(i)) entry /= norm;
  }
}

void fill_orthogonal(std::span<double> values, std::span<const int64_t> shape,
                     const Random& random) {
  if (values.empty()) return;
  const size_t rows = shape.empty() ? 1 : static_cast<size_t>(shape[0]);
  const size_t columns = values.size() / rows;
  fill_normal(values, 0, 1, random);
  if (rows <= columns) {
    orthonormalise(values, rows, columns);
    return;
  }
  std::vector<double> transposed(values.size());
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) transposed[j * rows + i] = values[i * columns + j];
  }
  orthonormalise(transposed, columns, rows);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) values[i * columns + j] = transposed[j * rows + i];
  }
}

}  // namespace

Result<Initialiser> initialiser(std::string_view name, std::span<const double> arguments) {
  for (const auto& [known, kind] : names) {
    if (name != known) continue;
    const size_t most = kind == Kind::normal || kind == Kind::uniform ? 2 : 0;
    if (arguments.size() != most && !arguments.empty()) {
      return Error{fmt::format("`{}` takes {} arguments, not {}", name, most ? "two" : "no",
                               arguments.size()),
                   ""};
    }
    if (arguments.empty()) return Initialiser{kind, 0, 1};
    const double a = arguments[0], b = arguments[1];
    if (!std::isfinite(a) || !std::isfinite(b)) {
      return Error{fmt::format("the arguments of `{}` must be finite", name), ""};
    }
    if (kind == Kind::normal && b < 0) {
      return Error{fmt::format("a standard deviation of {} is negative", b), ""};
    }
    if (kind == Kind::uniform && a > b) {
      return Error{fmt::format("uniform runs from {} up to {}, which is less", a, b), ""};
    }
    return Initialiser{kind, a, b};
  }
  return Error{fmt::format("no initialiser is called `{}`", name),
               "normal(mean, std), uniform(lo, hi), glorot_normal, glorot_uniform, he_normal, "
               "he_uniform and orthogonal are there"};
}

Fans fans(std::span<const int64_t> shape) {
  const auto axis = [&](size_t i) { return static_cast<double>(shape[i]); };
  if (shape.empty()) return {};
  if (shape.size() == 1) return {axis(0), axis(0)};
  if (shape.size() == 2) return {axis(0), axis(1)};
  Fans fans{axis(1), axis(0)};
  for (size_t i = 2; i < shape.size(); ++i) {
    fans.in *= axis(i);
    fans.out *= axis(i);
  }
  return fans;
}

Tensor initialise(const Initialiser& how, Shape shape, uint64_t seed, std::string_view name) {
  Tensor made(Scalar::f64, std::move(shape));
  const auto values = made.values<double>();
  if (values.empty()) return made;
  const Random random(seed, name);
  const auto [in, out] = fans(made.shape());
  const double glorot = std::sqrt(2 / (in + out));
  const double he = std::sqrt(2 / in);
  const double spread = std::sqrt(3.0);
  switch (how.kind) {
    case Kind::normal:
      fill_normal(values, how.a, how.b, random);
      break;
    case Kind::uniform:
      fill_uniform(values, how.a, how.b, random);
      break;
    case Kind::glorot_normal:
      fill_normal(values, 0, glorot, random);
      break;
    case Kind::glorot_uniform:
      fill_uniform(values, -spread * glorot, spread * glorot, random);
      break;
    case Kind::he_normal:
      fill_normal(values, 0, he, random);
      break;
    case Kind::he_uniform:
      fill_uniform(values, -spread * he, spread * he, random);
      break;
    case Kind::orthogonal:
      fill_orthogonal(values, made.shape(), random);
      break;
  }
  return made;
}

}  // namespace gradus::runtime
