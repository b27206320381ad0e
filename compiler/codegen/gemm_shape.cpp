#include "compiler/codegen/gemm_shape.h"

#include <algorithm>

#include "compiler/codegen/parallel.h"

namespace gradus::codegen {
namespace {

using kernel::Contraction;
using Panel = GemmShape::Panel;

// Whether entries may be computed twice: nothing that the epilogue writes is read, or added to.
bool repeatable(const Local& local, const Contraction& of) {
  return std::none_of(of.epilogue.begin(), of.epilogue.end(), [&](const kernel::Store& store) {
    const int written = store.access.buffer;
    return store.add || written == of.a.buffer || written == of.b.buffer ||
           std::any_of(
               local.kernel.exprs.begin(), local.kernel.exprs.end(), [&](const kernel::Expr& expr) {
                 return expr.kind == kernel::Expr::Kind::load && expr.access.buffer == written;
               });
  });
}

Panel panel_of(const GemmShape& shape, const Contraction& of) {
  if (of.b.inner_stride == 1) {
    // Rows that lie far apart fall on few lines of the cache: copying them pays when they are read
    // by several row blocks, unless all of B is small.
    const bool large = shape.k * shape.n * bytes(shape.type) > int64_t{1} << 17;
    return large && shape.m >= 48 ? Panel::copied : Panel::direct;
  }
  return of.b.outer_stride == 1 ? Panel::transposed : Panel::collected;
}

// Cycles for each k, with two multiplications a cycle; fewer than 8 sums at a time wait for one
// another, and loads are not quite hidden.
double cycles(int64_t rows, int64_t vectors) {
  return std::max(static_cast<double>(rows * vectors), 8.0) / 2 +
         static_cast<double>(rows + vectors) / 10;
}

double cycles(const GemmShape& shape) {
  const auto ceil = [](int64_t x, int64_t y) { return (x + y - 1) / y; };
  if (shape.overlap) {
    return static_cast<double>(shape.row_blocks() * shape.panels()) *
           cycles(shape.rows, shape.vectors);
  }
  const int64_t full_rows = shape.m / shape.rows;
  const int64_t full_panels = shape.n / shape.width();
  const int64_t last_rows = shape.m % shape.rows;
  const int64_t last_vectors = ceil(shape.n % shape.width(), shape.lanes);
  const auto row = [&](int64_t vectors) {
    const double full = static_cast<double>(full_rows) * cycles(shape.rows, vectors);
    return full + (last_rows > 0 ? cycles(last_rows, vectors) : 0);
  };
  return static_cast<double>(full_panels) * row(shape.vectors) +
         (last_vectors > 0 ? row(last_vectors) : 0);
}

// Sums, a row of B and a broadcast entry of A are held in registers. Rows of A that are not
// neighbours and lie a power of two apart fall on the same lines of the cache: at most 8 of them.
void choose_tile(GemmShape& shape, const Target& target, const Contraction& of, bool repeat) {
  const int64_t most_rows = std::min<int64_t>(of.a.outer_stride == 1 ? 14 : 8, shape.m);
  const int64_t most_vectors = (shape.n + shape.lanes - 1) / shape.lanes;
  double best = 0;
  for (const int vectors : {4, 3, 2, 1, 5, 6, 8}) {
    if (vectors > most_vectors) continue;
    for (int64_t rows = 1; rows <= most_rows; ++rows) {
      if (rows * vectors + vectors + 2 > target.vector_registers) break;
      GemmShape tried = shape;
      tried.rows = static_cast<int>(rows);
      tried.vectors = vectors;
      tried.overlap = repeat && tried.width() <= shape.n;
      // An edge of its own is more code to generate: it must be worth it.
      double cost = cycles(tried);
      GemmShape edged = tried;
      edged.overlap = false;
      if (tried.overlap && cycles(edged) < 0.85 * cost) {
        tried = edged;
        cost = cycles(edged);
      }
      if (best == 0 || cost < 0.99 * best) {
        best = cost;
        shape = tried;
      }
    }
  }
}

void choose_tasks(GemmShape& shape) {
  const double work = cycles(shape) * static_cast<double>(shape.k);
  const int64_t wanted =
      chunks_for(shape.batches * shape.row_blocks() * shape.panels(),
                 work * static_cast<double>(shape.batches) /
                     static_cast<double>(shape.batches * shape.row_blocks() * shape.panels()));
  const int64_t a_batch = (wanted + shape.batches - 1) / shape.batches;
  shape.panel_parts = std::min(a_batch, shape.panels());
  // A packed panel is packed by every part of the rows: these must be worth it.
  const int64_t least_blocks = shape.packed() ? (63 + shape.rows) / shape.rows : 1;
  const int64_t most_parts = std::max<int64_t>(shape.row_blocks() / least_blocks, 1);
  shape.row_parts = std::clamp<int64_t>(a_batch / shape.panel_parts, 1, most_parts);
  shape.tasks = std::min(wanted, shape.batches * shape.row_parts * shape.panel_parts);
}

}  // namespace

GemmShape gemm_shape(const Target& target, const Local& local) {
  const auto& of = std::get<Contraction>(local.kernel.body);
  const auto extent = [&](int loop) { return local.kernel.loops[static_cast<size_t>(loop)]; };
  GemmShape shape;
  shape.type = local.buffers[static_cast<size_t>(of.a.buffer)].type;
  shape.m = extent(of.m);
  shape.n = extent(of.n);
  shape.k = of.k;
  for (int loop : of.batch) shape.batches *= extent(loop);
  shape.lanes = target.lanes(shape.type);
  while (shape.lanes > 1 && shape.lanes / 2 >= shape.n) shape.lanes /= 2;
  shape.panel = panel_of(shape, of);
  choose_tile(shape, target, of, repeatable(local, of));
  choose_tasks(shape);
  // What is read of a panel of B should stay in the first-level cache while the rows of A pass by.
  constexpr int64_t most_bytes = 48 << 10;
  const int64_t most = std::max<int64_t>(most_bytes / (shape.width() * bytes(shape.type)), 128);
  const int64_t blocks = shape.k > most * 5 / 4 ? (shape.k + most - 1) / most : 1;
  shape.k_block = blocks == 1 ? shape.k : ((shape.k + blocks - 1) / blocks + 1) / 2 * 2;
  shape.row_group = std::min<int64_t>(shape.row_blocks(), 32);
  return shape;
}

}  // namespace gradus::codegen
