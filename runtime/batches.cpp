#include "runtime/batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "runtime/random.h"
#include "runtime/rows.h"

namespace gradus::runtime {

namespace {

int64_t samples_of(const Input& input) {
  return input.values.shape()[static_cast<size_t>(input.batch_axis)];
}

std::vector<int64_t> numbers_below(int64_t n) {
  std::vector<int64_t> numbers(static_cast<size_t>(n));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

// The samples in a batch that is not the last.
int64_t full_batch(int64_t samples, const BatchOptions& options) {
  if (options.batch <= 0) return samples;
  return options.drop_last ? options.batch : std::min(options.batch, samples);
}

}  // namespace

std::optional<int64_t> Dataset::samples() const {
  for (const Input& input : inputs) {
    if (input.batch_axis >= 0) return samples_of(input);
  }
  return std::nullopt;
}

int Dataset::find(std::string_view name) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::optional<Error> check_samples(const Dataset& data) {
  const Input* first = nullptr;
  for (const Input& input : data.inputs) {
    if (input.batch_axis < 0) continue;
    if (!first) first = &input;
    if (samples_of(input) != samples_of(*first)) {
      return Error{fmt::format("`{}` has {} samples, but `{}` has {}", first->name,
                               samples_of(*first), input.name, samples_of(input)),
                   ""};
    }
  }
  return std::nullopt;
}

Split split(int64_t samples, double share, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(samples));
  permute(order, Random(seed, "held-out samples"));
  int64_t held_out = std::llround(share * static_cast<double>(samples));
  if (share > 0) held_out = std::clamp<int64_t>(held_out, 1, std::max<int64_t>(1, samples - 1));
  held_out = std::clamp<int64_t>(held_out, 0, samples);
  const auto middle = order.begin() + held_out;
  Split made{{middle, order.end()}, {order.begin(), middle}};
  std::sort(made.training.begin(), made.training.end());
  std::sort(made.validation.begin(), made.validation.end());
  return made;
}

std::vector<int64_t> batch_sizes(int64_t samples, const BatchOptions& options) {
  const int64_t batch = full_batch(samples, options);
  std::vector<int64_t> sizes;
  if (batch > 0 && samples >= batch) sizes.push_back(batch);
  if (batch > 0 && samples % batch > 0 && !options.drop_last) sizes.push_back(samples % batch);
  return sizes;
}

Batches::Batches(const Dataset& data, const BatchOptions& options)
    : Batches(data, numbers_below(data.samples().value_or(0)), options) {}

Batches::Batches(const Dataset& data, std::vector<int64_t> rows, const BatchOptions& options)
    : data_(data), rows_(std::move(rows)), options_(options), buffers_(data.inputs.size()) {
  for (const Input& input : data_.inputs) pointers_.push_back(input.values.data());
  const auto all = data_.samples();
  if (!all) return;
  const auto samples = static_cast<int64_t>(rows_.size());
  batch_ = full_batch(samples, options_);
  per_epoch_ = batch_ == 0 ? 0 : samples / batch_;
  if (batch_ > 0 && samples % batch_ > 0 && !options_.drop_last) ++per_epoch_;
  const bool single = per_epoch_ == 1 && batch_ == samples;
  options_.shuffle = options_.shuffle && !single;
  if (per_epoch_ == 0 || (single && rows_ == numbers_below(*all))) return;

  for (size_t i = 0; i < buffers_.size(); ++i) {
    const Input& input = data_.inputs[i];
    if (input.batch_axis < 0) continue;
    Shape shape = input.values.shape();
    shape[static_cast<size_t>(input.batch_axis)] = batch_;
    buffers_[i] = Tensor(input.values.type(), std::move(shape));
    pointers_[i] = buffers_[i].data();
  }
  if (options_.shuffle) {
    order_.resize(rows_.size());
    permutation_.resize(rows_.size());
  }
  if (single) gather(rows_);
}

Batches::Batch Batches::at(int64_t epoch, int64_t index) {
  if (batch_ == 0) return {1, pointers_};
  const auto samples = static_cast<int64_t>(rows_.size());
  const int64_t first = index * batch_;
  const int64_t size = std::min(batch_, samples - first);
  if (size == samples) return {size, pointers_};  // gathered once, or the data themselves
  if (options_.shuffle && ordered_epoch_ != epoch) {
    permute(permutation_, Random(options_.seed, "order of samples", static_cast<uint64_t>(epoch)));
    for (size_t i = 0; i < order_.size(); ++i) {
      order_[i] = rows_[static_cast<size_t>(permutation_[i])];
    }
    ordered_epoch_ = epoch;
  }
  const std::span<const int64_t> order = options_.shuffle ? order_ : rows_;
  gather(order.subspan(static_cast<size_t>(first), static_cast<size_t>(size)));
  return {size, pointers_};
}

void Batches::gather(std::span<const int64_t> rows) {
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const Input& input = data_.inputs[i];
    if (input.batch_axis >= 0) {
      gather_rows(input.values, input.batch_axis, rows, buffers_[i].data());
    }
  }
}

}  // namespace gradus::runtime
