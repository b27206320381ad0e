#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tests/codegen/reference.h"

namespace gradus::codegen {
namespace {

using kernel::Role;
using kernel::Scalar;
using Wide = long double;

const auto sigmoid = [](auto x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
};
const auto softplus = [](auto x) {
  return std::max<decltype(x)>(x, 0) + std::log1p(std::exp(-std::fabs(x)));
};

// A function, the exact one, and the errors allowed in units in the last place.
struct Function {
  template <typename Exact>
  Function(Op op, Exact exact, double ulps_f32, double ulps_f64)
      : op(op), exact(exact), fast(exact), ulps_f32(ulps_f32), ulps_f64(ulps_f64) {}
  Op op;
  Wide (*exact)(Wide);
  double (*fast)(double);  // good enough to judge floats by
  double ulps_f32;
  double ulps_f64;
};

const Function functions[] = {
    {Op::exp, [](auto x) { return std::exp(x); }, 1.1, 1.1},
    {Op::expm1, [](auto x) { return std::expm1(x); }, 2.3, 2.3},
    {Op::log, [](auto x) { return std::log(x); }, 1.1, 1.1},
    {Op::log1p, [](auto x) { return std::log1p(x); }, 1.6, 1.6},
    {Op::tanh, [](auto x) { return std::tanh(x); }, 2.5, 2.5},
    {Op::sigmoid, sigmoid, 2.5, 2.5},
    {Op::softplus, softplus, 2, 2},
    {Op::erf, [](auto x) { return std::erf(x); }, 1.2, 1.1},
    {Op::sin, [](auto x) { return std::sin(x); }, 1.6, 1.1},
    {Op::cos, [](auto x) { return std::cos(x); }, 1.6, 1.1},
    {Op::tan, [](auto x) { return std::tan(x); }, 1, 1},
    {Op::asin, [](auto x) { return std::asin(x); }, 1, 1},
    {Op::acos, [](auto x) { return std::acos(x); }, 1, 1},
    {Op::atan, [](auto x) { return std::atan(x); }, 1, 1},
    {Op::sinh, [](auto x) { return std::sinh(x); }, 2.5, 2.5},
    {Op::cosh, [](auto x) { return std::cosh(x); }, 2.5, 2.5},
    {Op::sqrt, [](auto x) { return std::sqrt(x); }, 0.51, 0.51},
};

// One step that applies the operator to a block of numbers.
template <typename T>
class Applied {
 public:
  static constexpr int64_t block = 1 << 12;

  Applied(Op op, const char* cpu) {
    Builder b(std::is_same_v<T, float> ? Scalar::f32 : Scalar::f64);
    const int x = b.buffer(block);
    const int y = b.output(block);
    const int i = b.loop(block);
    b.nest({vector(i, {b.store(y, at({{i, 1}}), b.map(op, {b.load(x, at({{i, 1}}))}))})});
    step_ = compile(b.plan, {cpu, ""});
  }
  void operator()(const std::vector<T>& x, std::vector<T>& y) const {
    void* slots[] = {const_cast<T*>(x.data()), y.data()};
    step_.run(slots, nullptr, nullptr);
  }

