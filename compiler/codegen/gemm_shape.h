#pragma once

#include <cstdint>

#include "compiler/codegen/local.h"
#include "compiler/codegen/target.h"

namespace gradus::codegen {

// How a contraction is cut into tiles: `rows` of A by `vectors` vectors of B's columns are summed
// in registers over all of k. Numbers of one problem, decided from its extents and strides alone.
struct GemmShape {
  enum class Panel : uint8_t {
    direct,      // B is read where it lies: its columns are neighbours
    copied,      // B is so large that its rows are put side by side, a panel of columns at a time
    transposed,  // its rows of k are neighbours: they are turned, squares of lanes by lanes
    collected,   // any other strides, an entry at a time
  };

  Scalar type = Scalar::f32;
  int lanes = 1;
  int64_t m = 0, n = 0, k = 0;
  int64_t batches = 1;
  int rows = 1;
  int vectors = 1;
  Panel panel = Panel::direct;
  // The last tile of a row or a column begins so early that it is full, and computes some entries
  // again, to the same values; else it is smaller, and its last vector masked.
  bool overlap = false;
  // Tasks: each takes a part of the row blocks and of the panels of one batch.
  int64_t row_parts = 1;
  int64_t panel_parts = 1;
  int64_t tasks = 1;
  int64_t k_block =
      0;  // k is summed in blocks of so many, the sums kept in memory between; k if not
  int64_t row_group = 0;  // row blocks whose sums are kept, when k is cut

  int64_t width() const { return static_cast<int64_t>(lanes) * vectors; }
  int64_t row_blocks() const { return (m + rows - 1) / rows; }
  int64_t panels() const { return (n + width() - 1) / width(); }
  bool packed() const { return panel != Panel::direct; }
  // Entries of scratch memory for one task: a panel of B, and sums.
  int64_t panel_entries() const { return packed() ? k * width() : 0; }
  int64_t sum_entries() const { return k_block < k ? row_group * rows * width() : 0; }
  int64_t task_entries() const { return panel_entries() + sum_entries(); }
};

GemmShape gemm_shape(const Target& target, const Local& local);

}  // namespace gradus::codegen
