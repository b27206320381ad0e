#include "compiler/codegen/gemm.h"

#include "compiler/codegen/control.h"
#include "compiler/codegen/gemm_pack.h"
#include "compiler/codegen/gemm_tile.h"
#include "compiler/codegen/parallel.h"
#include "llvm/IR/Constants.h"

namespace gradus::codegen {
namespace {

using kernel::Contraction;
using llvm::Value;

// From here on the problem is cut as GemmShape says: tasks take items, an item is a part of the
// panels and of the row blocks of one batch, a panel is packed and then met by one row block after
// another.
class Gemm {
 public:
  Gemm(Emitter& e, const Local& local, const GemmShape& shape,
       const std::vector<Dependencies>& dependencies, std::vector<Value*> buffers, Value* scratch)
      : e_(e),
        local_(local),
        of_(std::get<Contraction>(local.kernel.body)),
        shape_(shape),
        dependencies_(dependencies),
        buffers_(std::move(buffers)),
        scratch_(scratch),
        entry_(e.memory_type(shape.type, 1)) {}

  void task(Value* number) {
    const int64_t items = shape_.batches * shape_.row_parts * shape_.panel_parts;
    panel_ = at(scratch_, e_.ir.CreateMul(number, e_.index(shape_.task_entries())));
    sums_ = at(panel_, e_.index(shape_.panel_entries()));
    Value* after = e_.ir.CreateAdd(number, e_.index(1));
    Value* begin = chunk_begin(e_, number, items, shape_.tasks);
    Value* end = items == shape_.tasks ? after : chunk_begin(e_, after, items, shape_.tasks);
    if (items == shape_.tasks) return item(begin);
    emit_for(e_, begin, end, 1, [&](Value* number) { item(number); });
  }

 private:
  Value* at(Value* base, Value* entries) { return e_.ir.CreateGEP(entry_, base, entries); }
  Value* times(Value* index, int64_t stride) { return e_.ir.CreateMul(index, e_.index(stride)); }

  // x / count and x % count, at no cost where count is 1.
  std::pair<Value*, Value*> divide(Value* x, int64_t count) {
    if (count == 1) return {x, e_.index(0)};
    return {e_.ir.CreateUDiv(x, e_.index(count)), e_.ir.CreateURem(x, e_.index(count))};
  }

  void item(Value* number) {
    auto [rest, panel_part] = divide(number, shape_.panel_parts);
    auto [batch, row_part] = divide(rest, shape_.row_parts);
    a_ = at(buffers_[static_cast<size_t>(of_.a.buffer)], e_.index(of_.a.offset));
    b_ = at(buffers_[static_cast<size_t>(of_.b.buffer)], e_.index(of_.b.offset));
    batch_.assign(of_.batch.size(), nullptr);
    for (size_t i = of_.batch.size(); i-- > 0;) {
      const int64_t extent = local_.kernel.loops[static_cast<size_t>(of_.batch[i])];
      // The first index is what is left.
      if (i > 0) {
        std::tie(batch, batch_[i]) = divide(batch, extent);
      } else {
        batch_[i] = extent == 1 ? e_.index(0) : batch;
      }
      a_ = at(a_, times(batch_[i], of_.a.batch_strides[i]));
      b_ = at(b_, times(batch_[i], of_.b.batch_strides[i]));
    }
    const auto range = [&](Value* part, int64_t count, int64_t parts) -> Range {
      if (parts == 1) return {e_.index(0), e_.index(count)};
      Value* next = e_.ir.CreateAdd(part, e_.index(1));
      return {chunk_begin(e_, part, count, parts), chunk_begin(e_, next, count, parts)};
    };
    rows_ = range(row_part, shape_.row_blocks(), shape_.row_parts);
    panels(range(panel_part, shape_.panels(), shape_.panel_parts));
  }

  struct Range {
    Value* begin;
    Value* end;
  };

  // The full ones in a loop, and the last one by itself where it is smaller: full(i), last(i).
  template <typename Full, typename Last>
  void blocks(Range range, int64_t count, bool last_differs, Full full, Last last) {
    if (!last_differs) return emit_for(e_, range.begin, range.end, 1, full);
    Value* final_one = e_.index(count - 1);
    emit_for(e_, range.begin, smaller_index(e_, range.end, final_one), 1, full);
    emit_if(e_, e_.ir.CreateICmpSGT(range.end, final_one), [&] { last(final_one); });
  }

  // Where block `i` of `size` begins: the last one early enough to be full, if that is the way.
  Value* block_begin(Value* i, int64_t size, int64_t extent) {
    Value* begin = times(i, size);
    if (!shape_.overlap || extent % size == 0) return begin;
    return smaller_index(e_, begin, e_.index(extent - size));
  }

  void panels(Range range) {
    const int64_t rest = shape_.n % shape_.width();
    blocks(
        range, shape_.panels(), !shape_.overlap && rest != 0,
        [&](Value* i) { panel(block_begin(i, shape_.width(), shape_.n), shape_.width()); },
        [&](Value* i) { panel(times(i, shape_.width()), rest); });
  }

