#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/step.h"

namespace gradus::runtime {

// Threads that share the iterations of one loop at a time. Between loops they watch for the next
// one: 2 µs at full speed, then up to 50 µs letting others run, then asleep.
class ThreadPool {
 public:
  using Task = void (*)(void* context, int64_t index);

  // With `threads` threads in all, the caller's among them; 1 starts none.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // As gradus_parallel. A loop that begins while another runs, from a task or from another thread,
  // is done by its caller alone.
  void run(Task task, void* context, int64_t count);

 private:
  void work();
  // Does iterations of the loop `generation` until none is left to begin; how many it did.
  uint32_t help(uint32_t generation);
  void finish(uint32_t iterations);

  // The loop to be done. The fields are written only while nobody can claim an iteration.
  std::atomic<Task> task_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<uint32_t> count_{0};
  // Generation in the high half, the next iteration in the low half: one exchange claims an
  // iteration and proves that the loop is still the one whose fields were read.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<uint32_t> generation_{0};
  alignas(64) std::atomic<uint32_t> unfinished_{0};
  std::atomic<bool> busy_{false};
  std::atomic<bool> ending_{false};
  std::vector<std::thread> workers_;
};

}  // namespace gradus::runtime
