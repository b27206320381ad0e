#include "runtime/threads.h"

#include <chrono>
#include <limits>

namespace gradus::runtime {

namespace {

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

// Returns once `value` is no longer `old`.
void wait_for_change(const std::atomic<uint32_t>& value, uint32_t old) {
  using Clock = std::chrono::steady_clock;
  constexpr auto spinning = std::chrono::microseconds(2);
  constexpr auto yielding = std::chrono::microseconds(50);
  const auto start = Clock::now();
  while (value.load(std::memory_order_acquire) == old) {
    const auto waited = Clock::now() - start;
    if (waited < spinning) {
      for (int i = 0; i < 8; ++i) pause();
    } else if (waited < yielding) {
      std::this_thread::yield();
    } else {
      value.wait(old, std::memory_order_acquire);
    }
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  ending_.store(true);
  generation_.fetch_add(1);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Task task, void* context, int64_t count) {
  const bool alone = workers_.empty() || count <= 1 ||
                     count > std::numeric_limits<int32_t>::max() || busy_.exchange(true);
  if (alone) {
    for (int64_t i = 0; i < count; ++i) task(context, i);
    return;
  }
  // Nobody holds a claim on the loop before: all its iterations are finished, and its ticket is
  // used up until the new one is stored.
  task_.store(task, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  count_.store(static_cast<uint32_t>(count), std::memory_order_relaxed);
  unfinished_.store(static_cast<uint32_t>(count), std::memory_order_relaxed);
  const uint32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  ticket_.store(uint64_t{generation} << 32, std::memory_order_release);
  generation_.store(generation);
  generation_.notify_all();

  finish(help(generation));
  for (uint32_t left = unfinished_.load(); left != 0; left = unfinished_.load()) {
    wait_for_change(unfinished_, left);
  }
  busy_.store(false);
}

uint32_t ThreadPool::help(uint32_t generation) {
  uint32_t done = 0;
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (ticket >> 32 == generation) {
    const Task task = task_.load(std::memory_order_relaxed);
    void* const context = context_.load(std::memory_order_relaxed);
    const auto index = static_cast<uint32_t>(ticket);
    if (index >= count_.load(std::memory_order_relaxed)) break;
    if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
      task(context, index);
      ++done;
      ticket = ticket_.load(std::memory_order_acquire);
    }
  }
  return done;
}

void ThreadPool::finish(uint32_t iterations) {
  if (iterations > 0 && unfinished_.fetch_sub(iterations) == iterations) {
    unfinished_.notify_one();
  }
}

void ThreadPool::work() {
  uint32_t seen = 0;
  while (true) {
    wait_for_change(generation_, seen);
    seen = generation_.load();
    if (ending_.load()) return;
    finish(help(seen));
  }
}

}  // namespace gradus::runtime

void gradus_parallel(gradus::runtime::ThreadPool* pool, void (*task)(void* context, int64_t index),
                     void* context, int64_t count) {
  if (pool) {
    pool->run(task, context, count);
  } else {
    for (int64_t i = 0; i < count; ++i) task(context, i);
  }
}
