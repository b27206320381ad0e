#include "runtime/rows.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "runtime/result.h"

namespace gradus::runtime {

RowLayout row_layout(const Shape& shape, int axis) {
  RowLayout layout;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int at = static_cast<int>(i);
    (at < axis ? layout.outer : at == axis ? layout.rows : layout.inner) *= shape[i];
  }
  return layout;
}

void gather_rows(const Tensor& from, int axis, std::span<const int64_t> rows, void* to) {
  const auto [outer, count, inner] = row_layout(from.shape(), axis);
  const auto row_bytes = static_cast<size_t>(inner * size_of(from.type()));
  if (row_bytes == 0) return;
  const auto* source = static_cast<const std::byte*>(from.data());
  auto* target = static_cast<std::byte*>(to);
  for (int64_t block = 0; block < outer; ++block) {
    for (const int64_t row : rows) {
      std::memcpy(target, source + static_cast<size_t>(row) * row_bytes, row_bytes);
      target += row_bytes;
    }
    source += static_cast<size_t>(count) * row_bytes;
  }
}

Tensor take_rows(const Tensor& from, int axis, std::span<const int64_t> rows) {
  Shape shape = from.shape();
  shape[static_cast<size_t>(axis)] = static_cast<int64_t>(rows.size());
  Tensor taken(from.type(), std::move(shape));
  gather_rows(from, axis, rows, taken.data());
  return taken;
}

void put_rows(const Tensor& from, int axis, int64_t first, Tensor& to) {
  const auto [outer, some, inner] = row_layout(from.shape(), axis);
  const int64_t all = row_layout(to.shape(), axis).rows;
  if (from.type() != to.type() || first < 0 || some > all - first) fail("rows do not fit");
  const int64_t row_bytes = inner * size_of(from.type());
  const auto bytes = static_cast<size_t>(some * row_bytes);
  if (bytes == 0) return;
  for (int64_t block = 0; block < outer; ++block) {
    std::memcpy(static_cast<std::byte*>(to.data()) + (block * all + first) * row_bytes,
                static_cast<const std::byte*>(from.data()) + block * some * row_bytes, bytes);
  }
}

Tensor drop_rows(const Tensor& from, int axis, std::span<const int64_t> rows) {
  std::vector<int64_t> kept;
  for (int64_t row = 0; row < row_layout(from.shape(), axis).rows; ++row) {
    if (!std::binary_search(rows.begin(), rows.end(), row)) kept.push_back(row);
  }
  return take_rows(from, axis, kept);
}

std::vector<int64_t> rows_of(const Shape& shape, int axis, std::span<const int64_t> entries) {
  const RowLayout layout = row_layout(shape, axis);
  std::vector<int64_t> rows;
  for (const int64_t entry : entries) rows.push_back(entry / layout.inner % layout.rows);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

}  // namespace gradus::runtime
