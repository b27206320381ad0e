#pragma once

#include "compiler/codegen/frame.h"

namespace gradus::codegen {

// Writes the statements of a nest where the builder stands. `pool` is the pool of threads that
// parallel loops are given to.
void emit_nest(Emitter& emitter, const Local& local, const std::vector<llvm::Value*>& buffers,
               llvm::Value* pool);

}  // namespace gradus::codegen
