#include "tests/codegen/reference.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

#include "compiler/graph/draw.h"

namespace gradus::codegen {

using kernel::Expr;
using kernel::ExprId;
using kernel::Scalar;
using kernel::Statement;

namespace {

double rounded(double value, Scalar type) {
  return type == Scalar::f32 ? static_cast<double>(static_cast<float>(value)) : value;
}

class Interpreter {
 public:
  Interpreter(const kernel::Plan& plan, std::vector<Entries>& memory)
      : plan_(plan), memory_(memory) {}

  void run(const kernel::Kernel& kernel) {
    kernel_ = &kernel;
    loops_.assign(kernel.loops.size(), 0);
    sums_.assign(kernel.accumulators.size(), 0);
    if (const auto* nest = std::get_if<kernel::Nest>(&kernel.body)) {
      body(nest->body);
    } else {
      contract(std::get<kernel::Contraction>(kernel.body), 0);
    }
  }

 private:
  int64_t at(const kernel::Index& index) const {
    int64_t sum = index.offset;
    for (const auto& term : index.terms) {
      sum += term.coefficient * loops_[static_cast<size_t>(term.loop)];
    }
    return sum;
  }
  double& entry(const kernel::Access& access) {
    int64_t position = at(access.index);
    for (const auto& [place, stride] : access.by_data) {
      position += stride * static_cast<int64_t>(value(place));
    }
    return memory_[static_cast<size_t>(access.buffer)].at(static_cast<size_t>(position));
  }
  double value(ExprId id) {
    const Expr& expr = kernel_->exprs[static_cast<size_t>(id)];
    switch (expr.kind) {
      case Expr::Kind::literal:
        return rounded(expr.literal, expr.type);
      case Expr::Kind::position:
        return static_cast<double>(at(expr.index));
      case Expr::Kind::load:
        for (const auto& guard : expr.guards) {
          if (at(guard.index) < 0 || at(guard.index) >= guard.extent) return expr.literal;
        }
        return entry(expr.access);
      case Expr::Kind::map: {
        double x[3] = {};
        for (size_t i = 0; i < expr.operands.size(); ++i) x[i] = value(expr.operands[i]);
        return rounded(map_of(expr.op).value(x[0], x[1], x[2]), expr.type);
      }
      case Expr::Kind::accumulator:
        return rounded(sums_[static_cast<size_t>(expr.number)], expr.type);
      case Expr::Kind::contraction:
        return rounded(contracted_, expr.type);
      case Expr::Kind::random: {
        const auto word = [&](size_t k) {
          return static_cast<uint32_t>(static_cast<int64_t>(value(expr.operands[k])));
        };
        return rounded(drawn(expr.draw, {word(0), word(1), word(2),
                                         static_cast<uint32_t>(expr.number), word(3), word(4)}),
                       expr.type);
      }
    }
    return 0;
  }
  void fold(const kernel::Accumulate& statement) {
    double& sum = sums_[static_cast<size_t>(statement.accumulator)];
    const double x = value(statement.value);
    switch (kernel_->accumulators[static_cast<size_t>(statement.accumulator)].fold) {
      case kernel::Fold::sum:
        sum += x;
        return;
      case kernel::Fold::product:
        sum *= x;
        return;
      case kernel::Fold::maximum:
        sum = map_of(Op::max).value(sum, x, 0);
        return;
      case kernel::Fold::minimum:
        sum = map_of(Op::min).value(sum, x, 0);
        return;
      case kernel::Fold::any:
        sum = sum != 0 || x != 0;
        return;
      case kernel::Fold::all:
        sum = sum != 0 && x != 0;
        return;
    }
  }
  void begin(int number) {
    const auto& by = kernel_->accumulators[static_cast<size_t>(number)];
    double& sum = sums_[static_cast<size_t>(number)];
    switch (by.fold) {
      case kernel::Fold::sum:
      case kernel::Fold::any:
        sum = 0;
        return;
      case kernel::Fold::product:
      case kernel::Fold::all:
        sum = 1;
        return;
      case kernel::Fold::maximum:
        sum = by.type == Scalar::i32 ? INT32_MIN : -INFINITY;
        return;
      case kernel::Fold::minimum:
        sum = by.type == Scalar::i32 ? INT32_MAX : INFINITY;
        return;
    }
  }
  void store(const kernel::Store& store) {
    const double x = value(store.value);
    double& place = entry(store.access);
    const Scalar type = plan_.buffers[static_cast<size_t>(store.access.buffer)].type;
    place = rounded(store.add ? place + x : x, type);
  }
  void body(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) {
      if (const auto* one = std::get_if<kernel::Begin>(&statement)) begin(one->accumulator);
      if (const auto* one = std::get_if<kernel::Accumulate>(&statement)) fold(*one);
      if (const auto* one = std::get_if<kernel::Store>(&statement)) store(*one);
      if (const auto* one = std::get_if<kernel::Loop>(&statement)) {
        int64_t& index = loops_[static_cast<size_t>(one->number)];
        const int64_t extent = kernel_->loops[static_cast<size_t>(one->number)];
        for (index = 0; index < extent; ++index) body(one->body);
      }
    }
  }
  void contract(const kernel::Contraction& of, size_t level) {
    if (level < of.batch.size() + 2) {
      const int loop = level < of.batch.size()    ? of.batch[level]
                       : level == of.batch.size() ? of.m
                                                  : of.n;
      int64_t& index = loops_[static_cast<size_t>(loop)];
      for (index = 0; index < kernel_->loops[static_cast<size_t>(loop)]; ++index) {
        contract(of, level + 1);
      }
      return;
    }
    const auto start = [&](const kernel::Contraction::Operand& operand) {
      int64_t position = operand.offset;
      for (size_t i = 0; i < of.batch.size(); ++i) {
        position += operand.batch_strides[i] * loops_[static_cast<size_t>(of.batch[i])];
      }
      return position;
    };
    const Entries& a = memory_[static_cast<size_t>(of.a.buffer)];
    const Entries& b = memory_[static_cast<size_t>(of.b.buffer)];
    const int64_t a0 = start(of.a) + of.a.outer_stride * loops_[static_cast<size_t>(of.m)];
    const int64_t b0 = start(of.b) + of.b.inner_stride * loops_[static_cast<size_t>(of.n)];
    contracted_ = 0;
    for (int64_t k = 0; k < of.k; ++k) {
      contracted_ += a.at(static_cast<size_t>(a0 + k * of.a.inner_stride)) *
                     b.at(static_cast<size_t>(b0 + k * of.b.outer_stride));
    }
    for (const kernel::Store& one : of.epilogue) store(one);
  }

