#include "runtime/initialise.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace gradus::runtime;

namespace {

using Kind = Initialiser::Kind;

struct Moments {
  double mean = 0;
  double variance = 0;
  double largest = 0;
};

Moments moments(const Tensor& tensor) {
  Moments m;
  const auto values = tensor.values<double>();
  const auto n = static_cast<double>(values.size());
  for (const double v : values) m.mean += v / n;
  for (const double v : values) {
    m.variance += (v - m.mean) * (v - m.mean) / n;
    m.largest = std::max(m.largest, std::abs(v));
  }
  return m;
}

void check_orthonormal(const Tensor& tensor, size_t rows, size_t columns) {
  const auto v = tensor.values<double>();
  const size_t fewer = std::min(rows, columns);
  for (size_t i = 0; i < fewer; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (size_t k = 0; k < std::max(rows, columns); ++k) {
        sum += rows <= columns ? v[i * columns + k] * v[j * columns + k]
                               : v[k * columns + i] * v[k * columns + j];
      }
      REQUIRE(sum == Approx(i == j).margin(1e-13));
    }
  }
}

}  // namespace

TEST_CASE("fans follow the axes", "[initialise]") {
  const auto check = [](Shape shape, double in, double out) {
    CHECK(fans(shape).in == in);
    CHECK(fans(shape).out == out);
  };
  check({}, 1, 1);
  check({5}, 5, 5);
  check({784, 10}, 784, 10);
  check({32, 3, 5, 7}, 3 * 5 * 7, 32 * 5 * 7);
}

TEST_CASE("initial values have the variance of their rule", "[initialise]") {
  const Shape shape = {400, 100};
  const auto variance = [&](Kind kind, double a = 0, double b = 1) {
    return moments(initialise({kind, a, b}, shape, 1, "W"));
  };
  CHECK(variance(Kind::normal, 3, 0.5).mean == Approx(3).epsilon(0.01));
  CHECK(variance(Kind::normal, 3, 0.5).variance == Approx(0.25).epsilon(0.04));
  CHECK(variance(Kind::uniform, -2, 4).mean == Approx(1).margin(0.05));
  CHECK(variance(Kind::uniform, -2, 4).variance == Approx(3).epsilon(0.04));
  CHECK(variance(Kind::glorot_normal).variance == Approx(2.0 / 500).epsilon(0.04));
  CHECK(variance(Kind::glorot_uniform).variance == Approx(2.0 / 500).epsilon(0.04));
  CHECK(variance(Kind::he_normal).variance == Approx(2.0 / 400).epsilon(0.04));
  CHECK(variance(Kind::he_uniform).variance == Approx(2.0 / 400).epsilon(0.04));
  const double bound = std::sqrt(6.0 / 500);
  CHECK(variance(Kind::glorot_uniform).largest <= bound);
  CHECK(variance(Kind::glorot_uniform).largest > 0.999 * bound);
}

TEST_CASE("orthogonal values are orthonormal along the shorter side", "[initialise]") {
  const auto make = [](Shape shape) { return initialise({Kind::orthogonal}, shape, 5, "W"); };
  check_orthonormal(make({9, 9}), 9, 9);
  check_orthonormal(make({3, 40}), 3, 40);
  check_orthonormal(make({40, 3}), 40, 3);
  check_orthonormal(make({6, 2, 5}), 6, 10);
  CHECK(std::abs(make({}).at(0)) == 1);
  CHECK(make({0, 3}).size() == 0);
}

TEST_CASE("initial values depend on seed and name alone", "[initialise]") {
  const auto first = [](uint64_t seed, const char* name) {
    return initialise({Kind::normal}, {2, 2}, seed, name).at(0);
  };
  CHECK(first(1, "h.W") == first(1, "h.W"));
  CHECK(first(1, "h.W") != first(2, "h.W"));
  CHECK(first(1, "h.W") != first(1, "h.b"));
}

TEST_CASE("initialisers are known by name and arguments", "[initialise]") {
  const auto make = [](const char* name, std::vector<double> arguments) {
    return initialiser(name, arguments);
  };
  CHECK(make("normal", {1, 2})->b == 2);
  CHECK(make("he_normal", {})->kind == Kind::he_normal);
  CHECK(make("xavier", {}).error().message == "no initialiser is called `xavier`");
  CHECK(make("normal", {1}).error().message == "`normal` takes two arguments, not 1");
  CHECK(make("he_normal", {1}).error().message == "`he_normal` takes no arguments, not 1");
  CHECK(make("normal", {0, -1}).error().message == "a standard deviation of -1 is negative");
  CHECK(!make("uniform", {1, 0}));
  CHECK(!make("uniform", {0, INFINITY}));
}
