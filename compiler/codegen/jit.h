#pragma once

#include <memory>
#include <string>

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace gradus::codegen {

// The machine code of a module, as an object file. Consumes the module's contents.
std::string object(llvm::Module& module, llvm::TargetMachine& machine);

// Object files linked into this process.
class Jit {
 public:
  explicit Jit(std::string object);
  ~Jit();
  Jit(const Jit&) = delete;
  Jit& operator=(const Jit&) = delete;

  // Aborts where there is no such function.
  void* address(const std::string& symbol) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradus::codegen
