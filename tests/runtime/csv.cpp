#include "runtime/csv.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "tests/runtime/bytes.h"
#include "tests/runtime/scratch.h"

using namespace gradus::runtime;
using namespace gradus::tests;

namespace {

using Numbers = std::vector<double>;
using Names = std::vector<std::string>;

Numbers numbers(const Tensor& tensor) {
  Numbers all;
  for (int64_t i = 0; i < tensor.size(); ++i) all.push_back(tensor.at(i));
  return all;
}

Numbers read(const std::string& text, Names columns = {}) {
  const auto data = parse_csv(text, {.keys = columns});
  INFO((data ? "" : data.error().message));
  REQUIRE(data);
  return numbers(data->values);
}

std::string message(const std::string& text, const DataOptions& options = {}) {
  const auto data = parse_csv(text, options);
  return data ? "read" : data.error().message;
}

const DataOptions labels = {.categories = true};

}  // namespace

TEST_CASE("columns are read by name", "[csv]") {
  const std::string text = "a,b,c\n1,2,3\n4,5,6\n";
  CHECK(read(text) == Numbers{1, 2, 3, 4, 5, 6});
  CHECK(read(text, {"c", "a"}) == Numbers{3, 1, 6, 4});
  CHECK(read(text, {"b"}) == Numbers{2, 5});
  CHECK(parse_csv(text, {})->values.shape() == Shape{2, 3});
  CHECK(parse_csv(text, {.keys = {"b"}})->values.shape() == Shape{2});
  CHECK(parse_csv(text, {})->values.type() == Scalar::f64);
  CHECK(parse_csv("a,b\n", {})->values.shape() == Shape{0, 2});
}

TEST_CASE("ends of lines, blanks and marks before the text", "[csv]") {
  CHECK(read("a,b\r\n1,2\r\n3,4\r\n") == Numbers{1, 2, 3, 4});
  CHECK(read("a,b\n1,2\n3,4") == Numbers{1, 2, 3, 4});
  CHECK(read("\xEF\xBB\xBF"
             "a,b\n1,2\n",
             {"a"}) == Numbers{1});
  CHECK(read("a , b\n 1,\t2 \n", {"b"}) == Numbers{2});
  CHECK(read("a,b\n1,2\n\n3,4\n\n\n") == Numbers{1, 2, 3, 4});
  CHECK(read("a\n1\n2\n\n") == Numbers{1, 2});
}

TEST_CASE("numbers in all spellings", "[csv]") {
  CHECK(read("a\n+1\n-2.5\n1e-3\n.5\n5.\n1E5\n0.1\n") == Numbers{1, -2.5, 1e-3, .5, 5, 1e5, 0.1});
  CHECK(read("a\ninf\n-inf\n") == Numbers{INFINITY, -INFINITY});
  for (const char* const cell : {"1,5", "1 000", "0x10", "1e", "--1", "+-1", "1e999", "one"}) {
    CHECK(!parse_csv(std::string("a\n\"") + cell + "\"\n", {}));
  }
}

TEST_CASE("quotes", "[csv]") {
  CHECK(read("\"a\",\"b \"\"x\"\"\"\n\"1\",\"2\"\n", {"b \"x\""}) == Numbers{2});
  const auto data = parse_csv("t,n\n\"a,b\",1\n\"c\"\"d\",2\n\"e\r\nf\",3\nplain, 4\n",
                              {.keys = {"t"}, .categories = true});
  CHECK(data->categories == Names{"a,b", "c\"d", "e\r\nf", "plain"});
  CHECK(message("a,b\n1,\"2\n") == "line 2: a quote that is never closed");
  CHECK(message("a,b\n1,2\"\n") == "line 2: a quote within a cell that does not begin with one");
  CHECK(message("a,b\n\"1\"x,2\n") == "line 2: something after the closing quote of a cell");
  // The line counts also where a cell has several.
  CHECK(message("t,n\n\"a\nb\",1\nc,d\n", {.keys = {"n"}}) ==
        "row 2 (line 4), column `n`: \"d\" is not a number");
}

TEST_CASE("wrong tables are refused with their place", "[csv]") {
  CHECK(message("") == "the file is empty");
  CHECK(message("a,b\n1,2\n3\n") == "row 2 (line 3) has 1 cells, but there are 2 columns");
  CHECK(message("a,b\n1,2,\n") == "row 1 (line 2) has 3 cells, but there are 2 columns");
  CHECK(message("a,b\n1,2\n", {.keys = {"x"}}) == "no column `x`");
  CHECK(parse_csv("a,b\n1,2\n", {.keys = {"x"}}).error().help == "the columns are a, b");
  CHECK(message("a,a\n1,2\n", {.keys = {"a"}}) == "two columns are called `a`");
  CHECK(message("a,b,b\n1,2,3\n", {.keys = {"a"}}) == "read");
  CHECK(message("5.1,3.5\n4.9,3.0\n") ==
        "the first row holds numbers where the names of the columns should stand");
  CHECK(message("a,b\n1,2\n3,x\n") == "row 2 (line 3), column `b`: \"x\" is not a number");
  CHECK(message(std::string("\xFF\xFE"
                            "a\0",
                            4)) == "the file is UTF-16");
}

