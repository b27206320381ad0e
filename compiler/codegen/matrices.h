#pragma once

#include <vector>

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/local.h"

namespace gradus::codegen {

// Writes the call of the runtime for a kernel of linear algebra. `scratch` is workspace_of bytes of
// memory.
void emit_matrices(Emitter& emitter, const Local& local, const std::vector<llvm::Value*>& buffers,
                   llvm::Value* pool, llvm::Value* scratch);

// Memory that the call needs to work in.
int64_t workspace_of(const Local& local);

}  // namespace gradus::codegen
