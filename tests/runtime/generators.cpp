#include "runtime/generators.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace gradus::runtime;

namespace {

Generated make(const char* name, std::vector<Argument> arguments, uint64_t seed = 0) {
  auto made = generate(name, arguments, seed);
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  return *std::move(made);
}

std::string message(const char* name, std::vector<Argument> arguments) {
  const auto made = generate(name, arguments, 0);
  return made ? "made" : made.error().message;
}

std::vector<int> frequencies(const Tensor& labels, size_t classes) {
  std::vector<int> found(classes);
  for (const int32_t label : labels.values<int32_t>()) ++found.at(static_cast<size_t>(label));
  return found;
}

bool same(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return false;
  for (int64_t i = 0; i < a.size(); ++i) {
    if (a.at(i) != b.at(i)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("moons lie on two half-circles", "[generators]") {
  const Generated made = make("moons", {{"n", 101}, {"noise", 0}});
  CHECK(made.x.shape() == Shape{101, 2});
  CHECK(made.x.type() == Scalar::f64);
  CHECK(frequencies(made.y, 2) == std::vector<int>{51, 50});
  for (int64_t i = 0; i < 101; ++i) {
    const bool second = made.y.at(i) == 1;
    const double x = made.x.at(2 * i) - (second ? 1 : 0);
    const double y = second ? 0.5 - made.x.at(2 * i + 1) : made.x.at(2 * i + 1);
    CHECK(std::hypot(x, y) == Approx(1));
    CHECK(y >= -1e-12);
  }
  const auto labels = made.y.values<int32_t>();
  CHECK(!std::is_sorted(labels.begin(), labels.end()));
}

TEST_CASE("circles and spirals keep their radii", "[generators]") {
  const Generated circles = make("circles", {{"n", 40}, {"noise", 0}, {"factor", 0.25}});
  for (int64_t i = 0; i < 40; ++i) {
    CHECK(std::hypot(circles.x.at(2 * i), circles.x.at(2 * i + 1)) ==
          Approx(circles.y.at(i) == 0 ? 1 : 0.25));
  }
  const Generated spirals = make("spirals", {{"n", 100}, {"classes", 4}, {"noise", 0}});
  CHECK(frequencies(spirals.y, 4) == std::vector<int>{25, 25, 25, 25});
  for (int64_t i = 0; i < 100; ++i) {
    const double x = spirals.x.at(2 * i), y = spirals.x.at(2 * i + 1), radius = std::hypot(x, y);
    const double angle = 4 * radius + spirals.y.at(i) * std::acos(0);
    CHECK(x == Approx(radius * std::sin(angle)).margin(1e-12));
    CHECK(y == Approx(radius * std::cos(angle)).margin(1e-12));
  }
}

TEST_CASE("xor has the four corners", "[generators]") {
  const Generated made = make("xor", {});
  const double corners[] = {0, 0, 0, 1, 1, 0, 1, 1}, labels[] = {0, 1, 1, 0};
  for (int64_t i = 0; i < 8; ++i) CHECK(made.x.at(i) == corners[i]);
  for (int64_t i = 0; i < 4; ++i) CHECK(made.y.at(i) == labels[i]);
  CHECK(make("xor", {{"", 10}, {"", 0.1}}).y.shape() == Shape{10});
}

TEST_CASE("noise has the deviation that was asked for", "[generators]") {
  const Generated clean = make("moons", {{"n", 20000}, {"noise", 0}}, 3);
  const Generated noisy = make("moons", {{"n", 20000}, {"noise", 0.2}}, 3);
  double squares = 0;
  for (int64_t i = 0; i < 40000; ++i) {
    squares += std::pow(noisy.x.at(i) - clean.x.at(i), 2) / 40000;
  }
  CHECK(std::sqrt(squares) == Approx(0.2).epsilon(0.02));
}

TEST_CASE("digits are grey ink on paper, all as frequent", "[generators]") {
  const Generated made = make("digits", {{"n", 200}});
  CHECK(made.x.shape() == Shape{200, 28, 28});
  CHECK(made.x.type() == Scalar::f32);
  CHECK(frequencies(made.y, 10) == std::vector<int>(10, 20));
  const auto pixels = made.x.values<float>();
  CHECK(*std::min_element(pixels.begin(), pixels.end()) == 0);
  CHECK(*std::max_element(pixels.begin(), pixels.end()) <= 1);
  for (size_t i = 0; i < 200; ++i) {
    const auto image = pixels.subspan(i * 784, 784);
    const auto inked = std::count_if(image.begin(), image.end(), [](float p) { return p > 0.5; });
    CHECK(inked > 20);
    CHECK(inked < 300);
    // Nothing is cut off at the border.
    for (size_t k = 0; k < 28; ++k) {
      for (const size_t at : {k, 27 * 28 + k, 28 * k, 28 * k + 27}) CHECK(image[at] < 0.5);
    }
  }
}

// Nearest mean image of half the digits classifies the other half: they are neither noise nor all
// alike.
TEST_CASE("digits can be told apart", "[generators]") {
  const Generated made = make("digits", {{"n", 1000}});
  const auto pixels = made.x.values<float>();
  const auto labels = made.y.values<int32_t>();
  std::vector<std::vector<double>> means(10, std::vector<double>(784));
  for (size_t i = 0; i < 500; ++i) {
    auto& mean = means[static_cast<size_t>(labels[i])];
    for (size_t p = 0; p < 784; ++p) mean[p] += pixels[i * 784 + p] / 50.0;
  }
  int right = 0;
  for (size_t i = 500; i < 1000; ++i) {
    std::vector<double> distance(10);
    for (size_t d = 0; d < 10; ++d) {
      for (size_t p = 0; p < 784; ++p) {
        distance[d] += std::pow(pixels[i * 784 + p] - means[d][p], 2);
      }
    }
    const auto nearest = std::min_element(distance.begin(), distance.end()) - distance.begin();
    right += nearest == labels[i];
  }
  CHECK(right > 350);
  CHECK(right < 495);
}

TEST_CASE("what is generated is a function of the seed", "[generators]") {
  for (const char* const name : {"moons", "circles", "spirals", "digits"}) {
    CHECK(same(make(name, {{"n", 30}}, 1).x, make(name, {{"n", 30}}, 1).x));
    CHECK(same(make(name, {{"n", 30}}, 1).y, make(name, {{"n", 30}}, 1).y));
    CHECK(!same(make(name, {{"n", 30}}, 1).x, make(name, {{"n", 30}}, 2).x));
  }
}

TEST_CASE("arguments of generators are checked", "[generators]") {
  CHECK(is_generator("xor"));
  CHECK(!is_generator("csv"));
  CHECK(message("blobs", {}) == "no generator is called `blobs`");
  CHECK(message("moons", {}) == "`moons` needs the argument `n`");
  CHECK(message("moons", {{"noize", 1}}) == "`moons` has no argument `noize`");
  CHECK(message("digits", {{"", 1}, {"", 2}}) == "`digits` does not take 2 arguments");
  CHECK(message("moons", {{"", 10}, {"n", 10}}) == "`n` is given twice");
  CHECK(message("moons", {{"n", 0}}) == "`n` must be a whole number from 1 to 1000000000, not 0");
  CHECK(message("moons", {{"n", 2.5}}) ==
        "`n` must be a whole number from 1 to 1000000000, not 2.5");
  CHECK(message("moons", {{"n", 5}, {"noise", -1}}) == "`noise` must be from 0 to 1000000, not -1");
  CHECK(message("moons", {{"n", NAN}}) ==
        "`n` must be a whole number from 1 to 1000000000, not nan");
}
