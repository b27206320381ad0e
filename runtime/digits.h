#pragma once

#include <cstdint>

#include "runtime/tensor.h"

namespace gradus::runtime {

inline constexpr int64_t digit_size = 28;

// Draws digits as if by hand into `images`, f32 [n, 28, 28], all zero: ink is 1, paper 0. Which
// digit each is goes to `labels`, i32 [n]; all ten are equally frequent. Image i is a function of
// seed, n and i.
//
// A digit is a few strokes, smooth curves through given points, in one of several ways to write it;
// its points are displaced by a random smooth field, slanted, turned, scaled and shifted, and drawn
// with a pen of random width; then every pixel gets noise.
void draw_digits(Tensor& images, Tensor& labels, uint64_t seed);

}  // namespace gradus::runtime
