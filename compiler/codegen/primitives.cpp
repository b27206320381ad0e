#include "compiler/codegen/primitives.h"

#include <string>
#include <unordered_map>

#include "compiler/codegen/calls.h"

namespace gradus::codegen {
namespace {

using llvm::CmpInst;
using llvm::Value;
using Operands = llvm::ArrayRef<Value*>;

bool is_real(const Value* x) { return x->getType()->isFPOrFPVectorTy(); }

// One instruction for reals, another for integers.
Value* arithmetic(Emitter& e, llvm::Instruction::BinaryOps real, llvm::Instruction::BinaryOps whole,
                  Operands x) {
  return e.ir.CreateBinOp(is_real(x[0]) ? real : whole, x[0], x[1]);
}

Value* compare(Emitter& e, CmpInst::Predicate real, CmpInst::Predicate whole, Operands x) {
  if (is_real(x[0])) return e.ir.CreateFCmp(real, x[0], x[1]);
  if (x[0]->getType()->isIntOrIntVectorTy(1)) whole = llvm::ICmpInst::getUnsignedPredicate(whole);
  return e.ir.CreateICmp(whole, x[0], x[1]);
}

// Whether it holds: numbers do unless they are 0.
Value* truth(Emitter& e, Value* x) {
  if (x->getType()->isIntOrIntVectorTy(1)) return x;
  llvm::Constant* zero = llvm::Constant::getNullValue(x->getType());
  return is_real(x) ? e.ir.CreateFCmpUNE(x, zero) : e.ir.CreateICmpNE(x, zero);
}

bool never_nan(Value* x) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(x);
  if (!constant) return false;
  const llvm::Constant* one =
      constant->getType()->isVectorTy() ? constant->getSplatValue() : constant;
  const auto* number = llvm::dyn_cast_or_null<llvm::ConstantFP>(one);
  return number && !number->getValueAPF().isNaN();
}

// `x beats y ? x : y` is one instruction, which gives y where either is NaN; where y is not known
// to hold a number, x has the last word.
Value* extreme(Emitter& e, CmpInst::Predicate real, CmpInst::Predicate whole, Value* x, Value* y) {
  if (!is_real(x)) return e.ir.CreateSelect(e.ir.CreateICmp(whole, x, y), x, y);
  if (never_nan(y)) std::swap(x, y);
  Value* chosen = e.ir.CreateSelect(e.ir.CreateFCmp(real, x, y), x, y);
  return never_nan(x) ? chosen : e.ir.CreateSelect(e.ir.CreateFCmpUNO(x, x), x, chosen);
}

// −1, 0 or 1; ±0 and NaN stay.
Value* sign(Emitter& e, Value* x) {
  Value* zero = Emitter::like(x, 0);
  Value* one = e.ir.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, Emitter::like(x, 1), x);
  return e.ir.CreateSelect(e.ir.CreateFCmpONE(x, zero), one, x);
}

Value* to_real(Emitter& e, Value* x, Scalar result) {
  llvm::Type* type = e.type(result, Emitter::lanes(x));
  if (is_real(x)) return e.ir.CreateFPCast(x, type);
  return x->getType()->isIntOrIntVectorTy(1) ? e.ir.CreateUIToFP(x, type)
                                             : e.ir.CreateSIToFP(x, type);
}

Value* unary(Emitter& e, llvm::Intrinsic::ID intrinsic, Value* x) {
  return e.ir.CreateUnaryIntrinsic(intrinsic, x);
}

Value* negative(Emitter& e, Value* x) {
  return is_real(x) ? e.ir.CreateFNeg(x) : e.ir.CreateNeg(x);
}

Value* absolute(Emitter& e, Value* x) {
  return is_real(x) ? unary(e, llvm::Intrinsic::fabs, x)
                    : e.ir.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x, e.ir.getFalse());
}

struct Primitive {
  int cost;
  Value* (*emit)(Emitter& e, Operands x, Scalar result);
};

#define GRADUS_EMIT \
  []([[maybe_unused]] Emitter & e, Operands x, [[maybe_unused]] Scalar result) -> Value*
#define GRADUS_ARITHMETIC(real, whole) \
  GRADUS_EMIT { return arithmetic(e, llvm::Instruction::real, llvm::Instruction::whole, x); }
#define GRADUS_COMPARE(real, whole) \
  GRADUS_EMIT { return compare(e, CmpInst::real, CmpInst::whole, x); }

