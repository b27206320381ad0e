#pragma once

#include <cstdint>
#include <string>

#include "compiler/codegen/target.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace gradus::codegen {

// Writes instructions into one function after another of a module. A value is a scalar or a vector
// of lanes, one lane being the scalar; booleans are i1 in registers and bytes in memory.
struct Emitter {
  Emitter(llvm::Module& module, const Target& target);

  llvm::Type* type(Scalar scalar, int lanes) const;
  llvm::Type* memory_type(Scalar scalar, int lanes) const;
  static llvm::Type* with_lanes(llvm::Type* scalar, int lanes);
  static int lanes(const llvm::Value* value);
  static bool is_double(const llvm::Value* value);

  // A number in every lane.
  llvm::Constant* number(double value, Scalar scalar, int lanes) const;
  // A number as the type of another value, which is of reals.
  static llvm::Constant* like(const llvm::Value* value, double number);
  llvm::ConstantInt* index(int64_t value) const;
  // 0, 1, 2 … times `step`, as i32.
  llvm::Constant* ramp(int lanes, int64_t step) const;
  // The first `count` lanes.
  llvm::Constant* first_lanes(int lanes, int count) const;

  llvm::Value* splat(llvm::Value* scalar, int lanes);
  // The lanes from `first` on.
  llvm::Value* part(llvm::Value* vector, int first, int count);
  llvm::Value* reverse(llvm::Value* vector);

  // A function of the module that only the module calls; the builder stands in its entry.
  llvm::Function* begin_function(const std::string& name, llvm::FunctionType* type, bool exported);

  llvm::Module& module;
  const Target& target;
  llvm::IRBuilder<> ir;
};

}  // namespace gradus::codegen
