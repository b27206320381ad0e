#pragma once

#include <functional>

#include "compiler/codegen/emitter.h"

namespace gradus::codegen {

// for (index = begin; index < end; index += step) body(index). Nothing is written for a range that
// is known to be empty, and no loop for one that is known to have one index. The body may read
// values from before the loop; it gives none.
void emit_for(Emitter& emitter, llvm::Value* begin, llvm::Value* end, int64_t step,
              const std::function<void(llvm::Value* index)>& body);

// if (condition) body().
void emit_if(Emitter& emitter, llvm::Value* condition, const std::function<void()>& body);

llvm::Value* smaller_index(Emitter& emitter, llvm::Value* x, llvm::Value* y);

}  // namespace gradus::codegen
