#include "runtime/random.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace gradus::runtime {

namespace {

// FNV-1a (Fowler, Noll, Vo), 64 bits.
uint64_t hash(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

uint32_t low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t high(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

// The high 53 bits as a fraction.
double fraction(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// high · 2⁶⁴ + low = a · b
struct Product {
  uint64_t high;
  uint64_t low;
};

Product multiply(uint64_t a, uint64_t b) {
  const uint64_t a0 = low(a), a1 = high(a), b0 = low(b), b1 = high(b);
  const uint64_t middle = a1 * b0 + high(a0 * b0);
  const uint64_t carried = a0 * b1 + low(middle);
  return {a1 * b1 + high(middle) + high(carried), a * b};
}

}  // namespace

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  constexpr uint64_t multiplier[] = {0xD2511F53, 0xCD9E8D57};
  constexpr uint32_t weyl[] = {0x9E3779B9, 0xBB67AE85};
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = multiplier[0] * counter[0];
    const uint64_t b = multiplier[1] * counter[2];
    counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
    key = {key[0] + weyl[0], key[1] + weyl[1]};
  }
  return counter;
}

Random::Random(uint64_t seed, std::string_view stream) : seed_(seed), stream_(hash(stream)) {}

Random::Random(uint64_t seed, std::string_view stream, uint64_t index) : Random(seed, stream) {
  const auto mixed = philox({low(index), high(index), low(stream_), high(stream_)},
                            {0x6E646578, 0x73747269});  // a key of its own, far from small seeds
  stream_ = mixed[0] | uint64_t{mixed[1]} << 32;
}

uint64_t Random::bits(uint64_t i) const {
  const uint64_t block = i / 2;
  const auto words =
      philox({low(block), high(block), low(stream_), high(stream_)}, {low(seed_), high(seed_)});
  return i % 2 == 0 ? words[0] | uint64_t{words[1]} << 32 : words[2] | uint64_t{words[3]} << 32;
}

double Random::uniform(uint64_t i) const { return fraction(bits(i)); }

double Random::normal(uint64_t i) const {
  const uint64_t first = i - i % 2;
  const double radius = std::sqrt(-2 * std::log(1 - uniform(first)));
  const double angle = 2 * std::numbers::pi * uniform(first + 1);
  return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

void permute(std::span<int64_t> order, const Random& random) {
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  uint64_t drawn = 0;
  for (size_t left = order.size(); left > 1; --left) {
    // A number below `left` from the high half of bits · left; the few products whose low half is
    // below 2⁶⁴ mod left are drawn again, since they would make some numbers likelier.
    const uint64_t unfair = (0 - uint64_t{left}) % left;
    Product product = multiply(random.bits(drawn++), left);
    while (product.low < unfair) product = multiply(random.bits(drawn++), left);
    std::swap(order[left - 1], order[product.high]);
  }
}

}  // namespace gradus::runtime
