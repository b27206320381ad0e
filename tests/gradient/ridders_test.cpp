#include <catch2/catch.hpp>
#include <cmath>

#include "compiler/gradient/differences.h"

namespace gradus {
namespace {

TEST_CASE("differences find derivatives, and say how well", "[differences]") {
  struct Case {
    std::function<double(double)> function;
    double x;
    double derivative;
  };
  const Case cases[] = {
      {[](double x) { return std::exp(x); }, 1, std::exp(1)},
      {[](double x) { return std::sin(100 * x); }, 0.3, 100 * std::cos(30)},
      {[](double x) { return std::log(x); }, 0.05, 20},
      {[](double x) { return x * x * x; }, 1000, 3e6},
      {[](double) { return 7.0; }, 2, 0},
      {[](double x) { return 1e6 + x; }, 0, 1},
      // A kink near x, but not at it: only narrow differences do not see it.
      {[](double x) { return std::fabs(x); }, 1e-3, 1},
      {[](double x) { return std::fmax(0, x) + x; }, -3e-4, 1},
  };
  for (const Case& each : cases) {
    const Difference found = ridders(each.function, each.x);
    const double scale = std::max(1.0, std::fabs(each.derivative));
    CHECK(std::fabs(found.value - each.derivative) < 1e-7 * scale);
    CHECK(found.error < 1e-6 * scale);
    CHECK(std::fabs(found.value - each.derivative) <= 10 * found.error + 1e-12 * scale);
  }
}

// As many kinks as a network of rectifiers has, none at x: extrapolations then agree by chance.
TEST_CASE("differences between many kinks are right or say that they do not settle",
          "[differences]") {
  for (int seed = 0; seed < 200; ++seed) {
    const auto kink = [&](int k) { return std::sin(1000.0 * seed + 77.7 * k) * 0.05; };
    const auto function = [&](double x) {
      double sum = std::sin(x);
      for (int k = 0; k < 60; ++k) sum += std::fmax(0, x - kink(k)) / 60;
      return sum;
    };
    double slope = 1;
    for (int k = 0; k < 60; ++k) slope += kink(k) < 0 ? 1.0 / 60 : 0;
    const Difference found = ridders(function, 0);
    INFO(seed << ": " << found.value << " for " << slope << ", error " << found.error);
    CHECK((found.error > 1e-6 || std::fabs(found.value - slope) < 1e-6));
  }
}

TEST_CASE("differences do not settle where there is no derivative", "[differences]") {
  CHECK(ridders([](double x) { return x > 0 ? x : 0; }, 0).error > 0.5);
  CHECK(ridders([](double x) { return std::fabs(x - 2) + 3 * x; }, 2).error > 0.5);
  CHECK(ridders([](double x) { return x > 0 ? 1.0 : 0.0; }, 0).error > 1);
  CHECK(!(ridders([](double) { return NAN; }, 0).error < INFINITY));
}

}  // namespace
}  // namespace gradus
