#pragma once

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/gemm_shape.h"

namespace gradus::codegen {

// Where an operand lies: entries apart for neighbours in k, and in columns.
struct Strides {
  int64_t k = 0;
  int64_t column = 0;
};

// Writes `columns` columns of B from `column` on to `to`: row by row of k, rows shape.width()
// apart. What is written behind the last column, up to a whole vector, is unspecified.
void emit_pack(Emitter& emitter, const GemmShape& shape, llvm::Value* from, Strides strides,
               llvm::Value* column, int64_t columns, llvm::Value* to);

}  // namespace gradus::codegen
