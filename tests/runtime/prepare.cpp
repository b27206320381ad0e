#include "runtime/prepare.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/rows.h"

using namespace gradus::runtime;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
using Numbers = std::vector<double>;
using Rows = std::vector<int64_t>;

Numbers numbers(const Tensor& tensor) {
  Numbers all;
  for (int64_t i = 0; i < tensor.size(); ++i) all.push_back(tensor.at(i));
  return all;
}

}  // namespace

TEST_CASE("rows are taken along any axis", "[rows]") {
  const Tensor x = Tensor::of<int32_t>({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const Rows some = {2, 0};
  CHECK(numbers(take_rows(x, 1, some)) == Numbers{4, 5, 0, 1, 10, 11, 6, 7});
  CHECK(take_rows(x, 1, some).shape() == Shape{2, 2, 2});
  const Rows last = {1};
  CHECK(numbers(take_rows(x, 0, last)) == Numbers{6, 7, 8, 9, 10, 11});
  CHECK(numbers(take_rows(x, 2, last)) == Numbers{1, 3, 5, 7, 9, 11});
  CHECK(take_rows(x, 1, {}).shape() == Shape{2, 0, 2});
  CHECK(numbers(drop_rows(x, 1, last)) == Numbers{0, 1, 4, 5, 6, 7, 10, 11});
  const Rows entries = {0, 1, 6, 9};
  CHECK(rows_of(x.shape(), 1, entries) == Rows{0, 1});
  CHECK(rows_of(x.shape(), 0, entries) == Rows{0, 1});
  CHECK(rows_of(x.shape(), 2, entries) == Rows{0, 1});
  Tensor target(Scalar::i32, {2, 4, 2});
  put_rows(x, 1, 1, target);
  CHECK(numbers(target) == Numbers{0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 6, 7, 8, 9, 10, 11});
}

TEST_CASE("standardized data have mean 0 and deviation 1", "[prepare]") {
  Data data{Tensor::of<double>({4, 2}, {1, 5, 3, 5, 5, 5, 100, 7}), {}, {}};
  const Rows training = {0, 1, 2};
  const auto learnt = learn(data, {.standardize = true}, 0, training);
  REQUIRE(learnt);
  CHECK(learnt->mean == Numbers{3, 5});
  CHECK(learnt->deviation[0] == Approx(std::sqrt(8.0 / 3)));
  CHECK(learnt->deviation[1] == 1);  // constant in the training share
  REQUIRE(!prepare(data, *learnt, 0));
  CHECK(data.values.at(0) == Approx(-2 / std::sqrt(8.0 / 3)));
  CHECK(data.values.at(1) == 0);
  CHECK(data.values.at(7) == 2);

  Data other{Tensor::of<double>({1, 3}, {1, 2, 3}), {}, {}};
  CHECK(prepare(other, *learnt, 0)->message ==
        "the data have 3 features, those that the model was trained with 2");
}

TEST_CASE("features are those of a row along the batch axis, wherever it is", "[prepare]") {
  Data data{Tensor::of<double>({2, 3}, {1, 2, 3, 10, 20, 30}), {}, {}};
  const Rows all = {0, 1, 2};
  CHECK(learn(data, {.standardize = true}, 1, all)->mean == Numbers{2, 20});
  CHECK(learn(data, {.standardize = true}, -1, {})->mean == Numbers{11});
  Data vector{Tensor::of<double>({3}, {1, 2, 3}), {}, {}};
  CHECK(learn(vector, {.standardize = true}, 0, all)->mean == Numbers{2});
}

TEST_CASE("a constant that no binary fraction equals is constant", "[prepare]") {
  Data data{Tensor(Scalar::f64, {1000}), {}, {}};
  for (double& x : data.values.values<double>()) x = 0.1;
  Rows rows;
  for (int64_t i = 0; i < 1000; ++i) rows.push_back(i);
  const auto learnt = learn(data, {.standardize = true}, 0, rows);
  CHECK(learnt->deviation == Numbers{1});
}

TEST_CASE("missing entries get the mean of the training share", "[prepare]") {
  Data data{Tensor::of<double>({4, 2}, {1, none, 3, 4, none, 6, 100, none}), {}, {1, 4, 7}};
  const Rows training = {0, 1, 2};
  const auto learnt = learn(data, {.fill_mean = true}, 0, training);
  CHECK(learnt->fill == Numbers{2, 5});
  REQUIRE(!prepare(data, *learnt, 0));
  CHECK(numbers(data.values) == Numbers{1, 5, 3, 4, 2, 6, 100, 5});
  CHECK(data.missing.empty());

  Data both{Tensor::of<double>({4}, {1, none, 3, none}), {}, {1, 3}};
  const Rows rows = {0, 1, 2, 3};
  const auto standard = learn(both, {.fill_mean = true, .standardize = true}, 0, rows);
  CHECK(standard->deviation[0] == Approx(std::sqrt(0.5)));
  REQUIRE(!prepare(both, *standard, 0));
  CHECK(both.values.at(1) == 0);

  Data nothing{Tensor::of<double>({2}, {none, 1}), {}, {0}};
  const Rows first = {0};
  CHECK(learn(nothing, {.fill_mean = true}, 0, first).error().message ==
        "feature 0 has no values to take a mean of");
}

TEST_CASE("what was learnt is saved without loss", "[prepare]") {
  const Preparation learnt = {{"é", "b"}, {0.1, 1e-300}, {-0.3}, {1.0 / 3}};
  CHECK(*parse_preparation(to_text(learnt)) == learnt);
  CHECK(*parse_preparation(to_text({})) == Preparation{});
  for (const char* const text :
       {"", "[]", "{\"mean\":1}", "{\"mean\":[\"a\"]}", "{\"categories\":[1]}"}) {
    CHECK(!parse_preparation(text));
  }
}
