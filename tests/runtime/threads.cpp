#include "runtime/threads.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

using namespace gradus::runtime;

namespace {

void mark(void* context, int64_t index) {
  ++(*static_cast<std::vector<std::atomic<int>>*>(context))[static_cast<size_t>(index)];
}

}  // namespace

TEST_CASE("every iteration is done once", "[threads]") {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (const size_t count : {0, 1, 2, 3, 64, 1000}) {
      for (int repeat = 0; repeat < 200; ++repeat) {
        std::vector<std::atomic<int>> done(count);
        gradus_parallel(&pool, mark, &done, static_cast<int64_t>(count));
        for (const auto& times : done) REQUIRE(times == 1);
      }
    }
  }
}

TEST_CASE("without a pool the caller does all, in order", "[threads]") {
  std::vector<int64_t> seen;
  gradus_parallel(
      nullptr,
      [](void* context, int64_t i) { static_cast<std::vector<int64_t>*>(context)->push_back(i); },
      &seen, 4);
  CHECK(seen == std::vector<int64_t>{0, 1, 2, 3});
}

TEST_CASE("a loop within a loop, and loops of two threads, are done too", "[threads]") {
  ThreadPool pool(2);
  struct Outer {
    ThreadPool* pool;
    std::vector<std::atomic<int>> done;
  } outer{&pool, std::vector<std::atomic<int>>(16)};
  const auto inner = [](void* context, int64_t) {
    auto* o = static_cast<Outer*>(context);
    gradus_parallel(o->pool, mark, &o->done, 16);
  };
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::thread other([&] { pool.run(inner, &outer, 4); });
    pool.run(inner, &outer, 4);
    other.join();
  }
  for (const auto& times : outer.done) CHECK(times == 50 * 8);
}
