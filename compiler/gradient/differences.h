#pragma once

#include <functional>

namespace gradus {

// A derivative found by differences, and how far it is likely to be off.
struct Difference {
  double value = 0;
  double error =
      0;  // of the value, as the differences themselves tell; infinite where they can not
};

// The derivative of a function at x from central differences of widths that become smaller by
// turns, extrapolated to width 0; the extrapolation that agrees best with those it was made from
// (Ridders, "Accurate computation of F′(x) and F′(x) F″(x)", Advances in Engineering Software 4,
// 1982). Nothing but the function is looked at. At a kink the error is large: one-sided slopes
// differ.
Difference ridders(const std::function<double(double)>& function, double x);

}  // namespace gradus
