#include "compiler/codegen/primitives.h"

#include <string>
#include <unordered_map>

#include "compiler/codegen/calls.h"
#include "compiler/codegen/math.h"

namespace gradus::codegen {
namespace {

using llvm::CmpInst;
using llvm::Value;
using Operands = llvm::ArrayRef<Value*>;

bool is_real(const Value* x) { return x->getType()->isFPOrFPVectorTy(); }
bool is_boolean(const Value* x) { return x->getType()->isIntOrIntVectorTy(1); }

// A primitive: the operands have equally many lanes, `result` is the type of the value.
using Emit = Value*(Emitter& e, Operands x, Scalar result);

// One instruction for reals, another for integers.
template <llvm::Instruction::BinaryOps real, llvm::Instruction::BinaryOps whole>
Value* arithmetic(Emitter& e, Operands x, Scalar) {
  return e.ir.CreateBinOp(is_real(x[0]) ? real : whole, x[0], x[1]);
}

Value* divide(Emitter& e, Operands x, Scalar) { return e.ir.CreateFDiv(x[0], x[1]); }

template <CmpInst::Predicate real, CmpInst::Predicate whole>
Value* compare(Emitter& e, Operands x, Scalar) {
  if (is_real(x[0])) return e.ir.CreateFCmp(real, x[0], x[1]);
  return e.ir.CreateICmp(is_boolean(x[0]) ? llvm::ICmpInst::getUnsignedPredicate(whole) : whole,
                         x[0], x[1]);
}

// Whether it holds: numbers do unless they are 0.
Value* truth(Emitter& e, Value* x) {
  if (is_boolean(x)) return x;
  llvm::Constant* zero = llvm::Constant::getNullValue(x->getType());
  return is_real(x) ? e.ir.CreateFCmpUNE(x, zero) : e.ir.CreateICmpNE(x, zero);
}

Value* conjunction(Emitter& e, Operands x, Scalar) {
  return e.ir.CreateAnd(truth(e, x[0]), truth(e, x[1]));
}
Value* disjunction(Emitter& e, Operands x, Scalar) {
  return e.ir.CreateOr(truth(e, x[0]), truth(e, x[1]));
}
Value* negation(Emitter& e, Operands x, Scalar) { return e.ir.CreateNot(truth(e, x[0])); }
Value* choice(Emitter& e, Operands x, Scalar) {
  return e.ir.CreateSelect(truth(e, x[0]), x[1], x[2]);
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

Value* smaller(Emitter& e, Operands x, Scalar) { return minimum(e, x[0], x[1]); }
Value* larger(Emitter& e, Operands x, Scalar) { return maximum(e, x[0], x[1]); }

// −1, 0 or 1; ±0 and NaN stay.
Value* sign(Emitter& e, Operands x, Scalar) {
  Value* one = e.ir.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, Emitter::like(x[0], 1), x[0]);
  return e.ir.CreateSelect(e.ir.CreateFCmpONE(x[0], Emitter::like(x[0], 0)), one, x[0]);
}

Value* number(Emitter& e, Operands x, Scalar result) {
  llvm::Type* type = e.type(result, Emitter::lanes(x[0]));
  if (is_real(x[0])) return e.ir.CreateFPCast(x[0], type);
  return is_boolean(x[0]) ? e.ir.CreateUIToFP(x[0], type) : e.ir.CreateSIToFP(x[0], type);
}

Value* same(Emitter&, Operands x, Scalar) { return x[0]; }

Value* negative(Emitter& e, Operands x, Scalar) {
  return is_real(x[0]) ? e.ir.CreateFNeg(x[0]) : e.ir.CreateNeg(x[0]);
}

Value* absolute(Emitter& e, Operands x, Scalar) {
  return is_real(x[0]) ? e.ir.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x[0])
                       : e.ir.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x[0], e.ir.getFalse());
}

template <llvm::Intrinsic::ID id>
Value* intrinsic(Emitter& e, Operands x, Scalar) {
  return e.ir.CreateUnaryIntrinsic(id, x[0]);
}

template <Lane (*function)(Lane)>
Value* formula(Emitter& e, Operands x, Scalar) {
  return function({&e, x[0]}).v;
}

Value* power(Emitter& e, Operands x, Scalar) { return math::pow({&e, x[0]}, {&e, x[1]}).v; }

struct Primitive {
  int cost;  // about how many instructions of full speed take as long
  Emit* emit;
};

// The primitives by the name that the operator table uses.
const std::unordered_map<std::string_view, Primitive>& primitives() {
  using I = llvm::Instruction;
  namespace intrinsics = llvm::Intrinsic;
  static const std::unordered_map<std::string_view, Primitive> table = {
      {"fneg", {1, negative}},
      {"fadd", {1, arithmetic<I::FAdd, I::Add>}},
      {"fsub", {1, arithmetic<I::FSub, I::Sub>}},
      {"fmul", {1, arithmetic<I::FMul, I::Mul>}},
      {"fdiv", {8, divide}},
      {"minimum", {2, smaller}},
      {"maximum", {2, larger}},
      {"fabs", {1, absolute}},
      {"sign", {3, sign}},
      {"floor", {1, intrinsic<intrinsics::floor>}},
      {"ceil", {1, intrinsic<intrinsics::ceil>}},
      {"rint", {1, intrinsic<intrinsics::rint>}},
      {"sqrt", {10, intrinsic<intrinsics::sqrt>}},
      {"exp", {12, formula<math::exp>}},
      {"expm1", {16, formula<math::expm1>}},
      {"log", {25, formula<math::log>}},
      {"log1p", {38, formula<math::log1p>}},
      {"pow", {60, power}},
      {"sin", {60, formula<math::sin>}},
      {"cos", {60, formula<math::cos>}},
      {"sinh", {45, formula<math::sinh>}},
      {"cosh", {22, formula<math::cosh>}},
      {"tanh", {25, formula<math::tanh>}},
      {"sigmoid", {24, formula<math::sigmoid>}},
      {"softplus", {50, formula<math::softplus>}},
      {"erf", {45, formula<math::erf>}},
      {"lt", {1, compare<CmpInst::FCMP_OLT, CmpInst::ICMP_SLT>}},
      {"le", {1, compare<CmpInst::FCMP_OLE, CmpInst::ICMP_SLE>}},
      {"gt", {1, compare<CmpInst::FCMP_OGT, CmpInst::ICMP_SGT>}},
      {"ge", {1, compare<CmpInst::FCMP_OGE, CmpInst::ICMP_SGE>}},
      {"eq", {1, compare<CmpInst::FCMP_OEQ, CmpInst::ICMP_EQ>}},
      {"ne", {1, compare<CmpInst::FCMP_UNE, CmpInst::ICMP_NE>}},
      {"and", {1, conjunction}},
      {"or", {1, disjunction}},
      {"not", {1, negation}},
      {"select", {1, choice}},
      {"to_real", {1, number}},
      {"identity", {0, same}},
  };
  return table;
}

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
  const ScalarCode& code = map_of(op).code;
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
  const ScalarCode& code = map_of(op).code;
  if (code.primitive.empty()) return cost_of(code.composed);
  const auto row = primitives().find(code.primitive);
  return row != primitives().end() ? row->second.cost : 100;
}

}  // namespace gradus::codegen
