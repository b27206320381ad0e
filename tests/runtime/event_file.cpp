#include "runtime/event_file.h"

#include <catch2/catch.hpp>

using namespace gradus::runtime;

TEST_CASE("checksums are CRC-32C", "[event_file]") {
  CHECK(crc32c("") == 0);
  // RFC 3720, B.4, and the check value of the catalogue of parametrised CRC algorithms.
  CHECK(crc32c("123456789") == 0xE3069283U);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43U);
}

TEST_CASE("a record is a length, its checksum, the data and theirs", "[event_file]") {
  const std::string record = event_record("data");
  REQUIRE(record.size() == 8 + 4 + 4 + 4);
  CHECK(record.substr(0, 8) == std::string("\4\0\0\0\0\0\0\0", 8));
  CHECK(record.substr(12, 4) == "data");
}

TEST_CASE("events are protocol buffers of TensorFlow's kind", "[event_file]") {
  CHECK(version_event(0) == std::string("\x09\0\0\0\0\0\0\0\0\x1a\x0d"
                                        "brain.Event:2",
                                        24));
  // wall_time 0, step 300, summary { value { tag "J", simple_value 1 } }
  CHECK(
      scalar_event(0, 300, "J", 1) ==
      std::string("\x09\0\0\0\0\0\0\0\0\x10\xac\x02\x2a\x0a\x0a\x08\x0a\x01J\x15\0\0\x80\x3f", 24));
}
