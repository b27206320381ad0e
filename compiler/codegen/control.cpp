#include "compiler/codegen/control.h"

#include "llvm/IR/Constants.h"

namespace gradus::codegen {

using llvm::Value;

void emit_for(Emitter& e, Value* begin, Value* end, int64_t step,
              const std::function<void(Value* index)>& body) {
  const auto* first = llvm::dyn_cast<llvm::ConstantInt>(begin);
  const auto* last = llvm::dyn_cast<llvm::ConstantInt>(end);
  const bool known = first && last;
  if (known && first->getSExtValue() >= last->getSExtValue()) return;
  if (known && first->getSExtValue() + step >= last->getSExtValue()) return body(begin);

  llvm::IRBuilder<>& ir = e.ir;
  llvm::Function* function = ir.GetInsertBlock()->getParent();
  llvm::BasicBlock* before = ir.GetInsertBlock();
  llvm::BasicBlock* inside = llvm::BasicBlock::Create(ir.getContext(), "", function);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(ir.getContext(), "", function);
  if (known) {
    ir.CreateBr(inside);
  } else {
    ir.CreateCondBr(ir.CreateICmpSLT(begin, end), inside, after);
  }
  ir.SetInsertPoint(inside);
  llvm::PHINode* index = ir.CreatePHI(ir.getInt64Ty(), 2);
  index->addIncoming(begin, before);
  body(index);
  Value* next = ir.CreateAdd(index, e.index(step), "", true, true);
  index->addIncoming(next, ir.GetInsertBlock());
  ir.CreateCondBr(ir.CreateICmpSLT(next, end), inside, after);
  ir.SetInsertPoint(after);
}

void emit_if(Emitter& e, Value* condition, const std::function<void()>& body) {
  if (const auto* known = llvm::dyn_cast<llvm::ConstantInt>(condition)) {
    if (!known->isZero()) body();
    return;
  }
  llvm::Function* function = e.ir.GetInsertBlock()->getParent();
  llvm::BasicBlock* inside = llvm::BasicBlock::Create(e.ir.getContext(), "", function);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(e.ir.getContext(), "", function);
  e.ir.CreateCondBr(condition, inside, after);
  e.ir.SetInsertPoint(inside);
  body();
  e.ir.CreateBr(after);
  e.ir.SetInsertPoint(after);
}

Value* smaller_index(Emitter& e, Value* x, Value* y) {
  return e.ir.CreateSelect(e.ir.CreateICmpSLT(x, y), x, y);
}

}  // namespace gradus::codegen
