#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "compiler/kernel/indices.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/storage.h"

namespace gradus::kernel {
namespace {

class Verifying {
 public:
  Verifying(const Plan& plan, const Kernel& kernel) : plan_(plan), kernel_(kernel) {}

  void run() {
    for (size_t id = 0; id < kernel_.exprs.size(); ++id) expr(static_cast<ExprId>(id));
    if (const auto* nest = std::get_if<Nest>(&kernel_.body)) {
      body(nest->body, true, false, false);
    } else if (const auto* of = std::get_if<LinearAlgebra>(&kernel_.body)) {
      matrices(*of);
    } else {
      contraction(std::get<Contraction>(kernel_.body));
    }
  }

 private:
  void require(bool holds, std::string_view what) const {
    if (holds) return;
    fmt::print(stderr, "kernel: the plan breaks a rule in kernel `{}`: {}\n{}", kernel_.name, what,
               text(plan_));
    std::abort();
  }

  struct Range {
    int64_t least;
    int64_t most;
  };
  // Of an index, over all iterations of its loops, which have some.
  Range range(const Index& index) const {
    Range made{index.offset, index.offset};
    for (const Index::Term& term : index.terms) {
      const int64_t reach = term.coefficient * (kernel_.loops[term.loop] - 1);
      (reach < 0 ? made.least : made.most) += reach;
    }
    return made;
  }
  bool runs(const Index& index) const {
    for (const Index::Term& term : index.terms) {
      if (kernel_.loops[term.loop] == 0) return false;
    }
    return true;
  }

  void access(const Access& access, bool guarded) const {
    require(access.buffer >= 0 && access.buffer < static_cast<int>(plan_.buffers.size()),
            "an access to no buffer");
    const Buffer& buffer = plan_.buffers[access.buffer];
    for (const Access::ByData& each : access.by_data) {
      require(kernel_.exprs[each.place].type == Scalar::i32, "a place that is not an index");
    }
    if (!access.by_data.empty()) return;
    // Where loops that the index does not name do not run, the entry is not touched either.
    bool touched = runs(access.index);
    for (int64_t extent : kernel_.loops) touched = touched && extent > 0;
    if (!touched || guarded) return;
    const Range reached = range(access.index);
    require(reached.least >= 0 && reached.most < buffer.size,
            fmt::format("`{}` is accessed out of range", buffer.name));
  }

  void expr(ExprId id) const {
    const Expr& one = kernel_.exprs[id];
    for (ExprId operand : one.operands) require(operand < id, "an operand behind its user");
    switch (one.kind) {
      case Expr::Kind::literal:
      case Expr::Kind::position:
      case Expr::Kind::contraction:
        return;
      case Expr::Kind::load:
        require(plan_.buffers[one.access.buffer].type == one.type, "a load of another type");
        return access(one.access, !one.guards.empty());
      case Expr::Kind::map:
        require(static_cast<int>(one.operands.size()) == map_of(one.op).arity,
                "a wrong number of operands");
        return;
      case Expr::Kind::random:
        return require(one.operands.size() == 5, "a number drawn by something else");
      case Expr::Kind::accumulator:
        require(kernel_.accumulators[one.number].type == one.type,
                "an accumulator of another type");
        return;
    }
  }

  void store(const Store& store, bool vector, bool parallel) const {
    access(store.access, false);
    require(plan_.buffers[store.access.buffer].type == kernel_.exprs[store.value].type,
            "a store of another type");
    require(!store.add || (!vector && !parallel), "an addition to memory by several at a time");
    const int slot = plan_.buffers[store.access.buffer].slot;
    require(slot < 0 || plan_.slots[slot].role != Role::input, "a store to an input");
    finished(store.value);
  }

  // Accumulators are read only where they have been folded.
  void finished(ExprId id) const {
    const Expr& one = kernel_.exprs[id];
    if (one.kind == Expr::Kind::accumulator) {
      require(begun_.contains(one.number), "an accumulator that is read before it is begun");
    }
    for (ExprId operand : one.operands) finished(operand);
  }

