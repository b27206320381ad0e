#include <catch2/catch.hpp>
#include <cmath>

#include "tests/codegen/reference.h"

namespace gradus::codegen {
namespace {

using kernel::Begin;
using kernel::Fold;
using kernel::Role;
using kernel::Scalar;

const int64_t extents[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 131};

TEST_CASE("an elementwise loop of any extent", "[nest]") {
  for (const Scalar real : {Scalar::f32, Scalar::f64}) {
    for (const int64_t n : extents) {
      Builder b(real);
      const int x = b.buffer(n);
      const int y = b.buffer(n);
      const int out = b.output(n);
      const int i = b.loop(n);
      const auto sum = b.map(Op::add, {b.load(x, at({{i, 1}})), b.load(y, at({{i, 1}}))});
      const auto scaled = b.map(Op::mul, {sum, b.literal(0.5)});
      b.nest({vector(i, {b.store(out, at({{i, 1}}), scaled)})});
      INFO("extent " << n);
      check(b.plan, {numbers(n, 1), numbers(n, 2), numbers(n, 3)}, 1e-6);
    }
  }
}

TEST_CASE("a broadcast row, a broadcast column and a scalar", "[nest]") {
  for (const int64_t n : extents) {
    const int64_t m = 5;
    Builder b;
    const int x = b.buffer(m * n);
    const int row = b.buffer(n);
    const int column = b.buffer(m);
    const int scale = b.buffer(1);
    const int out = b.output(m * n);
    const int i = b.loop(m);
    const int j = b.loop(n);
    auto value = b.map(Op::add, {b.load(x, at({{i, n}, {j, 1}})), b.load(row, at({{j, 1}}))});
    value = b.map(Op::mul, {value, b.load(column, at({{i, 1}}))});
    value = b.map(Op::sub, {value, b.load(scale, at({}))});
    b.nest({serial(i, {vector(j, {b.store(out, at({{i, n}, {j, 1}}), value)})})});
    check(b.plan,
          {numbers(m * n, 1), numbers(n, 2), numbers(m, 3), numbers(1, 4), numbers(m * n, 5)},
          1e-6);
  }
}

TEST_CASE("strides: a transpose, a flip, a slice, both ways round", "[nest]") {
  for (const int64_t n : {1, 3, 16, 37}) {
    const int64_t m = 6;
    Builder b;
    const int x = b.buffer(m * n);
    const int y = b.buffer(3 * n);
    const int across = b.output(m * n);
    const int flipped = b.output(m * n);
    const int i = b.loop(m);
    const int j = b.loop(n);
    const auto turned = b.load(x, at({{i, 1}, {j, m}}));
    const auto back = b.load(x, at({{i, n}, {j, -1}}, n - 1));
    const auto third = b.load(y, at({{j, 3}}, 1));
    b.nest(
        {serial(i, {vector(j, {b.store(across, at({{i, 1}, {j, m}}), b.map(Op::add, {back, third})),
                               b.store(flipped, at({{i, n}, {j, -1}}, n - 1), turned)})})});
    check(b.plan, {numbers(m * n, 1), numbers(3 * n, 2), numbers(m * n, 3), numbers(m * n, 4)}, 0);
  }
}

TEST_CASE("guards: a padded row and a padded matrix", "[nest]") {
  for (const int64_t n : extents) {
    const int64_t m = 4;
    Builder b;
    const int x = b.buffer(m * n);
    const int out = b.output((m + 2) * (n + 5));
    const int i = b.loop(m + 2);
    const int j = b.loop(n + 5);
    const auto value =
        b.load(x, at({{i, n}, {j, 1}}, -n - 3), {{at({{i, 1}}, -1), m}, {at({{j, 1}}, -3), n}}, -7);
    b.nest({serial(i, {vector(j, {b.store(out, at({{i, n + 5}, {j, 1}}), value)})})});
    INFO("extent " << n);
    check(b.plan, {numbers(m * n, 1), numbers((m + 2) * (n + 5), 2)}, 0);
  }
}

TEST_CASE("guards of a scalar loop, of a flip and of a stride", "[nest]") {
  const int64_t n = 21;
  Builder b;
  const int x = b.buffer(n);
  const int first = b.output(2 * n);
  const int second = b.output(2 * n);
  const int i = b.loop(2 * n);
  const int j = b.loop(2 * n);
  const auto one = b.load(x, at({{i, 1}}, -5), {{at({{i, 1}}, -5), n}}, 3);
  const auto two = b.load(x, at({{j, -1}}, 30), {{at({{j, -1}}, 30), n}}, 4);
  const auto three = b.load(x, at({{j, 2}}, -9), {{at({{j, 2}}, -9), n}}, 5);
  const auto four = b.load(x, at({}, 2), {{at({{j, 1}}, -4), 11}}, 6);
  const auto sum = b.map(Op::add, {b.map(Op::add, {two, three}), four});
  b.nest({serial(i, {b.store(first, at({{i, 1}}), one)}),
          vector(j, {b.store(second, at({{j, 1}}), sum)})});
  check(b.plan, {numbers(n, 1), numbers(2 * n, 2), numbers(2 * n, 3)}, 0);
}

TEST_CASE("folds of a vector: all kinds and extents", "[nest]") {
  for (const Fold fold : {Fold::sum, Fold::product, Fold::maximum, Fold::minimum}) {
    for (const int64_t n : extents) {
      Builder b;
      const int x = b.buffer(n);
      const int out = b.output(1);
      const int i = b.loop(n);
      const int sum = b.accumulate(fold);
      const auto loaded = b.load(x, at({{i, 1}}));
      b.nest({Begin{sum}, vector(i, {kernel::Accumulate{sum, loaded}}),
              b.store(out, at({}), b.accumulator(sum))});
      INFO("extent " << n << ", fold " << static_cast<int>(fold));
      check(b.plan, {numbers(n, 7), {0}}, 1e-5);
    }
  }
}

TEST_CASE("a fold over rows, over columns, and over both", "[nest]") {
  for (const int64_t m : {1, 3, 4, 5, 40}) {
    for (const int64_t n : {1, 2, 10, 16, 50, 131}) {
      Builder b;
      const int x = b.buffer(m * n);
      const int rows = b.output(m);
      const int columns = b.output(n);
      const int total = b.output(1);
      const int i = b.loop(m);
      const int j = b.loop(n);
      const int row = b.accumulate(Fold::sum);
      const int column = b.accumulate(Fold::maximum);
      const int all = b.accumulate(Fold::sum);
      const auto loaded = b.load(x, at({{i, n}, {j, 1}}));
      const auto squared = b.map(Op::mul, {loaded, loaded});
      b.nest({Begin{all},
              serial(i, {Begin{row},
                         vector(j, {kernel::Accumulate{row, loaded},
                                    kernel::Accumulate{all, squared}}),
                         b.store(rows, at({{i, 1}}), b.accumulator(row))}),
              b.store(total, at({}), b.accumulator(all)),
              vector(j, {Begin{column}, serial(i, {kernel::Accumulate{column, squared}}),
                         b.store(columns, at({{j, 1}}), b.accumulator(column))})});
      INFO(m << " by " << n);
      check(b.plan, {numbers(m * n, 1), numbers(m, 2), numbers(n, 3), {0}}, 1e-5);
    }
  }
}

TEST_CASE("softmax by three loops over a row", "[nest]") {
  for (const int64_t n : {1, 3, 10, 16, 37, 128}) {
    const int64_t m = 6;
    Builder b;
    const int x = b.buffer(m * n);
    const int out = b.output(m * n);
    const int i = b.loop(m);
    const int j = b.loop(n);
    const int largest = b.accumulate(Fold::maximum);
    const int sum = b.accumulate(Fold::sum);
    const auto loaded = b.load(x, at({{i, n}, {j, 1}}));
    const auto shifted = b.map(Op::sub, {loaded, b.accumulator(largest)});
    const auto weight = b.map(Op::exp, {shifted});
    const auto share = b.map(Op::div, {weight, b.accumulator(sum)});
    b.nest({serial(i, {Begin{largest}, vector(j, {kernel::Accumulate{largest, loaded}}), Begin{sum},
                       vector(j, {kernel::Accumulate{sum, weight}}),
                       vector(j, {b.store(out, at({{i, n}, {j, 1}}), share)})})});
    check(b.plan, {numbers(m * n, 1), numbers(m * n, 2)}, 1e-6);
  }
}

TEST_CASE("NaN wins in maximum and minimum", "[nest]") {
  for (const Fold fold : {Fold::maximum, Fold::minimum}) {
    for (int64_t place = 0; place < 40; place += 3) {
      Builder b;
      const int64_t n = 40;
      const int x = b.buffer(n);
      const int out = b.output(1);
      const int i = b.loop(n);
      const int sum = b.accumulate(fold);
      const auto loaded = b.load(x, at({{i, 1}}));
      b.nest({Begin{sum}, vector(i, {kernel::Accumulate{sum, loaded}}),
              b.store(out, at({}), b.accumulator(sum))});
      Entries input = numbers(n, 1);
      input[static_cast<size_t>(place)] = NAN;
      check(b.plan, {input, {0}}, 0);
    }
  }
}

TEST_CASE("booleans: comparisons, any, all, stores and loads of bytes", "[nest]") {
  for (const int64_t n : {1, 5, 16, 40}) {
    Builder b;
    const int x = b.buffer(n);
    const int flags = b.buffer(n, Role::input, Scalar::u8);
    const int out = b.buffer(n, Role::output, Scalar::u8);
    const int reals = b.output(n);
    const int results = b.buffer(2, Role::output, Scalar::u8);
    const int i = b.loop(n);
    const int any = b.accumulate(Fold::any, Scalar::u8);
    const int all = b.accumulate(Fold::all, Scalar::u8);
    const auto loaded = b.load(x, at({{i, 1}}));
    const auto large = b.map(Op::gt, {loaded, b.literal(1.5)});
    const auto flag = b.load(flags, at({{i, 1}}));
    const auto both = b.map(Op::logical_or, {large, b.map(Op::logical_not, {flag})});
    const auto chosen = b.map(Op::select, {both, loaded, b.map(Op::to_real, {flag})});
    b.nest({Begin{any}, Begin{all},
            vector(i, {b.store(out, at({{i, 1}}), both), b.store(reals, at({{i, 1}}), chosen),
                       kernel::Accumulate{any, large}, kernel::Accumulate{all, both}}),
            b.store(results, at({}), b.accumulator(any)),
            b.store(results, at({}, 1), b.accumulator(all))});
    check(b.plan,
          {numbers(n, 1), whole_numbers(n, 2, 2), whole_numbers(n, 2, 3), numbers(n, 4), {0, 0}},
          0);
  }
}

TEST_CASE("positions and the first of the largest", "[nest]") {
  for (const int64_t n : {1, 4, 10, 16, 33}) {
    const int64_t m = 3;
    Builder b;
    const int x = b.buffer(m * n);
    const int out = b.buffer(m, Role::output, Scalar::i32);
    const int i = b.loop(m);
    const int j = b.loop(n);
    const int largest = b.accumulate(Fold::maximum);
    const int first = b.accumulate(Fold::minimum, Scalar::i32);
    const auto loaded = b.load(x, at({{i, n}, {j, 1}}));
    const auto reached = b.map(Op::eq, {loaded, b.accumulator(largest)});
    const auto place =
        b.map(Op::select, {reached, b.position(at({{j, 1}})), b.literal(INT32_MAX, Scalar::i32)});
    b.nest({serial(i, {Begin{largest}, vector(j, {kernel::Accumulate{largest, loaded}}),
                       Begin{first}, vector(j, {kernel::Accumulate{first, place}}),
                       b.store(out, at({{i, 1}}), b.accumulator(first))})});
    Entries input = whole_numbers(m * n, 5, 3);
    check(b.plan, {input, Entries(static_cast<size_t>(m), 0)}, 0);
  }
}

TEST_CASE("gathers by data, of rows and of entries, and a scatter that adds", "[nest]") {
  for (const int64_t n : {1, 5, 16, 40}) {
    const int64_t rows = 7;
    const int64_t width = 9;
    Builder b;
    const int table = b.buffer(rows * width);
    const int chosen = b.buffer(n, Role::input, Scalar::i32);
    const int copied = b.output(n * width);
    const int entries = b.output(n);
    const int sums = b.buffer(rows * width, Role::state);
    const int i = b.loop(n);
    const int j = b.loop(width);
    const auto row = b.load(chosen, at({{i, 1}}));
    const auto value = b.gather(table, at({{j, 1}}), row, width);
    const auto entry = b.gather(table, at({}, 2), row, width);
    auto scatter = b.store(sums, at({{j, 1}}), value, true);
    scatter.access.by_data = {{row, width}};
    b.nest({serial(i, {vector(j, {b.store(copied, at({{i, width}, {j, 1}}), value)})}),
            vector(i, {b.store(entries, at({{i, 1}}), entry)}), serial(i, {serial(j, {scatter})})});
    check(b.plan,
          {numbers(rows * width, 1), whole_numbers(n, rows, 2), numbers(n * width, 3),
           numbers(n, 4), numbers(rows * width, 5)},
          1e-6);
  }
}

TEST_CASE("a serial loop inside a vector loop keeps lanes", "[nest]") {
  for (const int64_t n : {1, 6, 16, 35}) {
    const int64_t steps = 5;
    Builder b;
    const int x = b.buffer(steps * n);
    const int out = b.output(steps * n);
    const int j = b.loop(n);
    const int t = b.loop(steps);
    const int sofar = b.accumulate(Fold::sum);
    b.nest({vector(j, {Begin{sofar},
                       serial(t, {kernel::Accumulate{sofar, b.load(x, at({{t, n}, {j, 1}}))}}),
                       b.store(out, at({{j, 1}}), b.accumulator(sofar))}),
            vector(j, {serial(t, {b.store(out, at({{t, n}, {j, 1}}, 0),
                                          b.map(Op::neg, {b.load(x, at({{t, n}, {j, 1}}))}))})})});
    check(b.plan, {numbers(steps * n, 1), numbers(steps * n, 2)}, 1e-6);
  }
}

TEST_CASE("values pass between kernels in the arena", "[nest]") {
  const int64_t n = 50;
  Builder b;
  const int x = b.buffer(n);
  const int between = b.scratch(n);
  const int out = b.output(n);
  int i = b.loop(n);
  b.nest({vector(i, {b.store(between, at({{i, 1}}), b.map(Op::neg, {b.load(x, at({{i, 1}}))}))})});
  b.plan.kernels.emplace_back();
  i = b.loop(n);
  b.nest(
      {vector(i, {b.store(out, at({{i, 1}}), b.map(Op::neg, {b.load(between, at({{i, 1}}))}))})});
  check(b.plan, {numbers(n, 1), numbers(n, 2)}, 1e-5);
  // Equal but for their buffers: one function serves both.
  const std::string text = dump_llvm(b.plan);
  size_t functions = 0;  // the step and the kernel
  for (size_t at = text.find("\ndefine "); at != std::string::npos;
       at = text.find("\ndefine ", at + 1)) {
    ++functions;
  }
  CHECK(functions == 2);
}

}  // namespace
}  // namespace gradus::codegen
