#include "compiler/codegen/frame.h"

#include <algorithm>

#include "compiler/codegen/draw.h"
#include "compiler/codegen/primitives.h"

namespace gradus::codegen {

using kernel::Expr;
using kernel::ExprId;
using llvm::Value;

Frame::Frame(Emitter& emitter, const Local& local, const std::vector<Dependencies>& dependencies,
             std::vector<Value*> buffers)
    : e_(emitter),
      local_(local),
      dependencies_(dependencies),
      buffers_(std::move(buffers)),
      sums_(local.kernel.accumulators.size()) {
  scopes_.emplace_back();
}

void Frame::push(Scope scope) {
  if (scope.vector) vector_ = static_cast<int>(scopes_.size());
  scopes_.push_back(std::move(scope));
}

void Frame::pop() {
  scopes_.pop_back();
  if (vector_ == static_cast<int>(scopes_.size())) vector_ = -1;
}

void Frame::shift(int depth, int64_t delta, Value* mask) {
  scopes_[static_cast<size_t>(depth)].delta = delta;
  scopes_[static_cast<size_t>(depth)].mask = mask;
  for (size_t within = static_cast<size_t>(depth); within < scopes_.size(); ++within) {
    scopes_[within].values.clear();
    scopes_[within].splats.clear();
    scopes_[within].guards.clear();
  }
}

int Frame::depth_of_loop(int loop) const {
  for (size_t depth = scopes_.size(); depth-- > 1;) {
    if (scopes_[depth].loop == loop) return static_cast<int>(depth);
  }
  bug("an expression of " + kernel().name + " depends on a loop that it is not in");
}

int Frame::depth(const Dependencies& on) const {
  int deepest = 0;
  for (int loop : on.loops) deepest = std::max(deepest, depth_of_loop(loop));
  for (int number : on.accumulators) {
    deepest = std::max(deepest, sums_[static_cast<size_t>(number)].depth);
  }
  return deepest;
}

bool Frame::varies(const Dependencies& on) const {
  if (!in_vector()) return false;
  const int loop = scopes_[static_cast<size_t>(vector_)].loop;
  if (std::binary_search(on.loops.begin(), on.loops.end(), loop)) return true;
  return std::any_of(on.accumulators.begin(), on.accumulators.end(),
                     [&](int number) { return sums_[static_cast<size_t>(number)].varies; });
}

void Frame::move_to(int depth) {
  for (size_t within = static_cast<size_t>(depth) + 1; within < scopes_.size(); ++within) {
    if (scopes_[within].before) {
      e_.ir.SetInsertPoint(scopes_[within].before);
      return;
    }
  }
}

Value* Frame::value(ExprId id) {
  const int place = depth(dependencies_[static_cast<size_t>(id)]);
  // A value said by the caller may stand further in than its dependencies.
  for (size_t at = scopes_.size(); at-- > static_cast<size_t>(place);) {
    const auto found = scopes_[at].values.find(id);
    if (found != scopes_[at].values.end()) return found->second;
  }
  llvm::IRBuilderBase::InsertPointGuard guard(e_.ir);
  move_to(place);
  Value* computed = compute(id);
  scopes_[static_cast<size_t>(place)].values[id] = computed;
  return computed;
}

Value* Frame::in_lanes(ExprId id) {
  Value* one = value(id);
  if (Emitter::lanes(one) == lanes()) return one;
  const int place = depth(dependencies_[static_cast<size_t>(id)]);
  Value*& all = scopes_[static_cast<size_t>(place)].splats[id];
  if (!all || Emitter::lanes(all) != lanes()) {
    llvm::IRBuilderBase::InsertPointGuard guard(e_.ir);
    move_to(place);
    all = e_.splat(one, lanes());
  }
  return all;
}

Value* Frame::compute(ExprId id) {
  switch (expr(id).kind) {
    case Expr::Kind::literal:
      return e_.number(expr(id).literal, expr(id).type, 1);
    case Expr::Kind::position:
      return position(id);
    case Expr::Kind::load:
      return load(id);
    case Expr::Kind::map:
      return map(id);
    case Expr::Kind::accumulator:
      return finish(expr(id).number);
    case Expr::Kind::random:
      return random(id);
    case Expr::Kind::contraction:
      break;
  }
  bug("the sum of a contraction outside of one, in " + kernel().name);
}

Value* Frame::position(ExprId id) {
  const kernel::Index& index = expr(id).index;
  Value* first = e_.ir.CreateTrunc(linear(index), e_.ir.getInt32Ty());
  if (!varies(dependencies_[static_cast<size_t>(id)])) return first;
  return e_.ir.CreateAdd(e_.splat(first, lanes()), e_.ramp(lanes(), vector_coefficient(index)));
}

Value* Frame::map(ExprId id) {
  const bool wide = varies(dependencies_[static_cast<size_t>(id)]);
  llvm::SmallVector<Value*, 3> operands;
  for (ExprId operand : expr(id).operands) {
    operands.push_back(wide ? in_lanes(operand) : value(operand));
  }
  return apply(e_, expr(id).op, operands, expr(id).type);
}

Value* Frame::random(ExprId id) {
  const bool wide = varies(dependencies_[static_cast<size_t>(id)]);
  llvm::SmallVector<Value*, 5> operands;
  for (ExprId operand : expr(id).operands) {
    operands.push_back(wide ? in_lanes(operand) : value(operand));
  }
  return draw(e_, expr(id).draw, expr(id).number, operands, expr(id).type);
}

Value* Frame::linear(const kernel::Index& index) {
  Value* sum = nullptr;
  int64_t offset = index.offset;
  for (const kernel::Index::Term& term : index.terms) {
    const Scope& scope = scopes_[static_cast<size_t>(depth_of_loop(term.loop))];
    offset += term.coefficient * scope.delta;
    if (!scope.base) continue;
    Value* product = term.coefficient == 1
                         ? scope.base
                         : e_.ir.CreateMul(scope.base, e_.index(term.coefficient));
    sum = sum ? e_.ir.CreateAdd(sum, product) : product;
  }
  if (!sum) return e_.index(offset);
  return offset == 0 ? sum : e_.ir.CreateAdd(sum, e_.index(offset));
}

int64_t Frame::vector_coefficient(const kernel::Index& index) const {
  if (!in_vector()) return 0;
  const int loop = scopes_[static_cast<size_t>(vector_)].loop;
  for (const kernel::Index::Term& term : index.terms) {
    if (term.loop == loop) return term.coefficient;
  }
  return 0;
}

int lanes_for(const Target& target, const Local& local, int64_t extent) {
  const auto is_double = [](const auto& typed) { return typed.type == Scalar::f64; };
  const bool wide = std::any_of(local.kernel.exprs.begin(), local.kernel.exprs.end(), is_double);
  const int full = target.lanes(wide ? Scalar::f64 : Scalar::f32);
  int lanes = 1;
  while (lanes < full && lanes < extent) lanes *= 2;
  return lanes;
}

}  // namespace gradus::codegen
