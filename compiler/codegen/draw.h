#pragma once

#include "compiler/codegen/emitter.h"
#include "compiler/graph/node.h"

namespace gradus::codegen {

// Random numbers as compiler/graph/draw.h defines them. `by`: the entry, the round, the step and
// the halves of the seed, whole numbers with equally many lanes. In f32 a uniform number has the
// first 24 bits of that in f64, and a normal one is made from 32 bits.
llvm::Value* draw(Emitter& emitter, Draw::Kind kind, int site, llvm::ArrayRef<llvm::Value*> by,
                  Scalar result);

}  // namespace gradus::codegen
