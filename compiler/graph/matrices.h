#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "compiler/graph/op.h"

// Linear algebra as the interpreter does it, slowly and obviously (Golub and Van Loan, "Matrix
// Computations", 4th edition, algorithms 3.4.1, 3.1.1 and 4.2.1).
namespace gradus::matrices {

// inv, solve, det, logdet or cholesky of one n × n matrix, by rows; `b` has the right sides of
// solve, a column each. Singular matrices give 0, infinities and NaN, as the divisions by their
// pivots come out; so does cholesky of what is not positive definite: NaN.
std::vector<double> evaluated(Op op, size_t n, std::span<const double> a,
                              std::span<const double> b);

}  // namespace gradus::matrices
