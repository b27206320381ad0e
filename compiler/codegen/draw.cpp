#include "compiler/codegen/draw.h"

#include <numbers>
#include <string>

#include "compiler/codegen/math.h"

namespace gradus::codegen {
namespace {

using llvm::Value;

// The four words of Philox4x32-10, lane by lane.
struct Philox {
  llvm::IRBuilder<>& ir;
  Value* x[4];
  Value* key[2];

  Value* word(uint32_t number) const { return llvm::ConstantInt::get(x[0]->getType(), number); }

  // The halves of x · by.
  std::pair<Value*, Value*> product(Value* of, uint32_t by) const {
    llvm::Type* narrow = of->getType();
    llvm::Type* wide = Emitter::with_lanes(ir.getInt64Ty(), Emitter::lanes(of));
    Value* whole = ir.CreateMul(ir.CreateZExt(of, wide), llvm::ConstantInt::get(wide, by));
    return {ir.CreateTrunc(ir.CreateLShr(whole, 32), narrow), ir.CreateTrunc(whole, narrow)};
  }

  void round() {
    const auto [high0, low0] = product(x[0], 0xD2511F53);
    const auto [high1, low1] = product(x[2], 0xCD9E8D57);
    Value* first = ir.CreateXor(ir.CreateXor(high1, x[1]), key[0]);
    Value* third = ir.CreateXor(ir.CreateXor(high0, x[3]), key[1]);
    x[0] = first;
    x[1] = low1;
    x[2] = third;
    x[3] = low0;
    key[0] = ir.CreateAdd(key[0], word(0x9E3779B9));
    key[1] = ir.CreateAdd(key[1], word(0xBB67AE85));
  }
};

// A word's `bits` highest bits as a number.
Value* number(Emitter& e, Value* word, unsigned bits, llvm::Type* real) {
  Value* kept = bits < 32 ? e.ir.CreateLShr(word, 32 - bits) : word;
  return bits < 32 ? e.ir.CreateSIToFP(kept, real) : e.ir.CreateUIToFP(kept, real);
}

// In [0, 1).
Lane fraction(Emitter& e, Value* high, Value* low, llvm::Type* real) {
  if (!real->getScalarType()->isDoubleTy()) return Lane{&e, number(e, high, 24, real)} * 0x1p-24;
  return Lane{&e, number(e, high, 32, real)} * 0x1p-32 +
         Lane{&e, number(e, low, 21, real)} * 0x1p-53;
}

// In (0, 1]: 1 less that fraction.
Lane complement(Emitter& e, Value* high, Value* low, llvm::Type* real) {
  if (real->getScalarType()->isDoubleTy()) return 1 - fraction(e, high, low, real);
  return (Lane{&e, number(e, e.ir.CreateNot(high), 32, real)} + 1) * 0x1p-32;
}

Value* normal(Emitter& e, Value* const* words, llvm::Type* real) {
  const Lane log = math::log(complement(e, words[0], words[1], real));
  const Lane square = -2 * log;
  const Lane radius = square.of(e.ir.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, square.v));
  const Lane angle = fraction(e, words[2], words[3], real) * (2 * std::numbers::pi);
  return (radius * math::cos(angle)).v;
}

// A whole number as a word: a round may be a real number.
Value* word(Emitter& e, Value* x) {
  if (!x->getType()->isFPOrFPVectorTy()) return x;
  return e.ir.CreateFPToSI(x, Emitter::with_lanes(e.ir.getInt32Ty(), Emitter::lanes(x)));
}

}  // namespace

Value* draw(Emitter& e, Draw::Kind kind, int site, llvm::ArrayRef<Value*> by, Scalar result) {
  const int lanes = Emitter::lanes(by[0]);
  llvm::Type* real = e.type(result, lanes);
  llvm::Type* words = by[0]->getType();
  const std::string name =
      std::string(kind == Draw::Kind::uniform ? "gradus_uniform" : "gradus_normal") +
      (result == Scalar::f64 ? "_f64x" : "_f32x") + std::to_string(lanes);
  llvm::Function* function = e.module.getFunction(name);
  if (function == nullptr) {
    llvm::IRBuilderBase::InsertPointGuard guard(e.ir);
    const std::vector<llvm::Type*> types(6, words);
    function = e.begin_function(name, llvm::FunctionType::get(real, types, false), false);
    const auto argument = [&](unsigned k) -> Value* { return function->getArg(k); };
    Philox philox{
        e.ir, {argument(0), argument(1), argument(2), argument(3)}, {argument(4), argument(5)}};
    for (int round = 0; round < 10; ++round) philox.round();
    e.ir.CreateRet(kind == Draw::Kind::uniform ? fraction(e, philox.x[0], philox.x[1], real).v
                                               : normal(e, philox.x, real));
  }
  Value* place = llvm::ConstantInt::get(words, static_cast<uint64_t>(site));
  return e.ir.CreateCall(function, {by[0], word(e, by[1]), by[2], place, by[3], by[4]});
}

}  // namespace gradus::codegen
