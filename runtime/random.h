#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace gradus::runtime {

// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3"
// (SC 2011): 128 random bits, a function of a counter and a key.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// Random numbers by place: number i of the stream of a name under a seed is a function of those
// three alone, so that it depends neither on order nor on threads nor on what else is drawn.
class Random {
 public:
  Random(uint64_t seed, std::string_view stream);
  // One of a sequence of streams of that name: an epoch, a sample.
  Random(uint64_t seed, std::string_view stream, uint64_t index);

  // Random bits; all values are equally likely.
  uint64_t bits(uint64_t i) const;
  // In [0, 1), a multiple of 2⁻⁵³.
  double uniform(uint64_t i) const;
  // Of mean 0 and variance 1 (Box and Muller, "A Note on the Generation of Random Normal
  // Deviates", 1958); the numbers 2i and 2i + 1 share the bits of the same two uniforms.
  double normal(uint64_t i) const;

 private:
  uint64_t seed_;
  uint64_t stream_;
};

// Fills `order` with 0 … size − 1 in an order that is uniform over all permutations (Fisher and
// Yates; bounded numbers as in Lemire, "Fast Random Integer Generation in an Interval", 2019).
void permute(std::span<int64_t> order, const Random& random);

}  // namespace gradus::runtime
