#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// Data that are made up: inputs along axis 0, and their classes as i32.
struct Generated {
  Tensor x;
  Tensor y;
};

// An argument of a generator; without a name it stands for the next parameter in order.
struct Argument {
  std::string name;
  double value = 0;
};

bool is_generator(std::string_view name);

// The data of that generator, a function of its arguments and the seed. An error names an argument
// that is unknown, missing or out of its range.
//   moons(n, noise = 0.1)               two half-circles that interlock; x is f64 [n, 2]
//   circles(n, noise = 0.05, factor = 0.5)  a circle within another, smaller by the factor
//   spirals(n, classes = 3, noise = 0.05)   arms of a spiral, one a class
//   xor(n = 4, noise = 0)               the corners of a square, in turn
//   digits(n)                           handwritten digits; x is f32 [n, 28, 28] in [0, 1]
// `noise` is the standard deviation of what is added to each coordinate.
Result<Generated> generate(std::string_view name, std::span<const Argument> arguments,
                           uint64_t seed);

}  // namespace gradus::runtime
