#pragma once

#include "compiler/codegen/lane.h"

// Functions of vectors, in instructions. Errors are in units in the last place; f32 was tried on
// every input, f64 on samples (tests/codegen/math.cpp asserts the bounds). Results that are
// denormal, infinities, NaN and −0 come out as in the C library. The polynomials are those of
// coefficients.py.
namespace gradus::codegen::math {

Lane exp(Lane x);
Lane expm1(Lane x);
Lane tanh(Lane x);
Lane sigmoid(Lane x);
Lane softplus(Lane x);
Lane sinh(Lane x);
Lane cosh(Lane x);

Lane log(Lane x);
Lane log1p(Lane x);
Lane pow(Lane x, Lane y);

Lane erf(Lane x);

Lane sin(Lane x);
Lane cos(Lane x);

}  // namespace gradus::codegen::math
