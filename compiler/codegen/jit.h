#pragma once

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace gradus::codegen {

// The machine code of a module, as an object file. Consumes the module's contents.
std::string object(llvm::Module& module, llvm::TargetMachine& machine);

// Object files linked with each other into this process.
class Jit {
 public:
  explicit Jit(const std::vector<std::string>& objects);
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
