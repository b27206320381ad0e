#pragma once

#include <initializer_list>

#include "compiler/codegen/emitter.h"

namespace gradus::codegen {

// A value that instructions are written for by writing formulas: x * y + 1. Literals take the type
// of the other side.
struct Lane {
  Emitter* e = nullptr;
  llvm::Value* v = nullptr;

  Lane of(llvm::Value* value) const { return {e, value}; }
  Lane like(double number) const { return {e, Emitter::like(v, number)}; }
  bool is_double() const { return Emitter::is_double(v); }
};

inline Lane operator+(Lane x, Lane y) { return x.of(x.e->ir.CreateFAdd(x.v, y.v)); }
inline Lane operator-(Lane x, Lane y) { return x.of(x.e->ir.CreateFSub(x.v, y.v)); }
inline Lane operator*(Lane x, Lane y) { return x.of(x.e->ir.CreateFMul(x.v, y.v)); }
inline Lane operator/(Lane x, Lane y) { return x.of(x.e->ir.CreateFDiv(x.v, y.v)); }
inline Lane operator-(Lane x) { return x.of(x.e->ir.CreateFNeg(x.v)); }
inline Lane operator+(Lane x, double y) { return x + x.like(y); }
inline Lane operator-(Lane x, double y) { return x - x.like(y); }
inline Lane operator*(Lane x, double y) { return x * x.like(y); }
inline Lane operator+(double x, Lane y) { return y.like(x) + y; }
inline Lane operator-(double x, Lane y) { return y.like(x) - y; }
inline Lane operator*(double x, Lane y) { return y.like(x) * y; }
inline Lane operator/(double x, Lane y) { return y.like(x) / y; }

// Comparisons are false where a side is NaN, but for !=.
inline Lane operator<(Lane x, Lane y) { return x.of(x.e->ir.CreateFCmpOLT(x.v, y.v)); }
inline Lane operator>(Lane x, Lane y) { return x.of(x.e->ir.CreateFCmpOGT(x.v, y.v)); }
inline Lane operator==(Lane x, Lane y) { return x.of(x.e->ir.CreateFCmpOEQ(x.v, y.v)); }
inline Lane operator!=(Lane x, Lane y) { return x.of(x.e->ir.CreateFCmpUNE(x.v, y.v)); }
inline Lane operator<(Lane x, double y) { return x < x.like(y); }
inline Lane operator>(Lane x, double y) { return x > x.like(y); }
inline Lane operator==(Lane x, double y) { return x == x.like(y); }

inline Lane select(Lane condition, Lane x, Lane y) {
  return x.of(x.e->ir.CreateSelect(condition.v, x.v, y.v));
}
inline Lane select(Lane condition, Lane x, double y) { return select(condition, x, x.like(y)); }
inline Lane select(Lane condition, double x, Lane y) { return select(condition, y.like(x), y); }

inline Lane absolute(Lane x) {
  return x.of(x.e->ir.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x.v));
}
inline Lane copy_sign(Lane x, Lane sign) {
  return x.of(x.e->ir.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, x.v, sign.v));
}

// The same bits as integers of the same width, and back.
inline llvm::Type* bits_type(Lane x) {
  llvm::Type* bits = x.is_double() ? x.e->ir.getInt64Ty() : x.e->ir.getInt32Ty();
  return Emitter::with_lanes(bits, Emitter::lanes(x.v));
}
inline llvm::Value* bits(Lane x) { return x.e->ir.CreateBitCast(x.v, bits_type(x)); }
inline Lane from_bits(Lane like, llvm::Value* bits) {
  return like.of(like.e->ir.CreateBitCast(bits, like.v->getType()));
}

// c0 + c1 x + c2 x² + … : Horner's rule, in fused steps.
inline Lane polynomial(Lane x, std::initializer_list<double> coefficients) {
  const double* c = coefficients.end() - 1;
  Lane sum = x.like(*c);
  while (c != coefficients.begin()) sum = sum * x + *--c;
  return sum;
}

}  // namespace gradus::codegen
