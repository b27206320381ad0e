#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// How files spell numbers.
enum class Encoding : uint8_t {
  f16,
  bf16,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  boolean
};

// Bytes of one entry.
int64_t size_of(Encoding encoding);

// The entries of a file as a tensor, losslessly: halves become f32, whole numbers i32 (u8 stays)
// or, where one is beyond i32, f64. An error if a whole number is not a f64 either, or a boolean
// neither 0 nor 1. `bytes` must hold as many entries as `shape` has.
Result<Tensor> decode(std::string_view bytes, Encoding encoding, std::endian order, Shape shape);

// The encoding that a tensor's own entries have in memory.
Encoding encoding_of(Scalar type);

// What is left of a file: each read takes from its front, or gives nothing where it is too short.
class Bytes {
 public:
  explicit Bytes(std::string_view left) : left_(left) {}

  size_t left() const { return left_.size(); }
  std::optional<std::string_view> take(uint64_t count);
  template <typename T>
  std::optional<T> number(std::endian order) {
    const auto bytes = take(sizeof(T));
    if (!bytes) return std::nullopt;
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      const size_t shift = 8 * (order == std::endian::little ? i : sizeof(T) - 1 - i);
      value = static_cast<T>(value | T{static_cast<unsigned char>((*bytes)[i])} << shift);
    }
    return value;
  }

 private:
  std::string_view left_;
};

// Appends the bytes of an unsigned number, the lowest first.
template <typename T>
void append_little(std::string& bytes, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

// How many bytes the entries of this shape take in a file; nothing where that cannot be.
std::optional<uint64_t> encoded_bytes(const Shape& shape, Encoding encoding);

// The error with the file's name before it.
Error in_file(const std::string& path, Error error);

}  // namespace gradus::runtime
