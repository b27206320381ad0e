#include "compiler/codegen/nest.h"

#include <algorithm>

#include "compiler/codegen/parallel.h"

namespace gradus::codegen {
namespace {

using kernel::Loop;
using kernel::Statement;
using llvm::Value;

class Nest {
 public:
  Nest(Frame& frame, Value* pool) : frame_(frame), e_(frame.emitter()), pool_(pool) {}

  void body(const std::vector<Statement>& statements) {
    for (size_t i = 0; i < statements.size(); ++i) {
      if (const auto* begin = std::get_if<kernel::Begin>(&statements[i])) {
        frame_.begin(begin->accumulator,
                     {statements.begin() + static_cast<ptrdiff_t>(i) + 1, statements.end()});
      } else if (const auto* fold = std::get_if<kernel::Accumulate>(&statements[i])) {
        frame_.accumulate(*fold);
      } else if (const auto* store = std::get_if<kernel::Store>(&statements[i])) {
        frame_.store(*store);
      } else {
        loop(std::get<Loop>(statements[i]));
      }
    }
  }

 private:
  // A run of iterations of a loop: `lanes` a step, `copies` steps written one after another.
  struct Steps {
    int lanes = 1;
    int copies = 1;
    int64_t width() const { return static_cast<int64_t>(lanes) * copies; }
  };

  int64_t extent(const Loop& loop) const {
    return frame_.kernel().loops[static_cast<size_t>(loop.number)];
  }

  void loop(const Loop& of) {
    if (extent(of) == 0) return;
    switch (of.mark) {
      case Loop::Mark::serial:
        return serial(of);
      case Loop::Mark::vector:
        return vector(of);
      case Loop::Mark::parallel:
        return parallel(of);
    }
  }

  void serial(const Loop& of) {
    const int64_t count = extent(of);
    const bool short_enough = count == 1 || (count <= 4 && weight(of.body) * count <= 64);
    if (short_enough) return straight(of, 0, {1, static_cast<int>(count)}, nullptr);
    run(of, 0, count, {1, copies_of(frame_.local(), of)});
  }

  void vector(const Loop& of) {
    const int64_t count = extent(of);
    int lanes = lanes_for(e_.target, frame_.local(), count);
    for (int number : carried(of)) {
      for (Value** part : frame_.running(number)) lanes = std::max(lanes, Emitter::lanes(*part));
    }
    const int64_t full = count / lanes * lanes;
    run(of, 0, full, {lanes, copies_of(frame_.local(), of)});
    if (full < count) {
      const int rest = static_cast<int>(count - full);
      straight(of, full, {lanes, 1}, e_.first_lanes(lanes, rest));
    }
  }

  // Steps from `begin` to `end`, a multiple of the lanes: a loop of copies, then what is left.
  void run(const Loop& of, int64_t begin, int64_t end, Steps steps) {
    const int64_t looped = (end - begin) / steps.width() * steps.width();
    if (looped > steps.width()) {
      repeat(of, e_.index(begin), e_.index(begin + looped), steps);
    } else if (looped > 0) {
      straight(of, begin, steps, nullptr);
    }
    const int64_t left = (end - begin - looped) / steps.lanes;
    if (left > 0) {
      straight(of, begin + looped, {steps.lanes, static_cast<int>(left)}, nullptr);
    }
  }

  void straight(const Loop& of, int64_t begin, Steps steps, Value* mask) {
    copies(of, {of.number, nullptr, begin, false, steps.lanes, mask, 0, nullptr, {}, {}, {}, {}},
           steps);
  }

  void copies(const Loop& of, Scope scope, Steps steps) {
    scope.vector = of.mark == Loop::Mark::vector;
    for (int copy = 0; copy < steps.copies; ++copy) {
      scope.copy = copy;
      frame_.push(scope);
      body(of.body);
      frame_.pop();
      scope.delta += steps.lanes;
    }
  }

