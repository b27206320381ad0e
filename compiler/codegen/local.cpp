#include "compiler/codegen/local.h"

#include <algorithm>
#include <type_traits>

#include "compiler/codegen/primitives.h"
#include "compiler/kernel/accesses.h"

namespace gradus::codegen {
namespace {

using kernel::Expr;
using kernel::Kernel;
using kernel::Statement;

// Writes a kernel as bytes, field by field: no two different kernels have the same.
class Key {
 public:
  template <typename T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void add(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <typename T>
  void add(const std::vector<T>& values) {
    add(values.size());
    for (const T& value : values) add(value);
  }
  void add(const kernel::Index::Term& term) {
    add(term.loop);
    add(term.coefficient);
  }
  void add(const kernel::Index& index) {
    add(index.terms);
    add(index.offset);
  }
  void add(const kernel::Access& access) {
    add(access.buffer);
    add(access.index);
    add(access.by_data);
  }
  void add(const kernel::Access::ByData& each) {
    add(each.place);
    add(each.stride);
  }
  void add(const kernel::Guard& guard) {
    add(guard.index);
    add(guard.extent);
  }
  void add(const Expr& expr) {
    add(expr.kind);
    add(expr.type);
    add(expr.literal);
    add(expr.index);
    add(expr.access);
    add(expr.guards);
    add(expr.op);
    add(expr.operands);
    add(expr.number);
    add(expr.draw);
  }
  void add(const kernel::Accumulator& accumulator) {
    add(accumulator.fold);
    add(accumulator.type);
  }
  void add(const kernel::Begin& begin) { add(begin.accumulator); }
  void add(const kernel::Accumulate& accumulate) {
    add(accumulate.accumulator);
    add(accumulate.value);
  }
  void add(const kernel::Store& store) {
    add(store.access);
    add(store.value);
    add(store.add);
  }
  void add(const kernel::Loop& loop) {
    add(loop.number);
    add(loop.mark);
    add(loop.body);
  }
  void add(const Statement& statement) {
    add(statement.index());
    std::visit([&](const auto& alternative) { add(alternative); }, statement);
  }
  void add(const kernel::Nest& nest) { add(nest.body); }
  void add(const kernel::Contraction::Operand& operand) {
    add(operand.buffer);
    add(operand.offset);
    add(operand.batch_strides);
    add(operand.outer_stride);
    add(operand.inner_stride);
  }
  void add(const kernel::Contraction& contraction) {
    add(contraction.batch);
    add(contraction.m);
    add(contraction.n);
    add(contraction.k);
    add(contraction.a);
    add(contraction.b);
    add(contraction.epilogue);
  }
  void add(const kernel::LinearAlgebra& of) {
    add(of.op);
    add(of.matrices);
    add(of.n);
    add(of.columns);
    add(of.a);
    add(of.b);
    add(of.result);
  }
  void add(const Local::Buffer& buffer) {
    add(buffer.type);
    add(buffer.size);
  }
  void add(const Kernel& kernel) {
    add(kernel.loops);
    add(kernel.exprs);
    add(kernel.accumulators);
    add(kernel.body.index());
    std::visit([&](const auto& alternative) { add(alternative); }, kernel.body);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

void insert(std::vector<int>& sorted, int number) {
  const auto place = std::lower_bound(sorted.begin(), sorted.end(), number);
  if (place == sorted.end() || *place != number) sorted.insert(place, number);
}

constexpr int64_t cost_of_draw = 150;

struct Cost {
  const Kernel& kernel;
  bool as_written = false;  // each loop's body once

  int64_t of(kernel::ExprId id, std::vector<bool>& seen) const {
    if (id == kernel::none || seen[static_cast<size_t>(id)]) return 0;
    seen[static_cast<size_t>(id)] = true;
    const Expr& expr = kernel.exprs[static_cast<size_t>(id)];
    int64_t sum = 0;
    if (expr.kind == Expr::Kind::map) sum = codegen::cost(expr.op);
    if (expr.kind == Expr::Kind::load) sum = 1;
    if (expr.kind == Expr::Kind::random) sum = cost_of_draw;
    for (const auto& each : expr.access.by_data) sum += 16 + of(each.place, seen);
    for (kernel::ExprId operand : expr.operands) sum += of(operand, seen);
    return sum;
  }
  int64_t of(const std::vector<Statement>& body) const {
    std::vector<bool> seen(kernel.exprs.size());
    int64_t sum = 0;
    for (const Statement& statement : body) {
      if (const auto* fold = std::get_if<kernel::Accumulate>(&statement)) {
        sum += 1 + of(fold->value, seen);
      } else if (const auto* store = std::get_if<kernel::Store>(&statement)) {
        sum += 1 + of(store->value, seen);
      } else if (const auto* loop = std::get_if<kernel::Loop>(&statement)) {
        const int64_t times = as_written ? 1 : kernel.loops[static_cast<size_t>(loop->number)];
        sum += times * of(loop->body);
      }
    }
    return sum;
  }
};

}  // namespace

void Dependencies::add(const kernel::Index& index) {
  for (const kernel::Index::Term& term : index.terms) insert(loops, term.loop);
}

void Dependencies::add(const Dependencies& other) {
  for (int loop : other.loops) insert(loops, loop);
  for (int number : other.accumulators) insert(accumulators, number);
}

Local localise(const kernel::Plan& plan, const Kernel& kernel) {
  Local local{kernel, {}, {}, {}};
  kernel::each_buffer(local.kernel, [&](int& buffer, kernel::Use) {
    const auto found = std::find(local.arguments.begin(), local.arguments.end(), buffer);
    const auto number = found - local.arguments.begin();
    if (found == local.arguments.end()) {
      const kernel::Buffer& original = plan.buffers[static_cast<size_t>(buffer)];
      local.arguments.push_back(buffer);
      local.buffers.push_back({original.type, original.size});
    }
    buffer = static_cast<int>(number);
  });
  Key key;
  key.add(local.kernel);
  key.add(local.buffers);
  local.key = key.take();
  return local;
}

std::vector<Dependencies> dependencies(const Kernel& kernel) {
  std::vector<Dependencies> all;
  for (const Expr& expr : kernel.exprs) {
    Dependencies own;
    own.add(expr.index);
    own.add(expr.access.index);
    for (const kernel::Guard& guard : expr.guards) own.add(guard.index);
    if (expr.kind == Expr::Kind::accumulator) own.accumulators.push_back(expr.number);
    if (expr.kind == Expr::Kind::contraction) {
      const auto& of = std::get<kernel::Contraction>(kernel.body);
      for (int loop : of.batch) insert(own.loops, loop);
      insert(own.loops, of.m);
      insert(own.loops, of.n);
    }
    for (const auto& each : expr.access.by_data) own.add(all[static_cast<size_t>(each.place)]);
    for (kernel::ExprId operand : expr.operands) own.add(all[static_cast<size_t>(operand)]);
    all.push_back(std::move(own));
  }
  return all;
}

int64_t code_size(const Kernel& kernel) {
  constexpr int64_t any = 50;    // what every function costs
  constexpr int64_t tile = 200;  // a contraction's sums
  const Cost cost{kernel, true};
  if (const auto* nest = std::get_if<kernel::Nest>(&kernel.body)) return any + cost.of(nest->body);
  if (std::holds_alternative<kernel::LinearAlgebra>(kernel.body)) return any;
  const auto& of = std::get<kernel::Contraction>(kernel.body);
  return any + tile + 4 * cost.of({of.epilogue.begin(), of.epilogue.end()});
}

int64_t cost(const Kernel& kernel, const std::vector<Statement>& body) {
  return Cost{kernel}.of(body);
}

}  // namespace gradus::codegen
