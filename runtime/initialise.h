#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// What a parameter starts from. `a` and `b` are mean and standard deviation of `normal`, bounds of
// `uniform`; the others take none.
struct Initialiser {
  enum class Kind : uint8_t {
    normal,
    uniform,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    orthogonal,
  };
  Kind kind = Kind::normal;
  double a = 0;
  double b = 1;
};

// The initialiser of that name with these arguments (normal without any is of mean 0 and deviation
// 1, uniform runs from 0 to 1); an error names what is wrong.
Result<Initialiser> initialiser(std::string_view name, std::span<const double> arguments);

// The numbers of inputs and outputs of one unit: of rank 2 the axes in order, above all axes but
// the first, and the first times those from the third. A vector counts as both, a scalar as 1.
struct Fans {
  double in = 1;
  double out = 1;
};
Fans fans(std::span<const int64_t> shape);

// Initial values in f64, a function of the seed and the parameter's name alone. glorot: variance
// 2 / (in + out) (Glorot and Bengio 2010); he: 2 / in (He et al. 2015); uniform with bounds
// √3 · deviation. orthogonal: the first axis against all others as a matrix with orthonormal rows
// or columns, whichever are fewer, uniform over all such (Mezzadri, "How to Generate Random
// Matrices from the Classical Compact Groups", 2007).
Tensor initialise(const Initialiser& how, Shape shape, uint64_t seed, std::string_view name);

}  // namespace gradus::runtime
