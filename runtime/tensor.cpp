#include "runtime/tensor.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "runtime/result.h"

namespace gradus::runtime {

namespace {

// A real that may be anything, as an integer.
int32_t truncate(double x) {
  constexpr double low = std::numeric_limits<int32_t>::min();
  constexpr double high = std::numeric_limits<int32_t>::max();
  if (x != x) return 0;
  return static_cast<int32_t>(x < low ? low : x > high ? high : x);
}

template <typename From, typename To>
void convert(std::span<const From> from, std::span<To> to) {
  for (size_t i = 0; i < from.size(); ++i) {
    if constexpr (std::is_same_v<To, uint8_t> && !std::is_same_v<From, uint8_t>) {
      to[i] = from[i] != 0;
    } else if constexpr (std::is_same_v<To, int32_t> && std::is_floating_point_v<From>) {
      to[i] = truncate(from[i]);
    } else {
      to[i] = static_cast<To>(from[i]);
    }
  }
}

// Calls f with a value of the C++ type of `type`.
template <typename F>
auto with_type(Scalar type, F f) {
  switch (type) {
    case Scalar::f32:
      return f(float{});
    case Scalar::f64:
      return f(double{});
    case Scalar::i32:
      return f(int32_t{});
    case Scalar::u8:
      return f(uint8_t{});
  }
  std::abort();
}

}  // namespace

int64_t size_of(Scalar type) {
  return with_type(type, [](auto zero) { return static_cast<int64_t>(sizeof zero); });
}

std::string_view name_of(Scalar type) {
  switch (type) {
    case Scalar::f32:
      return "f32";
    case Scalar::f64:
      return "f64";
    case Scalar::i32:
      return "i32";
    case Scalar::u8:
      return "u8";
  }
  std::abort();
}

std::optional<int64_t> count(std::span<const int64_t> shape) {
  constexpr int64_t most = (std::numeric_limits<int64_t>::max() - Tensor::alignment) / 8;
  int64_t product = 1;
  bool empty = false;
  for (const int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    // [0, 2⁶⁰, 2⁶⁰] is no shape either: views of it would overflow.
    if (extent == 0) {
      empty = true;
    } else if (product > most / extent) {
      return std::nullopt;
    } else {
      product *= extent;
    }
  }
  return empty ? 0 : product;
}

std::string text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void Tensor::Free::operator()(void* block) const {
  ::operator delete(block, std::align_val_t{alignment});
}

std::optional<Tensor> Tensor::make(Scalar type, Shape shape) {
  const auto entries = count(shape);
  if (!entries) return std::nullopt;
  Tensor made;
  made.type_ = type;
  made.shape_ = std::move(shape);
  made.size_ = *entries;
  constexpr int64_t address_space = int64_t{1} << 47;  // of a process, on the machines there are
  if (made.bytes() > address_space) return std::nullopt;
  const int64_t rounded = std::max<int64_t>(1, (made.bytes() + alignment - 1) / alignment);
  const auto block = static_cast<size_t>(rounded * alignment);
  made.data_.reset(::operator new(block, std::align_val_t{alignment}, std::nothrow));
  if (!made.data_) return std::nullopt;
  std::memset(made.data(), 0, block);
  return made;
}

Tensor::Tensor(Scalar type, Shape shape) {
  auto made = make(type, std::move(shape));
  if (!made) fail("no memory for a tensor");
  *this = std::move(*made);
}

Tensor Tensor::scalar(Scalar type, double value) { return of<double>({}, {value}).to(type); }

double Tensor::at(int64_t i) const {
  if (i < 0 || i >= size_) fail(fmt::format("entry {} of a tensor of {}", i, size_));
  return with_type(type_, [&](auto zero) {
    return static_cast<double>(values<decltype(zero)>()[static_cast<size_t>(i)]);
  });
}

Tensor Tensor::clone() const {
  Tensor copy(type_, shape_);
  if (size_ > 0) std::memcpy(copy.data(), data(), static_cast<size_t>(bytes()));
  return copy;
}

Tensor Tensor::to(Scalar type) const {
  Tensor made(type, shape_);
  with_type(type_, [&](auto from) {
    with_type(type,
              [&](auto to) { convert(values<decltype(from)>(), made.values<decltype(to)>()); });
  });
  return made;
}

Tensor Tensor::reshaped(Shape shape) && {
  const auto entries = count(shape);
  if (!entries || *entries != size_) {
    fail(fmt::format("a tensor of shape {} taken as {}", text(shape_), text(shape)));
  }
  shape_ = std::move(shape);
  return std::move(*this);
}

void Tensor::require(Scalar type) const {
  if (type != type_) {
    fail(fmt::format("a tensor of {} taken as {}", name_of(type_), name_of(type)));
  }
}

void Tensor::require_count(size_t entries, size_t values) {
  if (entries != values) fail(fmt::format("{} values for a tensor of {}", values, entries));
}

}  // namespace gradus::runtime
