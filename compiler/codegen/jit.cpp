#include "compiler/codegen/jit.h"

#include <cmath>
#include <cstring>

#include "compiler/codegen/calls.h"
#include "compiler/codegen/target.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "runtime/linear_algebra.h"
#include "runtime/step.h"

namespace gradus::codegen {
namespace {

template <typename T>
T unwrap(llvm::Expected<T> value) {
  if (!value) bug(llvm::toString(value.takeError()));
  return std::move(*value);
}

void unwrap(llvm::Error error) {
  if (error) bug(llvm::toString(std::move(error)));
}

llvm::orc::ExecutorSymbolDef definition(void* address) {
  return {llvm::orc::ExecutorAddr::fromPtr(address),
          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
}

// What generated code may call, by address: a static binary exports no symbols to look up.
llvm::orc::SymbolMap known_symbols(llvm::orc::LLJIT& jit) {
  llvm::orc::SymbolMap symbols;
  const auto add = [&](const char* name, void* address) {
    symbols[jit.mangleAndIntern(name)] = definition(address);
  };
  for (const Callee& row : callees()) add(row.symbol, row.address);
  add("gradus_parallel", reinterpret_cast<void*>(&gradus_parallel));
  add("gradus_matrices", reinterpret_cast<void*>(&gradus_matrices));
  // What LLVM may call by itself.
  add("memset", reinterpret_cast<void*>(&std::memset));
  add("memcpy",
      reinterpret_cast<void*>(static_cast<void* (*)(void*, const void*, size_t)>(&std::memcpy)));
  add("floor", reinterpret_cast<void*>(static_cast<double (*)(double)>(&std::floor)));
  add("floorf", reinterpret_cast<void*>(static_cast<float (*)(float)>(&std::floor)));
  add("ceil", reinterpret_cast<void*>(static_cast<double (*)(double)>(&std::ceil)));
  add("ceilf", reinterpret_cast<void*>(static_cast<float (*)(float)>(&std::ceil)));
  add("rint", reinterpret_cast<void*>(static_cast<double (*)(double)>(&std::rint)));
  add("rintf", reinterpret_cast<void*>(static_cast<float (*)(float)>(&std::rint)));
  return symbols;
}

}  // namespace

std::string object(llvm::Module& module, llvm::TargetMachine& machine) {
#ifndef NDEBUG
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::verifyModule(module, &stream)) bug(problem);
#endif
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, out, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    bug("the target writes no object files");
  }
  passes.run(module);
  return {bytes.begin(), bytes.end()};
}

struct Jit::State {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

Jit::Jit(const std::vector<std::string>& objects) : state_(std::make_unique<State>()) {
  llvm::orc::LLJITBuilder builder;
  builder.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
  state_->jit = unwrap(builder.create());
  llvm::orc::LLJIT& jit = *state_->jit;
  unwrap(jit.getMainJITDylib().define(llvm::orc::absoluteSymbols(known_symbols(jit))));
  for (size_t i = 0; i < objects.size(); ++i) {
    const std::string name = "gradus." + std::to_string(i);
    unwrap(jit.addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(objects[i], name)));
  }
}

Jit::~Jit() = default;

void* Jit::address(const std::string& symbol) const {
  return unwrap(state_->jit->lookup(symbol)).toPtr<void*>();
}

}  // namespace gradus::codegen