TEST_CASE("missing cells are an error unless it is said what becomes of them", "[csv]") {
  const std::string text = "a,b\n1,\n,4\nNA,6\n\"7\",?\n";
  CHECK(message(text) == "4 cells are empty, the first in row 1 (line 2), column `b`");
  CHECK(message("a,b\n1,\n") == "row 1 (line 2), column `b` is empty");
  CHECK(parse_csv(text, {}).error().help.find("fill = mean") != std::string::npos);
  const auto filled = parse_csv(text, {.fill = {Fill::Kind::value, -1}});
  CHECK(numbers(filled->values) == Numbers{1, -1, -1, 4, -1, 6, 7, -1});
  CHECK(filled->missing.empty());
  const auto later = parse_csv(text, {.fill = {Fill::Kind::mean}});
  CHECK(later->missing == std::vector<int64_t>{1, 2, 4, 7});
  CHECK(std::isnan(later->values.at(1)));
  CHECK(parse_csv(text, {.fill = {Fill::Kind::drop}})->missing.size() == 4);
  CHECK(message(text, {.keys = {"a"}}) ==
        "2 cells are empty, the first in row 2 (line 3), column `a`");
}

TEST_CASE("text becomes categories where they are welcome", "[csv]") {
  const std::string text = "x,s\n1,pear\n2,apple\n3,Öl\n4,apple\n5,Zebra\n";
  const auto data = parse_csv(text, {.keys = {"s"}, .categories = true});
  REQUIRE(data);
  CHECK(data->categories == Names{"Zebra", "apple", "pear", "Öl"});
  CHECK(numbers(data->values) == Numbers{2, 1, 3, 1, 0});
  CHECK(data->values.type() == Scalar::i32);
  CHECK(message(text) == "row 1 (line 2), column `s`: \"pear\" is not a number");
  CHECK(parse_csv("s\n2\n0\n", labels)->categories.empty());

  const auto known = parse_csv(text, {.keys = {"s"},
                                      .categories = true,
                                      .known_categories = {"Zebra", "apple", "pear", "Öl", "egg"}});
  CHECK(numbers(known->values) == Numbers{2, 1, 3, 1, 0});
  CHECK(message(text, {.keys = {"s"}, .categories = true, .known_categories = {"apple"}}) ==
        "row 1 (line 2), column `s`: \"pear\" is not among the 1 categories that the model was "
        "trained with");
  CHECK(numbers(parse_csv("s\n10\n2\n", {.known_categories = {"10", "2"}})->values) ==
        Numbers{0, 1});

  CHECK(message("s\na\n\nb\n", labels) == "row 2 (line 3), column `s` is empty");
  CHECK(message("s,t\na,b\n,b\n", {.fill = {Fill::Kind::mean}, .categories = true}) ==
        "row 2 (line 3), column `s` is empty, and text has no number to fill it with");
  const auto dropped =
      parse_csv("s,t\na,b\n,b\n", {.fill = {Fill::Kind::drop}, .categories = true});
  CHECK(numbers(dropped->values) == Numbers{0, 1, -1, 1});
  CHECK(dropped->missing == std::vector<int64_t>{2});
  CHECK(message("s\n\xff\n", labels) == "row 1 (line 2), column `s` is not UTF-8");
}

TEST_CASE("text of any kind is read or refused", "[csv]") {
  const std::string alphabet = "a1,\"\n\r \xff";
  uint64_t state = 1;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (state = state * 6364136223846793005u + 1442695040888963407u; text.size() < state >> 60;) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text += alphabet[state >> 33 & 7];
    }
    const auto data = parse_csv(text, labels);
    if (data) REQUIRE(count(data->values.shape()) == data->values.size());
  }
}

TEST_CASE("the shared tables are read", "[csv]") {
  const char* const named = std::getenv("GRADUS_DATA");
  const std::filesystem::path folder = named ? named : GRADUS_SOURCE_DIR "/../shared/data";
  if (!std::filesystem::exists(folder / "iris.csv")) {
    WARN("skipped: no " << folder);
    return;
  }
  const auto species =
      read_csv((folder / "iris.csv").string(), {.keys = {"species"}, .categories = true});
  CHECK(species->categories == Names{"setosa", "versicolor", "virginica"});
  CHECK(species->values.shape() == Shape{150});
  const std::string penguins = (folder / "penguins.csv").string();
  CHECK(read_csv(penguins, {.keys = {"bill_length_mm", "body_mass_g"}}).error().message ==
        penguins + ": 4 cells are empty, the first in row 4 (line 5), column `bill_length_mm`");
  const auto names =
      read_csv((folder / "mpg.csv").string(), {.keys = {"name"}, .categories = true});
  CHECK(names->values.shape() == Shape{398});
}
