#include "runtime/batches.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "tests/allocations.h"

using namespace gradus::runtime;

namespace {

using Rows = std::vector<int64_t>;

// x[i] = [i, i] along axis 0, y[0, i] = i along axis 1, c without a batch axis.
Dataset numbered(int64_t samples) {
  Dataset data;
  Tensor x(Scalar::f32, {samples, 2}), y(Scalar::i32, {2, samples});
  for (int64_t i = 0; i < samples; ++i) {
    const auto at = static_cast<size_t>(i);
    x.values<float>()[2 * at] = x.values<float>()[2 * at + 1] = static_cast<float>(i);
    y.values<int32_t>()[at] = static_cast<int32_t>(i);
    y.values<int32_t>()[static_cast<size_t>(samples) + at] = static_cast<int32_t>(-i);
  }
  data.inputs.push_back({"x", std::move(x), 0});
  data.inputs.push_back({"y", std::move(y), 1});
  data.inputs.push_back({"c", Tensor::of<float>({}, {7}), -1});
  return data;
}

// The samples of a batch, which all inputs agree on.
Rows samples_of(const Batches::Batch& batch) {
  const auto* x = static_cast<const float*>(batch.inputs[0]);
  const auto* y = static_cast<const int32_t*>(batch.inputs[1]);
  CHECK(*static_cast<const float*>(batch.inputs[2]) == 7);
  Rows rows;
  for (int64_t i = 0; i < batch.samples; ++i) {
    rows.push_back(static_cast<int64_t>(x[2 * i]));
    CHECK(x[2 * i + 1] == x[2 * i]);
    CHECK(y[i] == rows.back());
    CHECK(y[batch.samples + i] == -rows.back());
  }
  return rows;
}

Rows epoch_of(Batches& batches, int64_t epoch) {
  Rows rows;
  for (int64_t i = 0; i < batches.per_epoch(); ++i) {
    const Rows some = samples_of(batches.at(epoch, i));
    rows.insert(rows.end(), some.begin(), some.end());
  }
  return rows;
}

Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

TEST_CASE("batches take samples in order, the last may be smaller", "[batches]") {
  const Dataset data = numbered(10);
  Batches batches(data, {.batch = 4, .shuffle = false});
  REQUIRE(batches.per_epoch() == 3);
  CHECK(samples_of(batches.at(0, 1)) == Rows{4, 5, 6, 7});
  CHECK(samples_of(batches.at(5, 2)) == Rows{8, 9});
  Batches whole(data, {.batch = 4, .shuffle = false, .drop_last = true});
  CHECK(epoch_of(whole, 0) == Rows{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(Batches(data, {.batch = 11}).per_epoch() == 1);
  CHECK(Batches(data, {.batch = 11, .drop_last = true}).per_epoch() == 0);
  const Dataset none = numbered(0);
  CHECK(Batches(none, {.batch = 4}).per_epoch() == 0);
  CHECK(Batches(none, {}).per_epoch() == 0);
}

TEST_CASE("the sizes of batches are known beforehand", "[batches]") {
  CHECK(batch_sizes(10, {.batch = 4}) == Rows{4, 2});
  CHECK(batch_sizes(10, {.batch = 4, .drop_last = true}) == Rows{4});
  CHECK(batch_sizes(8, {.batch = 4}) == Rows{4});
  CHECK(batch_sizes(3, {.batch = 4}) == Rows{3});
  CHECK(batch_sizes(3, {.batch = 4, .drop_last = true}).empty());
  CHECK(batch_sizes(3, {}) == Rows{3});
  CHECK(batch_sizes(0, {}).empty());
}

TEST_CASE("shuffling is a function of seed and epoch", "[batches]") {
  const Dataset data = numbered(20);
  Batches first(data, {.batch = 6, .seed = 1}), again(data, {.batch = 6, .seed = 1});
  Batches other(data, {.batch = 6, .seed = 2});
  const Rows order = epoch_of(first, 0);
  const Rows all = sorted(order);
  CHECK(all.size() == 20);
  CHECK(std::set<int64_t>(all.begin(), all.end()).size() == 20);
  CHECK(order != all);
  CHECK(epoch_of(first, 1) != order);
  CHECK(sorted(epoch_of(first, 1)) == all);
  CHECK(samples_of(again.at(1, 2)) == samples_of(first.at(1, 2)));
  CHECK(epoch_of(again, 0) == order);
  CHECK(epoch_of(other, 0) != order);
}

TEST_CASE("a single batch is the data themselves, in order", "[batches]") {
  const Dataset data = numbered(5);
  for (const int64_t batch : {0, 5, 9}) {
    Batches batches(data, {.batch = batch, .shuffle = true});
    CHECK(batches.at(0, 0).inputs[0] == data.inputs[0].values.data());
    CHECK(batches.at(3, 0).inputs[1] == data.inputs[1].values.data());
    CHECK(epoch_of(batches, 7) == Rows{0, 1, 2, 3, 4});
  }
  Batches some(data, {4, 1}, {});
  CHECK(epoch_of(some, 0) == Rows{4, 1});
  CHECK(some.at(0, 0).inputs[0] != data.inputs[0].values.data());
}

TEST_CASE("data without a batch axis are one batch", "[batches]") {
  Dataset data;
  data.inputs.push_back({"x", Tensor::of<float>({2}, {1, 2}), -1});
  Batches batches(data, {.batch = 1});
  CHECK(batches.per_epoch() == 1);
  CHECK(batches.at(4, 0).samples == 1);
  CHECK(batches.at(4, 0).inputs[0] == data.inputs[0].values.data());
  CHECK(!data.samples());
}

TEST_CASE("samples must agree", "[batches]") {
  Dataset data = numbered(4);
  CHECK(!check_samples(data));
  CHECK(data.samples() == 4);
  data.inputs.push_back({"z", Tensor(Scalar::f32, {3}), 0});
  CHECK(check_samples(data)->message == "`x` has 4 samples, but `z` has 3");
}

TEST_CASE("a share is held out by the seed", "[batches]") {
  const Split made = split(100, 0.2, 1);
  CHECK(made.training.size() == 80);
  CHECK(made.validation.size() == 20);
  Rows all = made.training;
  all.insert(all.end(), made.validation.begin(), made.validation.end());
  const Dataset data = numbered(100);
  Batches every(data, {.shuffle = false});
  CHECK(sorted(all) == epoch_of(every, 0));
  CHECK(made.training == sorted(made.training));
  CHECK(split(100, 0.2, 1).validation == made.validation);
  CHECK(split(100, 0.2, 2).validation != made.validation);
  CHECK(split(100, 0, 1).validation.empty());
  CHECK(split(100, 0.001, 1).validation.size() == 1);
  CHECK(split(3, 1, 1).training.size() == 1);
  CHECK(split(1, 0.5, 1).validation.size() == 1);
  CHECK(split(0, 0.5, 1).validation.empty());
}

TEST_CASE("batches allocate nothing", "[batches]") {
  const Dataset data = numbered(50);
  Batches batches(data, {.batch = 8});
  const int64_t before = gradus::tests::allocations();
  for (int64_t step = 0; step < 20; ++step) batches.at(step / 7, step % 7);
  CHECK(gradus::tests::allocations() == before);
}