  const kernel::Plan& plan_;
  std::vector<Entries>& memory_;
  const kernel::Kernel* kernel_ = nullptr;
  std::vector<int64_t> loops_;
  std::vector<double> sums_;
  double contracted_ = 0;
};

int64_t size_of(const kernel::Plan& plan, size_t slot) {
  for (const kernel::Buffer& buffer : plan.buffers) {
    if (buffer.slot == static_cast<int>(slot)) return buffer.size;
  }
  return 0;
}

// Memory that ends where the entries do, with a known pattern behind them.
template <typename T>
std::vector<char> packed(const Entries& entries) {
  std::vector<char> raw(entries.size() * sizeof(T) + 128, 0x5a);
  for (size_t i = 0; i < entries.size(); ++i) {
    const T value = static_cast<T>(entries[i]);
    std::memcpy(raw.data() + 64 + i * sizeof(T), &value, sizeof(T));
  }
  return raw;
}

template <typename T>
Entries unpacked(const std::vector<char>& raw, size_t count) {
  Entries entries;
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, raw.data() + 64 + i * sizeof(T), sizeof(T));
    entries.push_back(static_cast<double>(value));
  }
  // Nobody wrote before or behind it.
  const auto untouched = [](char byte) { return byte == 0x5a; };
  CHECK(std::all_of(raw.begin(), raw.begin() + 64, untouched));
  CHECK(std::all_of(raw.begin() + static_cast<ptrdiff_t>(64 + count * sizeof(T)), raw.end(),
                    untouched));
  return entries;
}

