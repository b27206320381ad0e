#include "compiler/codegen/module.h"

#include <unordered_map>

#include "compiler/codegen/contraction.h"
#include "compiler/codegen/nest.h"
#include "llvm/Target/TargetMachine.h"

namespace gradus::codegen {
namespace {

using llvm::Value;

// `a1, z2` as a symbol: a1_z2.
std::string symbol(const std::string& name) {
  std::string made;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       static_cast<unsigned char>(c) >= 0x80 || c == '.';
    if (plain) {
      made += c;
    } else if (!made.empty() && made.back() != '_') {
      made += '_';
    }
  }
  return made.empty() ? "kernel" : made;
}

// The function of a kernel takes its buffers, then the pool, and then memory to work in.
llvm::Function* kernel_function(Emitter& e, const Local& local) {
  llvm::PointerType* pointer = e.ir.getPtrTy();
  const std::vector<llvm::Type*> types(local.buffers.size() + 2, pointer);
  auto* type = llvm::FunctionType::get(e.ir.getVoidTy(), types, false);
  llvm::Function* function = e.begin_function(symbol(local.kernel.name), type, false);
  std::vector<Value*> buffers;
  for (size_t i = 0; i < local.buffers.size(); ++i) {
    buffers.push_back(function->getArg(static_cast<unsigned>(i)));
  }
  const auto count = static_cast<unsigned>(buffers.size());
  Value* pool = function->getArg(count);
  if (std::holds_alternative<kernel::Nest>(local.kernel.body)) {
    emit_nest(e, local, buffers, pool);
  } else {
    emit_contraction(e, local, buffers, pool, function->getArg(count + 1));
  }
  e.ir.CreateRetVoid();
  return function;
}

}  // namespace

Emitted emit(llvm::LLVMContext& context, const Target& target, const llvm::TargetMachine& machine,
             const kernel::Plan& plan) {
  Emitted emitted{std::make_unique<llvm::Module>("gradus", context), plan.arena_bytes};
  llvm::Module& module = *emitted.module;
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple().str());
  Emitter e(module, target);

  std::unordered_map<std::string, llvm::Function*> functions;
  std::vector<std::pair<llvm::Function*, Local>> calls;
  int64_t scratch = 0;
  for (const kernel::Kernel& kernel : plan.kernels) {
    Local local = localise(plan, kernel);
    llvm::Function*& function = functions[local.key];
    if (!function) function = kernel_function(e, local);
    scratch = std::max(scratch, scratch_bytes(target, local));
    calls.emplace_back(function, std::move(local));
  }
  const int64_t scratch_offset = (plan.arena_bytes + 63) / 64 * 64;
  if (scratch > 0) emitted.arena_bytes = scratch_offset + scratch;

  llvm::PointerType* pointer = e.ir.getPtrTy();
  auto* type = llvm::FunctionType::get(e.ir.getVoidTy(), {pointer, pointer, pointer}, false);
  llvm::Function* step = e.begin_function(step_symbol, type, true);
  Value* arena = step->getArg(1);
  const auto address = [&](const kernel::Buffer& buffer) -> Value* {
    if (buffer.slot < 0)
      return e.ir.CreateConstGEP1_64(e.ir.getInt8Ty(), arena, static_cast<uint64_t>(buffer.offset));
    Value* place =
        e.ir.CreateConstGEP1_64(pointer, step->getArg(0), static_cast<uint64_t>(buffer.slot));
    return e.ir.CreateLoad(pointer, place);
  };
  for (const auto& [function, local] : calls) {
    std::vector<Value*> arguments;
    for (int buffer : local.arguments) {
      arguments.push_back(address(plan.buffers[static_cast<size_t>(buffer)]));
    }
    arguments.push_back(step->getArg(2));
    arguments.push_back(
        e.ir.CreateConstGEP1_64(e.ir.getInt8Ty(), arena, static_cast<uint64_t>(scratch_offset)));
    e.ir.CreateCall(function, arguments);
  }
  e.ir.CreateRetVoid();
  return emitted;
}

}  // namespace gradus::codegen
