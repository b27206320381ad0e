#pragma once

#include <memory>
#include <string>

#include "compiler/codegen/target.h"
#include "compiler/kernel/plan.h"

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
}  // namespace llvm

namespace gradus::codegen {

// The function that a module exports: runtime::Step::run.
inline constexpr const char* step_symbol = "gradus_step";

struct Emitted {
  std::unique_ptr<llvm::Module> module;
  int64_t arena_bytes = 0;  // the plan's, and what kernels need to work in
};

// One module: a function a kernel (equal kernels once), and the step that calls them in order.
Emitted emit(llvm::LLVMContext& context, const Target& target, const llvm::TargetMachine& machine,
             const kernel::Plan& plan);

}  // namespace gradus::codegen