std::vector<char> pack(const Entries& entries, Scalar type) {
  switch (type) {
    case Scalar::f32:
      return packed<float>(entries);
    case Scalar::f64:
      return packed<double>(entries);
    case Scalar::i32:
      return packed<int32_t>(entries);
    case Scalar::u8:
      return packed<uint8_t>(entries);
  }
  return {};
}

Entries unpack(const std::vector<char>& raw, Scalar type, size_t count) {
  switch (type) {
    case Scalar::f32:
      return unpacked<float>(raw, count);
    case Scalar::f64:
      return unpacked<double>(raw, count);
    case Scalar::i32:
      return unpacked<int32_t>(raw, count);
    case Scalar::u8:
      return unpacked<uint8_t>(raw, count);
  }
  return {};
}

}  // namespace

std::vector<Entries> interpret(const kernel::Plan& plan, std::vector<Entries> slots) {
  std::vector<Entries> memory;
  for (const kernel::Buffer& buffer : plan.buffers) {
    memory.push_back(buffer.slot >= 0 ? slots[static_cast<size_t>(buffer.slot)]
                                      : Entries(static_cast<size_t>(buffer.size), NAN));
  }
  for (const kernel::Kernel& kernel : plan.kernels) Interpreter(plan, memory).run(kernel);
  for (size_t i = 0; i < memory.size(); ++i) {
    const int slot = plan.buffers[i].slot;
    if (slot >= 0) slots[static_cast<size_t>(slot)] = memory[i];
  }
  return slots;
}

std::vector<Entries> run(const kernel::Plan& plan, const std::vector<Entries>& slots,
                         const Options& options, runtime::ThreadPool* pool) {
  const runtime::Step step = compile(plan, options);
  std::vector<std::vector<char>> memory;
  std::vector<void*> pointers;
  for (size_t i = 0; i < slots.size(); ++i) memory.push_back(pack(slots[i], plan.slots[i].type));
  for (std::vector<char>& raw : memory) pointers.push_back(raw.data() + 64);
  std::vector<char> arena(static_cast<size_t>(step.arena_bytes) + 64, 0x7f);
  char* aligned = arena.data() + (64 - reinterpret_cast<uintptr_t>(arena.data()) % 64) % 64;
  step.run(pointers.data(), aligned, pool);
  std::vector<Entries> after;
  for (size_t i = 0; i < slots.size(); ++i) {
    REQUIRE(static_cast<int64_t>(slots[i].size()) == size_of(plan, i));
    after.push_back(unpack(memory[i], plan.slots[i].type, slots[i].size()));
  }
  return after;
}

void compare(const std::vector<Entries>& found, const std::vector<Entries>& wanted,
             double tolerance) {
  REQUIRE(found.size() == wanted.size());
  for (size_t slot = 0; slot < found.size(); ++slot) {
    for (size_t i = 0; i < found[slot].size(); ++i) {
      const double x = found[slot][i];
      const double y = wanted[slot][i];
      const bool equal = x == y || (std::isnan(x) && std::isnan(y)) ||
                         std::fabs(x - y) <= tolerance * std::max(1.0, std::fabs(y));
      if (!equal) {
        INFO("slot " << slot << ", entry " << i << ": " << x << ", not " << y);
        CHECK(equal);
        return;
      }
    }
  }
  CHECK(true);
}

void check(const kernel::Plan& plan, const std::vector<Entries>& slots, double tolerance) {
  const std::vector<Entries> wanted = interpret(plan, slots);
  for (const char* cpu : {"", "haswell", "x86-64"}) {
    INFO("processor " << (*cpu ? cpu : "of this machine"));
    compare(run(plan, slots, {cpu, ""}), wanted, tolerance);
  }
}

int Builder::buffer(int64_t size, kernel::Role role, Scalar type) {
  const int slot = static_cast<int>(plan.slots.size());
  const std::string name = "slot" + std::to_string(slot);
  plan.slots.push_back({name, role, type, {size}});
  plan.buffers.push_back({name, type, size, slot, 0});
  return static_cast<int>(plan.buffers.size()) - 1;
}

