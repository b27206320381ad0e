#include "compiler/gradient/differences.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace gradus {
namespace {

constexpr int widths = 10;
constexpr double widest = 0.02;  // relative to the larger of 1 and |x|
constexpr double shrink = 3;     // from each width to the next

// An extrapolation, and the width that it begins from.
struct Candidate {
  double value;
  double error;
  int width;
};

// The slopes between x − h and x + h, for each width h, and what rounding can do to each.
struct Slopes {
  std::array<double, widths> value{};
  std::array<double, widths> rounding{};

  // How far narrower slopes are from the candidate, beyond what its own width leaves to be
  // expected: extrapolations may agree by chance where the function has kinks near x, and narrower
  // slopes tell.
  double disagreement(const Candidate& candidate) const {
    double worst = 0;
    double expected = std::fabs(value[candidate.width] - candidate.value);
    for (int k = candidate.width + 1; k < widths; ++k) {
      expected /= shrink;
      const double distance = std::fabs(value[k] - candidate.value);
      worst = std::max(worst, distance - expected - 4 * rounding[k]);
    }
    return worst;
  }
};

}  // namespace

Difference ridders(const std::function<double(double)>& function, double x) {
  const double scale = std::max(1.0, std::fabs(x));
  const double here = function(x);
  Slopes slopes;
  std::vector<Candidate> candidates;
  std::array<double, widths> gaps{};    // between the slopes to the right and to the left
  std::array<double, widths> before{};  // the extrapolations from the width before, by their order
  double h = widest * scale;
  for (int k = 0; k < widths; ++k, h /= shrink) {
    const double right = x + h;
    const double left = x - h;
    const double above = function(right);
    const double below = function(left);
    std::array<double, widths> now{};
    now[0] = slopes.value[k] = (above - below) / (right - left);
    slopes.rounding[k] =
        std::numeric_limits<double>::epsilon() * std::max(std::fabs(above), std::fabs(below)) / h;
    gaps[k] = std::fabs((above - here) / (right - x) - (here - below) / (x - left));
    double factor = shrink * shrink;
    for (int order = 1; order <= k; ++order, factor *= shrink * shrink) {
      now[order] = (factor * now[order - 1] - before[order - 1]) / (factor - 1);
      const double error = std::max(std::fabs(now[order] - now[order - 1]),
                                    std::fabs(now[order] - before[order - 1])) +
                           slopes.rounding[k];
      candidates.push_back({now[order], error, k});
    }
    before = now;
  }
  Difference best{0, std::numeric_limits<double>::infinity()};
  for (const Candidate& each : candidates) {
    const double error = std::max(each.error, slopes.disagreement(each));
    if (error < best.error) best = {each.value, error};
  }
  // At a kink the gap stays while the width shrinks to a ninth; else it shrinks as the width does.
  const double gap = gaps[widths - 1];
  const double noise = 100 * slopes.rounding[widths - 1];
  if (gap > gaps[widths - 3] / 3 && gap > noise) best.error = std::max(best.error, gap);
  return best;
}

}  // namespace gradus
