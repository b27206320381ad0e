#include "compiler/codegen/module.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "compiler/codegen/contraction.h"
#include "compiler/codegen/control.h"
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

// So many calls one after the other are a table.
constexpr int many_calls = 16;

// A kernel's function takes where its buffers are, an array, then the pool, and then memory to work
// in.
llvm::FunctionType* kernel_type(Emitter& e) {
  llvm::Type* pointer = e.ir.getPtrTy();
  return llvm::FunctionType::get(e.ir.getVoidTy(), {pointer, pointer, pointer}, false);
}

Value* element(Emitter& e, llvm::Type* type, Value* array, Value* index) {
  return e.ir.CreateGEP(type, array, index);
}

void emit_kernel(Emitter& e, const Local& local, const std::string& name) {
  llvm::Function* function = e.begin_function(name, kernel_type(e), true);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  llvm::Type* pointer = e.ir.getPtrTy();
  std::vector<Value*> buffers;
  for (size_t i = 0; i < local.buffers.size(); ++i) {
    Value* place = element(e, pointer, function->getArg(0), e.index(static_cast<int64_t>(i)));
    buffers.push_back(e.ir.CreateLoad(pointer, place));
  }
  Value* pool = function->getArg(1);
  Value* scratch = function->getArg(2);
  if (std::holds_alternative<kernel::Nest>(local.kernel.body)) {
    emit_nest(e, local, buffers, pool);
  } else if (std::holds_alternative<kernel::LinearAlgebra>(local.kernel.body)) {
    emit_matrices(e, local, buffers, pool, scratch);
  } else {
    emit_contraction(e, local, buffers, pool, scratch);
  }
  e.ir.CreateRetVoid();
}

// The calls of the kernels, in loops where the plan has loops. Calls outside of loops are a table
// that one loop goes through: code for each would take longer to generate than the kernels of a
// deep network do.
class StepEmitter {
 public:
  StepEmitter(Emitter& e, const kernel::Plan& plan, const Program& program)
      : e_(e),
        plan_(plan),
        program_(program),
        call_(llvm::StructType::get(e.ir.getPtrTy(), e.ir.getInt64Ty(), e.ir.getInt64Ty())),
        argument_(llvm::StructType::get(e.ir.getInt64Ty(), e.ir.getInt64Ty())) {
    llvm::PointerType* pointer = e.ir.getPtrTy();
    auto* type = llvm::FunctionType::get(e.ir.getVoidTy(), {pointer, pointer, pointer}, false);
    step_ = e.begin_function(step_symbol, type, true);
  }

  void run() {
    size_t most = 1;
    for (const Local& kernel : program_.kernels) most = std::max(most, kernel.buffers.size());
    places_ = e_.ir.CreateAlloca(e_.ir.getPtrTy(), e_.index(static_cast<int64_t>(most)));
    arena_ = e_.ir.CreateAlloca(e_.ir.getPtrTy());
    e_.ir.CreateStore(step_->getArg(1), arena_);
    kernels(0, static_cast<int>(plan_.kernels.size()), 0, true);
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

  llvm::Function* kernel_of(const Program::Call& call) {
    llvm::FunctionCallee kernel =
        e_.module.getOrInsertFunction(program_.symbols[call.kernel], kernel_type(e_));
    auto* function = llvm::cast<llvm::Function>(kernel.getCallee());
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    function->setDoesNotThrow();
    return function;
  }

  void call(Value* kernel) {
    e_.ir.CreateCall(kernel_type(e_), kernel,
                     {places_, step_->getArg(2), in_arena(program_.scratch_offset)});
  }

  void call(const Program::Call& one) {
    int64_t index = 0;
    for (int buffer : one.arguments) {
      Value* place = element(e_, e_.ir.getPtrTy(), places_, e_.index(index++));
      e_.ir.CreateStore(address(buffer), place);
    }
    call(kernel_of(one));
  }

  llvm::Value* table(llvm::StructType* type, const std::vector<llvm::Constant*>& rows) {
    auto* array = llvm::ArrayType::get(type, rows.size());
    return new llvm::GlobalVariable(e_.module, array, true, llvm::GlobalValue::InternalLinkage,
                                    llvm::ConstantArray::get(array, rows));
  }

  Value* field(llvm::StructType* type, Value* row, unsigned field) {
    return e_.ir.CreateLoad(type->getElementType(field), e_.ir.CreateStructGEP(type, row, field));
  }

  // A row for each call: its kernel, its first argument and how many there are; and one for each
  // argument: its slot, or -1 for the arena, and the offset there.
  void calls(int first, int end) {
    std::vector<llvm::Constant*> calls;
    std::vector<llvm::Constant*> arguments;
    for (int k = first; k < end; ++k) {
      const Program::Call& call = program_.calls[static_cast<size_t>(k)];
      calls.push_back(llvm::ConstantStruct::get(
          call_, {kernel_of(call), e_.index(static_cast<int64_t>(arguments.size())),
                  e_.index(static_cast<int64_t>(call.arguments.size()))}));
      for (int number : call.arguments) {
        const kernel::Buffer& buffer = plan_.buffers[static_cast<size_t>(number)];
        arguments.push_back(llvm::ConstantStruct::get(
            argument_, {e_.index(buffer.slot), e_.index(buffer.slot < 0 ? buffer.offset : 0)}));
      }
    }
    Value* all = table(call_, calls);
    Value* places = table(argument_, arguments);
    emit_for(e_, e_.index(0), e_.index(end - first), 1, [&](Value* number) {
      Value* row = element(e_, call_, all, number);
      Value* from = element(e_, argument_, places, field(call_, row, 1));
      emit_for(e_, e_.index(0), field(call_, row, 2), 1, [&](Value* index) {
        Value* argument = element(e_, argument_, from, index);
        Value* slot = field(argument_, argument, 0);
        llvm::Type* pointer = e_.ir.getPtrTy();
        Value* in_slots = element(e_, pointer, step_->getArg(0), slot);
        Value* base = e_.ir.CreateSelect(e_.ir.CreateICmpSLT(slot, e_.index(0)), arena_, in_slots);
        Value* start = e_.ir.CreateLoad(pointer, base);
        Value* place = element(e_, e_.ir.getInt8Ty(), start, field(argument_, argument, 1));
        e_.ir.CreateStore(place, element(e_, pointer, places_, index));
      });
      call(field(call_, row, 0));
    });
  }

  // The kernels from `first` on to `end`; `loop` is the first of the loops that may be among them.
  void kernels(int first, int end, size_t loop, bool outermost) {
    rounds_.resize(plan_.loops.size());
    while (first < end) {
      while (loop < plan_.loops.size() && plan_.loops[loop].end <= first) ++loop;
      const int next = loop < plan_.loops.size() ? std::min(plan_.loops[loop].first, end) : end;
      if (next == first) {
        const int behind = plan_.loops[loop].end;
        counted(loop, [&] { kernels(first, behind, loop + 1, false); });
        while (loop < plan_.loops.size() && plan_.loops[loop].first < behind) ++loop;
        first = behind;
      } else if (outermost && next - first >= many_calls) {
        calls(first, next);
        first = next;
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
  llvm::StructType* call_;  // rows of tables
  llvm::StructType* argument_;
  llvm::Function* step_ = nullptr;
  Value* places_ = nullptr;  // of the buffers of the kernel to be called
  Value* arena_ = nullptr;   // where a pointer to the arena is, as one to a slot's is in the slots
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
