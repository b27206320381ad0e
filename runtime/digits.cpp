#include "runtime/digits.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "runtime/random.h"

namespace gradus::runtime {

namespace {

struct Point {
  double x;
  double y;
};

using Stroke = std::vector<Point>;
using Glyph = std::vector<Stroke>;  // one way to write a digit

// The digits in a unit square, x to the right and y down. Strokes that end where others begin make
// a corner.
const std::vector<Glyph>& ways_to_write(size_t digit) {
  static const std::vector<Glyph> glyphs[10] = {
      {{{{0.56, 0.04},
         {0.28, 0.18},
         {0.16, 0.5},
         {0.27, 0.84},
         {0.5, 0.95},
         {0.74, 0.82},
         {0.84, 0.5},
         {0.75, 0.18},
         {0.5, 0.05}}},
       {{{0.7, 0.13},
         {0.45, 0.05},
         {0.22, 0.28},
         {0.18, 0.65},
         {0.4, 0.94},
         {0.7, 0.85},
         {0.83, 0.5},
         {0.74, 0.16},
         {0.58, 0.08}}}},
      {{{{0.53, 0.04}, {0.5, 0.5}, {0.48, 0.96}}},
       {{{0.33, 0.24}, {0.45, 0.16}, {0.55, 0.04}}, {{0.55, 0.04}, {0.53, 0.5}, {0.52, 0.96}}},
       {{{0.32, 0.22}, {0.53, 0.05}}, {{0.53, 0.05}, {0.52, 0.94}}, {{0.3, 0.94}, {0.74, 0.94}}}},
      {{{{0.2, 0.27},
         {0.32, 0.09},
         {0.56, 0.05},
         {0.77, 0.19},
         {0.73, 0.41},
         {0.48, 0.68},
         {0.17, 0.93}},
        {{0.17, 0.93}, {0.5, 0.91}, {0.86, 0.92}}},
       {{{0.2, 0.24},
         {0.42, 0.05},
         {0.72, 0.14},
         {0.73, 0.4},
         {0.48, 0.73},
         {0.25, 0.92},
         {0.13, 0.86},
         {0.24, 0.75},
         {0.47, 0.83},
         {0.67, 0.95},
         {0.88, 0.86}}}},
      {{{{0.2, 0.15}, {0.45, 0.05}, {0.72, 0.16}, {0.68, 0.36}, {0.42, 0.47}},
        {{0.42, 0.47}, {0.72, 0.56}, {0.79, 0.76}, {0.57, 0.94}, {0.3, 0.94}, {0.14, 0.82}}},
       {{{0.2, 0.08}, {0.76, 0.07}},
        {{0.76, 0.07}, {0.44, 0.4}},
        {{0.44, 0.4}, {0.74, 0.52}, {0.78, 0.76}, {0.55, 0.94}, {0.3, 0.93}, {0.15, 0.82}}}},
      {{{{0.3, 0.07}, {0.23, 0.33}, {0.17, 0.55}},
        {{0.17, 0.55}, {0.5, 0.55}, {0.86, 0.52}},
        {{0.7, 0.12}, {0.66, 0.5}, {0.62, 0.96}}},
       {{{0.64, 0.05}, {0.14, 0.63}}, {{0.14, 0.63}, {0.88, 0.63}}, {{0.64, 0.05}, {0.63, 0.96}}},
       {{{0.27, 0.08}, {0.22, 0.35}, {0.35, 0.5}, {0.6, 0.45}, {0.74, 0.3}},
        {{0.75, 0.05}, {0.72, 0.5}, {0.68, 0.96}}}},
      {{{{0.78, 0.07}, {0.31, 0.08}},
        {{0.31, 0.08}, {0.25, 0.44}},
        {{0.25, 0.44}, {0.5, 0.38}, {0.76, 0.53}, {0.77, 0.77}, {0.52, 0.95}, {0.19, 0.86}}},
       {{{0.82, 0.06}, {0.55, 0.1}, {0.34, 0.09}},
        {{0.34, 0.09},
         {0.28, 0.38},
         {0.55, 0.45},
         {0.72, 0.62},
         {0.62, 0.88},
         {0.38, 0.95},
         {0.18, 0.88}}}},
      {{{{0.7, 0.05},
         {0.42, 0.2},
         {0.23, 0.5},
         {0.23, 0.78},
         {0.45, 0.95},
         {0.71, 0.86},
         {0.75, 0.66},
         {0.55, 0.52},
         {0.35, 0.6},
         {0.24, 0.75}}},
       {{{0.5, 0.04},
         {0.3, 0.3},
         {0.22, 0.62},
         {0.32, 0.88},
         {0.56, 0.94},
         {0.74, 0.78},
         {0.64, 0.58},
         {0.42, 0.58},
         {0.26, 0.74}}}},
      {{{{0.16, 0.1}, {0.5, 0.1}, {0.82, 0.07}}, {{0.82, 0.07}, {0.6, 0.45}, {0.44, 0.96}}},
       {{{0.16, 0.1}, {0.82, 0.08}},
        {{0.82, 0.08}, {0.55, 0.5}, {0.42, 0.96}},
        {{0.34, 0.5}, {0.74, 0.48}}},
       {{{0.18, 0.22}, {0.2, 0.09}},
        {{0.2, 0.09}, {0.5, 0.1}, {0.8, 0.06}},
        {{0.8, 0.06}, {0.62, 0.5}, {0.5, 0.96}}}},
      {{{{0.7, 0.16},
         {0.48, 0.05},
         {0.27, 0.17},
         {0.34, 0.38},
         {0.6, 0.54},
         {0.74, 0.75},
         {0.52, 0.95},
         {0.27, 0.82},
         {0.36, 0.58},
         {0.6, 0.4},
         {0.74, 0.22},
         {0.66, 0.12}}},
       {{{0.5, 0.46},
         {0.3, 0.33},
         {0.32, 0.12},
         {0.52, 0.04},
         {0.71, 0.15},
         {0.7, 0.34},
         {0.5, 0.46}},
        {{0.5, 0.46},
         {0.26, 0.6},
         {0.25, 0.83},
         {0.5, 0.95},
         {0.75, 0.83},
         {0.74, 0.6},
         {0.5, 0.46}}}},
      {{{{0.73, 0.2},
         {0.52, 0.05},
         {0.28, 0.18},
         {0.27, 0.4},
         {0.48, 0.51},
         {0.68, 0.38},
         {0.74, 0.18}},
        {{0.74, 0.18}, {0.71, 0.55}, {0.64, 0.96}}},
       {{{0.71, 0.28},
         {0.56, 0.06},
         {0.3, 0.14},
         {0.25, 0.38},
         {0.46, 0.5},
         {0.7, 0.32},
         {0.73, 0.16},
         {0.75, 0.5},
         {0.66, 0.84},
         {0.42, 0.95},
         {0.24, 0.88}}}},
  };
  return glyphs[digit];
}

// Random numbers one after the other.
class Dice {
 public:
  explicit Dice(const Random& random) : random_(random) {}
  double uniform(double from, double to) { return from + (to - from) * random_.uniform(drawn_++); }
  double normal(double deviation) { return deviation * random_.normal(drawn_++); }
  size_t below(size_t n) { return static_cast<size_t>(uniform(0, static_cast<double>(n))); }