  void body(const std::vector<Statement>& statements, bool outermost, bool vector, bool parallel) {
    for (const Statement& statement : statements) {
      if (const auto* begin = std::get_if<Begin>(&statement)) begun_.insert(begin->accumulator);
      if (const auto* fold = std::get_if<Accumulate>(&statement)) {
        require(begun_.contains(fold->accumulator), "a fold into what is not begun");
        require(kernel_.accumulators[fold->accumulator].type == kernel_.exprs[fold->value].type,
                "a fold of another type");
      }
      if (const auto* one = std::get_if<Store>(&statement)) store(*one, vector, parallel);
      const auto* loop = std::get_if<Loop>(&statement);
      if (loop == nullptr) continue;
      require(loops_.insert(loop->number).second, "a loop that occurs twice");
      const bool by_lanes = loop->mark == Loop::Mark::vector;
      const bool by_threads = loop->mark == Loop::Mark::parallel;
      require(!by_lanes || !vector, "a vector in a vector");
      require(!by_threads || outermost, "threads inside of a loop");
      body(loop->body, false, vector || by_lanes, parallel || by_threads);
    }
  }

  void operand(const Contraction& of, const Contraction::Operand& operand, int64_t outer,
               int64_t inner) const {
    require(operand.batch_strides.size() == of.batch.size(), "not a stride for each batch");
    int64_t least = operand.offset;
    int64_t most = operand.offset;
    const auto reach = [&](int64_t stride, int64_t extent) {
      (stride < 0 ? least : most) += stride * (extent - 1);
    };
    for (size_t k = 0; k < of.batch.size(); ++k) {
      reach(operand.batch_strides[k], kernel_.loops[of.batch[k]]);
    }
    reach(operand.outer_stride, outer);
    reach(operand.inner_stride, inner);
    require(least >= 0 && most < plan_.buffers[operand.buffer].size,
            "a factor is read out of range");
  }

  void contraction(const Contraction& of) {
    operand(of, of.a, kernel_.loops[of.m], of.k);
    operand(of, of.b, of.k, kernel_.loops[of.n]);
    for (const Store& each : of.epilogue) {
      store(each, false, false);
      require(each.access.buffer != of.a.buffer && each.access.buffer != of.b.buffer,
              "a store to a factor");
    }
  }

  void matrices(const LinearAlgebra& of) const {
    const auto holds = [&](int buffer, int64_t each) {
      const Buffer& memory = plan_.buffers[buffer];
      require(memory.size == of.matrices * each, "matrices in memory of another size");
      require(memory.type == plan_.buffers[of.a].type, "matrices of different types");
    };
    const bool is_number = of.op == Op::det || of.op == Op::logdet;
    holds(of.a, of.n * of.n);
    if (of.b != none) holds(of.b, of.n * of.columns);
    holds(of.result, is_number ? 1 : of.n * (of.b == none ? of.n : of.columns));
    require(of.result != of.a && of.result != of.b, "a result in the place of a factor");
  }

  const Plan& plan_;
  const Kernel& kernel_;
  std::set<int> begun_;
  std::set<int> loops_;
};

}  // namespace

namespace {

void require(bool holds, const Plan& plan, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "kernel: the plan breaks a rule: {}\n{}", what, text(plan));
  std::abort();
}

void verify(const Plan& plan, const Buffer& buffer) {
  const Window& window = *buffer.window;
  require(window.loop >= 0 && window.loop < static_cast<int>(plan.loops.size()), plan,
          "a window that moves with no loop");
  const Buffer& of = plan.buffers[window.of];
  const int64_t last = window.begin + window.stride * (plan.loops[window.loop].count - 1);
  require(of.type == buffer.type, plan, "a window of another type");
  require(buffer.size == 0 || (std::min(window.begin, last) >= 0 &&
                               std::max(window.begin, last) + buffer.size <= of.size),
          plan, "a window that leaves its buffer");
}

void verify_loops(const Plan& plan) {
  const int kernels = static_cast<int>(plan.kernels.size());
  for (size_t k = 0; k < plan.loops.size(); ++k) {
    const Rounds& inner = plan.loops[k];
    require(0 <= inner.first && inner.first <= inner.end && inner.end <= kernels, plan,
            "a loop of no kernels");
    for (size_t i = 0; i < k; ++i) {
      const Rounds& outer = plan.loops[i];
      require(inner.first >= outer.end || (inner.first >= outer.first && inner.end <= outer.end),
              plan, "loops that overlap");
    }
  }
}

}  // namespace

void verify(const Plan& plan) {
  verify_loops(plan);
  for (const Buffer& buffer : plan.buffers) {
    if (buffer.window) {
      verify(plan, buffer);
    } else if (buffer.slot < 0 &&
               buffer.offset + buffer.size * bytes(buffer.type) > plan.arena_bytes) {
      fmt::print(stderr, "kernel: `{}` ends behind the arena\n", buffer.name);
      std::abort();
    }
  }
  for (const Kernel& kernel : plan.kernels) Verifying(plan, kernel).run();
}

}  // namespace gradus::kernel
