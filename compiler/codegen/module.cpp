#include "compiler/codegen/module.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "compiler/codegen/contraction.h"
#include "compiler/codegen/matrices.h"
#include "compiler/codegen/nest.h"
#include "compiler/kernel/storage.h"
#include "llvm/Target/TargetMachine.h"

namespace gradus::codegen {
namespace {

using llvm::Value;

// `a1, z2` as a symbol: a1_z2.kernel, which no C function is called.
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
  return made + ".kernel";
}

// A kernel's function takes its buffers, then the pool, and then memory to work in.
llvm::FunctionType* kernel_type(Emitter& e, const Local& local) {
  const std::vector<llvm::Type*> types(local.buffers.size() + 2, e.ir.getPtrTy());
  return llvm::FunctionType::get(e.ir.getVoidTy(), types, false);
}

void emit_kernel(Emitter& e, const Local& local, const std::string& name) {
  llvm::Function* function = e.begin_function(name, kernel_type(e, local), true);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  std::vector<Value*> buffers;
  for (size_t i = 0; i < local.buffers.size(); ++i) {
    buffers.push_back(function->getArg(static_cast<unsigned>(i)));
  }
  const auto count = static_cast<unsigned>(buffers.size());
  Value* pool = function->getArg(count);
  if (std::holds_alternative<kernel::Nest>(local.kernel.body)) {
    emit_nest(e, local, buffers, pool);
  } else if (std::holds_alternative<kernel::LinearAlgebra>(local.kernel.body)) {
    emit_matrices(e, local, buffers, pool, function->getArg(count + 1));
  } else {
    emit_contraction(e, local, buffers, pool, function->getArg(count + 1));
  }
  e.ir.CreateRetVoid();
}

// The calls of the kernels, in loops where the plan has loops.
class StepEmitter {
 public:
  StepEmitter(Emitter& e, const kernel::Plan& plan, const Program& program)
      : e_(e), plan_(plan), program_(program) {
    llvm::PointerType* pointer = e.ir.getPtrTy();
    auto* type = llvm::FunctionType::get(e.ir.getVoidTy(), {pointer, pointer, pointer}, false);
    step_ = e.begin_function(step_symbol, type, true);
  }

  void run() {
    kernels(0, static_cast<int>(plan_.kernels.size()), 0);
    e_.ir.CreateRetVoid();
  }

 private:
  Value* in_arena(int64_t offset) {
    return e_.ir.CreateGEP(e_.ir.getInt8Ty(), step_->getArg(1), e_.index(offset));
  }

  // Computed where it is used: one that is kept for all kernels would take a register from them.
  Value* address(int number) {
    const kernel::Buffer& buffer = plan_.buffers[static_cast<size_t>(number)];
    if (!buffer.window) {
      if (buffer.slot < 0) return in_arena(buffer.offset);
      llvm::PointerType* pointer = e_.ir.getPtrTy();
      Value* slot = e_.ir.CreateGEP(pointer, step_->getArg(0), e_.index(buffer.slot));
      return e_.ir.CreateLoad(pointer, slot);
    }
    const kernel::Window& window = *buffer.window;
    const int64_t size = kernel::bytes(buffer.type);
    Value* moved =
        e_.ir.CreateMul(rounds_[static_cast<size_t>(window.loop)], e_.index(window.stride * size));
    Value* place = e_.ir.CreateAdd(moved, e_.index(window.begin * size));
    return e_.ir.CreateGEP(e_.ir.getInt8Ty(), address(window.of), place);
  }

  void call(const Program::Call& call) {
    std::vector<Value*> arguments;
    for (int buffer : call.arguments) arguments.push_back(address(buffer));
    arguments.push_back(step_->getArg(2));
    arguments.push_back(in_arena(program_.scratch_offset));
    llvm::FunctionCallee kernel = e_.module.getOrInsertFunction(
        program_.symbols[call.kernel], kernel_type(e_, program_.kernels[call.kernel]));
    auto* function = llvm::cast<llvm::Function>(kernel.getCallee());
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    function->setDoesNotThrow();
    e_.ir.CreateCall(kernel, arguments);
  }

  // The kernels from `first` on to `end`; `loop` is the first of the loops that may be among them.
  void kernels(int first, int end, size_t loop) {
    rounds_.resize(plan_.loops.size());
    while (first < end) {
      while (loop < plan_.loops.size() && plan_.loops[loop].end <= first) ++loop;
      if (loop < plan_.loops.size() && plan_.loops[loop].first == first) {
        const int behind = plan_.loops[loop].end;
        counted(loop, [&] { kernels(first, behind, loop + 1); });
        while (loop < plan_.loops.size() && plan_.loops[loop].first < behind) ++loop;
        first = behind;
      } else {
        call(program_.calls[static_cast<size_t>(first++)]);
      }
    }
  }

