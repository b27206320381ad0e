#pragma once

// Scalar functions in double that the standard library lacks, for the operator table's values.
namespace gradus::scalar {

// −1, 0 or 1; ±0 and NaN stay.
double sign_of(double x);
// The smaller and the larger; NaN if either is.
double minimum(double x, double y);
double maximum(double x, double y);
// 1 / (1 + e⁻ˣ), without overflow.
double sigmoid_of(double x);
// log(1 + eˣ), without overflow.
double softplus_of(double x);
// log |Γ(x)|, without the global sign of the C library's.
double log_gamma(double x);
// ψ⁽ⁿ⁾(x), the derivative of order n + 1 of log Γ, for integer n ≥ 0: recurrence up to a large
// argument and the asymptotic series (Abramowitz and Stegun, 6.4.11); reflection for x < 0.
double polygamma_of(double n, double x);

}  // namespace gradus::scalar
