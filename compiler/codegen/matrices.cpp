#include "compiler/codegen/matrices.h"

#include "runtime/linear_algebra.h"

namespace gradus::codegen {
namespace {

runtime::MatrixFunction function_of(Op op) {
  if (op == Op::inv) return runtime::MatrixFunction::inverse;
  if (op == Op::solve) return runtime::MatrixFunction::solve;
  if (op == Op::det) return runtime::MatrixFunction::determinant;
  if (op == Op::adjugate) return runtime::MatrixFunction::adjugate;
  if (op == Op::logdet) return runtime::MatrixFunction::log_determinant;
  return runtime::MatrixFunction::cholesky;
}

runtime::Matrices matrices_of(const Local& local) {
  const auto& of = std::get<kernel::LinearAlgebra>(local.kernel.body);
  const Scalar type = local.buffers[static_cast<size_t>(of.a)].type;
  return {function_of(of.op), static_cast<runtime::Scalar>(type), of.matrices, of.n, of.columns};
}

}  // namespace

void emit_matrices(Emitter& e, const Local& local, const std::vector<llvm::Value*>& buffers,
                   llvm::Value* pool, llvm::Value* scratch) {
  const auto& of = std::get<kernel::LinearAlgebra>(local.kernel.body);
  const runtime::Matrices matrices = matrices_of(local);
  const auto buffer = [&](int number) { return buffers[static_cast<size_t>(number)]; };
  llvm::Type* word = e.ir.getInt32Ty();
  llvm::Type* number = e.ir.getInt64Ty();
  llvm::Type* pointer = e.ir.getPtrTy();
  const std::vector<llvm::Type*> types = {word,    word,    number,  number,  number,
                                          pointer, pointer, pointer, pointer, pointer};
  llvm::FunctionCallee call = e.module.getOrInsertFunction(
      "gradus_matrices", llvm::FunctionType::get(e.ir.getVoidTy(), types, false));
  llvm::cast<llvm::Function>(call.getCallee())->setDoesNotThrow();
  llvm::Value* sides =
      of.b == kernel::none ? llvm::ConstantPointerNull::get(e.ir.getPtrTy()) : buffer(of.b);
  e.ir.CreateCall(call, {e.ir.getInt32(static_cast<uint32_t>(matrices.function)),
                         e.ir.getInt32(static_cast<uint32_t>(matrices.type)),
                         e.index(matrices.count), e.index(matrices.n), e.index(matrices.columns),
                         buffer(of.a), sides, buffer(of.result), scratch, pool});
}

int64_t workspace_of(const Local& local) { return runtime::workspace_bytes(matrices_of(local)); }

}  // namespace gradus::codegen
