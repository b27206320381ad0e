#pragma once

#include <vector>

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/gemm_shape.h"

namespace gradus::codegen {

// Writes a contraction in register tiles where the builder stands. `scratch` is memory of
// gemm_scratch_bytes.
void emit_gemm(Emitter& emitter, const Local& local, const std::vector<llvm::Value*>& buffers,
               llvm::Value* pool, llvm::Value* scratch);

int64_t gemm_scratch_bytes(const GemmShape& shape);

}  // namespace gradus::codegen
