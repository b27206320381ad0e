#pragma once

#include "compiler/codegen/emitter.h"
#include "compiler/graph/op.h"

namespace gradus::codegen {

// The elementwise operator `op` of operands with equally many lanes, as its row in operators.def
// says: by the primitive of that name, or by the expansion of its template. `result` is the type
// of the value.
llvm::Value* apply(Emitter& emitter, Op op, llvm::ArrayRef<llvm::Value*> operands, Scalar result);

// The smaller and the larger; NaN if either is. Integers too.
llvm::Value* minimum(Emitter& emitter, llvm::Value* x, llvm::Value* y);
llvm::Value* maximum(Emitter& emitter, llvm::Value* x, llvm::Value* y);

// About how many instructions an application takes, for decisions about unrolling and chunks.
int cost(Op op);

}  // namespace gradus::codegen
