#include "runtime/npy.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/runtime/bytes.h"
#include "tests/runtime/scratch.h"

using namespace gradus::runtime;
using namespace gradus::tests;

namespace {

// A file of format version `major`.0.
std::string npy(const std::string& dict, const std::string& entries, int major = 1) {
  const std::string header = dict + '\n';
  const auto size = header.size();
  return "\x93NUMPY" + little(static_cast<uint8_t>(major)) + little(uint8_t{0}) +
         (major == 1 ? little(static_cast<uint16_t>(size)) : little(static_cast<uint32_t>(size))) +
         header + entries;
}

std::string dict(const std::string& type, const std::string& shape, bool columns = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (columns ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> all;
  for (int64_t i = 0; i < tensor.size(); ++i) all.push_back(tensor.at(i));
  return all;
}

// What is read from a file of these entries of that type.
std::vector<double> read(const std::string& type, const std::string& entries, int64_t count,
                         Scalar expected) {
  const auto tensor = parse_npy(npy(dict(type, "(" + std::to_string(count) + ",)"), entries));
  REQUIRE(tensor);
  CHECK(tensor->type() == expected);
  CHECK(tensor->shape() == Shape{count});
  return numbers(*tensor);
}

using Numbers = std::vector<double>;

}  // namespace

TEST_CASE("every number format of .npy is read", "[npy]") {
  constexpr double inf = INFINITY;
  // 1, -2, the largest, the smallest subnormal, infinity
  const std::string halves = little<uint16_t>(0x3c00) + little<uint16_t>(0xc000) +
                             little<uint16_t>(0x7bff) + little<uint16_t>(0x0001) +
                             little<uint16_t>(0x7c00);
  CHECK(read("<f2", halves, 5, Scalar::f32) == Numbers{1, -2, 65504, 0x1p-24, inf});
  CHECK(std::isnan(read("<f2", little<uint16_t>(0x7e00), 1, Scalar::f32)[0]));
  CHECK(read("<f4", little<uint32_t>(0x3fc00000), 1, Scalar::f32) == Numbers{1.5});
  CHECK(read(">f4", big<uint32_t>(0x3fc00000), 1, Scalar::f32) == Numbers{1.5});
  CHECK(read("<f8", little<uint64_t>(0x3fb999999999999a), 1, Scalar::f64) == Numbers{0.1});
  CHECK(read(">f8", big<uint64_t>(0x3fb999999999999a), 1, Scalar::f64) == Numbers{0.1});
  CHECK(read("|i1", "\x80\x7f", 2, Scalar::i32) == Numbers{-128, 127});
  CHECK(read("|u1", "\x80\x7f", 2, Scalar::u8) == Numbers{128, 127});
  CHECK(read("<i2", little<uint16_t>(0xfffe), 1, Scalar::i32) == Numbers{-2});
  CHECK(read(">u2", big<uint16_t>(0xfffe), 1, Scalar::i32) == Numbers{65534});
  CHECK(read("<i4", little<uint32_t>(0x80000000), 1, Scalar::i32) == Numbers{-2147483648.0});
  CHECK(read("<u4", little<uint32_t>(7), 1, Scalar::i32) == Numbers{7});
  CHECK(read("<u4", little<uint32_t>(0x80000000), 1, Scalar::f64) == Numbers{2147483648.0});
  CHECK(read("<i8", little<uint64_t>(static_cast<uint64_t>(-3)), 1, Scalar::i32) == Numbers{-3});
  CHECK(read(">i8", big<uint64_t>(uint64_t{1} << 53), 1, Scalar::f64) == Numbers{0x1p53});
  CHECK(read("|b1", std::string("\0\1", 2), 2, Scalar::u8) == Numbers{0, 1});

  const auto inexact = parse_npy(npy(dict("<i8", "(1,)"), little((uint64_t{1} << 53) + 1)));
  CHECK(inexact.error().message ==
        "entry 0 is 9007199254740993, which no real number here holds exactly");
  CHECK(!parse_npy(npy(dict("<u8", "(1,)"), little(~uint64_t{0}))));
  CHECK(parse_npy(npy(dict("|b1", "(1,)"), "\x02")).error().message ==
        "entry 0 is 2, which is no boolean");
}

TEST_CASE("versions, shapes and orders of .npy", "[npy]") {
  const std::string six = "\1\2\3\4\5\6";
  for (const int version : {1, 2, 3}) {
    CHECK(parse_npy(npy(dict("|u1", "(2, 3)"), six, version))->shape() == Shape{2, 3});
  }
  CHECK(parse_npy(npy(dict("|u1", "()"), "\7"))->shape().empty());
  CHECK(parse_npy(npy(dict("|u1", "(0, 3)"), ""))->shape() == Shape{0, 3});
  CHECK(parse_npy(npy(dict("|u1", "(0, 3)", true), ""))->shape() == Shape{0, 3});
  const auto columns = parse_npy(npy(dict("|u1", "(2, 3)", true), six));
  CHECK(numbers(*columns) == Numbers{1, 3, 5, 2, 4, 6});
  const auto cube = parse_npy(npy(dict("|u1", "(1, 2, 3)", true), six));
  CHECK(numbers(*cube) == Numbers{1, 3, 5, 2, 4, 6});
  const auto other = parse_npy(npy(dict("|u1", "(3, 1, 2)", true), six));
  CHECK(numbers(*other) == Numbers{1, 4, 2, 5, 3, 6});
  CHECK(parse_npy(npy("{\"shape\":(6,),\"descr\":\"|u1\",\"fortran_order\":False}", six)));
}

TEST_CASE("damaged .npy files are refused", "[npy]") {
  const auto message = [](const std::string& bytes) { return parse_npy(bytes).error().message; };
  const std::string good = npy(dict("<f4", "(2, 3)"), std::string(24, '\0'));
  REQUIRE(parse_npy(good));
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK(!parse_npy(std::string_view(good).substr(0, length)));
  }
  CHECK(message(good + "x") ==
        "an array [2, 3] of `<f4` does not take the 25 bytes that follow the header");
  CHECK(message("PK\3\4") == "not a .npy file: it does not begin with \\x93NUMPY");
  CHECK(!parse_npy(npy(dict("<f4", "(2, 3)"), std::string(24, '\0'), 4)));
  for (const char* const shape :
       {"(4611686018427387904, 4611686018427387904)", "(-1,)", "(-1, -24)", "(1e3,)", "[2, 3]",
        "(99999999999999999999,)", "(2 3)", "(2, 3", "(1152921504606846976,)"}) {
    CHECK(!parse_npy(npy(dict("<f4", shape), std::string(24, '\0'))));
  }
  const std::string no_header = "the header does not say descr, fortran_order and shape";
  CHECK(message(npy("", "")) == no_header);
  CHECK(message(npy("{}", "")) == no_header);
  CHECK(message(npy("{'descr': '|u1', 'fortran_order': False}", "")) == no_header);
  CHECK(message(npy("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': ()}",
                    "\1")) == no_header);
  CHECK(message(npy(dict("|u1", "()") + " rest", "\1")) == no_header);
  CHECK(message(npy("{'descr': '|u1', 'fortran_order': 0, 'shape': ()}", "\1")) == no_header);
  CHECK(message(npy(dict("|O", "()"), "\1")) == "the array holds Python objects, not numbers");
  CHECK(message(npy("{'descr': [('a', '<f4'), ('b', [('c', '<f4')])], 'fortran_order': False, "
                    "'shape': ()}",
                    "12345678")) == "the array holds records, not numbers");
  CHECK(message(npy(dict("<c8", "()"), "12345678")) ==
        "the array's type is `<c8`; only real and whole numbers and booleans are read");
  CHECK(!parse_npy(npy(dict("|f4", "()"), "1234")));
}

