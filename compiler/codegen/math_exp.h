#pragma once

#include "compiler/codegen/math.h"

namespace gradus::codegen::math {

// x = n ln 2 + r with |r| ≤ ½ ln 2, for |n| < 2²⁰ (Cody and Waite).
struct Reduced {
  Lane n;
  Lane r;
  llvm::Value* whole;  // n as an integer of the same width
};
Reduced reduce(Lane x);

// 2ⁿ for n in the range of exponents.
Lane power_of_two(Lane like, llvm::Value* n);
// y · 2ⁿ, rounded once also where the result is denormal; n may be twice out of range.
Lane scale(Lane y, Lane n, llvm::Value* whole);
// eˣ · 2ˢ.
Lane exp_scaled(Lane x, int s);
// log(1 + x) for 0 ≤ x ≤ 1, and NaN.
Lane log1p_of_share(Lane x);

}  // namespace gradus::codegen::math
