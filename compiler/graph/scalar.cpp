#include "compiler/graph/scalar.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace gradus::scalar {

double sign_of(double x) {
  if (x > 0) return 1;
  if (x < 0) return -1;
  return x;
}

double minimum(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<double>::quiet_NaN();
  return x <= y ? x : y;
}

double maximum(double x, double y) {
  if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<double>::quiet_NaN();
  return x >= y ? x : y;
}

double sigmoid_of(double x) {
  if (x >= 0) return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

double softplus_of(double x) {
  return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))) + (std::isnan(x) ? x : 0);
}

double log_gamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

double polygamma_of(double order, double x) {
  const int n = static_cast<int>(order);
  if (x <= 0 && std::floor(x) == x) return std::numeric_limits<double>::quiet_NaN();
  if (x < 0 && n == 0) {
    return polygamma_of(0, 1 - x) - std::numbers::pi / std::tan(std::numbers::pi * x);
  }
  // ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n! / xⁿ⁺¹
  const double sign = n % 2 == 0 ? -1 : 1;
  const double factorial = std::tgamma(n + 1.0);
  double sum = 0;
  for (; x < 20 + n; x += 1) sum += sign * factorial / std::pow(x, n + 1);
  // Bernoulli numbers B₂ₖ.
  static constexpr double bernoulli[] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                         5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};
  if (n == 0) {
    sum += std::log(x) - 0.5 / x;
    double power = 1;
    for (int k = 1; k <= 8; ++k) {
      power /= x * x;
      sum -= bernoulli[k - 1] / (2 * k) * power;
    }
    return sum;
  }
  double series = std::tgamma(n) / std::pow(x, n) + factorial / (2 * std::pow(x, n + 1));
  for (int k = 1; k <= 8; ++k) {
    series += bernoulli[k - 1] * std::tgamma(2.0 * k + n) / std::tgamma(2.0 * k + 1) /
              std::pow(x, 2 * k + n);
  }
  return sum + sign * series;
}

}  // namespace gradus::scalar
