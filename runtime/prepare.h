#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/data.h"
#include "runtime/result.h"

namespace gradus::runtime {

// What is done to an input's data before the model sees them, learnt from the training share and
// then the same for all other data; saved with the weights. Each list is empty where that is not
// done, else it has one number a feature: one for each entry of a row along the batch axis.
struct Preparation {
  std::vector<std::string> categories = {};
  std::vector<double> fill = {};  // in place of missing entries
  std::vector<double> mean = {};  // subtracted,
  std::vector<double> deviation =
      {};  // and what is left divided by: 1 for a feature that is constant
  friend bool operator==(const Preparation&, const Preparation&) = default;
};

// What is to be learnt.
struct Recipe {
  bool fill_mean = false;
  bool standardize = false;
};

// Learns from the rows `rows` of data that are f64; missing entries count for nothing in means, and
// as filled in deviations, which divide by n. With axis −1 all entries are of one feature. An error
// where a feature that is to be filled has no values at all.
Result<Preparation> learn(const Data& data, Recipe recipe, int axis, std::span<const int64_t> rows);

// Fills and standardizes data that are f64. An error if they have other features than those
// learnt from.
std::optional<Error> prepare(Data& data, const Preparation& how, int axis);

// As text for the metadata of saved weights, and back, without loss.
std::string to_text(const Preparation& preparation);
Result<Preparation> parse_preparation(const std::string& text);

}  // namespace gradus::runtime
