#pragma once

#include <span>
#include <string_view>

#include "compiler/codegen/emitter.h"

// Functions of the C library and of the graph's scalars that generated code may call, a lane at a
// time, in double.
namespace gradus::codegen {

struct Callee {
  std::string_view primitive;
  const char* symbol;
  int arity;
  void* address;
};

std::span<const Callee> callees();
// The row of that primitive, or null.
const Callee* callee(std::string_view primitive);

// The function of all lanes, by a loop over the lanes in a function of its own, written once a
// module and type.
llvm::Value* call_lanes(Emitter& emitter, const Callee& callee,
                        llvm::ArrayRef<llvm::Value*> operands);

}  // namespace gradus::codegen