 private:
  const Random& random_;
  uint64_t drawn_ = 0;
};

// How one image differs from the model of its digit.
class Hand {
 public:
  explicit Hand(Dice& dice)
      : slant_(dice.normal(0.18)),
        turn_(dice.normal(0.07)),
        width_(dice.uniform(14, 21)),
        height_(dice.uniform(17, 21.5)),
        shift_{dice.normal(0.9), dice.normal(0.9)},
        pen_(dice.uniform(0.75, 1.55)) {
    for (Wave& wave : waves_) {
      const double direction = dice.uniform(0, 2 * std::numbers::pi);
      const double frequency = dice.uniform(2.5, 6);
      wave = {{frequency * std::cos(direction), frequency * std::sin(direction)},
              dice.uniform(0, 2 * std::numbers::pi),
              {dice.normal(0.032), dice.normal(0.032)}};
    }
  }

  double pen() const { return pen_; }  // half its width, in pixels

  // From the unit square to pixels.
  Point operator()(Point p) const {
    Point q = p;
    for (const Wave& wave : waves_) {
      const double height = std::sin(wave.frequency.x * p.x + wave.frequency.y * p.y + wave.phase);
      q.x += wave.amplitude.x * height;
      q.y += wave.amplitude.y * height;
    }
    const double x = width_ * (q.x - 0.5 - slant_ * (q.y - 0.5));
    const double y = height_ * (q.y - 0.5);
    const double middle = digit_size / 2.0;
    return {middle + shift_.x + std::cos(turn_) * x - std::sin(turn_) * y,
            middle + shift_.y + std::sin(turn_) * x + std::cos(turn_) * y};
  }

