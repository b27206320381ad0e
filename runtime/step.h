#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tensor.h"

// What a compiled function is to those who call it, and what its code calls.
namespace gradus::runtime {

class ThreadPool;  // runtime/threads.h

// Parameters, states and optimizer states are read and updated in place; outputs are written; all
// else is input, also the scalars `step` and `epoch`, which count from 0.
enum class Role : uint8_t { input, parameter, state, optimizer_state, output };

// What the caller passes: a block of entries in the order of `shape`, row by row, that begins at a
// multiple of 64 bytes. A scalar has the empty shape.
struct Slot {
  std::string name;  // as in the model file, dotted in layers: `h.W`
  Role role = Role::input;
  Scalar type = Scalar::f32;
  Shape shape;
};

using Signature = std::vector<Slot>;

// The position of the slot of that role and name, −1 where there is none.
int find(const Signature& slots, Role role, std::string_view name);

// A compiled function of fixed shapes: a training step, an evaluation, a prediction.
struct Step {
  Signature slots;
  int64_t arena_bytes = 0;  // scratch memory, given by the caller; its content need not last
  int64_t arena_alignment = 64;
  // Computes everything once: one pointer a slot, in order; no two of them overlap, and none that
  // is written overlaps the arena. Allocates nothing. `pool` may be null: then one thread does all.
  void (*run)(void* const* slots, void* arena, ThreadPool* pool) = nullptr;
  std::shared_ptr<const void> code;  // what `run` lives in, e.g. the JIT; may be null
};

}  // namespace gradus::runtime

// Calls task(context, index) once for every 0 ≤ index < count, in any order and on any thread of
// the pool, and returns when all are done. For results of the same bits with any number of threads,
// what an index means must not depend on that number. A null pool does them in order.
extern "C" void gradus_parallel(gradus::runtime::ThreadPool* pool,
                                void (*task)(void* context, int64_t index), void* context,
                                int64_t count);
