#include "runtime/tensor.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "runtime/step.h"

using namespace gradus::runtime;

TEST_CASE("shapes are counted without overflow", "[tensor]") {
  const auto counted = [](Shape shape) { return count(shape); };
  CHECK(counted({}) == 1);
  CHECK(counted({3, 4}) == 12);
  CHECK(counted({3, 0}) == 0);
  CHECK(counted({int64_t{1} << 59}) == int64_t{1} << 59);
  CHECK(!counted({int64_t{1} << 60}));
  CHECK(!counted({int64_t{1} << 32, int64_t{1} << 32}));
  CHECK(!counted({0, int64_t{1} << 32, int64_t{1} << 32}));
  CHECK(!counted({int64_t{1} << 32, int64_t{1} << 32, 0}));
  CHECK(!counted({-1}));
  CHECK(!counted({0, -1}));
  CHECK(!counted({std::numeric_limits<int64_t>::min(), -1}));
}

TEST_CASE("a tensor starts at zero, at a multiple of 64 bytes", "[tensor]") {
  for (const Scalar type : {Scalar::f32, Scalar::f64, Scalar::i32, Scalar::u8}) {
    const Tensor tensor(type, {3, 5});
    CHECK(reinterpret_cast<uintptr_t>(tensor.data()) % 64 == 0);
    CHECK(tensor.size() == 15);
    CHECK(tensor.bytes() == 15 * size_of(type));
    for (int64_t i = 0; i < tensor.size(); ++i) CHECK(tensor.at(i) == 0);
  }
  CHECK(Tensor(Scalar::f64, {}).size() == 1);
  CHECK(Tensor(Scalar::f64, {0, 4}).data() != nullptr);
  CHECK(Tensor().size() == 0);
  CHECK(!Tensor::make(Scalar::u8, {int64_t{1} << 59}));
}

TEST_CASE("numbers change type directly", "[tensor]") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const Tensor reals = Tensor::of<double>({8}, {0, -0.5, 0.1, 1e300, -1e300, inf, NAN, 2.9});
  CHECK(reals.to(Scalar::f64).values<double>()[2] == 0.1);
  const Tensor singles = reals.to(Scalar::f32);
  CHECK(singles.values<float>()[2] == 0.1f);
  CHECK(singles.values<float>()[3] == std::numeric_limits<float>::infinity());
  const Tensor whole = reals.to(Scalar::i32);
  const int32_t expected[] = {0, 0, 0, INT32_MAX, INT32_MIN, INT32_MAX, 0, 2};
  CHECK(std::equal(std::begin(expected), std::end(expected), whole.values<int32_t>().begin()));
  const Tensor truths = reals.to(Scalar::u8);
  const uint8_t different[] = {0, 1, 1, 1, 1, 1, 1, 1};
  CHECK(std::equal(std::begin(different), std::end(different), truths.values<uint8_t>().begin()));
  const Tensor bytes = Tensor::of<uint8_t>({2}, {0, 255});
  CHECK(bytes.to(Scalar::u8).at(1) == 255);
  CHECK(bytes.to(Scalar::f32).at(1) == 255);
}

TEST_CASE("a clone has its own numbers", "[tensor]") {
  Tensor first = Tensor::of<float>({2}, {1, 2});
  const Tensor second = first.clone();
  first.values<float>()[0] = 7;
  CHECK(second.at(0) == 1);
  CHECK(std::move(first).reshaped({1, 2}).shape() == Shape{1, 2});
}

TEST_CASE("a slot is found by role and name", "[tensor]") {
  const Signature slots = {{"w", Role::parameter, Scalar::f32, {}},
                           {"w", Role::optimizer_state, Scalar::f32, {}}};
  CHECK(find(slots, Role::optimizer_state, "w") == 1);
  CHECK(find(slots, Role::input, "w") == -1);
}