 private:
  struct Wave {
    Point frequency{};
    double phase = 0;
    Point amplitude{};
  };
  double slant_;
  double turn_;
  double width_;
  double height_;
  Point shift_;
  double pen_;
  Wave waves_[3];
};

// Inks the pixels within `radius` of the line from a to b, the border in shades of grey.
void draw_line(Point a, Point b, double radius, std::span<float> pixels) {
  const double reach = radius + 1;
  const auto clamp = [](double x) {
    return static_cast<int64_t>(std::clamp(x, 0.0, digit_size - 1.0));
  };
  const int64_t top = clamp(std::floor(std::min(a.y, b.y) - reach));
  const int64_t bottom = clamp(std::ceil(std::max(a.y, b.y) + reach));
  const int64_t left = clamp(std::floor(std::min(a.x, b.x) - reach));
  const int64_t right = clamp(std::ceil(std::max(a.x, b.x) + reach));
  const Point along{b.x - a.x, b.y - a.y};
  const double square = std::max(1e-12, along.x * along.x + along.y * along.y);
  for (int64_t row = top; row <= bottom; ++row) {
    for (int64_t column = left; column <= right; ++column) {
      const Point to{static_cast<double>(column) + 0.5 - a.x, static_cast<double>(row) + 0.5 - a.y};
      const double t = std::clamp((to.x * along.x + to.y * along.y) / square, 0.0, 1.0);
      const double distance = std::hypot(to.x - t * along.x, to.y - t * along.y);
      const auto ink = static_cast<float>(std::clamp(radius + 0.5 - distance, 0.0, 1.0));
      float& pixel = pixels[static_cast<size_t>(row * digit_size + column)];
      pixel = std::max(pixel, ink);
    }
  }
}

// The point at `t` between p1 and p2 of the Catmull-Rom spline through the four.
Point spline(Point p0, Point p1, Point p2, Point p3, double t) {
  const auto at = [t](double a, double b, double c, double d) {
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  };
  return {at(p0.x, p1.x, p2.x, p3.x), at(p0.y, p1.y, p2.y, p3.y)};
}

void draw_stroke(const Stroke& stroke, const Hand& hand, std::span<float> pixels) {
  constexpr int pieces = 6;
  const size_t last = stroke.size() - 1;
  Point from = hand(stroke[0]);
  for (size_t i = 0; i < last; ++i) {
    for (int piece = 1; piece <= pieces; ++piece) {
      const Point to =
          hand(spline(stroke[i == 0 ? 0 : i - 1], stroke[i], stroke[i + 1],
                      stroke[std::min(i + 2, last)], static_cast<double>(piece) / pieces));
      draw_line(from, to, hand.pen(), pixels);
      from = to;
    }
  }
}

void add_noise(std::span<float> pixels, Dice& dice) {
  const double paper = dice.uniform(0, 0.05);
  const double ink = dice.uniform(0.8, 1);
  for (float& pixel : pixels) {
    const double shade = ink * static_cast<double>(pixel) + dice.normal(paper);
    pixel = static_cast<float>(std::clamp(shade, 0.0, 1.0));
  }
}

}  // namespace

void draw_digits(Tensor& images, Tensor& labels, uint64_t seed) {
  const auto digits = labels.values<int32_t>();
  std::vector<int64_t> order(digits.size());
  permute(order, Random(seed, "which digits"));
  constexpr size_t area = digit_size * digit_size;
  for (size_t i = 0; i < digits.size(); ++i) {
    digits[i] = static_cast<int32_t>(order[i] % 10);
    const Random random(seed, "digits", i);
    Dice dice(random);
    const auto& ways = ways_to_write(static_cast<size_t>(digits[i]));
    const Glyph& glyph = ways[dice.below(ways.size())];
    const Hand hand(dice);
    const auto pixels = images.values<float>().subspan(i * area, area);
    for (const Stroke& stroke : glyph) draw_stroke(stroke, hand, pixels);
    add_noise(pixels, dice);
  }
}

}  // namespace gradus::runtime
