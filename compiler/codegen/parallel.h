#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compiler/codegen/emitter.h"

namespace gradus::codegen {

// The number of chunks for `iterations` of `cycles` each, by these alone: a chunk should take
// several microseconds, and one is as good as none.
int64_t chunks_for(int64_t iterations, double cycles);

// Calls gradus_parallel for 0 ≤ chunk < chunks with a function of its own, of which `body` writes
// the code: it gets the values that `values` have there, and the chunk's number. The builder ends
// up after the call.
void emit_parallel(
    Emitter& emitter, llvm::Value* pool, int64_t chunks, const std::vector<llvm::Value*>& values,
    const std::function<void(const std::vector<llvm::Value*>& values, llvm::Value* chunk)>& body);

// begin = ⌊chunk · count / chunks⌋ for chunks of nearly equal size, without overflow.
llvm::Value* chunk_begin(Emitter& emitter, llvm::Value* chunk, int64_t count, int64_t chunks);

}  // namespace gradus::codegen
