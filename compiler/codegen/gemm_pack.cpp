#include "compiler/codegen/gemm_pack.h"

#include <algorithm>

#include "compiler/codegen/control.h"

namespace gradus::codegen {
namespace {

using llvm::Align;
using llvm::Value;

class Pack {
 public:
  Pack(Emitter& e, const GemmShape& shape, Value* from, Strides strides, Value* column,
       int64_t columns, Value* to)
      : e_(e),
        shape_(shape),
        from_(from),
        strides_(strides),
        column_(column),
        columns_(columns),
        to_(to),
        entry_(e.memory_type(shape.type, 1)),
        side_(std::min(shape.lanes, 8)),
        align_(static_cast<uint64_t>(bytes(shape.type))) {}

  // Rows are runs of neighbours already.
  void copy() {
    Value* source = at(from_, column_, 1);
    emit_for(e_, e_.index(0), e_.index(shape_.k), 1, [&](Value* k) {
      Value* read = at(source, k, strides_.k);
      Value* write = at(to_, k, shape_.width());
      for (int64_t v = 0; v < vectors(); ++v) {
        Value* offset = e_.index(v * shape_.lanes);
        const int64_t left = std::min<int64_t>(columns_ - v * shape_.lanes, shape_.lanes);
        Value* row = load(at(read, offset, 1), shape_.lanes, static_cast<int>(left));
        store(row, at(write, offset, 1));
      }
    });
  }

  // Columns are runs of neighbours: squares of them are turned.
  void transpose() {
    emit_for(
        e_, e_.index(0), e_.index((columns_ + side_ - 1) / side_), 1, [&](Value* square_number) {
          Value* offset = e_.ir.CreateMul(square_number, e_.index(side_));
          Value* first = e_.ir.CreateAdd(column_, offset);
          Value* write = at(to_, offset, 1);
          if (shape_.k < side_) {
            square(first, e_.index(0), write, static_cast<int>(shape_.k));
            return;
          }
          // The last square overlaps the one before.
          Value* last = e_.index(shape_.k - side_);
          emit_for(e_, e_.index(0), e_.index(shape_.k), side_, [&](Value* k) {
            square(first, shape_.k % side_ == 0 ? k : smaller_index(e_, k, last), write, side_);
          });
        });
  }

  void collect() {
    emit_for(e_, e_.index(0), e_.index(shape_.k), 1, [&](Value* k) {
      Value* read = at(from_, k, strides_.k);
      Value* write = at(to_, k, shape_.width());
      emit_for(e_, e_.index(0), e_.index(columns_), 1, [&](Value* j) {
        Value* from = at(read, e_.ir.CreateAdd(column_, j), strides_.column);
        Value* one = e_.ir.CreateAlignedLoad(entry_, from, align_);
        e_.ir.CreateAlignedStore(one, at(write, j, 1), align_);
      });
    });
  }

 private:
  Value* at(Value* base, Value* index, int64_t stride) {
    return e_.ir.CreateGEP(entry_, base, e_.ir.CreateMul(index, e_.index(stride)));
  }
  Value* load(Value* from, int lanes, int count) {
    llvm::Type* vector = e_.memory_type(shape_.type, lanes);
    if (count == lanes) return e_.ir.CreateAlignedLoad(vector, from, align_);
    return e_.ir.CreateMaskedLoad(vector, from, align_, e_.first_lanes(lanes, count),
                                  llvm::Constant::getNullValue(vector));
  }
  void store(Value* value, Value* to) { e_.ir.CreateAlignedStore(value, to, align_); }
  int64_t vectors() const { return (columns_ + shape_.lanes - 1) / shape_.lanes; }

  // `count` rows from k on of the columns from `first` on: at step d, lanes whose number
  // has the bit d change places with the rows whose number has it.
  void square(Value* first, Value* k, Value* write, int count) {
    const int lanes = side_;
    std::vector<Value*> rows;
    Value* last = e_.ir.CreateAdd(column_, e_.index(columns_ - 1));
    for (int j = 0; j < lanes; ++j) {
      Value* which = e_.ir.CreateAdd(first, e_.index(j));
      // The last column stands in for those beyond it.
      if (columns_ % lanes != 0) which = smaller_index(e_, which, last);
      rows.push_back(load(at(at(from_, which, strides_.column), k, 1), lanes, count));
    }
    for (int d = 1; d < lanes; d *= 2) {
      std::vector<int> low;
      std::vector<int> high;
      for (int lane = 0; lane < lanes; ++lane) {
        const bool upper = (lane & d) != 0;
        low.push_back(upper ? lanes + lane - d : lane);
        high.push_back(upper ? lanes + lane : lane + d);
      }
      const auto step = static_cast<size_t>(d);
      for (size_t j = 0; j < rows.size(); ++j) {
        if (j & step) continue;
        Value* x = rows[j];
        Value* y = rows[j + step];
        rows[j] = e_.ir.CreateShuffleVector(x, y, low);
        rows[j + step] = e_.ir.CreateShuffleVector(x, y, high);
      }
    }
    Value* to = at(write, k, shape_.width());
    for (int row = 0; row < count; ++row) {
      store(rows[static_cast<size_t>(row)], at(to, e_.index(row), shape_.width()));
    }
  }

  Emitter& e_;
  const GemmShape& shape_;
  Value* from_;
  Strides strides_;
  Value* column_;
  int64_t columns_;
  Value* to_;
  llvm::Type* entry_;
  int side_;  // of the squares; larger ones are turned faster, but are a multiple of the code
  Align align_;
};

}  // namespace

void emit_pack(Emitter& emitter, const GemmShape& shape, Value* from, Strides strides,
               Value* column, int64_t columns, Value* to) {
  Pack pack(emitter, shape, from, strides, column, columns, to);
  switch (shape.panel) {
    case GemmShape::Panel::direct:
      return;
    case GemmShape::Panel::copied:
      return pack.copy();
    case GemmShape::Panel::transposed:
      return shape.lanes > 1 ? pack.transpose() : pack.collect();
    case GemmShape::Panel::collected:
      return pack.collect();
  }
}

}  // namespace gradus::codegen
