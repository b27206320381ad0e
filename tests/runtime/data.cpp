#include "runtime/data.h"

#include <catch2/catch.hpp>
#include <vector>

#include "runtime/npy.h"
#include "runtime/npz.h"
#include "runtime/text.h"
#include "tests/runtime/bytes.h"
#include "tests/runtime/scratch.h"

using namespace gradus::runtime;
using namespace gradus::tests;

using Names = std::vector<std::string>;

TEST_CASE("a location is a path and what follows its colon", "[data]") {
  const Scratch scratch;
  CHECK(parse_location("d/x.npy").path == "d/x.npy");
  CHECK(parse_location("d/x.npy").keys.empty());
  CHECK(parse_location("x.npz:h.W").path == "x.npz");
  CHECK(parse_location("x.npz:h.W").keys == Names{"h.W"});
  CHECK(parse_location("x.csv:a,b c").keys == Names{"a", "b c"});
  const std::string odd = scratch.file("a:b.npy", "");
  CHECK(parse_location(odd).path == odd);
  CHECK(parse_location(odd + ":c").keys == Names{"c"});
}

TEST_CASE("data are read by the ending of the name", "[data]") {
  const Scratch scratch;
  const Tensor x = Tensor::of<float>({2}, {1, 2});
  REQUIRE(!write_npy(scratch.path("x.npy"), x));
  const std::vector<TensorView> tensors = {{"x", &x}};
  REQUIRE(!write_npz(scratch.path("x.npz"), tensors));
  const auto second = [](const std::string& path, Names keys = {}) {
    const auto data = read_data(path, {.keys = keys});
    INFO((data ? "" : data.error().message));
    REQUIRE(data);
    return data->values.at(1);
  };
  CHECK(second(scratch.path("x.npy")) == 2);
  CHECK(second(scratch.path("x.npz"), {"x"}) == 2);
  CHECK(second(scratch.file("x.csv", "a,b\n1,2\n"), {"a", "b"}) == 2);
  CHECK(second(scratch.file("x.csv.gz", deflated("a,b\n1,2\n")), {"a", "b"}) == 2);
  CHECK(second(scratch.file("x.txt", "ab")) == 1);
  CHECK(second(scratch.file("labels-ubyte.gz",
                            deflated(std::string("\0\0\x8\1\0\0\0\2\7\2", 10)))) == 2);
  CHECK(read_data("x.npz", {}).error().message == "x.npz holds several arrays; one must be named");
  CHECK(read_data("x.npy", {.keys = {"a"}}).error().message ==
        "x.npy has no parts, but `a` is asked for");
}

TEST_CASE("code points are those of UTF-8 alone", "[text]") {
  const auto decoded = [](std::string_view text) {
    const auto point = code_point(text);
    return point && point->length == text.size() ? static_cast<int>(point->value) : -1;
  };
  CHECK(decoded("a") == 'a');
  CHECK(decoded("é") == 0xe9);
  CHECK(decoded("€") == 0x20ac);
  CHECK(decoded("𝄞") == 0x1d11e);
  CHECK(decoded("\xf4\x8f\xbf\xbf") == 0x10ffff);
  for (const std::string_view wrong :
       {"", "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x28\xa1", "\xff"}) {
    CHECK(decoded(wrong) == -1);
  }
}

TEST_CASE("text is cut into rows that may overlap", "[text]") {
  const auto rows = [](std::string_view text, int64_t length, int64_t stride) {
    const auto cut = cut_rows(*parse_text(text), length, stride);
    REQUIRE(cut);
    std::string shown;
    for (int64_t i = 0; i < cut->values.size(); ++i) {
      if (i > 0 && i % length == 0) shown += ' ';
      shown += cut->categories[static_cast<size_t>(cut->values.at(i))];
    }
    CHECK(cut->values.shape()[1] == length);
    return shown;
  };
  CHECK(rows("abcdefg", 3, 3) == "abc def");
  CHECK(rows("abcdefg", 3, 2) == "abc cde efg");
  CHECK(rows("abc", 3, 100) == "abc");
  CHECK(cut_rows(*parse_text("ab"), 3, 1).error().message ==
        "the text has 2 characters, and its rows are to have 3");
}

TEST_CASE("a format that is said outweighs the ending of the name", "[data]") {
  const Scratch scratch;
  const std::string corpus = scratch.file("corpus.csv", "abcd");
  const auto data = read_data(corpus, {.format = "text", .row_length = 2, .row_stride = 1});
  REQUIRE(data);
  CHECK(data->values.shape() == Shape{3, 2});
}

TEST_CASE("characters are indices into a vocabulary", "[text]") {
  const auto data = parse_text(
      "\xEF\xBB\xBF"
      "bé\nab");
  REQUIRE(data);
  CHECK(data->categories == Names{"\n", "a", "b", "é"});
  CHECK(data->values.shape() == Shape{5});
  const auto values = data->values.values<int32_t>();
  CHECK(std::vector<int32_t>(values.begin(), values.end()) == std::vector<int32_t>{2, 3, 0, 1, 2});
  const Names vocabulary = {"a", "b", "c"};
  CHECK(parse_text("cab", vocabulary)->values.at(0) == 2);
  CHECK(parse_text("cab", vocabulary)->categories == vocabulary);
  CHECK(parse_text("cad", vocabulary).error().message ==
        "the character `d` at byte 2 is not among the 3 that the model was trained with");
  CHECK(parse_text("ab\xff").error().message == "byte 2 is not UTF-8");
  CHECK(parse_text("")->values.size() == 0);
}
