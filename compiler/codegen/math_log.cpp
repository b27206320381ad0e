#include <limits>

#include "compiler/codegen/calls.h"
#include "compiler/codegen/math.h"
#include "compiler/codegen/math_exp.h"

namespace gradus::codegen::math {

using llvm::Value;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// x = 2ⁿ (1 + f): f from −1/3 to 1/3 in f32, from √½ − 1 to √2 − 1 in f64; x > 0.
struct Split {
  Lane n;
  Lane f;
};

Split split_normal(Lane x) {
  const bool f64 = x.is_double();
  llvm::IRBuilder<>& ir = x.e->ir;
  const auto whole = [&](int64_t n) { return llvm::ConstantInt::getSigned(bits_type(x), n); };
  Value* mantissa_bits = whole(f64 ? 52 : 23);
  // The bits of √½ or of 2/3, where the exponent turns.
  Value* raised = ir.CreateSub(bits(x), whole(f64 ? 0x3fe6a09e667f3bcd : 0x3f2aaaab));
  Value* n = ir.CreateAShr(raised, mantissa_bits);
  const Lane m = from_bits(x, ir.CreateSub(bits(x), ir.CreateShl(n, mantissa_bits)));
  return {x.of(ir.CreateSIToFP(n, x.v->getType())), m - 1};
}

Split split(Lane x) {
  const bool f64 = x.is_double();
  const Lane denormal = x < (f64 ? 0x1p-1022 : 0x1p-126);
  const auto [n, f] = split_normal(select(denormal, x * (f64 ? 0x1p52 : 0x1p23), x));
  return {n + select(denormal, x.like(f64 ? -52 : -23), 0), f};
}

// n ln 2 + log(1 + f) + correction.
Lane log_of(Split of, const Lane* correction) {
  const auto [n, f] = of;
  if (!f.is_double()) {
    Lane rest = n * -2.12194440054690583e-4;
    if (correction) rest = rest + *correction;
    const Lane series =
        polynomial(f, {0.333333333, -0.249999442, 0.199999484, -0.166733163, 0.142918672,
                       -0.122887216, 0.109156548, -0.124222006, 0.113306174});
    return n * 0.693359375 + (f + (f * f * (f * series - 0.5) + rest));
  }
  // As fdlibm's e_log.c (Sun Microsystems, 1993).
  Lane rest = n * 1.90821492927058770002e-10;
  if (correction) rest = rest + *correction;
  const Lane s = f / (f + 2);
  const Lane z = s * s;
  const Lane series =
      z * polynomial(z, {0.66666666666666666, 0.40000000000000877, 0.28571428570803612,
                         0.22222222391713917, 0.18181795640132906, 0.15386239702814658,
                         0.13268773138656885, 0.13086626147840102});
  const Lane half_square = 0.5 * f * f;
  return n * 6.93147180369123816490e-01 - ((half_square - (s * (half_square + series) + rest)) - f);
}

// What log is where the formulas do not hold.
Lane with_limits(Lane x, Lane log) {
  log = select(x < infinity, log, x);
  log = select(x < 0, std::numeric_limits<double>::quiet_NaN(), log);
  return select(x == 0, -infinity, log);
}

Lane as_double(Lane x) {
  llvm::Type* type = Emitter::with_lanes(x.e->ir.getDoubleTy(), Emitter::lanes(x.v));
  return x.of(x.e->ir.CreateFPExt(x.v, type));
}

Lane either(Lane x, Lane y) { return x.of(x.e->ir.CreateOr(x.v, y.v)); }
Lane both(Lane x, Lane y) { return x.of(x.e->ir.CreateAnd(x.v, y.v)); }

Lane rounded(Lane x) { return x.of(x.e->ir.CreateUnaryIntrinsic(llvm::Intrinsic::rint, x.v)); }

// In f64, with 29 bits to spare.
Lane pow_f32(Lane x32, Lane y32) {
  const Lane x = as_double(x32);
  const Lane y = as_double(y32);
  const Lane positive = absolute(x);
  Lane r = exp(y * log(positive));
  r = select(either(positive == 1, y == 0), 1, r);
  // Negative x: the sign of xʸ for whole y, NaN for others but infinite ones.
  const Lane whole = rounded(y) == y;
  const Lane half = y * 0.5;
  const Lane odd = both(whole, rounded(half) != half);
  r = select(odd, copy_sign(r, x), r);
  const Lane invalid = both(both(x<0, x> - infinity), y != rounded(y));
  r = select(invalid, std::numeric_limits<double>::quiet_NaN(), r);
  // 1 whatever the exponent, or the base, even NaN.
  r = select(either(x == 1, y == 0), 1, r);
  return x32.of(x32.e->ir.CreateFPTrunc(r.v, x32.v->getType()));
}

// The number that is in all lanes of a constant.
bool constant_number(const Value* value, double& number) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (constant && constant->getType()->isVectorTy()) constant = constant->getSplatValue();
  const auto* real = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
  if (!real) return false;
  llvm::APFloat converted = real->getValueAPF();
  bool inexact = false;
  converted.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  number = converted.convertToDouble();
  return true;
}

}  // namespace

Lane log(Lane x) { return with_limits(x, log_of(split(x), nullptr)); }

// log(1 + x) = log u + (x − (u − 1)) / u, with u the rounded sum (after Hewlett-Packard's manuals;
// Higham, Accuracy and Stability of Numerical Algorithms, problem 1.5).
Lane log1p(Lane x) {
  const Lane u = x + 1;
  const Lane correction = (x - (u - 1)) / u;
  return copy_sign(with_limits(u, log_of(split(u), &correction)), x);
}

Lane log1p_of_share(Lane x) {
  const Lane u = x + 1;
  const Lane correction = (x - (u - 1)) / u;
  return log_of(split_normal(u), &correction);
}

Lane pow(Lane x, Lane y) {
  double exponent = 0;
  if (constant_number(y.v, exponent)) {
    if (exponent == 1) return x;
    if (exponent == 2) return x * x;
    if (exponent == 3) return x * x * x;
    if (exponent == -1) return 1 / x;
    if (exponent == 0.5) {  // √−0 is −0 and √−∞ is NaN, but (−0)^½ is 0 and (−∞)^½ is ∞
      const Lane root = x.of(x.e->ir.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, (x + 0.0).v));
      return select(x == -infinity, infinity, root);
    }
  }
  if (!x.is_double()) return pow_f32(x, y);
  return x.of(call_lanes(*x.e, *callee("pow"), {x.v, y.v}));
}

}  // namespace gradus::codegen::math
