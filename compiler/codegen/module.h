#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/codegen/local.h"
#include "compiler/codegen/target.h"
#include "compiler/kernel/plan.h"

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
}  // namespace llvm

namespace gradus::codegen {

// The function that a caller runs: runtime::Step::run.
inline constexpr const char* step_symbol = "gradus_step";

// What a plan needs of code: its kernels, equal ones once, and the calls of them in order.
struct Program {
  struct Call {
    size_t kernel = 0;
    std::vector<int> arguments;  // the plan's buffers
  };
  std::vector<Local> kernels;
  std::vector<std::string> symbols;  // of the kernels, each its own
  std::vector<Call> calls;
  int64_t scratch_offset = 0;  // in the arena, of memory that kernels work in
  int64_t arena_bytes = 0;
};

Program program_of(const Target& target, const kernel::Plan& plan);

// The kernels by number in at most `parts` parts that take about as long to compile, fewer where
// there is not enough to do.
std::vector<std::vector<size_t>> partition(const Program& program, int parts);

// One module: a function for each of those kernels, and the step, if this is the part with it.
std::unique_ptr<llvm::Module> emit_module(llvm::LLVMContext& context, const Target& target,
                                          const llvm::TargetMachine& machine,
                                          const kernel::Plan& plan, const Program& program,
                                          const std::vector<size_t>& kernels, bool with_step);

}  // namespace gradus::codegen
