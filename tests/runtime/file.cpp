#include "runtime/file.h"

#include <catch2/catch.hpp>

#include "tests/runtime/bytes.h"
#include "tests/runtime/scratch.h"

using namespace gradus::runtime;
using namespace gradus::tests;

TEST_CASE("a file is read whole, unpacked if it is gzipped", "[file]") {
  const Scratch scratch;
  const std::string content(3'000'000, 'x');
  CHECK(*read_file(scratch.file("plain", content)) == content);
  CHECK(*read_file(scratch.file("packed.gz", deflated(content))) == content);
  CHECK(*read_file(scratch.file("packed", deflated(content))) == content);
  CHECK(*read_file(scratch.file("two.gz", deflated("one ") + deflated("two"))) == "one two");
  CHECK(*read_file(scratch.file("empty", "")) == "");
  CHECK(*read_file(scratch.file("empty.gz", deflated(""))) == "");
}

TEST_CASE("what cannot be read says why", "[file]") {
  const Scratch scratch;
  const std::string missing = scratch.path("none");
  CHECK(read_file(missing).error().message ==
        "cannot read " + missing + ": No such file or directory");
  CHECK(!read_file(scratch.path("")));  // a folder
  const std::string packed = deflated("some text that is long enough to be cut");
  for (size_t length = 2; length < packed.size(); ++length) {
    const auto cut = gunzip(std::string_view(packed).substr(0, length), "f.gz");
    REQUIRE(!cut);
    CHECK(cut.error().message == "f.gz is cut short: its gzip data has no end");
  }
  std::string wrong = packed;
  wrong[wrong.size() - 5] ^= 1;  // in the checksum
  CHECK(gunzip(wrong, "f.gz").error().message.find("f.gz is damaged") == 0);
  CHECK(!gunzip(packed + "rest", "f.gz"));
}

TEST_CASE("inflate takes exactly what it is told to", "[file]") {
  const std::string packed = deflated("hello hello hello", -15);
  CHECK(inflate(packed, 17) == "hello hello hello");
  CHECK(!inflate(packed, 16));
  CHECK(!inflate(packed, 18));
  CHECK(!inflate(packed + "x", 17));
  CHECK(!inflate(packed.substr(0, packed.size() - 1), 17));
  CHECK(!inflate(packed, size_t{1} << 60));  // before memory is taken
  CHECK(inflate(deflated("", -15), 0) == "");
  CHECK(!inflate("", 0));
}

TEST_CASE("a new file appears when it is complete", "[file]") {
  const Scratch scratch;
  const std::string path = scratch.file("weights", "old");
  {
    NewFile file(path);
    file.write("half of it");
  }
  CHECK(*read_file(path) == "old");
  CHECK(scratch.files() == 1);
  {
    NewFile file(path);
    file.write("new ");
    file.write("text");
    CHECK(*read_file(path) == "old");
    CHECK(!file.commit());
  }
  CHECK(*read_file(path) == "new text");
  CHECK(scratch.files() == 1);
}

TEST_CASE("a link stays, and its target is replaced", "[file]") {
  const Scratch scratch;
  const std::string path = scratch.file("target", "old");
  std::filesystem::create_symlink(path, scratch.path("link"));
  NewFile file(scratch.path("link"));
  file.write("new");
  CHECK(!file.commit());
  CHECK(std::filesystem::is_symlink(scratch.path("link")));
  CHECK(*read_file(path) == "new");
}

TEST_CASE("a device is written to and not replaced", "[file]") {
  NewFile file("/dev/null");
  file.write("anything");
  CHECK(!file.commit());
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("what cannot be written says why", "[file]") {
  const Scratch scratch;
  NewFile file(scratch.path("none/weights"));
  file.write("text");
  const auto error = file.commit();
  REQUIRE(error);
  CHECK(error->message ==
        "cannot write " + scratch.path("none/weights") + ": No such file or directory");
}
