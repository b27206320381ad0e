#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "runtime/threads.h"
#include "tests/codegen/reference.h"

namespace gradus::codegen {
namespace {

using kernel::ExprId;
using kernel::Fold;
using kernel::Index;
using kernel::Loop;
using kernel::Role;
using kernel::Scalar;
using kernel::Statement;

// A nest by chance: loops of all marks, expressions over what is in scope, each store to a buffer
// of its own.
class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed), b_(pick(4) == 0 ? Scalar::f64 : Scalar::f32) {
    const int64_t extents[] = {1, 2, 3, 4, 5, 8, 10, 16, 17, 33, 40, 0};
    const int loops = 2 + pick(3);
    for (int i = 0; i < loops; ++i) b_.loop(extents[pick(pick(5) == 0 ? 12 : 11)]);
    b_.nest(body(0, false));
  }
  const kernel::Plan& plan() const { return b_.plan; }
  const std::vector<Entries>& slots() const { return slots_; }

 private:
  int pick(int count) { return static_cast<int>(random_() % static_cast<uint64_t>(count)); }
  int64_t extent(int loop) { return b_.kernel().loops[static_cast<size_t>(loop)]; }

  int buffer(int64_t size, Role role, Scalar type) {
    slots_.push_back(type == Scalar::f32 || type == Scalar::f64
                         ? numbers(size, random_())
                         : whole_numbers(size, type == Scalar::u8 ? 2 : 3, random_()));
    return b_.buffer(size, role, type);
  }

  // The entries that an index reaches, as bounds of the loops say.
  std::pair<int64_t, int64_t> range(const Index& index) {
    int64_t low = index.offset;
    int64_t high = index.offset;
    for (const Index::Term& term : index.terms) {
      const int64_t last = std::max<int64_t>(extent(term.loop) - 1, 0) * term.coefficient;
      (last < 0 ? low : high) += last;
    }
    return {low, high};
  }

  // Some of the loops in scope, with coefficients of every kind.
  Index some_index() {
    Index index;
    for (const int loop : scope_) {
      const int64_t coefficients[] = {0, 0, 1, 1, 1, -1, 2, 7, extent(loop) + 3};
      const int64_t coefficient = coefficients[pick(9)];
      if (coefficient != 0) index.terms.push_back({loop, coefficient});
    }
    std::sort(index.terms.begin(), index.terms.end(),
              [](const auto& x, const auto& y) { return x.loop < y.loop; });
    return index;
  }

  ExprId load() {
    Index index = some_index();
    const auto [low, high] = range(index);
    index.offset -= low;
    const int64_t size = high - low + 1;
    if (pick(3) > 0) return b_.load(buffer(size, Role::input, b_.real), index);
    // Part of the entries are there, the guard is of the same index.
    const int64_t there = 1 + static_cast<int64_t>(random_() % static_cast<uint64_t>(size));
    index.offset -= static_cast<int64_t>(random_() % static_cast<uint64_t>(size));
    return b_.load(buffer(there, Role::input, b_.real), index, {{index, there}}, 0.75);
  }

  ExprId gather() {
    Index place = some_index();
    place.offset -= range(place).first;
    const int chosen = buffer(range(place).second + 1, Role::input, Scalar::i32);
    const ExprId which = b_.load(chosen, place);
    Index index = some_index();
    index.offset -= range(index).first;
    const int64_t stride = 1 + pick(3);
    const int table = buffer(range(index).second + 1 + 2 * stride, Role::input, b_.real);
    return b_.gather(table, index, which, stride);
  }

  ExprId value(int depth) {
    if (depth == 0) {
      switch (pick(6)) {
        case 0:
          return b_.literal(0.5 * pick(5) - 1);
        case 1:
          if (!finished_.empty())
            return finished_[static_cast<size_t>(pick(static_cast<int>(finished_.size())))];
          return load();
        case 2:
          return b_.map(Op::mul,
                        {b_.map(Op::to_real, {b_.position(some_index())}), b_.literal(0x1p-7)});
        case 3:
          return gather();
        default:
          return load();
      }
    }
    const Op two[] = {Op::add, Op::sub, Op::max, Op::min};
    switch (pick(5)) {
      case 0: {
        const ExprId test = b_.map(Op::lt, {value(0), value(depth - 1)});
        return b_.map(Op::select, {test, value(0), value(depth - 1)});
      }
      case 1:
        return b_.map(Op::tanh, {value(depth - 1)});
      default: {
        const ExprId x = value(depth - 1);
        return b_.map(two[pick(4)], {x, value(0)});
      }
    }
  }