  // A loop that is entered: begin < end.
  void repeat(const Loop& of, Value* begin, Value* end, Steps steps) {
    llvm::IRBuilder<>& ir = e_.ir;
    llvm::Function* function = ir.GetInsertBlock()->getParent();
    llvm::BasicBlock* before = ir.GetInsertBlock();
    llvm::BasicBlock* inside = llvm::BasicBlock::Create(ir.getContext(), "", function);
    llvm::BasicBlock* after = llvm::BasicBlock::Create(ir.getContext(), "", function);
    llvm::Instruction* jump = ir.CreateBr(inside);
    ir.SetInsertPoint(inside);
    llvm::PHINode* index = ir.CreatePHI(ir.getInt64Ty(), 2);
    index->addIncoming(begin, before);
    std::vector<std::pair<llvm::PHINode*, Value**>> rounds;
    for (int number : carried(of)) {
      for (Value** part : frame_.running(number)) {
        llvm::PHINode* round = ir.CreatePHI((*part)->getType(), 2);
        round->addIncoming(*part, before);
        *part = round;
        rounds.emplace_back(round, part);
      }
    }
    copies(of, {of.number, index, 0, false, steps.lanes, nullptr, 0, jump, {}, {}, {}, {}}, steps);
    Value* next = ir.CreateAdd(index, e_.index(steps.width()), "", true, true);
    index->addIncoming(next, ir.GetInsertBlock());
    for (const auto& [round, part] : rounds) round->addIncoming(*part, ir.GetInsertBlock());
    ir.CreateCondBr(ir.CreateICmpULT(next, end), inside, after);
    ir.SetInsertPoint(after);
  }

  // Accumulators begun before the loop and folded in it.
  std::vector<int> carried(const Loop& of) const {
    std::vector<int> found;
    for (size_t number = 0; number < frame_.kernel().accumulators.size(); ++number) {
      if (frame_.is_running(static_cast<int>(number)) &&
          folds(of.body, static_cast<int>(number)) == Folds::yes) {
        found.push_back(static_cast<int>(number));
      }
    }
    return found;
  }

  enum class Folds : uint8_t { no, yes, own };
  static Folds folds(const std::vector<Statement>& statements, int number) {
    for (const Statement& statement : statements) {
      Folds one = Folds::no;
      if (const auto* begin = std::get_if<kernel::Begin>(&statement)) {
        if (begin->accumulator == number) one = Folds::own;
      } else if (const auto* fold = std::get_if<kernel::Accumulate>(&statement)) {
        if (fold->accumulator == number) one = Folds::yes;
      } else if (const auto* loop = std::get_if<Loop>(&statement)) {
        one = folds(loop->body, number);
      }
      if (one != Folds::no) return one;
    }
    return Folds::no;
  }

  // Instructions written for the statements once: inner loops count as they are written.
  int64_t weight(const std::vector<Statement>& statements) const {
    return cost(frame_.kernel(), statements);
  }

  void parallel(const Loop& of) {
    const int64_t count = extent(of);
    const double lanes = e_.target.lanes(Scalar::f32);
    const int64_t chunks = chunks_for(count, static_cast<double>(weight(of.body)) / lanes);
    if (chunks == 1) return serial(of);
    // The values that the task needs: buffers, and accumulators that were folded before it.
    std::vector<Value*> values = frame_.buffers();
    std::vector<kernel::ExprId> known;
    for (size_t id = 0; id < frame_.kernel().exprs.size(); ++id) {
      const kernel::Expr& expr = frame_.kernel().exprs[id];
      if (expr.kind != kernel::Expr::Kind::accumulator || !frame_.is_running(expr.number)) continue;
      known.push_back(static_cast<kernel::ExprId>(id));
      values.push_back(frame_.value(known.back()));
    }
    emit_parallel(e_, pool_, chunks, values, [&](const std::vector<Value*>& inside, Value* chunk) {
      const auto buffers = static_cast<ptrdiff_t>(frame_.buffers().size());
      Frame part(e_, frame_.local(), frame_.dependencies(),
                 {inside.begin(), inside.begin() + buffers});
      for (size_t i = 0; i < known.size(); ++i) {
        part.define(known[i], inside[static_cast<size_t>(buffers) + i]);
      }
      Nest nest(part, pool_);
      Value* begin = chunk_begin(e_, chunk, count, chunks);
      Value* after = e_.ir.CreateAdd(chunk, e_.index(1));
      Value* end = chunk_begin(e_, after, count, chunks);
      nest.repeat(of, begin, end, {1, 1});
    });
  }

  Frame& frame_;
  Emitter& e_;
  Value* pool_;
};

}  // namespace

void emit_nest(Emitter& emitter, const Local& local, const std::vector<Value*>& buffers,
               Value* pool) {
  const std::vector<Dependencies> all = dependencies(local.kernel);
  Frame frame(emitter, local, all, buffers);
  Nest(frame, pool).body(std::get<kernel::Nest>(local.kernel.body).body);
}

}  // namespace gradus::codegen
