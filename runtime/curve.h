#pragma once

#include <string>
#include <vector>

namespace gradus::runtime {

struct CurvePoint {
  double x = 0;
  double y = 0;
};

// One line of a chart.
struct Curve {
  std::string name;
  std::vector<CurvePoint> points;
};

// A chart as SVG: losses over steps. Where all values are above 0 and they span more than a factor
// of 20, the axis of values is logarithmic. Points that are not finite are left out.
std::string chart(const std::vector<Curve>& curves, const std::string& x_title);

// The losses of the epochs of a `metrics.jsonl`, over the steps done; as curves, those of
// validation apart.
std::vector<Curve> curves_of(const std::string& metrics, const std::string& loss);

}  // namespace gradus::runtime