int Builder::scratch(int64_t size) {
  plan.buffers.push_back({"scratch", real, size, -1, plan.arena_bytes});
  plan.arena_bytes += (size * 8 + 63) / 64 * 64;
  return static_cast<int>(plan.buffers.size()) - 1;
}

int Builder::loop(int64_t extent) {
  kernel().loops.push_back(extent);
  return static_cast<int>(kernel().loops.size()) - 1;
}

namespace {
ExprId add(kernel::Kernel& kernel, Expr expr) {
  kernel.exprs.push_back(std::move(expr));
  return static_cast<ExprId>(kernel.exprs.size()) - 1;
}
}  // namespace

ExprId Builder::literal(double value) { return literal(value, real); }

ExprId Builder::literal(double value, Scalar type) {
  Expr expr;
  expr.kind = Expr::Kind::literal;
  expr.type = type;
  expr.literal = value;
  return add(kernel(), expr);
}

ExprId Builder::position(kernel::Index index) {
  Expr expr;
  expr.kind = Expr::Kind::position;
  expr.type = Scalar::i32;
  expr.index = std::move(index);
  return add(kernel(), expr);
}

ExprId Builder::load(int buffer, kernel::Index index, std::vector<kernel::Guard> guards,
                     double fill) {
  Expr expr;
  expr.kind = Expr::Kind::load;
  expr.type = plan.buffers[static_cast<size_t>(buffer)].type;
  expr.literal = fill;
  expr.access = {buffer, std::move(index)};
  expr.guards = std::move(guards);
  return add(kernel(), expr);
}

ExprId Builder::gather(int buffer, kernel::Index index, ExprId dynamic, int64_t stride) {
  const ExprId id = load(buffer, std::move(index));
  kernel().exprs.back().access.by_data = {{dynamic, stride}};
  return id;
}

ExprId Builder::map(Op op, std::vector<ExprId> operands) {
  Expr expr;
  expr.kind = Expr::Kind::map;
  expr.op = op;
  switch (map_of(op).result) {
    case Result::real:
      expr.type = real;
      break;
    case Result::boolean:
      expr.type = Scalar::u8;
      break;
    case Result::operands:
      expr.type = kernel().exprs[static_cast<size_t>(operands.back())].type;
      break;
  }
  expr.operands = std::move(operands);
  return add(kernel(), expr);
}

ExprId Builder::accumulator(int number) {
  Expr expr;
  expr.kind = Expr::Kind::accumulator;
  expr.type = kernel().accumulators[static_cast<size_t>(number)].type;
  expr.number = number;
  return add(kernel(), expr);
}

ExprId Builder::contraction() {
  Expr expr;
  expr.kind = Expr::Kind::contraction;
  expr.type = real;
  return add(kernel(), expr);
}

int Builder::accumulate(kernel::Fold fold, Scalar type) {
  kernel().accumulators.push_back({fold, type});
  return static_cast<int>(kernel().accumulators.size()) - 1;
}

kernel::Store Builder::store(int buffer, kernel::Index index, ExprId value, bool add) {
  return {{buffer, std::move(index)}, value, add};
}

kernel::Loop serial(int number, std::vector<Statement> body) {
  return {number, kernel::Loop::Mark::serial, std::move(body)};
}
kernel::Loop vector(int number, std::vector<Statement> body) {
  return {number, kernel::Loop::Mark::vector, std::move(body)};
}
kernel::Loop parallel(int number, std::vector<Statement> body) {
  return {number, kernel::Loop::Mark::parallel, std::move(body)};
}
kernel::Index at(std::vector<kernel::Index::Term> terms, int64_t offset) {
  return {std::move(terms), offset};
}

Entries numbers(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  Entries made;
  for (int64_t i = 0; i < size; ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    made.push_back(static_cast<double>(static_cast<float>(4 * unit - 2)));
  }
  return made;
}

Entries whole_numbers(int64_t size, int64_t bound, uint64_t seed) {
  std::mt19937_64 random(seed);
  Entries made;
  for (int64_t i = 0; i < size; ++i) {
    made.push_back(static_cast<double>(random() % static_cast<uint64_t>(bound)));
  }
  return made;
}

}  // namespace gradus::codegen
