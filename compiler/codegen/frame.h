#pragma once

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/local.h"

namespace gradus::codegen {

// A loop, or one of its copies in straight code, as seen from inside.
struct Scope {
  int loop = -1;                // −1: the function
  llvm::Value* base = nullptr;  // the first lane's index is base + delta; null: 0
  int64_t delta = 0;
  bool vector = false;  // marked so, also where there is one lane
  int lanes = 1;
  llvm::Value* mask = nullptr;          // which lanes count, null: all
  int copy = 0;                         // which of the independent accumulators it folds into
  llvm::Instruction* before = nullptr;  // end of the block before the loop; null in straight code

  // What was computed for this scope: values, the same in all lanes, guards by number, and
  // addresses by buffer and terms (loop, coefficient).
  std::unordered_map<kernel::ExprId, llvm::Value*> values;
  std::unordered_map<kernel::ExprId, llvm::Value*> splats;
  std::map<std::pair<kernel::ExprId, int>, llvm::Value*> guards;
  std::map<std::vector<int64_t>, llvm::Value*> addresses;
};

// The body of one function that computes (a part of) a kernel: scopes from the function inwards,
// and the values computed in each. An expression is computed when it is first asked for, in the
// innermost scope that it depends on, ahead of the loops within.
class Frame {
 public:
  // The builder stands where the first instruction goes.
  Frame(Emitter& emitter, const Local& local, const std::vector<Dependencies>& dependencies,
        std::vector<llvm::Value*> buffers);

  void push(Scope scope);
  void pop();
  // Moves a scope to another index in straight code: what was computed in it and within is
  // forgotten, but not addresses, to which the difference is added.
  void shift(int depth, int64_t delta, llvm::Value* mask);
  int depth() const { return static_cast<int>(scopes_.size()) - 1; }
  const Scope& top() const { return scopes_.back(); }
  bool in_vector() const { return vector_ >= 0; }
  int lanes() const { return in_vector() ? scopes_[static_cast<size_t>(vector_)].lanes : 1; }

  // A scalar where the expression is the same in all lanes, else the vector.
  llvm::Value* value(kernel::ExprId id);
  // All lanes.
  llvm::Value* in_lanes(kernel::ExprId id);
  // What an expression is, said by the caller, in the innermost scope.
  void define(kernel::ExprId id, llvm::Value* value) { scopes_.back().values[id] = value; }

  void store(const kernel::Store& store);
  void begin(int accumulator, const std::vector<kernel::Statement>& rest);
  void accumulate(const kernel::Accumulate& statement);

  // The accumulators as values of the block: what a loop carries round.
  std::vector<llvm::Value**> running(int accumulator);
  bool is_running(int accumulator) const {
    return sums_[static_cast<size_t>(accumulator)].depth >= 0;
  }

  const kernel::Kernel& kernel() const { return local_.kernel; }
  const Local& local() const { return local_; }
  const std::vector<Dependencies>& dependencies() const { return dependencies_; }
  const std::vector<llvm::Value*>& buffers() const { return buffers_; }
  Emitter& emitter() { return e_; }

 private:
  // An accumulator: independent partial values, lane by lane where loops within it are vectors.
  struct Running {
    int depth = -1;       // of the scope it was begun in; −1: not begun
    bool varies = false;  // begun inside the vector loop: each lane its own
    std::vector<llvm::Value*> wide;
    std::vector<llvm::Value*> narrow;
  };

  const kernel::Expr& expr(kernel::ExprId id) const {
    return local_.kernel.exprs[static_cast<size_t>(id)];
  }
  int depth_of_loop(int loop) const;
  int depth(const Dependencies& on) const;
  bool varies(const Dependencies& on) const;
  // Moves the builder to where code of that scope goes, from anywhere further in.
  void move_to(int depth);

  llvm::Value* compute(kernel::ExprId id);
  llvm::Value* position(kernel::ExprId id);
  llvm::Value* map(kernel::ExprId id);
  llvm::Value* random(kernel::ExprId id);
  llvm::Value* load(kernel::ExprId id);
  llvm::Value* load_lanes(kernel::ExprId id);
  llvm::Value* load_scalar(kernel::ExprId id);
  llvm::Value* finish(int accumulator);

  // Σ terms + offset in the first lane, as an i64.
  llvm::Value* linear(const kernel::Index& index);
  int64_t vector_coefficient(const kernel::Index& index) const;
  // Whether a guard holds, and all of an expression's in the given form; null: they always do.
  llvm::Value* guard(kernel::ExprId id, int number);
  llvm::Value* guards(kernel::ExprId id, int lanes);
  llvm::Value* address(const kernel::Access& access);
  llvm::Value* addresses(const kernel::Access& access);
  llvm::Value* read_lanes(const kernel::Access& access, llvm::Value* mask, llvm::Value* fill);
  void write_lanes(const kernel::Access& access, llvm::Value* value, llvm::Value* mask);
  bool data_varies(const kernel::Access::ByData& each) const;
  bool data_varies(const kernel::Access& access) const;

  llvm::Value* fold(const kernel::Accumulator& by, llvm::Value* x, llvm::Value* y);

  Emitter& e_;
  const Local& local_;
  const std::vector<Dependencies>& dependencies_;
  std::vector<llvm::Value*> buffers_;
  std::vector<Scope> scopes_;
  std::vector<Running> sums_;
  int vector_ = -1;  // depth of the vector loop's scope
};

// Lanes of a vector loop of that extent in a kernel: a power of two, full vectors for long ones.
int lanes_for(const Target& target, const Local& local, int64_t extent);

// How many independent accumulators, and copies of its body, a loop that folds has.
int copies_of(const Local& local, const kernel::Loop& loop);

}  // namespace gradus::codegen
