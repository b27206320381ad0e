#include "compiler/graph/draw.h"

#include <array>
#include <cmath>
#include <numbers>

namespace gradus {
namespace {

using Words = std::array<uint32_t, 4>;

Words philox(const DrawnBy& by) {
  Words x = {by.entry, by.round, by.step, by.site};
  uint32_t k0 = by.seed_low;
  uint32_t k1 = by.seed_high;
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * x[0];
    const uint64_t b = uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<uint32_t>(b >> 32) ^ x[1] ^ k0, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ x[3] ^ k1, static_cast<uint32_t>(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return x;
}

double fraction(uint32_t high, uint32_t low) { return high * 0x1p-32 + (low >> 11) * 0x1p-53; }

}  // namespace

double drawn(Draw::Kind kind, const DrawnBy& by) {
  const Words words = philox(by);
  const double first = fraction(words[0], words[1]);
  if (kind == Draw::Kind::uniform) return first;
  const double angle = 2 * std::numbers::pi * fraction(words[2], words[3]);
  return std::sqrt(-2 * std::log(1 - first)) * std::cos(angle);
}

}  // namespace gradus
