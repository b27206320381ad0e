#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// The data of one input of the model, in the type that the model computes with.
struct Input {
  std::string name;
  Tensor values;
  int batch_axis = -1;  // −1: used whole in every step
};

// The data of all inputs. Those with a batch axis have as many samples along it as each other.
struct Dataset {
  std::vector<Input> inputs;

  // Nothing without a batch axis.
  std::optional<int64_t> samples() const;
  // The position of an input, −1 where there is none of that name.
  int find(std::string_view name) const;
};

// An error that names two inputs with different numbers of samples.
std::optional<Error> check_samples(const Dataset& data);

// A share of the samples is held out, chosen by the seed: at least one where the share is above 0,
// and never all. Both lists ascend.
struct Split {
  std::vector<int64_t> training;
  std::vector<int64_t> validation;
};
Split split(int64_t samples, double share, uint64_t seed);

struct BatchOptions {
  int64_t batch = 0;  // samples in a batch; 0 for all
  bool shuffle = true;
  bool drop_last = false;  // leave out the last batch of an epoch where it is smaller
  uint64_t seed = 0;
};

// The sizes of the batches of an epoch, each once, the larger first. Empty where there is none.
std::vector<int64_t> batch_sizes(int64_t samples, const BatchOptions& options);

// Cuts samples of a data set into batches, in an order that is a function of seed and epoch. Memory
// is taken once; a single batch of all the samples in a row is the data set's own memory. A single
// batch is not shuffled, since its order means nothing.
class Batches {
 public:
  // Of these samples; of a data set without a batch axis, `rows` is not looked at, and every epoch
  // is one batch. The data set must outlive this.
  Batches(const Dataset& data, std::vector<int64_t> rows, const BatchOptions& options);
  // Of all samples.
  Batches(const Dataset& data, const BatchOptions& options);

  int64_t per_epoch() const { return per_epoch_; }
  const Dataset& data() const { return data_; }

  struct Batch {
    int64_t samples = 0;                  // 1 without a batch axis
    std::span<const void* const> inputs;  // one an input of the data set, in its order
  };
  // Batch `index` of that epoch, valid until the next call.
  Batch at(int64_t epoch, int64_t index);

 private:
  void gather(std::span<const int64_t> rows);

  const Dataset& data_;
  std::vector<int64_t> rows_;
  BatchOptions options_;
  int64_t batch_ = 0;
  int64_t per_epoch_ = 1;
  std::optional<int64_t> ordered_epoch_;  // that of order_
  std::vector<int64_t> order_;            // rows_ as shuffled
  std::vector<int64_t> permutation_;
  std::vector<Tensor> buffers_;  // of the inputs with a batch axis
  std::vector<const void*> pointers_;
};

}  // namespace gradus::runtime
