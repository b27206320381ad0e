#include "runtime/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace gradus::runtime {

namespace {

// Entry i of `bytes`, whose size and byte order are known.
template <typename T>
T load(std::string_view bytes, size_t i, bool swap) {
  std::array<char, sizeof(T)> entry;
  std::memcpy(entry.data(), bytes.data() + i * sizeof(T), sizeof(T));
  if (swap) std::reverse(entry.begin(), entry.end());
  return std::bit_cast<T>(entry);
}

// IEEE 754 binary16.
float half(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  const float sign = bits & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  if (exponent < 31) return sign * std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
  return fraction ? std::numeric_limits<float>::quiet_NaN()
                  : sign * std::numeric_limits<float>::infinity();
}

// The upper half of a f32.
float brain(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

template <typename From, typename To, typename F>
void fill(Tensor& made, std::string_view bytes, bool swap, F convert) {
  const auto to = made.values<To>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = convert(load<From>(bytes, i, swap));
}

// Real numbers and small whole ones, which fit a tensor's type one by one.
template <typename From, typename To>
Result<Tensor> plain(std::string_view bytes, bool swap, Tensor made) {
  fill<From, To>(made, bytes, swap, [](From x) { return static_cast<To>(x); });
  return made;
}

template <typename From>
Result<Tensor> whole(std::string_view bytes, bool swap, Shape shape) {
  constexpr int64_t exact = int64_t{1} << 53;
  const size_t entries = bytes.size() / sizeof(From);
  bool fits = true;
  for (size_t i = 0; i < entries; ++i) {
    const From x = load<From>(bytes, i, swap);
    fits = fits && std::in_range<int32_t>(x);
    if (std::cmp_greater(x, exact) || std::cmp_less(x, -exact)) {
      return Error{fmt::format("entry {} is {}, which no real number here holds exactly", i, x),
                   ""};
    }
  }
  if (fits) return plain<From, int32_t>(bytes, swap, Tensor(Scalar::i32, std::move(shape)));
  return plain<From, double>(bytes, swap, Tensor(Scalar::f64, std::move(shape)));
}

Result<Tensor> boolean(std::string_view bytes, Tensor made) {
  const auto to = made.values<uint8_t>();
  for (size_t i = 0; i < to.size(); ++i) {
    to[i] = static_cast<uint8_t>(bytes[i]);
    if (to[i] > 1) return Error{fmt::format("entry {} is {}, which is no boolean", i, to[i]), ""};
  }
  return made;
}

}  // namespace

int64_t size_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::i8:
    case Encoding::u8:
    case Encoding::boolean:
      return 1;
    case Encoding::f16:
    case Encoding::bf16:
    case Encoding::i16:
    case Encoding::u16:
      return 2;
    case Encoding::f32:
    case Encoding::i32:
    case Encoding::u32:
      return 4;
    case Encoding::f64:
    case Encoding::i64:
    case Encoding::u64:
      return 8;
  }
  fail("no such encoding");
}

Encoding encoding_of(Scalar type) {
  switch (type) {
    case Scalar::f32:
      return Encoding::f32;
    case Scalar::f64:
      return Encoding::f64;
    case Scalar::i32:
      return Encoding::i32;
    case Scalar::u8:
      return Encoding::u8;
  }
  fail("no such type");
}

Result<Tensor> decode(std::string_view bytes, Encoding encoding, std::endian order, Shape shape) {
  const bool swap = order != std::endian::native;
  const auto make = [&](Scalar type) { return Tensor(type, std::move(shape)); };
  switch (encoding) {
    case Encoding::f16: {
      Tensor made = make(Scalar::f32);
      fill<uint16_t, float>(made, bytes, swap, half);
      return made;
    }
    case Encoding::bf16: {
      Tensor made = make(Scalar::f32);
      fill<uint16_t, float>(made, bytes, swap, brain);
      return made;
    }
    case Encoding::f32:
      return plain<float, float>(bytes, swap, make(Scalar::f32));
    case Encoding::f64:
      return plain<double, double>(bytes, swap, make(Scalar::f64));
    case Encoding::i8:
      return plain<int8_t, int32_t>(bytes, swap, make(Scalar::i32));
    case Encoding::i16:
      return plain<int16_t, int32_t>(bytes, swap, make(Scalar::i32));
    case Encoding::i32:
      return plain<int32_t, int32_t>(bytes, swap, make(Scalar::i32));
    case Encoding::u8:
      return plain<uint8_t, uint8_t>(bytes, swap, make(Scalar::u8));
    case Encoding::u16:
      return plain<uint16_t, int32_t>(bytes, swap, make(Scalar::i32));
    case Encoding::i64:
      return whole<int64_t>(bytes, swap, std::move(shape));
    case Encoding::u32:
      return whole<uint32_t>(bytes, swap, std::move(shape));
    case Encoding::u64:
      return whole<uint64_t>(bytes, swap, std::move(shape));
    case Encoding::boolean:
      return boolean(bytes, make(Scalar::u8));
  }
  fail("no such encoding");
}

std::optional<std::string_view> Bytes::take(uint64_t count) {
  if (count > left_.size()) return std::nullopt;
  const std::string_view taken = left_.substr(0, count);
  left_.remove_prefix(count);
  return taken;
}

std::optional<uint64_t> encoded_bytes(const Shape& shape, Encoding encoding) {
  const auto entries = count(shape);
  if (!entries) return std::nullopt;
  return static_cast<uint64_t>(*entries) * static_cast<uint64_t>(size_of(encoding));
}

Error in_file(const std::string& path, Error error) {
  error.message = fmt::format("{}: {}", path, error.message);
  return error;
}

}  // namespace gradus::runtime