// The primitives by the name that the operator table uses.
const std::unordered_map<std::string_view, Primitive>& primitives() {
  static const std::unordered_map<std::string_view, Primitive> table = {
      {"fneg", {1, GRADUS_EMIT{return negative(e, x[0]);
}
}  // namespace
}  // namespace gradus::codegen
, {"fadd", {1, GRADUS_ARITHMETIC(FAdd, Add)}}, {"fsub", {1, GRADUS_ARITHMETIC(FSub, Sub)}},
    {"fmul", {1, GRADUS_ARITHMETIC(FMul, Mul)}},
    {"fdiv", {8, GRADUS_EMIT{return e.ir.CreateFDiv(x[0], x[1]);
}
}
}
, {"minimum", {2, GRADUS_EMIT{return minimum(e, x[0], x[1]);
}
}
}
, {"maximum", {2, GRADUS_EMIT{return maximum(e, x[0], x[1]);
}
}
}
, {"fabs", {1, GRADUS_EMIT{return absolute(e, x[0]);
}
}
}
, {"sign", {3, GRADUS_EMIT{return sign(e, x[0]);
}
}
}
, {"floor", {1, GRADUS_EMIT{return unary(e, llvm::Intrinsic::floor, x[0]);
}
}
}
, {"ceil", {1, GRADUS_EMIT{return unary(e, llvm::Intrinsic::ceil, x[0]);
}
}
}
, {"rint", {1, GRADUS_EMIT{return unary(e, llvm::Intrinsic::rint, x[0]);
}
}
}
, {"sqrt", {10, GRADUS_EMIT{return unary(e, llvm::Intrinsic::sqrt, x[0]);
}
}
}
, {"lt", {1, GRADUS_COMPARE(FCMP_OLT, ICMP_SLT)}}, {"le", {1, GRADUS_COMPARE(FCMP_OLE, ICMP_SLE)}},
    {"gt", {1, GRADUS_COMPARE(FCMP_OGT, ICMP_SGT)}},
    {"ge", {1, GRADUS_COMPARE(FCMP_OGE, ICMP_SGE)}}, {"eq", {1, GRADUS_COMPARE(FCMP_OEQ, ICMP_EQ)}},
    {"ne", {1, GRADUS_COMPARE(FCMP_UNE, ICMP_NE)}},
    {"and", {1, GRADUS_EMIT{return e.ir.CreateAnd(truth(e, x[0]), truth(e, x[1]));
}
}
}
, {"or", {1, GRADUS_EMIT{return e.ir.CreateOr(truth(e, x[0]), truth(e, x[1]));
}
}
}
, {"not", {1, GRADUS_EMIT{return e.ir.CreateNot(truth(e, x[0]));
}
}
}
, {"select", {1, GRADUS_EMIT{return e.ir.CreateSelect(truth(e, x[0]), x[1], x[2]);
}
}
}
, {"to_real", {1, GRADUS_EMIT{return to_real(e, x[0], result);
}
}
}
, {"identity", {0, GRADUS_EMIT{return x[0];
}
}
}
,
}
;
return table;
}
#undef GRADUS_COMPARE
#undef GRADUS_ARITHMETIC
#undef GRADUS_EMIT

Value* expand(Emitter& e, const Template& code, Operands holes, Scalar real) {
  switch (code->kind) {
    case TemplateNode::Kind::hole:
      return holes[static_cast<size_t>(code->hole - 'x')];
    case TemplateNode::Kind::literal:
      return e.number(code->literal, real, Emitter::lanes(holes[0]));
    case TemplateNode::Kind::apply:
      break;
  }
  llvm::SmallVector<Value*, 3> operands;
  for (const Template& operand : code->operands) {
    operands.push_back(expand(e, operand, holes, real));
  }
  return apply(e, code->op, operands,
               map_of(code->op).result == Result::boolean ? Scalar::u8 : real);
}

// The type of the literals in a template: that of the real operands, or of the result.
Scalar real_type(Operands operands, Scalar result) {
  for (const Value* operand : operands) {
    if (is_real(operand)) return Emitter::is_double(operand) ? Scalar::f64 : Scalar::f32;
  }
  return result;
}

int cost_of(const Template& code) {
  if (code->kind != TemplateNode::Kind::apply) return 0;
  int sum = cost(code->op);
  for (const Template& operand : code->operands) sum += cost_of(operand);
  return sum;
}

}  // namespace

Value* minimum(Emitter& emitter, Value* x, Value* y) {
  return extreme(emitter, CmpInst::FCMP_OLT, CmpInst::ICMP_SLT, x, y);
}

Value* maximum(Emitter& emitter, Value* x, Value* y) {
  return extreme(emitter, CmpInst::FCMP_OGT, CmpInst::ICMP_SGT, x, y);
}

Value* apply(Emitter& emitter, Op op, Operands operands, Scalar result) {
  const Code& code = map_of(op).code;
  if (code.primitive.empty()) {
    return expand(emitter, code.composed, operands, real_type(operands, result));
  }
  const auto row = primitives().find(code.primitive);
  if (row != primitives().end()) return row->second.emit(emitter, operands, result);
  const Callee* function = callee(code.primitive);
  if (!function) bug("no primitive " + std::string(code.primitive));
  return call_lanes(emitter, *function, operands);
}

int cost(Op op) {
  const Code& code = map_of(op).code;
  if (code.primitive.empty()) return cost_of(code.composed);
  const auto row = primitives().find(code.primitive);
  return row != primitives().end() ? row->second.cost : 100;
}

}  // namespace gradus::codegen
