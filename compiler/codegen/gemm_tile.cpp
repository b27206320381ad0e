#include "compiler/codegen/gemm_tile.h"

#include "compiler/codegen/control.h"
#include "llvm/IR/Constants.h"

namespace gradus::codegen {
namespace {

using kernel::Contraction;
using kernel::ExprId;
using llvm::Align;
using llvm::Value;

// The number of a vector's sum.
size_t number(const Tile& tile, int row, int vector) {
  return static_cast<size_t>(row) * static_cast<size_t>(tile.vectors) + static_cast<size_t>(vector);
}

// Steps of k a round: enough to hide the loop's own instructions. Blocks of k are of even size.
int64_t unroll(const GemmShape& shape) { return shape.k % 2 == 0 ? 2 : 1; }

struct Steps {
  Emitter& e;
  const GemmShape& shape;
  const Tile& tile;
  const TileOperands& at;
  llvm::Type* entry = e.memory_type(shape.type, 1);
  llvm::Type* vector = e.memory_type(shape.type, shape.lanes);
  Align align{static_cast<uint64_t>(bytes(shape.type))};

  Value* place(Value* base, int64_t entries) const {
    return entries == 0 ? base : e.ir.CreateGEP(entry, base, e.index(entries));
  }

  Value* row_of_b(Value* b, int64_t k, int v) const {
    Value* from = place(b, k * at.b_k + static_cast<int64_t>(v) * shape.lanes);
    const bool whole = at.b_padded || v + 1 < tile.vectors || tile.last_lanes == shape.lanes;
    if (whole) return e.ir.CreateAlignedLoad(vector, from, align);
    return e.ir.CreateMaskedLoad(vector, from, align, e.first_lanes(shape.lanes, tile.last_lanes),
                                 llvm::Constant::getNullValue(vector));
  }

  // The products of one k, added to the sums.
  void step(Value* a, Value* b, int64_t k, Sums& sums) const {
    std::vector<Value*> row;
    for (int v = 0; v < tile.vectors; ++v) row.push_back(row_of_b(b, k, v));
    for (int r = 0; r < tile.rows; ++r) {
      Value* from = place(a, r * at.a_row + k * at.a_k);
      Value* one = e.splat(e.ir.CreateAlignedLoad(entry, from, align), shape.lanes);
      for (int v = 0; v < tile.vectors; ++v) {
        Value*& sum = sums[number(tile, r, v)];
        sum = e.ir.CreateIntrinsic(llvm::Intrinsic::fmuladd, {vector},
                                   {one, row[static_cast<size_t>(v)], sum});
      }
    }
  }
};

// Where a tile is kept in memory: vectors one after another.
Value* kept(Emitter& e, const GemmShape& shape, Value* base, size_t i) {
  const auto offset = static_cast<int64_t>(i) * shape.lanes;
  return e.ir.CreateGEP(e.memory_type(shape.type, 1), base, e.index(offset));
}

Align vector_align(const GemmShape& shape) {
  return Align(static_cast<uint64_t>(bytes(shape.type) * shape.lanes));
}

// The scopes of an epilogue: batch loops, then n, then m, whose values are computed anew for each
// tile.
struct Epilogue {
  Emitter& e;
  const Contraction& of;
  const GemmShape& shape;
  Frame frame;
  std::vector<ExprId> sum_exprs;

  Epilogue(Emitter& e, const Local& local, const std::vector<Dependencies>& dependencies,
           const std::vector<Value*>& buffers, const GemmShape& shape,
           const std::vector<Value*>& batch)
      : e(e),
        of(std::get<Contraction>(local.kernel.body)),
        shape(shape),
        frame(e, local, dependencies, buffers) {
    for (size_t i = 0; i < batch.size(); ++i) push(of.batch[i], batch[i]);
    for (size_t id = 0; id < local.kernel.exprs.size(); ++id) {
      if (local.kernel.exprs[id].kind == kernel::Expr::Kind::contraction) {
        sum_exprs.push_back(static_cast<ExprId>(id));
      }
    }
  }

  void push(int loop, Value* index) {
    Scope scope;
    scope.loop = loop;
    scope.base = index;
    frame.push(scope);
  }
  void push_vector(int loop, Value* index) {
    Scope scope;
    scope.loop = loop;
    scope.base = index;
    scope.vector = true;
    scope.lanes = shape.lanes;
    frame.push(scope);
  }
  void store(Value* sum) {
    for (const ExprId id : sum_exprs) frame.define(id, sum);
    for (const kernel::Store& one : of.epilogue) frame.store(one);
  }
  Value* mask(const Tile& tile, int v) const {
    const bool whole = v + 1 < tile.vectors || tile.last_lanes == shape.lanes;
    return whole ? nullptr : e.first_lanes(shape.lanes, tile.last_lanes);
  }

  // All of it in straight code, from registers.
  void straight(const Tile& tile, const Sums& sums) {
    push_vector(of.n, tile.column);
    const int n = frame.depth();
    push(of.m, tile.row);
    for (int v = 0; v < tile.vectors; ++v) {
      frame.shift(n, static_cast<int64_t>(v) * shape.lanes, mask(tile, v));
      for (int r = 0; r < tile.rows; ++r) {
        frame.shift(n + 1, r, nullptr);
        store(sums[number(tile, r, v)]);
      }
    }
  }

