#pragma once

#include <vector>

#include "compiler/codegen/emitter.h"
#include "compiler/codegen/frame.h"
#include "compiler/codegen/gemm_shape.h"

namespace gradus::codegen {

// A block of the result: its first row and column, its size, and how many lanes of its last vector
// count.
struct Tile {
  llvm::Value* row = nullptr;
  llvm::Value* column = nullptr;
  int rows = 1;
  int vectors = 1;
  int last_lanes = 1;
};

// Sums of a tile, vector by vector of a row, row after row.
using Sums = std::vector<llvm::Value*>;

// Where the operands of a tile begin, and how far on the next row and the next k are.
struct TileOperands {
  llvm::Value* a = nullptr;
  int64_t a_row = 0;
  int64_t a_k = 0;
  llvm::Value* b = nullptr;
  int64_t b_k = 0;
  bool b_padded = false;  // whole vectors of B may be read
};

// sums + Σ over the next `count` > 0 values of k of a · b, in registers throughout.
Sums emit_sums(Emitter& emitter, const GemmShape& shape, const Tile& tile,
               const TileOperands& operands, llvm::Value* count, Sums sums);

Sums zero_sums(Emitter& emitter, const GemmShape& shape, const Tile& tile);
Sums load_sums(Emitter& emitter, const GemmShape& shape, const Tile& tile, llvm::Value* from);
void store_sums(Emitter& emitter, const GemmShape& shape, const Tile& tile, const Sums& sums,
                llvm::Value* to);

// The epilogue's stores for a tile. `batch` are the indices of the batch loops.
void emit_epilogue(Emitter& emitter, const Local& local,
                   const std::vector<Dependencies>& dependencies,
                   const std::vector<llvm::Value*>& buffers, const GemmShape& shape,
                   const Tile& tile, const std::vector<llvm::Value*>& batch, const Sums& sums);

}  // namespace gradus::codegen
