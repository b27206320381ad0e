#include "runtime/safetensors.h"

#include <catch2/catch.hpp>
#include <vector>

#include "runtime/file.h"
#include "tests/runtime/bytes.h"
#include "tests/runtime/scratch.h"

using namespace gradus::runtime;
using namespace gradus::tests;

namespace {

std::string safetensors(const std::string& header, const std::string& data) {
  return little(uint64_t{header.size()}) + header + data;
}

std::string tensor(const std::string& name, const std::string& type, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

std::string message(const std::string& header, const std::string& data = "") {
  const auto read = parse_safetensors(safetensors(header, data));
  return read ? "read" : read.error().message;
}

}  // namespace

TEST_CASE("safetensors are read, in the order of their data", "[safetensors]") {
  const auto read = parse_safetensors(safetensors(
      "{" + tensor("b", "U8", "[2]", "[8,10]") + "," + tensor("a", "F32", "[1,2]", "[0,8]") + "," +
          tensor("c", "I64", "[]", "[10,18]") + "," + tensor("d", "F32", "[0,5]", "[18,18]") +
          R"(,"__metadata__":{"format":"pt"}})" + "   ",
      little<uint32_t>(0x3fc00000) + little<uint32_t>(0) + "\1\2" + little<uint64_t>(9)));
  REQUIRE(read);
  REQUIRE(read->tensors.size() == 4);
  CHECK(read->tensors[0].name == "a");
  CHECK(read->tensors[0].values.shape() == Shape{1, 2});
  CHECK(read->tensors[0].values.at(0) == 1.5);
  CHECK(read->tensors[1].values.at(1) == 2);
  CHECK(read->tensors[2].values.at(0) == 9);
  CHECK(read->tensors[3].values.shape() == Shape{0, 5});
  CHECK(read->metadata == Metadata{{"format", "pt"}});
  const auto brain = parse_safetensors(
      safetensors("{" + tensor("a", "BF16", "[]", "[0,2]") + "}", little<uint16_t>(0x3fc0)));
  CHECK(brain->tensors[0].values.at(0) == 1.5);
}

TEST_CASE("damaged safetensors are refused", "[safetensors]") {
  const std::string a = tensor("a", "F32", "[1]", "[0,4]");
  const std::string good = safetensors("{" + a + "}", "1234");
  REQUIRE(parse_safetensors(good));
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK(!parse_safetensors(std::string_view(good).substr(0, length)));
  }
  CHECK(!parse_safetensors(little(~uint64_t{0}) + "{}"));
  const std::string no_json = "not a safetensors file: its header is no JSON object";
  CHECK(message("[]") == no_json);
  CHECK(message(" {}") == no_json);
  CHECK(message("{" + a + "," + a + "}", "1234") == no_json);
  CHECK(message("{" + a, "1234") == no_json);
  CHECK(message(std::string(100000, '{')) == no_json);
  CHECK(message(R"({"a":)" + std::string(100000, '[') + std::string(100000, ']') + "}") ==
        "tensor `a` is not described by dtype, shape and data_offsets");
  CHECK(message("{" + a + "," + tensor("b", "F32", "[1]", "[0,4]") + "}", "1234") ==
        "tensor `b` overlaps the one before");
  CHECK(message("{" + a + "," + tensor("b", "F32", "[1]", "[2,6]") + "}", "123456") ==
        "tensor `b` overlaps the one before");
  CHECK(message("{" + a + "," + tensor("b", "F32", "[1]", "[6,10]") + "}", "1234567890") ==
        "bytes 4 to 6 belong to no tensor");
  CHECK(message("{" + a + "}", "12345") == "the last 1 bytes belong to no tensor");
  CHECK(message("{" + a + "}", "123") ==
        "the file is cut short: 3 of 4 bytes of tensors are there");
  CHECK(message("{" + tensor("a", "F32", "[2]", "[0,4]") + "}", "1234") ==
        "tensor `a` of shape [2] and type F32 does not take bytes 0 to 4");
  CHECK(message("{" + tensor("a", "F32", "[1]", "[4,0]") + "}", "1234").find("does not take") !=
        std::string::npos);
  CHECK(message("{" + tensor("a", "C64", "[1]", "[0,8]") + "}", "12345678") ==
        "tensor `a` has a type that cannot be read");
  const std::string huge = "[4294967296,4294967296]";
  CHECK(message("{" + tensor("a", "F32", huge, "[0,0]") + "}").find("does not take") !=
        std::string::npos);
  for (const char* const extent : {"-1", "1.0", "\"1\"", "null", "9223372036854775808", "[1]"}) {
    CHECK(message("{" + tensor("a", "F32", "[" + std::string(extent) + "]", "[0,4]") + "}",
                  "1234") == "tensor `a` has an extent that is no number");
  }
  for (const char* const offsets : {"[0]", "[0,4,4]", "[-4,0]", "[0.0,4]", "{}", "4"}) {
    CHECK(message("{" + tensor("a", "F32", "[1]", offsets) + "}", "1234") ==
          "tensor `a` has no two data_offsets");
  }
  CHECK(message(R"({"a":{"dtype":"F32","shape":[1]}})", "1234") ==
        "tensor `a` is not described by dtype, shape and data_offsets");
  CHECK(message(R"({"__metadata__":{"a":1}})") == "metadata `a` are no string");
  CHECK(message(R"({"__metadata__":[]})") == "the metadata are no object");
}

TEST_CASE("what is written as safetensors is read again", "[safetensors]") {
  const Scratch scratch;
  const std::string path = scratch.path("w.safetensors");
  const Tensor bytes = Tensor::of<uint8_t>({3}, {0, 1, 255});
  const Tensor whole = Tensor::of<int32_t>({1}, {-5});
  const Tensor single = Tensor::of<float>({}, {0.1f});
  const Tensor real = Tensor::of<double>({2, 1}, {0.1, -1e300});
  const std::vector<TensorView> tensors = {
      {"bytes", &bytes}, {"whole", &whole}, {"single", &single}, {"h.W", &real}};
  REQUIRE(!write_tensors(path, tensors, {{"key", "valüe \"quoted\""}}));
  const auto read = read_tensors(path);
  REQUIRE(read);
  REQUIRE(read->tensors.size() == 4);
  // By the size of the type, so that all are aligned.
  CHECK(read->tensors[0].name == "h.W");
  CHECK(read->tensors[0].values.at(1) == -1e300);
  CHECK(read->tensors[0].values.shape() == Shape{2, 1});
  CHECK(read->tensors[1].name == "whole");
  CHECK(read->tensors[1].values.at(0) == -5);
  CHECK(read->tensors[2].values.values<float>()[0] == 0.1f);
  CHECK(read->tensors[2].values.shape().empty());
  CHECK(read->tensors[3].values.at(2) == 255);
  CHECK(read->metadata.at("key") == "valüe \"quoted\"");
  CHECK(static_cast<unsigned char>((*read_file(path))[0]) % 8 == 0);
  CHECK(!write_tensors(path, {}));
  CHECK(read_tensors(path)->tensors.empty());
  const std::string bad = scratch.file("bad.safetensors", "no");
  CHECK(read_tensors(bad).error().message.find(bad + ": not a safetensors file") == 0);
}
