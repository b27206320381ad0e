#include "runtime/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace gradus::runtime {

namespace {

constexpr double width = 720, height = 420, left = 70, right = 20, top = 30, bottom = 50;
constexpr const char* colors[] = {"#1f5fa8", "#c2571a", "#2b8a3e", "#8a2b8a"};

struct Range {
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  void add(double value) {
    least = std::min(least, value);
    largest = std::max(largest, value);
  }
  double share(double value) const {
    return largest > least ? (value - least) / (largest - least) : 0.5;
  }
};

// A step of 1, 2 or 5 times a power of ten that cuts the range into at most six.
double tick(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / 6)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (range / (digit * power) <= 6) return digit * power;
  }
  return 10 * power;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

class Chart {
 public:
  Chart(const std::vector<Curve>& curves, std::string x_title)
      : curves_(curves), x_title_(std::move(x_title)) {
    Range values;
    for (const Curve& curve : curves_) {
      for (const CurvePoint& point : curve.points) {
        if (!std::isfinite(point.y)) continue;
        x_.add(point.x);
        values.add(point.y);
      }
    }
    is_empty_ = !(values.least <= values.largest);
    if (is_empty_) x_ = values = {0, 1};
    is_logarithmic_ = values.least > 0 && values.largest > 20 * values.least;
    y_ = {scaled(values.least), scaled(values.largest)};
  }

  std::string operator()() {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
        width, height);
    axes();
    for (size_t k = 0; k < curves_.size(); ++k) curve(k);
    return out_ + "</svg>\n";
  }

 private:
  double scaled(double value) const { return is_logarithmic_ ? std::log10(value) : value; }
  double across(double x) const { return left + x_.share(x) * (width - left - right); }
  double down(double y) const {
    return height - bottom - y_.share(scaled(y)) * (height - top - bottom);
  }

  void line(double x1, double y1, double x2, double y2, const char* color) {
    out_ += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1, y1,
        x2, y2, color);
  }
  void text(double x, double y, const char* anchor, const std::string& words) {
    out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                        anchor, escaped(words));
  }

  void value_mark(double value) {
    const double y = down(value);
    line(left, y, width - right, y, "#e0e0e0");
    text(left - 6, y + 4, "end", fmt::format("{:.4g}", value));
  }

  void axes() {
    if (is_logarithmic_) {
      for (double power = std::ceil(y_.least); power <= y_.largest; ++power) {
        value_mark(std::pow(10, power));
      }
    } else if (y_.largest > y_.least) {
      const double step = tick(y_.largest - y_.least);
      for (double y = std::ceil(y_.least / step) * step; y <= y_.largest; y += step) value_mark(y);
    }
    if (x_.largest > x_.least) {
      const double step = std::max(1.0, tick(x_.largest - x_.least));
      for (double x = std::ceil(x_.least / step) * step; x <= x_.largest; x += step) {
        line(across(x), height - bottom, across(x), height - bottom + 4, "#404040");
        text(across(x), height - bottom + 18, "middle", fmt::format("{:.0f}", x));
      }
    }
    line(left, height - bottom, width - right, height - bottom, "#404040");
    line(left, top, left, height - bottom, "#404040");
    text((left + width - right) / 2, height - 10, "middle", x_title_);
  }

  void curve(size_t k) {
    const Curve& curve = curves_[k];
    const char* color = colors[k % std::size(colors)];
    std::string points;
    for (const CurvePoint& point : curve.points) {
      if (!std::isfinite(point.y)) continue;
      points += fmt::format("{:.1f},{:.1f} ", across(point.x), down(point.y));
    }
    out_ +=
        fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n",
                    points, color);
    const double y = top + 6 + 16 * static_cast<double>(k);
    line(width - right - 150, y, width - right - 130, y, color);
    text(width - right - 124, y + 4, "start", curve.name);
  }

  const std::vector<Curve>& curves_;
  std::string x_title_;
  Range x_;
  Range y_;
  bool is_empty_ = false;
  bool is_logarithmic_ = false;
  std::string out_;
};

}  // namespace

std::string chart(const std::vector<Curve>& curves, const std::string& x_title) {
  return Chart(curves, x_title)();
}

std::vector<Curve> curves_of(const std::string& metrics, const std::string& loss) {
  Curve training{loss, {}};
  Curve validation{loss + ", held out", {}};
  size_t begin = 0;
  while (begin < metrics.size()) {
    const size_t end = std::min(metrics.find('\n', begin), metrics.size());
    const auto line = nlohmann::json::parse(metrics.substr(begin, end - begin), nullptr, false);
    begin = end + 1;
    if (!line.is_object() || !line.contains("mean")) continue;
    const auto add = [&](const char* key, Curve& curve) {
      if (!line.contains(key) || !line[key].contains(loss)) return;
      const auto& value = line[key][loss];
      if (value.is_number())
        curve.points.push_back({line["step"].get<double>(), value.get<double>()});
    };
    add("mean", training);
    add("validation", validation);
  }
  std::vector<Curve> curves;
  for (Curve* each : {&training, &validation}) {
    if (!each->points.empty()) curves.push_back(std::move(*each));
  }
  return curves;
}

}  // namespace gradus::runtime