TEST_CASE("what is written as .npy is read again", "[npy]") {
  const Scratch scratch;
  const auto round_trip = [&](const Tensor& tensor) {
    const std::string path = scratch.path("x.npy");
    REQUIRE(!write_npy(path, tensor));
    const auto read = read_npy(path);
    REQUIRE(read);
    CHECK(read->type() == tensor.type());
    CHECK(read->shape() == tensor.shape());
    CHECK(numbers(*read) == numbers(tensor));
  };
  round_trip(Tensor::of<float>({2, 2}, {1.5f, -0.0f, 1e-40f, 3e38f}));
  round_trip(Tensor::of<double>({}, {0.1}));
  round_trip(Tensor::of<int32_t>({3}, {-1, 0, 1}));
  round_trip(Tensor::of<uint8_t>({1, 2, 1}, {0, 255}));
  round_trip(Tensor(Scalar::f32, {0, 7}));
  for (int64_t extent = 1; extent < int64_t{1} << 40; extent *= 10) {
    const Tensor none(Scalar::f32, {0, extent, 1, 1});
    CHECK(npy_header(none).size() % 64 == 0);
    round_trip(none);
  }
  const std::string path = scratch.file("bad.npy", "no");
  CHECK(read_npy(path).error().message ==
        path + ": not a .npy file: it does not begin with \\x93NUMPY");
}
