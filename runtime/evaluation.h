#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/batches.h"
#include "runtime/call.h"
#include "runtime/step.h"
#include "runtime/tensor_file.h"

namespace gradus::runtime {

// The steps that take one batch of that many samples, in turn, each with the weights that the one
// before left: one a `train` block, or one that evaluates.
struct Program {
  int64_t samples = 0;  // of a batch; 1 without a batch axis
  std::vector<Step> steps;
};

// Losses and metrics: the scalar outputs of steps, each name once. Averages weigh each batch by its
// samples.
class Averages {
 public:
  explicit Averages(std::span<const Program> programs);

  const std::vector<std::string>& names() const { return names_; }
  // −1 where there is none of that name.
  int find(std::string_view name) const;
  void clear();
  // Takes in what these calls wrote for a batch of that many samples. Of several that write the
  // same output, the first counts.
  void add(std::span<const Call> calls, int64_t samples);
  // What was taken in last, and the averages since `clear`; one number a name, 0 before any.
  std::span<const double> last() const { return last_; }
  std::span<const double> values() const { return values_; }
  int64_t samples() const { return samples_; }
  // The sums that averages are made of, one a name, and where to go on from them.
  std::span<const double> sums() const { return sums_; }
  void go_on(std::span<const double> sums, int64_t samples);

 private:
  std::vector<std::string> names_;
  std::vector<double> last_;
  std::vector<double> sums_;
  std::vector<double> values_;
  int64_t samples_ = 0;
};

// Programs for all the sizes of a data set's batches, with memory behind them.
class Calls {
 public:
  Calls(std::span<const Program> programs, Variables& variables, const Dataset& data, Arena& arena,
        ThreadPool* pool);

  // The calls for a batch of that many samples; where there is no program for it, our mistake ends
  // the program.
  std::span<Call> of(int64_t samples);

 private:
  struct Sized {
    int64_t samples;
    std::vector<Call> calls;
  };
  std::vector<Sized> sized_;
};

// Who takes what steps write beside scalars.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // What these calls wrote for the samples from `first`.
  virtual void take(std::span<const Call> calls, int64_t first, int64_t samples) = 0;
};

// Runs one epoch of batches at that time; the averages of its scalar outputs are then in
// `averages`. Random numbers are drawn by the clock's seed and each batch's number. `rows` may be
// null.
void evaluate(Calls& calls, Batches& batches, Averages& averages, const Clock& clock = {},
              RowSink* rows = nullptr);

// An output to be put together from batches, along its batch axis where it has one.
struct WantedOutput {
  std::string name;
  int batch_axis = -1;
};

// Puts together outputs of evaluation steps. `samples` is their number in all batches.
class Predictions : public RowSink {
 public:
  Predictions(std::vector<WantedOutput> wanted, int64_t samples);
  void take(std::span<const Call> calls, int64_t first, int64_t samples) override;
  // In the order in which they were asked for.
  std::vector<NamedTensor>& all() { return outputs_; }

 private:
  std::vector<WantedOutput> wanted_;
  std::vector<NamedTensor> outputs_;
  int64_t samples_;
};

}  // namespace gradus::runtime
