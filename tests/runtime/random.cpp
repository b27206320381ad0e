#include "runtime/random.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <vector>

using namespace gradus::runtime;

// The vectors that come with the Random123 library (kat_vectors, philox4x32 10).
TEST_CASE("Philox gives the known answers", "[random]") {
  using Four = std::array<uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr uint32_t ones = 0xffffffff;
  CHECK(philox({ones, ones, ones, ones}, {ones, ones}) ==
        Four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("streams differ by seed, name and index", "[random]") {
  CHECK(Random(1, "W").bits(0) == Random(1, "W").bits(0));
  CHECK(Random(1, "W").bits(0) != Random(2, "W").bits(0));
  CHECK(Random(1, "W").bits(0) != Random(1, "b").bits(0));
  CHECK(Random(1, "W").bits(0) != Random(1, "W").bits(1));
  CHECK(Random(1, "W", 0).bits(0) != Random(1, "W").bits(0));
  CHECK(Random(1, "W", 0).bits(0) != Random(1, "W", 1).bits(0));
  CHECK(Random(uint64_t{1} << 32, "W").bits(0) != Random(0, "W").bits(0));
}

TEST_CASE("uniform numbers are uniform, normal ones normal", "[random]") {
  const Random random(7, "moments");
  constexpr int n = 200000;
  double uniform[2] = {}, normal[4] = {}, product = 0;
  for (uint64_t i = 0; i < n; ++i) {
    const double u = random.uniform(i), z = random.normal(i);
    REQUIRE((u >= 0 && u < 1));
    uniform[0] += u / n;
    uniform[1] += u * u / n;
    for (int k = 0; k < 4; ++k) normal[k] += std::pow(z, k + 1) / n;
    product += z * random.normal(i + 1) / n;
  }
  // Within 5 standard errors.
  CHECK(uniform[0] == Approx(0.5).margin(5 * 0.289 / std::sqrt(n)));
  CHECK(uniform[1] == Approx(1.0 / 3).margin(5 * 0.298 / std::sqrt(n)));
  CHECK(normal[0] == Approx(0).margin(5 / std::sqrt(n)));
  CHECK(normal[1] == Approx(1).margin(5 * 1.42 / std::sqrt(n)));
  CHECK(normal[2] == Approx(0).margin(5 * 3.88 / std::sqrt(n)));
  CHECK(normal[3] == Approx(3).margin(5 * 9.8 / std::sqrt(n)));
  CHECK(product == Approx(0).margin(5 / std::sqrt(n)));
}

TEST_CASE("all permutations are equally likely", "[random]") {
  std::map<std::vector<int64_t>, int> seen;
  constexpr int n = 24000;
  std::vector<int64_t> order(4);
  for (uint64_t i = 0; i < n; ++i) {
    permute(order, Random(3, "orders", i));
    ++seen[order];
  }
  REQUIRE(seen.size() == 24);
  for (const auto& [permutation, times] : seen) CHECK(std::abs(times - 1000) < 5 * 31);
}
