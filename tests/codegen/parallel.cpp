#include <catch2/catch.hpp>

#include "runtime/threads.h"
#include "tests/codegen/reference.h"

namespace gradus::codegen {
namespace {

using kernel::Begin;
using kernel::Fold;
using kernel::Role;
using kernel::Scalar;

bool calls_pool(const kernel::Plan& plan) {
  return dump_llvm(plan).find("call void @gradus_parallel") != std::string::npos;
}

TEST_CASE("rows in parallel: softmax, the same bits by any number of threads", "[parallel]") {
  runtime::ThreadPool two(2);
  runtime::ThreadPool three(3);
  for (const int64_t m : {37, 300, 2001}) {
    const int64_t n = 130;
    Builder b;
    const int x = b.buffer(m * n);
    const int out = b.output(m * n);
    const int i = b.loop(m);
    const int j = b.loop(n);
    const int largest = b.accumulate(Fold::maximum);
    const int sum = b.accumulate(Fold::sum);
    const auto loaded = b.load(x, at({{i, n}, {j, 1}}));
    const auto weight = b.map(Op::exp, {b.map(Op::sub, {loaded, b.accumulator(largest)})});
    const auto share = b.map(Op::div, {weight, b.accumulator(sum)});
    b.nest({parallel(i, {Begin{largest}, vector(j, {kernel::Accumulate{largest, loaded}}),
                         Begin{sum}, vector(j, {kernel::Accumulate{sum, weight}}),
                         vector(j, {b.store(out, at({{i, n}, {j, 1}}), share)})})});
    const std::vector<Entries> slots = {numbers(m * n, 1), numbers(m * n, 2)};
    if (m > 1000) CHECK(calls_pool(b.plan));
    const auto alone = run(b.plan, slots);
    compare(alone, interpret(b.plan, slots), 1e-6);
    CHECK(run(b.plan, slots, {}, &two) == alone);
    CHECK(run(b.plan, slots, {}, &three) == alone);
  }
}

TEST_CASE("a parallel loop reads sums that were folded before it", "[parallel]") {
  runtime::ThreadPool pool(2);
  const int64_t m = 400;
  const int64_t n = 700;
  Builder b;
  const int x = b.buffer(m * n);
  const int out = b.output(m * n);
  const int flags = b.buffer(1, Role::output, Scalar::u8);
  const int i = b.loop(m);
  const int j = b.loop(n);
  const int sum = b.accumulate(Fold::sum);
  const int any = b.accumulate(Fold::any, Scalar::u8);
  const auto loaded = b.load(x, at({{i, n}, {j, 1}}));
  const auto positive = b.map(Op::gt, {loaded, b.literal(0)});
  const auto mean = b.map(Op::div, {b.accumulator(sum), b.literal(static_cast<double>(m * n))});
  const auto value =
      b.map(Op::select, {b.accumulator(any), b.map(Op::sub, {loaded, mean}), b.literal(0)});
  b.nest(
      {Begin{sum}, Begin{any},
       serial(i, {vector(j, {kernel::Accumulate{sum, loaded}, kernel::Accumulate{any, positive}})}),
       b.store(flags, at({}), b.accumulator(any)),
       parallel(i, {vector(j, {b.store(out, at({{i, n}, {j, 1}}), value)})})});
  CHECK(calls_pool(b.plan));
  const std::vector<Entries> slots = {numbers(m * n, 1), numbers(m * n, 2), {0}};
  const auto alone = run(b.plan, slots);
  compare(alone, interpret(b.plan, slots), 1e-5);
  CHECK(run(b.plan, slots, {}, &pool) == alone);
}

TEST_CASE("little work is not handed to threads", "[parallel]") {
  Builder b;
  const int x = b.buffer(60);
  const int out = b.output(60);
  const int i = b.loop(6);
  const int j = b.loop(10);
  const auto loaded = b.load(x, at({{i, 10}, {j, 1}}));
  b.nest({parallel(i, {vector(j, {b.store(out, at({{i, 10}, {j, 1}}), loaded)})})});
  CHECK_FALSE(calls_pool(b.plan));
  check(b.plan, {numbers(60, 1), numbers(60, 2)}, 0);
}

TEST_CASE("kernels compiled in several parts make the same step", "[parallel]") {
  const int64_t n = 100;
  Builder b;
  const int x = b.buffer(n);
  int from = x;
  for (const Op op : {Op::tanh, Op::erf, Op::exp, Op::log1p, Op::sigmoid, Op::softplus, Op::sin,
                      Op::tanh, Op::log1p, Op::cos, Op::expm1, Op::erf, Op::sinh, Op::tanh}) {
    const int i = b.loop(n);
    const int to = b.scratch(n);
    const auto value = b.map(op, {b.map(Op::abs, {b.load(from, at({{i, 1}}))})});
    b.nest({vector(i, {b.store(to, at({{i, 1}}), value)})});
    b.plan.kernels.emplace_back();
    b.kernel().name = "kernel";
    from = to;
  }
  const int out = b.output(n);
  const int i = b.loop(n);
  b.nest({vector(i, {b.store(out, at({{i, 1}}), b.load(from, at({{i, 1}})))})});
  const std::vector<Entries> slots = {numbers(n, 1), numbers(n, 2)};
  const auto alone = run(b.plan, slots, {"", "", 1});
  compare(alone, interpret(b.plan, slots), 1e-5);
  CHECK(run(b.plan, slots, {"", "", 2}) == alone);
  CHECK(run(b.plan, slots, {"", "", 3}) == alone);
}

}  // namespace
}  // namespace gradus::codegen
