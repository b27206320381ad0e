#include "compiler/gradient/differences.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace gradus {
namespace {

constexpr int widths = 10;
constexpr double widest = 0.02;  // relative to the larger of 1 and |x|
constexpr double shrink = 3;     // from each width to the next

}  // namespace

Difference ridders(const std::function<double(double)>& function, double x) {
  const double scale = std::max(1.0, std::fabs(x));
  const double here = function(x);
  Difference best{0, std::numeric_limits<double>::infinity()};
  std::array<double, widths> gaps{};  // between the slopes to the right and to the left
  double rounding = 0;
  std::array<double, widths> before{};  // the extrapolations from the width before, by their order
  double h = widest * scale;
  for (int k = 0; k < widths; ++k, h /= shrink) {
    const double right = x + h;
    const double left = x - h;
    const double above = function(right);
    const double below = function(left);
    std::array<double, widths> now{};
    now[0] = (above - below) / (right - left);
    // What rounding of the two values can do to their difference.
    const double rounding =
        std::numeric_limits<double>::epsilon() * std::max(std::fabs(above), std::fabs(below)) / h;
    gaps[k] = std::fabs((above - here) / (right - x) - (here - below) / (x - left));
    double factor = shrink * shrink;
    for (int order = 1; order <= k; ++order, factor *= shrink * shrink) {
      now[order] = (factor * now[order - 1] - before[order - 1]) / (factor - 1);
      const double error = std::max(std::fabs(now[order] - now[order - 1]),
                                    std::fabs(now[order] - before[order - 1])) +
                           rounding;
      if (error < best.error) best = {now[order], error};
    }
    before = now;
  }
  // At a kink the gap stays while the width shrinks to a ninth; else it shrinks as the width does.
  const double gap = gaps[widths - 1];
  if (gap > gaps[widths - 3] / 3 && gap > 100 * rounding) best.error = std::max(best.error, gap);
  return best;
}

}  // namespace gradus
