#pragma once

#include <cstdint>
#include <span>

#include "runtime/tensor.h"

// A tensor as a list of rows along one of its axes; the rows of a matrix along axis 1 are its
// columns.
namespace gradus::runtime {

// Copies these rows, one after the other, to a block that is laid out as a tensor whose extent
// along `axis` is their number.
void gather_rows(const Tensor& from, int axis, std::span<const int64_t> rows, void* to);

// These rows as a tensor.
Tensor take_rows(const Tensor& from, int axis, std::span<const int64_t> rows);

// Copies the tensor `from` into the rows of `to` that begin at `first`.
void put_rows(const Tensor& from, int axis, int64_t first, Tensor& to);

// All rows but these, which are in ascending order.
Tensor drop_rows(const Tensor& from, int axis, std::span<const int64_t> rows);

// Which rows the entries with these positions are in: ascending, each once. For axis −1 the tensor
// is one row.
std::vector<int64_t> rows_of(const Shape& shape, int axis, std::span<const int64_t> entries);

// A tensor as `outer` blocks of `rows` rows of `inner` entries each. For axis −1 it is one row.
struct RowLayout {
  int64_t outer = 1;
  int64_t rows = 1;
  int64_t inner = 1;
};
RowLayout row_layout(const Shape& shape, int axis);

}  // namespace gradus::runtime
