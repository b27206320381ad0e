#include "compiler/codegen/module.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "compiler/codegen/contraction.h"
#include "compiler/codegen/nest.h"
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
  } else {
    emit_contraction(e, local, buffers, pool, function->getArg(count + 1));
  }
  e.ir.CreateRetVoid();
}

void emit_step(Emitter& e, const kernel::Plan& plan, const Program& program) {
  llvm::PointerType* pointer = e.ir.getPtrTy();
  auto* type = llvm::FunctionType::get(e.ir.getVoidTy(), {pointer, pointer, pointer}, false);
  llvm::Function* step = e.begin_function(step_symbol, type, true);
  const auto in_arena = [&](int64_t offset) {
    return e.ir.CreateGEP(e.ir.getInt8Ty(), step->getArg(1), e.index(offset));
  };
  const auto address = [&](const kernel::Buffer& buffer) -> Value* {
    if (buffer.slot < 0) return in_arena(buffer.offset);
    return e.ir.CreateLoad(pointer, e.ir.CreateGEP(pointer, step->getArg(0), e.index(buffer.slot)));
  };
  for (const Program::Call& call : program.calls) {
    std::vector<Value*> arguments;
    for (int buffer : call.arguments) {
      arguments.push_back(address(plan.buffers[static_cast<size_t>(buffer)]));
    }
    arguments.push_back(step->getArg(2));
    arguments.push_back(in_arena(program.scratch_offset));
    llvm::FunctionCallee kernel = e.module.getOrInsertFunction(
        program.symbols[call.kernel], kernel_type(e, program.kernels[call.kernel]));
    auto* function = llvm::cast<llvm::Function>(kernel.getCallee());
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    function->setDoesNotThrow();
    e.ir.CreateCall(kernel, arguments);
  }
  e.ir.CreateRetVoid();
}

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
  if (with_step) emit_step(e, plan, program);
  return module;
}

}  // namespace gradus::codegen