  template <typename Body>
  void counted(size_t loop, Body body) {
    auto& context = e_.ir.getContext();
    llvm::BasicBlock* before = e_.ir.GetInsertBlock();
    auto* inside = llvm::BasicBlock::Create(context, "round", step_);
    e_.ir.CreateBr(inside);
    e_.ir.SetInsertPoint(inside);
    llvm::PHINode* round = e_.ir.CreatePHI(e_.ir.getInt64Ty(), 2);
    round->addIncoming(e_.index(0), before);
    rounds_[loop] = round;
    body();
    Value* next = e_.ir.CreateAdd(round, e_.index(1));
    round->addIncoming(next, e_.ir.GetInsertBlock());
    auto* behind = llvm::BasicBlock::Create(context, "behind", step_);
    Value* more = e_.ir.CreateICmpSLT(next, e_.index(plan_.loops[loop].count));
    e_.ir.CreateCondBr(more, inside, behind);
    e_.ir.SetInsertPoint(behind);
  }

  Emitter& e_;
  const kernel::Plan& plan_;
  const Program& program_;
  llvm::Function* step_ = nullptr;
  std::vector<Value*> rounds_;  // of loops around what is emitted
};

}  // namespace

Program program_of(const Target& target, const kernel::Plan& plan) {
  Program program;
  std::unordered_map<std::string, size_t> numbers;
  std::unordered_set<std::string> taken;
  int64_t scratch = 0;
  for (const kernel::Kernel& kernel : plan.kernels) {
    Local local = localise(plan, kernel);
    const auto [found, fresh] = numbers.emplace(local.key, program.kernels.size());
    program.calls.push_back({found->second, local.arguments});
    if (!fresh) continue;
    std::string name = symbol(kernel.name);
    if (!taken.insert(name).second) {
      name += "." + std::to_string(program.kernels.size());
      taken.insert(name);
    }
    program.symbols.push_back(std::move(name));
    scratch = std::max(scratch, scratch_bytes(target, local));
    program.kernels.push_back(std::move(local));
  }
  program.scratch_offset = (plan.arena_bytes + 63) / 64 * 64;
  program.arena_bytes = scratch > 0 ? program.scratch_offset + scratch : plan.arena_bytes;
  return program;
}

// The largest first, each to the part that has the least so far.
std::vector<std::vector<size_t>> partition(const Program& program, int parts) {
  std::vector<std::pair<int64_t, size_t>> sizes;
  int64_t total = 0;
  for (size_t i = 0; i < program.kernels.size(); ++i) {
    sizes.emplace_back(code_size(program.kernels[i].kernel), i);
    total += sizes.back().first;
  }
  constexpr int64_t least = 400;  // a part by itself costs about as much as so much code
  parts = static_cast<int>(std::clamp<int64_t>(total / least, 1, std::max(parts, 1)));
  std::sort(sizes.begin(), sizes.end(),
            [](const auto& x, const auto& y) { return x.first > y.first; });
  std::vector<std::vector<size_t>> made(static_cast<size_t>(parts));
  std::vector<int64_t> load(made.size());
  for (const auto& [size, kernel] : sizes) {
    const auto lightest = std::min_element(load.begin(), load.end()) - load.begin();
    made[static_cast<size_t>(lightest)].push_back(kernel);
    load[static_cast<size_t>(lightest)] += size;
  }
  for (std::vector<size_t>& part : made) std::sort(part.begin(), part.end());
  return made;
}

std::unique_ptr<llvm::Module> emit_module(llvm::LLVMContext& context, const Target& target,
                                          const llvm::TargetMachine& machine,
                                          const kernel::Plan& plan, const Program& program,
                                          const std::vector<size_t>& kernels, bool with_step) {
  auto module = std::make_unique<llvm::Module>("gradus", context);
  module->setDataLayout(machine.createDataLayout());
  module->setTargetTriple(machine.getTargetTriple().str());
  Emitter e(*module, target);
  for (const size_t kernel : kernels) {
    emit_kernel(e, program.kernels[kernel], program.symbols[kernel]);
  }
  if (with_step) StepEmitter(e, plan, program).run();
  return module;
}

}  // namespace gradus::codegen
