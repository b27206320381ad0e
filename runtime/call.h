#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/batches.h"
#include "runtime/step.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// What a model carries from step to step: parameters, states, and optimizer states.
struct Variable {
  Role role = Role::parameter;
  std::string name;
  Tensor values;
};

struct Variables {
  std::vector<Variable> all;

  // Null where there is none of that role and name.
  Tensor* find(Role role, std::string_view name);
  const Tensor* find(Role role, std::string_view name) const;
  // Whether all parameters and states are finite numbers.
  bool finite() const;
};

// Scratch memory that calls share, since one runs after the other.
class Arena {
 public:
  void reserve(int64_t bytes);
  void* data() { return memory_.data(); }

 private:
  Tensor memory_;
};

// What a step is told of time and chance: `step` and `epoch` count from 0; random numbers are drawn
// by the seed and the number `draw`, which is the step, or that of a batch that is only evaluated.
struct Clock {
  uint64_t seed = 0;
  int64_t step = 0;
  int64_t epoch = 0;
  std::optional<int64_t> draw = std::nullopt;
};

// A step with memory behind all its slots. Its parameters and states are those of `variables`, its
// outputs its own; inputs are those of a data set by name, and numbers. What a slot asks for and
// nobody has, or has otherwise, is our mistake and ends the program.
//
// `step`, `variables`, `data`, `arena` and `pool` must outlive this; the memory of variables must
// stay where it is. `pool` may be null.
class Call {
 public:
  Call(const Step& step, Variables& variables, const Dataset& data, Arena& arena, ThreadPool* pool);

  // Sets the scalar input of that name; nothing happens where the step has none.
  void set(std::string_view name, double value);
  // Sets those that tell the time: `step`, `epoch`, and what random numbers are drawn by,
  // `draw:step`, `draw:low` and `draw:high`, the halves of the seed.
  void set(const Clock& clock);
  // Runs on a batch of the data set, which is of the size that the step is made for.
  void run(const Batches::Batch& batch);

  // Written by the last run; null where the step has no such output.
  const Tensor* output(std::string_view name) const;
  const Signature& slots() const { return step_.slots; }

 private:
  struct Source {
    size_t slot;
    size_t input;  // of the data set
  };
  struct Own {
    size_t slot;
    Tensor values;
  };

  const Step& step_;
  Arena& arena_;
  ThreadPool* pool_;
  std::vector<void*> pointers_;  // one a slot
  std::vector<Source> sources_;
  std::vector<Own> numbers_;
  std::vector<Own> outputs_;
};

}  // namespace gradus::runtime