  // To a buffer of its own, one entry an iteration, its axes in any order.
  kernel::Store store(ExprId value) {
    std::vector<int> order = scope_;
    std::shuffle(order.begin(), order.end(), random_);
    Index index;
    int64_t size = 1;
    for (const int loop : order) {
      const bool back = pick(6) == 0;
      index.terms.push_back({loop, back ? -size : size});
      if (back) index.offset += size * std::max<int64_t>(extent(loop) - 1, 0);
      size *= std::max<int64_t>(extent(loop), 1);
    }
    std::sort(index.terms.begin(), index.terms.end(),
              [](const auto& x, const auto& y) { return x.loop < y.loop; });
    const int to = buffer(size, Role::output, b_.real);
    return b_.store(to, index, value, pick(6) == 0 && !in_vector_ && !in_parallel_);
  }

  std::vector<int> free_loops() {
    std::vector<int> left;
    for (int loop = 0; loop < static_cast<int>(b_.kernel().loops.size()); ++loop) {
      if (std::find(scope_.begin(), scope_.end(), loop) == scope_.end()) left.push_back(loop);
    }
    return left;
  }

  Loop::Mark mark(bool folds) {
    if (scope_.empty() && !folds && pick(3) == 0) return Loop::Mark::parallel;
    return !in_vector_ && pick(2) == 0 ? Loop::Mark::vector : Loop::Mark::serial;
  }

  template <typename Body>
  Loop loop(int number, Loop::Mark mark, Body body) {
    const bool vector = in_vector_;
    const bool parallel = in_parallel_;
    in_vector_ = in_vector_ || mark == Loop::Mark::vector;
    in_parallel_ = in_parallel_ || mark == Loop::Mark::parallel;
    scope_.push_back(number);
    const size_t known = finished_.size();
    Loop made{number, mark, body()};
    finished_.resize(known);
    scope_.pop_back();
    in_vector_ = vector;
    in_parallel_ = parallel;
    return made;
  }

  // A fold over one or two loops, read afterwards.
  void fold(std::vector<Statement>& body) {
    const std::vector<int> left = free_loops();
    if (left.empty()) return;
    const Fold folds[] = {Fold::sum, Fold::maximum, Fold::minimum};
    const int number = b_.accumulate(folds[pick(3)]);
    const int over = left[static_cast<size_t>(pick(static_cast<int>(left.size())))];
    body.emplace_back(kernel::Begin{number});
    body.emplace_back(loop(over, mark(true), [&] {
      std::vector<Statement> inside;
      const std::vector<int> more = free_loops();
      if (!more.empty() && pick(2) == 0) {
        inside.emplace_back(loop(more[0], mark(true), [&] {
          return std::vector<Statement>{kernel::Accumulate{number, value(1)}};
        }));
      } else {
        inside.emplace_back(kernel::Accumulate{number, value(2)});
      }
      return inside;
    }));
    finished_.push_back(b_.accumulator(number));
  }

  std::vector<Statement> body(int depth, bool must_store) {
    std::vector<Statement> made;
    if (pick(2) == 0) fold(made);
    const std::vector<int> left = free_loops();
    if (!left.empty() && (depth == 0 || pick(3) > 0)) {
      const int over = left[static_cast<size_t>(pick(static_cast<int>(left.size())))];
      made.emplace_back(loop(over, mark(false), [&] { return body(depth + 1, true); }));
    }
    if (pick(3) == 0) fold(made);
    if (must_store || pick(2) == 0) made.emplace_back(store(value(2)));
    return made;
  }

  std::mt19937_64 random_;
  Builder b_;
  std::vector<Entries> slots_;
  std::vector<int> scope_;
  std::vector<ExprId> finished_;
  bool in_vector_ = false;
  bool in_parallel_ = false;
};

TEST_CASE("nests by chance do what the interpreter does", "[random]") {
  runtime::ThreadPool pool(2);
  const char* processors[] = {"", "haswell", "x86-64"};
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const Chance chance(seed);
    INFO("seed " << seed);
    const auto found = run(chance.plan(), chance.slots(), {processors[seed % 3], "", 1}, &pool);
    compare(found, interpret(chance.plan(), chance.slots()), 1e-4);
  }
}

}  // namespace
}  // namespace gradus::codegen
