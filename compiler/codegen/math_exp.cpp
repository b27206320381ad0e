#include "compiler/codegen/math_exp.h"

#include "compiler/codegen/math.h"
#include "llvm/IR/IntrinsicsX86.h"

namespace gradus::codegen::math {

using llvm::Value;

namespace {

// NaN stays.
Lane at_least(Lane x, double low) { return select(x < low, low, x); }
Lane at_most(Lane x, double high) { return select(x > high, high, x); }

// eʳ − 1 for |r| ≤ ½ ln 2.
Lane expm1_reduced(Lane r) {
  const Lane p =
      r.is_double()
          ? polynomial(r, {0.50000000000000011, 0.16666666666666668, 0.041666666666620639,
                           0.0083333333333297935, 0.0013888888918939168, 0.00019841269864380513,
                           2.4801518641395994e-5, 2.7557266418612304e-6, 2.7621338669142924e-7,
                           2.510134692835034e-8})
          : polynomial(r, {0.5, 0.166665734, 0.0416665501, 0.00836377387, 0.00139269266});
  return r + r * r * p;
}

Value* whole_number(Lane like, int64_t n) {
  return llvm::ConstantInt::getSigned(bits_type(like), n);
}

// One instruction where the processor has it: y · 2ⁿ with n as a real.
Value* scale_by_instruction(Lane y, Lane n) {
  namespace intrinsic = llvm::Intrinsic;
  const bool f64 = y.is_double();
  const int size = Emitter::lanes(y.v) * (f64 ? 8 : 4);
  intrinsic::ID id = intrinsic::not_intrinsic;
  if (size == 64) {
    id = f64 ? intrinsic::x86_avx512_mask_scalef_pd_512 : intrinsic::x86_avx512_mask_scalef_ps_512;
  } else if (size == 32) {
    id = f64 ? intrinsic::x86_avx512_mask_scalef_pd_256 : intrinsic::x86_avx512_mask_scalef_ps_256;
  } else if (size == 16) {
    id = f64 ? intrinsic::x86_avx512_mask_scalef_pd_128 : intrinsic::x86_avx512_mask_scalef_ps_128;
  }
  if (!y.e->target.scales_by_powers || id == intrinsic::not_intrinsic) return nullptr;
  llvm::IRBuilder<>& ir = y.e->ir;
  Value* all = size == 64 && !f64 ? static_cast<Value*>(ir.getInt16(0xffff)) : ir.getInt8(0xff);
  llvm::SmallVector<Value*, 5> arguments = {y.v, n.v, y.v, all};
  if (size == 64) arguments.push_back(ir.getInt32(4));  // rounding as everywhere
  return ir.CreateIntrinsic(id, {}, arguments);
}

}  // namespace

// Adding 1.5 · 2ᵐ rounds to a whole number, which the low bits then hold.
Reduced reduce(Lane x) {
  const bool f64 = x.is_double();
  const double magic = f64 ? 0x1.8p52 : 0x1.8p23;
  const Lane shifted = x * 1.4426950408889634 + magic;
  const Lane n = shifted - magic;
  const double high = f64 ? 6.93147180369123816490e-01 : 0.693359375;
  const double low = f64 ? 1.90821492927058770002e-10 : -2.12194440054690583e-4;
  Value* whole = x.e->ir.CreateSub(bits(shifted), bits(x.like(magic)));
  return {n, (x - n * high) - n * low, whole};
}

Lane power_of_two(Lane like, Value* n) {
  const bool f64 = like.is_double();
  llvm::IRBuilder<>& ir = like.e->ir;
  Value* biased = ir.CreateAdd(n, whole_number(like, f64 ? 1023 : 127));
  return from_bits(like, ir.CreateShl(biased, whole_number(like, f64 ? 52 : 23)));
}

Lane scale(Lane y, Lane n, Value* whole) {
  if (Value* scaled = scale_by_instruction(y, n)) return y.of(scaled);
  Value* half = y.e->ir.CreateAShr(whole, whole_number(y, 1));
  Value* rest = y.e->ir.CreateSub(whole, half);
  return y * power_of_two(y, half) * power_of_two(y, rest);
}

namespace {

// eˣ · 2ˢ for x below the overflow.
Lane exp_bounded(Lane x, int s) {
  const Reduced by = reduce(at_least(x, x.is_double() ? -750 : -110));
  const Lane y = expm1_reduced(by.r) + 1;
  if (s == 0) return scale(y, by.n, by.whole);
  return scale(y, by.n + s, x.e->ir.CreateAdd(by.whole, whole_number(x, s)));
}

// eˣ − 1 = 2 (2ⁿ⁻¹ (eʳ − 1) + (2ⁿ⁻¹ − ½)); halves, so that 2ⁿ does not overflow before the result.
Lane expm1_bounded(Lane x) {
  const Reduced by = reduce(at_least(x, x.is_double() ? -40 : -20));
  const Lane p = expm1_reduced(by.r);
  const Lane half = power_of_two(x, x.e->ir.CreateSub(by.whole, whole_number(x, 1)));
  const Lane y = half * p + (half - 0.5);
  return select(by.n == 0, p, y + y);
}

}  // namespace

Lane exp_scaled(Lane x, int s) { return exp_bounded(at_most(x, x.is_double() ? 715 : 92), s); }

Lane exp(Lane x) { return exp_scaled(x, 0); }

Lane expm1(Lane x) { return copy_sign(expm1_bounded(at_most(x, x.is_double() ? 710 : 89)), x); }

// −t / (t + 2) with t = e⁻²ˣ − 1, which lies between −1 and 0.
Lane tanh(Lane x) {
  const Lane t = expm1_bounded(-2 * absolute(x));
  return copy_sign(t / (t + 2), x);
}

// e⁻ˣ overflows for negative x where the result is not yet 0: there eˣ / (1 + eˣ).
Lane sigmoid(Lane x) {
  const Lane e = exp_bounded(-absolute(x), 0);
  return select(x < 0, e, 1) / (e + 1);
}

Lane softplus(Lane x) { return select(x < 0, 0, x) + log1p_of_share(exp_bounded(-absolute(x), 0)); }

Lane sinh(Lane x) {
  const Lane positive = absolute(x);
  const Lane t = expm1(positive);
  const Lane half = exp_scaled(positive, -1);
  return copy_sign(select(positive < 1, 0.5 * (t + t / (t + 1)), half - 0.25 / half), x);
}

Lane cosh(Lane x) {
  const Lane half = exp_scaled(absolute(x), -1);
  return half + 0.25 / half;
}

}  // namespace gradus::codegen::math