  void panel(Value* column, int64_t columns) {
    Value* b = at(b_, times(column, of_.b.inner_stride));
    int64_t b_k = of_.b.outer_stride;
    if (shape_.packed()) {
      emit_pack(e_, shape_, b_, {of_.b.outer_stride, of_.b.inner_stride}, column, columns, panel_);
      b = panel_;
      b_k = shape_.width();
    }
    Tile tile;
    tile.column = column;
    tile.vectors = static_cast<int>((columns + shape_.lanes - 1) / shape_.lanes);
    tile.last_lanes =
        static_cast<int>(columns - static_cast<int64_t>(tile.vectors - 1) * shape_.lanes);
    TileOperands operands;
    operands.a_row = of_.a.outer_stride;
    operands.a_k = of_.a.inner_stride;
    operands.b = b;
    operands.b_k = b_k;
    operands.b_padded = shape_.packed();
    if (shape_.k_block < shape_.k) return by_groups(tile, operands);
    row_blocks(rows_, tile, [&](const Tile& of, Value*) {
      operands.a = at(a_, times(of.row, of_.a.outer_stride));
      finish(of,
             emit_sums(e_, shape_, of, operands, e_.index(shape_.k), zero_sums(e_, shape_, of)));
    });
  }

  // body(tile, number of the block) for each row block of a range.
  template <typename Body>
  void row_blocks(Range range, Tile tile, Body body) {
    const int64_t rest = shape_.m % shape_.rows;
    const auto one = [&](Value* i, Value* row, int rows) {
      tile.row = row;
      tile.rows = rows;
      body(tile, i);
    };
    blocks(
        range, shape_.row_blocks(), !shape_.overlap && rest != 0,
        [&](Value* i) { one(i, block_begin(i, shape_.rows, shape_.m), shape_.rows); },
        [&](Value* i) { one(i, times(i, shape_.rows), static_cast<int>(rest)); });
  }

  // k in blocks: the sums of a group of row blocks are kept in memory from one to the next.
  void by_groups(const Tile& panel_tile, TileOperands operands) {
    const int64_t size = shape_.rows * shape_.width();
    Value* k_end = e_.index(shape_.k);
    Value* b = operands.b;
    emit_for(e_, rows_.begin, rows_.end, shape_.row_group, [&](Value* first) {
      Value* group_end = e_.ir.CreateAdd(first, e_.index(shape_.row_group));
      const Range group = {first, smaller_index(e_, rows_.end, group_end)};
      Value* entries = times(e_.ir.CreateSub(group.end, first), size * bytes(shape_.type));
      e_.ir.CreateMemSet(sums_, e_.ir.getInt8(0), entries, llvm::Align(8));
      emit_for(e_, e_.index(0), k_end, shape_.k_block, [&](Value* k) {
        Value* next = smaller_index(e_, e_.ir.CreateAdd(k, e_.index(shape_.k_block)), k_end);
        operands.b = at(b, times(k, operands.b_k));
        row_blocks(group, panel_tile, [&](const Tile& of, Value* i) {
          operands.a = at(at(a_, times(of.row, of_.a.outer_stride)), times(k, of_.a.inner_stride));
          Value* place = at(sums_, times(e_.ir.CreateSub(i, first), size));
          const Sums sums = emit_sums(e_, shape_, of, operands, e_.ir.CreateSub(next, k),
                                      load_sums(e_, shape_, of, place));
          Value* last = e_.ir.CreateICmpEQ(next, k_end);
          emit_if(e_, e_.ir.CreateNot(last), [&] { store_sums(e_, shape_, of, sums, place); });
          emit_if(e_, last, [&] { finish(of, sums); });
        });
      });
    });
  }

  void finish(const Tile& tile, const Sums& sums) {
    emit_epilogue(e_, local_, dependencies_, buffers_, shape_, tile, batch_, sums);
  }

  Emitter& e_;
  const Local& local_;
  const Contraction& of_;
  const GemmShape& shape_;
  const std::vector<Dependencies>& dependencies_;
  std::vector<Value*> buffers_;
  Value* scratch_;
  llvm::Type* entry_;
  // Of the item that is being written.
  Value* panel_ = nullptr;
  Value* sums_ = nullptr;
  Value* a_ = nullptr;
  Value* b_ = nullptr;
  std::vector<Value*> batch_;
  Range rows_{};
};

}  // namespace

void emit_gemm(Emitter& e, const Local& local, const std::vector<Value*>& buffers, Value* pool,
               Value* scratch) {
  const GemmShape shape = gemm_shape(e.target, local);
  const std::vector<Dependencies> all = dependencies(local.kernel);
  if (shape.tasks == 1) {
    return Gemm(e, local, shape, all, buffers, scratch).task(e.index(0));
  }
  std::vector<Value*> values = buffers;
  values.push_back(scratch);
  emit_parallel(e, pool, shape.tasks, values,
                [&](const std::vector<Value*>& inside, Value* number) {
                  const std::vector<Value*> own(inside.begin(), inside.end() - 1);
                  Gemm(e, local, shape, all, own, inside.back()).task(number);
                });
}

int64_t gemm_scratch_bytes(const GemmShape& shape) {
  return shape.tasks * shape.task_entries() * bytes(shape.type);
}

}  // namespace gradus::codegen
