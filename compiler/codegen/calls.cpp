#include "compiler/codegen/calls.h"

#include <algorithm>
#include <cmath>

#include "compiler/graph/scalar.h"

namespace gradus::codegen {
namespace {

// The address of a function of doubles, one of its own for each.
template <auto function>
void* one() {
  return reinterpret_cast<void*>(+[](double x) -> double { return function(x); });
}
template <auto function>
void* two() {
  return reinterpret_cast<void*>(+[](double x, double y) -> double { return function(x, y); });
}

// The loop over lanes: the vectors live in registers as the caller gives them, and on the stack
// where a lane is taken out by number.
void write_loop(Emitter& emitter, llvm::Function* function, llvm::Function* scalar) {
  llvm::IRBuilder<>& ir = emitter.ir;
  llvm::BasicBlock* entry = ir.GetInsertBlock();
  llvm::BasicBlock* body = llvm::BasicBlock::Create(ir.getContext(), "", function);
  llvm::BasicBlock* exit = llvm::BasicBlock::Create(ir.getContext(), "", function);
  ir.CreateBr(body);
  ir.SetInsertPoint(body);
  llvm::PHINode* lane = ir.CreatePHI(ir.getInt64Ty(), 2);
  llvm::PHINode* sofar = ir.CreatePHI(function->getReturnType(), 2);
  std::vector<llvm::Value*> arguments;
  for (llvm::Argument& argument : function->args()) {
    llvm::Value* x = ir.CreateExtractElement(&argument, lane);
    arguments.push_back(ir.CreateFPExt(x, ir.getDoubleTy()));
  }
  llvm::Value* y = ir.CreateCall(scalar, arguments);
  y = ir.CreateFPTrunc(y, function->getReturnType()->getScalarType());
  llvm::Value* next = ir.CreateInsertElement(sofar, y, lane);
  llvm::Value* following = ir.CreateAdd(lane, emitter.index(1));
  const int lanes = Emitter::lanes(sofar);
  ir.CreateCondBr(ir.CreateICmpULT(following, emitter.index(lanes)), body, exit);
  lane->addIncoming(emitter.index(0), entry);
  lane->addIncoming(following, body);
  sofar->addIncoming(llvm::PoisonValue::get(function->getReturnType()), entry);
  sofar->addIncoming(next, body);
  ir.SetInsertPoint(exit);
  ir.CreateRet(next);
}

}  // namespace

std::span<const Callee> callees() {
  static const Callee table[] = {
      {"sin", "gradus_sin", 1, one<[](double x) { return std::sin(x); }>()},
      {"cos", "gradus_cos", 1, one<[](double x) { return std::cos(x); }>()},
      {"tan", "gradus_tan", 1, one<[](double x) { return std::tan(x); }>()},
      {"asin", "gradus_asin", 1, one<[](double x) { return std::asin(x); }>()},
      {"acos", "gradus_acos", 1, one<[](double x) { return std::acos(x); }>()},
      {"atan", "gradus_atan", 1, one<[](double x) { return std::atan(x); }>()},
      {"lgamma", "gradus_lgamma", 1, one<scalar::log_gamma>()},
      {"pow", "gradus_pow", 2, two<[](double x, double y) { return std::pow(x, y); }>()},
      {"atan2", "gradus_atan2", 2, two<[](double x, double y) { return std::atan2(x, y); }>()},
      {"polygamma", "gradus_polygamma", 2, two<scalar::polygamma_of>()},
  };
  return table;
}

const Callee* callee(std::string_view primitive) {
  for (const Callee& row : callees()) {
    if (row.primitive == primitive) return &row;
  }
  return nullptr;
}

llvm::Value* call_lanes(Emitter& emitter, const Callee& callee,
                        llvm::ArrayRef<llvm::Value*> operands) {
  llvm::IRBuilder<>& ir = emitter.ir;
  llvm::Type* real = ir.getDoubleTy();
  const std::vector<llvm::Type*> scalars(static_cast<size_t>(callee.arity), real);
  llvm::FunctionCallee scalar = emitter.module.getOrInsertFunction(
      callee.symbol, llvm::FunctionType::get(real, scalars, false));
  auto* function = llvm::cast<llvm::Function>(scalar.getCallee());
  function->setDoesNotThrow();
  llvm::Type* type = operands[0]->getType();
  if (!type->isVectorTy()) {
    std::vector<llvm::Value*> arguments;
    for (llvm::Value* operand : operands) arguments.push_back(ir.CreateFPExt(operand, real));
    return ir.CreateFPTrunc(ir.CreateCall(function, arguments), type);
  }
  const std::string name = std::string(callee.symbol) +
                           (Emitter::is_double(operands[0]) ? "_f64x" : "_f32x") +
                           std::to_string(Emitter::lanes(operands[0]));
  llvm::Function* vector = emitter.module.getFunction(name);
  if (!vector) {
    llvm::IRBuilderBase::InsertPointGuard guard(ir);
    const std::vector<llvm::Type*> vectors(operands.size(), type);
    vector = emitter.begin_function(name, llvm::FunctionType::get(type, vectors, false), false);
    write_loop(emitter, vector, function);
  }
  return ir.CreateCall(vector, operands);
}

}  // namespace gradus::codegen
