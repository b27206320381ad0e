#include "runtime/idx.h"

#include <catch2/catch.hpp>

#include "tests/runtime/bytes.h"
#include "tests/runtime/scratch.h"

using namespace gradus::runtime;
using namespace gradus::tests;

namespace {

std::string idx(uint8_t type, std::initializer_list<uint32_t> shape, const std::string& entries) {
  std::string file =
      std::string(2, '\0') + little(type) + little(static_cast<uint8_t>(shape.size()));
  for (const uint32_t extent : shape) file += big(extent);
  return file + entries;
}

}  // namespace

TEST_CASE("every type of IDX is read", "[idx]") {
  const auto entry = [](uint8_t type, const std::string& bytes) {
    return parse_idx(idx(type, {1}, bytes))->at(0);
  };
  CHECK(entry(0x08, "\xff") == 255);
  CHECK(entry(0x09, "\xff") == -1);
  CHECK(entry(0x0B, big<uint16_t>(0xfffe)) == -2);
  CHECK(entry(0x0C, big<uint32_t>(70000)) == 70000);
  CHECK(entry(0x0D, big<uint32_t>(0x3fc00000)) == 1.5);
  CHECK(entry(0x0E, big<uint64_t>(0x3fb999999999999a)) == 0.1);
  const auto images = parse_idx(idx(8, {2, 1, 2}, "\1\2\3\4"));
  CHECK(images->shape() == Shape{2, 1, 2});
  CHECK(images->type() == Scalar::u8);
  CHECK(images->at(3) == 4);
  const Scratch scratch;
  CHECK(read_idx(scratch.file("x.gz", deflated(idx(8, {2}, "\1\2"))))->at(1) == 2);
}

TEST_CASE("damaged IDX files are refused", "[idx]") {
  const auto message = [](const std::string& bytes) { return parse_idx(bytes).error().message; };
  const std::string good = idx(8, {2, 2}, "1234");
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK(!parse_idx(std::string_view(good).substr(0, length)));
  }
  CHECK(
      message(good + "5") ==
      "an array [2, 2] with entries of 1 bytes does not take the 5 bytes that follow its extents");
  CHECK(message("text") == "not an IDX file: it does not begin with two zeros");
  CHECK(message(idx(7, {1}, "1")) == "byte 2 is 0x07, which is no type of IDX");
  constexpr uint32_t huge = 0xffffffff;
  CHECK(!parse_idx(idx(8, {huge, huge, huge}, "1")));
  CHECK(!parse_idx(idx(8, {huge, huge, 0, huge}, "")));
}
