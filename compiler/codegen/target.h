#pragma once

#include <memory>
#include <string>

#include "compiler/kernel/plan.h"

namespace llvm {
class TargetMachine;
}

namespace gradus::codegen {

using kernel::Scalar;

// Bytes of an entry in memory.
int bytes(Scalar type);

// What the emitters know of the machine: nothing else depends on the processor.
struct Target {
  std::string cpu;       // as LLVM names it
  std::string features;  // as LLVM writes them: +avx2,-sse4a
  int vector_bytes = 16;
  int vector_registers = 16;
  bool scales_by_powers = false;  // has an instruction for y · 2ⁿ

  // Entries of a full vector. Booleans and indices take as many as f32.
  int lanes(Scalar type) const;
};

// The processor this runs on, or the named one; `features` are added in LLVM's notation.
Target detect(const std::string& cpu, const std::string& features);

// A code generator for it. Each thread needs its own.
std::unique_ptr<llvm::TargetMachine> target_machine(const Target& target);

// Aborts: a defect of the compiler, not of its user.
[[noreturn]] void bug(const std::string& message);

}  // namespace gradus::codegen
