#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// Numbers in memory: an element type, a shape, and one block of entries, row by row.
namespace gradus::runtime {

// u8 holds booleans as 0 and 1, or bytes where data came as bytes (pixels).
enum class Scalar : uint8_t { f32, f64, i32, u8 };

// Bytes of one entry.
int64_t size_of(Scalar type);
// `f32`, `f64`, `i32`, `u8`.
std::string_view name_of(Scalar type);

using Shape = std::vector<int64_t>;

// The number of entries, 1 for an empty shape; nothing where an extent is negative, or where
// entries of 8 bytes would not be addressable.
std::optional<int64_t> count(std::span<const int64_t> shape);
// `[128, 784]`
std::string text(std::span<const int64_t> shape);

template <typename T>
constexpr Scalar scalar_of() {
  if constexpr (std::is_same_v<T, float>) {
    return Scalar::f32;
  } else if constexpr (std::is_same_v<T, double>) {
    return Scalar::f64;
  } else if constexpr (std::is_same_v<T, int32_t>) {
    return Scalar::i32;
  } else {
    static_assert(std::is_same_v<T, uint8_t>, "no element type of a tensor");
    return Scalar::u8;
  }
}

// Owns its entries, which begin at a multiple of 64 bytes and are followed by no others. Moved, not
// copied: a copy of data is made by `clone`, where it can be seen.
class Tensor {
 public:
  static constexpr int64_t alignment = 64;

  // f32 of shape [0].
  Tensor() : shape_{0} {}
  // All zero. Aborts where the shape has no count or the memory is not there: for shapes that come
  // from outside there is `make`.
  Tensor(Scalar type, Shape shape);
  // All zero; nothing where the shape has no count or the memory is not there.
  static std::optional<Tensor> make(Scalar type, Shape shape);
  // A copy of these values, as many as the shape has entries.
  template <typename T>
  static Tensor of(Shape shape, std::span<const T> values);
  template <typename T>
  static Tensor of(Shape shape, std::initializer_list<T> values) {
    return of(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }
  // A number, converted as `to` does.
  static Tensor scalar(Scalar type, double value);

  Scalar type() const { return type_; }
  const Shape& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  // The number of entries, and of the bytes they take.
  int64_t size() const { return size_; }
  int64_t bytes() const { return size_ * size_of(type_); }

  void* data() { return data_.get(); }
  const void* data() const { return data_.get(); }
  // The entries, whose type must be T's.
  template <typename T>
  std::span<T> values() {
    require(scalar_of<T>());
    return {static_cast<T*>(data()), static_cast<size_t>(size_)};
  }
  template <typename T>
  std::span<const T> values() const {
    require(scalar_of<T>());
    return {static_cast<const T*>(data()), static_cast<size_t>(size_)};
  }
  // Entry i in the order of memory, whatever the type.
  double at(int64_t i) const;

  Tensor clone() const;
  // The same numbers in another type, each converted directly: f64 to f32 rounds to nearest, a real
  // to i32 rounds towards zero and stays in range (NaN gives 0), anything to u8 from another type
  // is whether it differs from 0.
  Tensor to(Scalar type) const;
  // The same entries under another shape of the same count.
  Tensor reshaped(Shape shape) &&;

 private:
  struct Free {
    void operator()(void* block) const;
  };

  void require(Scalar type) const;
  static void require_count(size_t entries, size_t values);

  Scalar type_ = Scalar::f32;
  Shape shape_;
  int64_t size_ = 0;
  std::unique_ptr<void, Free> data_;
};

template <typename T>
Tensor Tensor::of(Shape shape, std::span<const T> values) {
  Tensor made(scalar_of<T>(), std::move(shape));
  const auto to = made.values<T>();
  require_count(to.size(), values.size());
  std::copy(values.begin(), values.end(), to.begin());
  return made;
}

}  // namespace gradus::runtime
