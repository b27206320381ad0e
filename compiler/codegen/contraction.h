#pragma once

#include <cstdint>
#include <vector>

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/local.h"

namespace gradus::codegen {

// Writes a contraction and its epilogue where the builder stands. `scratch` are scratch_bytes of
// memory, aligned to 64.
void emit_contraction(Emitter& emitter, const Local& local,
                      const std::vector<llvm::Value*>& buffers, llvm::Value* pool,
                      llvm::Value* scratch);

// Memory that a kernel needs to work in, beside its buffers.
int64_t scratch_bytes(const Target& target, const Local& local);

}  // namespace gradus::codegen
