#include "compiler/codegen/parallel.h"

#include <algorithm>

#include "llvm/IR/Constants.h"

namespace gradus::codegen {

using llvm::Value;

int64_t chunks_for(int64_t iterations, double cycles) {
  constexpr double cycles_a_chunk = 20000;  // 5 µs
  constexpr int64_t most = 32;
  const double wanted = static_cast<double>(iterations) * cycles / cycles_a_chunk;
  const int64_t chunks = wanted >= static_cast<double>(most) ? most : static_cast<int64_t>(wanted);
  return std::clamp<int64_t>(chunks, 1, std::max<int64_t>(iterations, 1));
}

void emit_parallel(
    Emitter& e, Value* pool, int64_t chunks, const std::vector<Value*>& values,
    const std::function<void(const std::vector<Value*>& values, Value* chunk)>& body) {
  llvm::IRBuilder<>& ir = e.ir;
  std::vector<llvm::Type*> types;
  for (const Value* value : values) types.push_back(value->getType());
  llvm::StructType* context = llvm::StructType::get(ir.getContext(), types);
  llvm::PointerType* pointer = ir.getPtrTy();

  Value* shared = nullptr;
  {
    llvm::IRBuilderBase::InsertPointGuard guard(ir);
    llvm::BasicBlock& entry = ir.GetInsertBlock()->getParent()->getEntryBlock();
    ir.SetInsertPoint(&entry, entry.begin());
    shared = ir.CreateAlloca(context);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    ir.CreateStore(values[i], ir.CreateStructGEP(context, shared, static_cast<unsigned>(i)));
  }
  llvm::FunctionType* task_type =
      llvm::FunctionType::get(ir.getVoidTy(), {pointer, ir.getInt64Ty()}, false);
  llvm::Function* task = nullptr;
  {
    llvm::IRBuilderBase::InsertPointGuard guard(ir);
    const std::string name = ir.GetInsertBlock()->getParent()->getName().str();
    task = e.begin_function(name + ".part", task_type, false);
    std::vector<Value*> inside;
    for (size_t i = 0; i < values.size(); ++i) {
      Value* place = ir.CreateStructGEP(context, task->getArg(0), static_cast<unsigned>(i));
      inside.push_back(ir.CreateLoad(types[i], place));
    }
    body(inside, task->getArg(1));
    ir.CreateRetVoid();
  }
  llvm::FunctionCallee run = e.module.getOrInsertFunction(
      "gradus_parallel",
      llvm::FunctionType::get(ir.getVoidTy(), {pointer, pointer, pointer, ir.getInt64Ty()}, false));
  llvm::cast<llvm::Function>(run.getCallee())->setDoesNotThrow();
  ir.CreateCall(run, {pool, task, shared, e.index(chunks)});
}

Value* chunk_begin(Emitter& e, Value* chunk, int64_t count, int64_t chunks) {
  const int64_t rest = count % chunks;
  Value* begin = e.ir.CreateMul(chunk, e.index(count / chunks));
  if (rest == 0) return begin;
  Value* larger = e.ir.CreateSelect(e.ir.CreateICmpULT(chunk, e.index(rest)), chunk, e.index(rest));
  return e.ir.CreateAdd(begin, larger);
}

}  // namespace gradus::codegen