 private:
  runtime::Step step_;
};

// The distance of neighbours where `exact` lies.
template <typename T>
Wide unit(Wide exact) {
  int exponent = 0;
  std::frexp(exact, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  return std::ldexp(Wide{1}, exponent - std::numeric_limits<T>::digits);
}

// The error of y for f(x) in units, infinite where one is NaN or infinite and the other is not.
template <typename T>
double error(T y, Wide exact) {
  const T rounded = static_cast<T>(exact);
  if (std::isnan(rounded) || std::isnan(y)) return std::isnan(rounded) == std::isnan(y) ? 0 : 1e9;
  if (rounded == y) return std::signbit(rounded) == std::signbit(y) ? 0 : 1e9;
  if (std::isinf(rounded) || std::isinf(y)) {
    // One step beyond the largest is as good as infinite.
    const Wide largest = std::numeric_limits<T>::max();
    const Wide bounded = std::clamp<Wide>(exact, -largest, largest);
    const Wide found = std::isinf(y) ? std::copysign(largest + unit<T>(largest), Wide{y}) : Wide{y};
    return std::fabs(exact) > 1.01L * largest
               ? 1e9
               : static_cast<double>(std::fabs(found - bounded) / unit<T>(largest));
  }
  return static_cast<double>(std::fabs(y - exact) / unit<T>(exact));
}

template <typename T>
struct Worst {
  double error = 0;
  T at = 0;
};

// `next(x)` fills a block of arguments, as long as there are any.
template <typename T, typename Next>
Worst<T> worst(const Function& function, const char* cpu, Next next) {
  const Applied<T> apply(function.op, cpu);
  std::vector<T> x(static_cast<size_t>(Applied<T>::block));
  std::vector<T> y(x.size());
  Worst<T> found;
  while (next(x)) {
    apply(x, y);
    for (size_t i = 0; i < x.size(); ++i) {
      const Wide exact = sizeof(T) == 4 ? function.fast(x[i]) : function.exact(x[i]);
      const double one = error(y[i], exact);
      if (one > found.error) found = {one, x[i]};
    }
  }
  return found;
}

template <typename T>
std::vector<T> special_numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> numbers = {0,
                            Limits::denorm_min(),
                            3 * Limits::denorm_min(),
                            Limits::min(),
                            Limits::min() / 2,
                            Limits::epsilon(),
                            Limits::max(),
                            Limits::infinity(),
                            Limits::quiet_NaN()};
  for (const double x : {0.25,
                         0.34657359,
                         0.5,
                         0.7,
                         0.70710678,
                         0.9999999,
                         1.0,
                         1.0000001,
                         1.5,
                         2.0,
                         3.14159265358979,
                         4.0,
                         6.0,
                         9.0,
                         17.0,
                         20.0,
                         37.0,
                         88.0,
                         88.7228,
                         88.73,
                         89.4,
                         103.9,
                         104.1,
                         709.0,
                         709.78,
                         709.79,
                         710.4,
                         710.5,
                         745.1,
                         745.2,
                         1e4,
                         1e5,
                         1e6,
                         1.1e6,
                         1e9,
                         1e22}) {
    numbers.push_back(static_cast<T>(x));
    numbers.push_back(std::nextafter(static_cast<T>(x), T{0}));
  }
  const size_t positive = numbers.size();
  for (size_t i = 0; i < positive; ++i) numbers.push_back(-numbers[i]);
  return numbers;
}

// Special numbers first, then random ones: by bits, and between −20 and 20.
template <typename T>
auto samples(int blocks) {
  return [=, left = blocks, random = std::mt19937_64(1)](std::vector<T>& x) mutable {
    if (left-- == 0) return false;
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    for (size_t i = 0; i < x.size(); ++i) {
      const uint64_t bits = random();
      x[i] = i % 2 == 0 ? std::bit_cast<T>(static_cast<Bits>(bits))
                        : static_cast<T>((static_cast<double>(bits >> 11) * 0x1p-53 - 0.5) * 40);
    }
    const std::vector<T> special = special_numbers<T>();
    std::copy(special.begin(), special.end(), x.begin());
    return true;
  };
}

TEST_CASE("functions of f32 on samples", "[math]") {
  for (const char* cpu : {"", "haswell", "x86-64"}) {
    for (const Function& function : functions) {
      const auto found = worst<float>(function, cpu, samples<float>(16));
      INFO(name(function.op) << " at " << std::hexfloat << found.at << " = " << std::defaultfloat
                             << found.at << ", " << (*cpu ? cpu : "native"));
      CHECK(found.error <= function.ulps_f32);
    }
  }
}

TEST_CASE("functions of f64 on samples", "[math]") {
  for (const char* cpu : {"", "haswell", "x86-64"}) {
    for (const Function& function : functions) {
      const auto found = worst<double>(function, cpu, samples<double>(16));
      INFO(name(function.op) << " at " << std::hexfloat << found.at << " = " << std::defaultfloat
                             << found.at << ", " << (*cpu ? cpu : "native"));
      CHECK(found.error <= function.ulps_f64);
    }
  }
}

// About a minute a function: test_codegen "[exhaustive]", with `-c tanh` for one of them.
TEST_CASE("functions of f32 on every input", "[.][exhaustive]") {
  for (const Function& function : functions) {
    DYNAMIC_SECTION(name(function.op)) {
      uint64_t bits = 0;
      const auto found = worst<float>(function, "", [&](std::vector<float>& x) {
        if (bits == uint64_t{1} << 32) return false;
        for (float& one : x) one = std::bit_cast<float>(static_cast<uint32_t>(bits++));
        return true;
      });
      WARN(name(function.op) << ": " << found.error << " at " << std::hexfloat << found.at);
      CHECK(found.error <= function.ulps_f32);
    }
  }
}

}  // namespace
}  // namespace gradus::codegen
