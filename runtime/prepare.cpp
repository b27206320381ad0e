#include "runtime/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/rows.h"

namespace gradus::runtime {

namespace {

using nlohmann::json;

// Walks the entries of rows along an axis.
struct Features {
  RowLayout layout;

  Features(const Shape& shape, int axis) : layout(row_layout(shape, axis)) {
    // Without rows, every entry is a sample of the one feature.
    if (axis < 0) layout = {1, layout.inner, 1};
  }
  size_t count() const { return static_cast<size_t>(layout.outer * layout.inner); }
  size_t feature(size_t entry) const {
    const auto inner = static_cast<size_t>(layout.inner);
    const auto rows = static_cast<size_t>(layout.rows);
    return entry / (rows * inner) * inner + entry % inner;
  }
  // Calls f(feature, entry) for all entries of these rows, or of all rows.
  template <typename F>
  void each(std::span<const int64_t> rows, F f) const {
    for (int64_t block = 0; block < layout.outer; ++block) {
      for (const int64_t row : rows) {
        for (int64_t i = 0; i < layout.inner; ++i) {
          f(static_cast<size_t>(block * layout.inner + i),
            static_cast<size_t>((block * layout.rows + row) * layout.inner + i));
        }
      }
    }
  }
};

// Of what is there, NaN where nothing is. Differences from the first value are summed: those of a
// constant are 0, and small ones of large values lose no digits.
std::vector<double> means(const Features& features, std::span<const int64_t> rows,
                          std::span<const double> values) {
  std::vector<double> first(features.count(), 0), sum(features.count(), 0), n(features.count(), 0);
  features.each(rows, [&](size_t feature, size_t entry) {
    if (std::isnan(values[entry])) return;
    if (n[feature] == 0) first[feature] = values[entry];
    sum[feature] += values[entry] - first[feature];
    n[feature] += 1;
  });
  for (size_t i = 0; i < sum.size(); ++i) first[i] += sum[i] / n[i];
  return first;
}

}  // namespace

Result<Preparation> learn(const Data& data, Recipe recipe, int axis,
                          std::span<const int64_t> rows) {
  Preparation learnt;
  learnt.categories = data.categories;
  if (!recipe.fill_mean && !recipe.standardize) return learnt;
  const Features features(data.values.shape(), axis);
  std::vector<int64_t> all;
  if (axis < 0) {
    for (int64_t row = 0; row < features.layout.rows; ++row) all.push_back(row);
    rows = all;
  }
  const auto values = data.values.values<double>();
  const auto mean = means(features, rows, values);
  if (recipe.fill_mean) {
    for (const int64_t entry : data.missing) {
      const size_t feature = features.feature(static_cast<size_t>(entry));
      if (std::isnan(mean[feature])) {
        return Error{fmt::format("feature {} has no values to take a mean of", feature), ""};
      }
    }
    learnt.fill = mean;
  }
  if (recipe.standardize) {
    std::vector<double> squares(features.count(), 0);
    features.each(rows, [&](size_t feature, size_t entry) {
      const double x = std::isnan(values[entry]) ? mean[feature] : values[entry];
      squares[feature] += (x - mean[feature]) * (x - mean[feature]);
    });
    const double n = std::max<double>(1, static_cast<double>(rows.size()));
    for (size_t i = 0; i < squares.size(); ++i) {
      const double deviation = std::sqrt(squares[i] / n);
      learnt.mean.push_back(std::isnan(mean[i]) ? 0 : mean[i]);
      learnt.deviation.push_back(deviation > 0 ? deviation : 1);
    }
  }
  return learnt;
}

std::optional<Error> prepare(Data& data, const Preparation& how, int axis) {
  if (how.fill.empty() && how.mean.empty()) return std::nullopt;
  const Features features(data.values.shape(), axis);
  const auto fits = [&](const std::vector<double>& learnt) {
    return learnt.empty() || learnt.size() == features.count();
  };
  if (!fits(how.fill) || !fits(how.mean) || how.mean.size() != how.deviation.size()) {
    return Error{fmt::format("the data have {} features, those that the model was trained with {}",
                             features.count(), std::max(how.fill.size(), how.mean.size())),
                 ""};
  }
  const auto values = data.values.values<double>();
  if (!how.fill.empty()) {
    for (const int64_t entry : data.missing) {
      const auto i = static_cast<size_t>(entry);
      values[i] = how.fill[features.feature(i)];
    }
    data.missing.clear();
  }
  if (!how.mean.empty()) {
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t feature = features.feature(i);
      values[i] = (values[i] - how.mean[feature]) / how.deviation[feature];
    }
  }
  return std::nullopt;
}

std::string to_text(const Preparation& preparation) {
  json object = json::object();
  if (!preparation.categories.empty()) object["categories"] = preparation.categories;
  if (!preparation.fill.empty()) object["fill"] = preparation.fill;
  if (!preparation.mean.empty()) object["mean"] = preparation.mean;
  if (!preparation.deviation.empty()) object["deviation"] = preparation.deviation;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Preparation> parse_preparation(const std::string& text) {
  const Error damaged{"the saved statistics of the data are damaged", ""};
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return damaged;
  Preparation read;
  for (const auto& [key, list] : object.items()) {
    if (!list.is_array()) return damaged;
    for (const json& entry : list) {
      if (key == "categories" ? !entry.is_string() : !entry.is_number()) return damaged;
      if (key == "categories") read.categories.push_back(entry.get<std::string>());
      if (key == "fill") read.fill.push_back(entry.get<double>());
      if (key == "mean") read.mean.push_back(entry.get<double>());
      if (key == "deviation") read.deviation.push_back(entry.get<double>());
    }
  }
  return read;
}

}  // namespace gradus::runtime
