#include <string>

#include "compiler/codegen/calls.h"
#include "compiler/codegen/math.h"

namespace gradus::codegen::math {

using llvm::Value;

namespace {

enum class Which { sine, cosine };

// x = q π/2 + r + low, |r| ≤ π/4; q in the low bits of `quadrant`, of the width of x.
struct Reduced {
  Lane r;
  Lane low;
  Value* quadrant;
};

// π/2 in parts of 33 bits, so that products with q < 2²⁰ are exact (fdlibm's e_rem_pio2.c).
constexpr double part1 = 1.57079632673412561417e+00;
constexpr double part2 = 6.07710050630396597660e-11;
constexpr double part3 = 2.02226624871116645580e-21;
constexpr double two_over_pi = 0.63661977236758134308;
constexpr double magic = 0x1.8p52;  // as in exp

Reduced reduce_f64(Lane x) {
  const Lane shifted = x * two_over_pi + magic;
  const Lane q = shifted - magic;
  const Lane first = x - q * part1;  // exact, as the rest is but for the last difference
  const Lane second = first - q * part2;
  const Lane lost = (first - second) - q * part2;
  const Lane r = second - q * part3;
  const Lane low = ((second - r) - q * part3) + lost;
  return {r, low, bits(shifted)};
}

// In f64, where two parts are enough.
Reduced reduce_f32(Lane x) {
  llvm::IRBuilder<>& ir = x.e->ir;
  const int lanes = Emitter::lanes(x.v);
  const Lane wide = x.of(ir.CreateFPExt(x.v, Emitter::with_lanes(ir.getDoubleTy(), lanes)));
  const Lane shifted = wide * two_over_pi + magic;
  const Lane q = shifted - magic;
  const Lane r = (wide - q * part1) - q * 6.07710050650619224932e-11;  // the rest of π/2
  return {x.of(ir.CreateFPTrunc(r.v, x.v->getType())), x.like(0),
          ir.CreateTrunc(bits(shifted), bits_type(x))};
}

Lane sine_reduced(const Reduced& by) {
  const Lane z = by.r * by.r;
  const Lane p =
      by.r.is_double()
          ? polynomial(z, {-0.16666666666666664, 0.008333333333330827, -0.00019841269836575709,
                           2.7557316008171551e-6, -2.5051112272573244e-8, 1.5916726193889337e-10})
          : polynomial(z, {-0.166666646, 0.00833273656, -0.000195853732});
  return by.r + (by.r * z * p + by.low);
}

Lane cosine_reduced(const Reduced& by) {
  const Lane z = by.r * by.r;
  const Lane p =
      by.r.is_double()
          ? polynomial(z, {0.041666666666666665, -0.0013888888888887321, 2.4801587298651292e-5,
                           -2.755731721268659e-7, 2.0876134024090146e-9, -1.1381754653662937e-11})
          : polynomial(z, {0.0416666646, -0.00138882913, 2.45454191e-5});
  const Lane half = 0.5 * z;
  const Lane w = 1 - half;
  return w + (((1 - w) - half) + (z * z * p - by.r * by.low));
}

Lane by_quadrant(Lane x, Which which) {
  llvm::IRBuilder<>& ir = x.e->ir;
  const auto whole = [&](int64_t n) { return llvm::ConstantInt::getSigned(bits_type(x), n); };
  const Reduced by = x.is_double() ? reduce_f64(x) : reduce_f32(x);
  Value* q = by.quadrant;
  if (which == Which::cosine) q = ir.CreateAdd(q, whole(1));
  const Lane odd = x.of(ir.CreateICmpNE(ir.CreateAnd(q, whole(1)), whole(0)));
  const Lane chosen = select(odd, cosine_reduced(by), sine_reduced(by));
  Value* sign = ir.CreateShl(ir.CreateAnd(q, whole(2)), whole(x.is_double() ? 62 : 30));
  return from_bits(x, ir.CreateXor(bits(chosen), sign));
}

// Arguments that are too large to be reduced so go to the C library, a lane at a time: a branch,
// and so a function of its own.
Lane outlined(Lane x, Which which) {
  constexpr double largest = 1e6;
  llvm::IRBuilder<>& ir = x.e->ir;
  const char* primitive = which == Which::sine ? "sin" : "cos";
  const std::string name = std::string(primitive) + (x.is_double() ? "_f64x" : "_f32x") +
                           std::to_string(Emitter::lanes(x.v));
  llvm::Function* function = x.e->module.getFunction(name);
  if (!function) {
    llvm::IRBuilderBase::InsertPointGuard guard(ir);
    llvm::Type* type = x.v->getType();
    function = x.e->begin_function(name, llvm::FunctionType::get(type, {type}, false), false);
    const Lane argument = x.of(function->getArg(0));
    llvm::BasicBlock* rare = llvm::BasicBlock::Create(ir.getContext(), "", function);
    llvm::BasicBlock* usual = llvm::BasicBlock::Create(ir.getContext(), "", function);
    Lane result = by_quadrant(argument, which);
    // −0 stays; the sum of parts would make it 0.
    if (which == Which::sine) result = select(argument == 0, argument, result);
    const Lane large = absolute(argument) > largest;
    Value* any = Emitter::lanes(x.v) == 1 ? large.v : ir.CreateOrReduce(large.v);
    ir.CreateCondBr(any, rare, usual);
    ir.SetInsertPoint(usual);
    ir.CreateRet(result.v);
    ir.SetInsertPoint(rare);
    const Lane exact = x.of(call_lanes(*x.e, *callee(primitive), {argument.v}));
    ir.CreateRet(select(large, exact, result).v);
  }
  return x.of(ir.CreateCall(function, {x.v}));
}

}  // namespace

Lane sin(Lane x) { return outlined(x, Which::sine); }
Lane cos(Lane x) { return outlined(x, Which::cosine); }

}  // namespace gradus::codegen::math