  // In a loop over the rows, for each vector, from memory.
  void looped(const Tile& tile, Value* memory) {
    const Align align = vector_align(shape);
    llvm::Type* vector = e.memory_type(shape.type, shape.lanes);
    push_vector(of.n, tile.column);
    const int n = frame.depth();
    for (int v = 0; v < tile.vectors; ++v) {
      frame.shift(n, static_cast<int64_t>(v) * shape.lanes, mask(tile, v));
      emit_for(e, e.index(0), e.index(tile.rows), 1, [&](Value* r) {
        push(of.m, e.ir.CreateAdd(tile.row, r));
        Value* first = kept(e, shape, memory, static_cast<size_t>(v));
        Value* from = e.ir.CreateGEP(vector, first, e.ir.CreateMul(r, e.index(tile.vectors)));
        store(e.ir.CreateAlignedLoad(vector, from, align));
        frame.pop();
      });
    }
  }
};

// About how many instructions the epilogue takes for a vector.
int64_t epilogue_cost(const kernel::Kernel& kernel, const Contraction& of) {
  return cost(kernel, {of.epilogue.begin(), of.epilogue.end()});
}

}  // namespace

Sums emit_sums(Emitter& e, const GemmShape& shape, const Tile& tile, const TileOperands& at,
               Value* count, Sums sums) {
  const Steps steps{e, shape, tile, at};
  const int64_t unrolled = unroll(shape);
  const auto* known = llvm::dyn_cast<llvm::ConstantInt>(count);
  if (known && known->getSExtValue() <= 2 * unrolled) {
    for (int64_t k = 0; k < known->getSExtValue(); ++k) steps.step(at.a, at.b, k, sums);
    return sums;
  }
  llvm::IRBuilder<>& ir = e.ir;
  llvm::Function* function = ir.GetInsertBlock()->getParent();
  llvm::BasicBlock* before = ir.GetInsertBlock();
  llvm::BasicBlock* inside = llvm::BasicBlock::Create(ir.getContext(), "", function);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(ir.getContext(), "", function);
  ir.CreateBr(inside);
  ir.SetInsertPoint(inside);
  const auto carry = [&](Value* from) {
    llvm::PHINode* phi = ir.CreatePHI(from->getType(), 2);
    phi->addIncoming(from, before);
    return phi;
  };
  llvm::PHINode* left = carry(count);
  llvm::PHINode* a = carry(at.a);
  llvm::PHINode* b = carry(at.b);
  std::vector<llvm::PHINode*> carried;
  for (Value*& sum : sums) {
    carried.push_back(carry(sum));
    sum = carried.back();
  }
  for (int64_t k = 0; k < unrolled; ++k) steps.step(a, b, k, sums);
  Value* still_left = ir.CreateSub(left, e.index(unrolled));
  left->addIncoming(still_left, inside);
  a->addIncoming(steps.place(a, unrolled * at.a_k), inside);
  b->addIncoming(steps.place(b, unrolled * at.b_k), inside);
  for (size_t i = 0; i < sums.size(); ++i) carried[i]->addIncoming(sums[i], inside);
  ir.CreateCondBr(ir.CreateICmpSGT(still_left, e.index(0)), inside, after);
  ir.SetInsertPoint(after);
  return sums;
}

Sums zero_sums(Emitter& e, const GemmShape& shape, const Tile& tile) {
  Value* zero = e.number(0, shape.type, shape.lanes);
  return {static_cast<size_t>(tile.rows * tile.vectors), zero};
}

Sums load_sums(Emitter& e, const GemmShape& shape, const Tile& tile, Value* from) {
  Sums sums = zero_sums(e, shape, tile);
  llvm::Type* vector = e.memory_type(shape.type, shape.lanes);
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] = e.ir.CreateAlignedLoad(vector, kept(e, shape, from, i), vector_align(shape));
  }
  return sums;
}

void store_sums(Emitter& e, const GemmShape& shape, [[maybe_unused]] const Tile& tile,
                const Sums& sums, Value* to) {
  for (size_t i = 0; i < sums.size(); ++i) {
    e.ir.CreateAlignedStore(sums[i], kept(e, shape, to, i), vector_align(shape));
  }
}

void emit_epilogue(Emitter& e, const Local& local, const std::vector<Dependencies>& dependencies,
                   const std::vector<Value*>& buffers, const GemmShape& shape, const Tile& tile,
                   const std::vector<Value*>& batch, const Sums& sums) {
  // Code for every vector of the tile is worth it where there is little for each.
  constexpr int64_t most = 100;
  Epilogue epilogue(e, local, dependencies, buffers, shape, batch);
  const int64_t each = epilogue_cost(local.kernel, epilogue.of);
  if (each * static_cast<int64_t>(sums.size()) <= most || tile.rows <= 2) {
    return epilogue.straight(tile, sums);
  }
  Value* memory = nullptr;
  {
    llvm::IRBuilderBase::InsertPointGuard guard(e.ir);
    llvm::BasicBlock& entry = e.ir.GetInsertBlock()->getParent()->getEntryBlock();
    e.ir.SetInsertPoint(&entry, entry.begin());
    llvm::AllocaInst* tile_memory = e.ir.CreateAlloca(llvm::ArrayType::get(
        e.memory_type(shape.type, 1), sums.size() * static_cast<size_t>(shape.lanes)));
    tile_memory->setAlignment(vector_align(shape));
    memory = tile_memory;
  }
  store_sums(e, shape, tile, sums, memory);
  epilogue.looped(tile, memory);
}

}  // namespace gradus::codegen
