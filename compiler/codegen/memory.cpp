// How a frame reads and writes buffers.

#include <algorithm>

#include "compiler/codegen/frame.h"
#include "compiler/codegen/primitives.h"

namespace gradus::codegen {

using kernel::Access;
using kernel::ExprId;
using llvm::Align;
using llvm::Value;

namespace {

// Booleans are bytes in memory.
Value* from_memory(Emitter& e, Value* value, Scalar type) {
  if (type != Scalar::u8) return value;
  return e.ir.CreateICmpNE(value, llvm::Constant::getNullValue(value->getType()));
}

Value* to_memory(Emitter& e, Value* value, Scalar type) {
  if (type != Scalar::u8) return value;
  return e.ir.CreateZExt(value, e.memory_type(Scalar::u8, Emitter::lanes(value)));
}

Value* both(Emitter& e, Value* x, Value* y) {
  if (!x || !y) return x ? x : y;
  return e.ir.CreateAnd(x, y);
}

}  // namespace

bool Frame::data_varies(const Access::ByData& each) const {
  return lanes() > 1 && varies(dependencies_[static_cast<size_t>(each.place)]);
}

bool Frame::data_varies(const Access& access) const {
  return std::any_of(access.by_data.begin(), access.by_data.end(),
                     [&](const Access::ByData& each) { return data_varies(each); });
}

// The sum is built from the outermost loop inwards, each part in the scope of its loop.
Value* Frame::address(const Access& access) {
  std::vector<std::pair<int, kernel::Index::Term>> terms;
  for (const kernel::Index::Term& term : access.index.terms) {
    terms.emplace_back(depth_of_loop(term.loop), term);
  }
  std::sort(terms.begin(), terms.end(),
            [](const auto& x, const auto& y) { return x.first < y.first; });
  llvm::Type* entry = e_.memory_type(local_.buffers[static_cast<size_t>(access.buffer)].type, 1);
  Value* pointer = buffers_[static_cast<size_t>(access.buffer)];
  int64_t offset = access.index.offset;
  std::vector<int64_t> key = {access.buffer};
  for (const auto& [depth, term] : terms) {
    Scope& scope = scopes_[static_cast<size_t>(depth)];
    offset += scope.delta * term.coefficient;
    if (!scope.base) continue;
    key.push_back(term.loop);
    key.push_back(term.coefficient);
    Value*& known = scope.addresses[key];
    if (!known) {
      llvm::IRBuilderBase::InsertPointGuard guard(e_.ir);
      move_to(depth);
      Value* entries = e_.ir.CreateMul(scope.base, e_.index(term.coefficient));
      known = e_.ir.CreateGEP(entry, pointer, entries);
    }
    pointer = known;
  }
  if (offset != 0) pointer = e_.ir.CreateGEP(entry, pointer, e_.index(offset));
  for (const Access::ByData& each : access.by_data) {
    if (data_varies(each)) continue;
    Value* by_data = e_.ir.CreateSExt(value(each.place), e_.ir.getInt64Ty());
    pointer = e_.ir.CreateGEP(entry, pointer, e_.ir.CreateMul(by_data, e_.index(each.stride)));
  }
  return pointer;
}

// One address a lane.
Value* Frame::addresses(const Access& access) {
  const Local::Buffer& buffer = local_.buffers[static_cast<size_t>(access.buffer)];
  Value* first = address(access);
  Value* entries = e_.ramp(lanes(), vector_coefficient(access.index));
  const bool wide = data_varies(access) && buffer.size > INT32_MAX;
  llvm::Type* type = Emitter::with_lanes(e_.ir.getInt64Ty(), lanes());
  if (wide) entries = e_.ir.CreateSExt(entries, type);
  for (const Access::ByData& each : access.by_data) {
    if (!data_varies(each)) continue;
    Value* chosen = in_lanes(each.place);
    if (wide) chosen = e_.ir.CreateSExt(chosen, type);
    Value* stride = llvm::ConstantInt::getSigned(chosen->getType(), each.stride);
    entries = e_.ir.CreateAdd(entries, e_.ir.CreateMul(chosen, stride));
  }
  return e_.ir.CreateGEP(e_.memory_type(buffer.type, 1), first, entries);
}

Value* Frame::read_lanes(const Access& access, Value* mask, Value* fill) {
  const Scalar type = local_.buffers[static_cast<size_t>(access.buffer)].type;
  llvm::Type* vector = e_.memory_type(type, lanes());
  const Align align(static_cast<uint64_t>(bytes(type)));
  const int64_t stride = vector_coefficient(access.index);
  if (data_varies(access) || (stride != 1 && stride != -1)) {
    Value* all = mask ? mask : e_.first_lanes(lanes(), lanes());
    return e_.ir.CreateMaskedGather(vector, addresses(access), align, all, fill);
  }
  Value* pointer = address(access);
  if (stride == -1) {
    pointer = e_.ir.CreateGEP(e_.memory_type(type, 1), pointer, e_.index(1 - lanes()));
    if (mask) mask = e_.reverse(mask);
  }
  Value* read = mask ? e_.ir.CreateMaskedLoad(vector, pointer, align, mask, fill)
                     : static_cast<Value*>(e_.ir.CreateAlignedLoad(vector, pointer, align));
  return stride == -1 ? e_.reverse(read) : read;
}

void Frame::write_lanes(const Access& access, Value* value, Value* mask) {
  const Scalar type = local_.buffers[static_cast<size_t>(access.buffer)].type;
  const Align align(static_cast<uint64_t>(bytes(type)));
  const int64_t stride = vector_coefficient(access.index);
  if (data_varies(access) || (stride != 1 && stride != -1)) {
    e_.ir.CreateMaskedScatter(value, addresses(access), align,
                              mask ? mask : e_.first_lanes(lanes(), lanes()));
    return;
  }
  Value* pointer = address(access);
  if (stride == -1) {
    pointer = e_.ir.CreateGEP(e_.memory_type(type, 1), pointer, e_.index(1 - lanes()));
    value = e_.reverse(value);
    if (mask) mask = e_.reverse(mask);
  }
  if (mask) {
    e_.ir.CreateMaskedStore(value, pointer, align, mask);
  } else {
    e_.ir.CreateAlignedStore(value, pointer, align);
  }
}

Value* Frame::guard(ExprId id, int number) {
  const kernel::Guard& guard = expr(id).guards[static_cast<size_t>(number)];
  Dependencies on;
  on.add(guard.index);
  const int place = depth(on);
  Value*& known = scopes_[static_cast<size_t>(place)].guards[{id, number}];
  if (known) return known;
  llvm::IRBuilderBase::InsertPointGuard restore(e_.ir);
  move_to(place);
  Value* first = e_.ir.CreateTrunc(linear(guard.index), e_.ir.getInt32Ty());
  Value* position = first;
  if (varies(on)) {
    position = e_.ir.CreateAdd(e_.splat(first, lanes()),
                               e_.ramp(lanes(), vector_coefficient(guard.index)));
  }
  // As unsigned numbers the negative ones are large.
  Value* extent = llvm::ConstantInt::get(position->getType(), static_cast<uint64_t>(guard.extent));
  known = e_.ir.CreateICmpULT(position, extent);
  return known;
}

Value* Frame::guards(ExprId id, int lanes) {
  Value* holds = nullptr;
  for (int number = 0; number < static_cast<int>(expr(id).guards.size()); ++number) {
    Value* one = guard(id, number);
    if (Emitter::lanes(one) != lanes) one = e_.splat(one, lanes);
    holds = both(e_, holds, one);
  }
  return holds;
}

Value* Frame::load(ExprId id) {
  const kernel::Expr& of = expr(id);
  const Local::Buffer& buffer = local_.buffers[static_cast<size_t>(of.access.buffer)];
  if (buffer.size == 0) return e_.number(of.literal, of.type, 1);  // every guard fails
  const bool wide = varies(dependencies_[static_cast<size_t>(id)]) && lanes() > 1;
  return from_memory(e_, wide ? load_lanes(id) : load_scalar(id), buffer.type);
}

Value* Frame::load_lanes(ExprId id) {
  const kernel::Expr& of = expr(id);
  const Scalar type = local_.buffers[static_cast<size_t>(of.access.buffer)].type;
  llvm::Type* vector = e_.memory_type(type, lanes());
  Value* fill = of.guards.empty() ? static_cast<Value*>(llvm::Constant::getNullValue(vector))
                                  : to_memory(e_, e_.number(of.literal, type, lanes()), type);
  Value* mask = both(e_, scopes_[static_cast<size_t>(vector_)].mask, guards(id, lanes()));
  return read_lanes(of.access, mask, fill);
}

// Where the guards fail, the first entry is read in place of the other, and not used.
Value* Frame::load_scalar(ExprId id) {
  const kernel::Expr& of = expr(id);
  const Scalar type = local_.buffers[static_cast<size_t>(of.access.buffer)].type;
  const Align align(static_cast<uint64_t>(bytes(type)));
  llvm::Type* entry = e_.memory_type(type, 1);
  Value* pointer = address(of.access);
  Value* holds = guards(id, 1);
  if (!holds) return e_.ir.CreateAlignedLoad(entry, pointer, align);
  pointer = e_.ir.CreateSelect(holds, pointer, buffers_[static_cast<size_t>(of.access.buffer)]);
  Value* fill = to_memory(e_, e_.number(of.literal, type, 1), type);
  return e_.ir.CreateSelect(holds, e_.ir.CreateAlignedLoad(entry, pointer, align), fill);
}

void Frame::store(const kernel::Store& store) {
  const Access& access = store.access;
  const Scalar type = local_.buffers[static_cast<size_t>(access.buffer)].type;
  if (lanes() > 1) {
    if (vector_coefficient(access.index) == 0 && !data_varies(access)) {
      bug("lanes of " + kernel().name + " write one entry");
    }
    Value* mask = scopes_[static_cast<size_t>(vector_)].mask;
    Value* value = in_lanes(store.value);
    if (store.add) {
      Value* zero = llvm::Constant::getNullValue(value->getType());
      value = apply(e_, Op::add, {read_lanes(access, mask, zero), value}, type);
    }
    write_lanes(access, to_memory(e_, value, type), mask);
    return;
  }
  const Align align(static_cast<uint64_t>(bytes(type)));
  Value* value = this->value(store.value);
  Value* pointer = address(access);
  if (store.add) {
    Value* old = e_.ir.CreateAlignedLoad(e_.memory_type(type, 1), pointer, align);
    value = apply(e_, Op::add, {old, value}, type);
  }
  e_.ir.CreateAlignedStore(to_memory(e_, value, type), pointer, align);
}

}  // namespace gradus::codegen
