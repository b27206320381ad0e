#include "runtime/npz.h"

#include <catch2/catch.hpp>
#include <vector>

#include "runtime/npy.h"
#include "runtime/zip.h"
#include "tests/runtime/bytes.h"
#include "tests/runtime/scratch.h"

using namespace gradus::runtime;
using namespace gradus::tests;

namespace {

// A member of a hand-made archive; what a test changes is told here.
struct Part {
  std::string name;
  std::string content;
  bool deflate = false;
  bool zip64 = false;  // sizes and place in the extra field
  uint16_t flags = 0;
  uint16_t method = 0;  // if not 0, instead of the true one
  uint32_t wrong_crc = 0;
  uint64_t claimed_size = 0;  // if not 0
};

std::string zip(const std::vector<Part>& parts, bool zip64_end = false,
                const std::string& comment = "") {
  std::string file, directory;
  for (const Part& part : parts) {
    const std::string packed = part.deflate ? deflated(part.content, -15) : part.content;
    const auto crc =
        static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(part.content.data()),
                                      static_cast<uInt>(part.content.size())));
    const uint64_t size = part.claimed_size ? part.claimed_size : part.content.size();
    const uint64_t place = file.size();
    const auto small = [&](uint64_t x) {
      return little(part.zip64 ? 0xffffffffu : static_cast<uint32_t>(x));
    };
    const auto method = part.method ? part.method : static_cast<uint16_t>(part.deflate ? 8 : 0);
    const std::string common = little(part.flags) + little(method) + little(uint32_t{0x00210000}) +
                               little(crc ^ part.wrong_crc) + small(packed.size()) + small(size) +
                               little(static_cast<uint16_t>(part.name.size()));
    const std::string sizes = little(uint16_t{1}) + little(uint16_t{24}) + little(size) +
                              little(uint64_t{packed.size()}) + little(place);
    const std::string extra =
        part.zip64 ? little(uint16_t{0x5455}) + little(uint16_t{1}) + "x" + sizes : "";
    file += little(uint32_t{0x04034b50}) + little(uint16_t{45}) + common +
            little(static_cast<uint16_t>(extra.size())) + part.name + extra + packed;
    directory += little(uint32_t{0x02014b50}) + little(uint32_t{45 << 16 | 45}) + common +
                 little(static_cast<uint16_t>(extra.size())) + std::string(10, '\0') +
                 small(place) + part.name + extra;
  }
  const uint64_t start = file.size(), size = directory.size(), count = parts.size();
  file += directory;
  if (zip64_end) {
    const uint64_t record = file.size();
    file += little(uint32_t{0x06064b50}) + little(uint64_t{44}) + little(uint32_t{45 << 16 | 45}) +
            little(uint64_t{0}) + little(count) + little(count) + little(size) + little(start);
    file +=
        little(uint32_t{0x07064b50}) + little(uint32_t{0}) + little(record) + little(uint32_t{1});
  }
  const auto end_count = zip64_end ? uint16_t{0xffff} : static_cast<uint16_t>(count);
  file += little(uint32_t{0x06054b50}) + little(uint32_t{0}) + little(end_count) +
          little(end_count) + little(zip64_end ? 0xffffffffu : static_cast<uint32_t>(size)) +
          little(zip64_end ? 0xffffffffu : static_cast<uint32_t>(start)) +
          little(static_cast<uint16_t>(comment.size())) + comment;
  return file;
}

std::string npy_bytes(const Tensor& tensor) {
  return npy_header(tensor) +
         std::string(static_cast<const char*>(tensor.data()), static_cast<size_t>(tensor.bytes()));
}

std::string extracted(const std::string& bytes, const std::string& name) {
  const auto archive = ZipArchive::open(bytes);
  REQUIRE(archive);
  const auto* member = archive->find(name);
  REQUIRE(member);
  const auto content = archive->extract(*member);
  return content ? *content : "error: " + content.error().message;
}

}  // namespace

TEST_CASE("members of a zip archive are read", "[zip]") {
  const std::string text(10000, 'a');
  CHECK(extracted(zip({{"a", "one"}, {"b", "two"}}), "b") == "two");
  CHECK(extracted(zip({{"a", text, true}}), "a") == text);
  CHECK(extracted(zip({{"a", text, true, true}, {"b", "two", false, true}}), "b") == "two");
  CHECK(extracted(zip({{"a", text, true, true}}, true), "a") == text);
  CHECK(extracted(zip({{"a", "one"}}, false, "a comment with PK\5\6 in it"), "a") == "one");
  CHECK(extracted(zip({{"a", ""}}), "a").empty());
  CHECK(ZipArchive::open(zip({}))->members().empty());
}

TEST_CASE("damaged zip archives are refused", "[zip]") {
  const std::string good = zip({{"a", "one", true}, {"b", "two"}}, true);
  for (size_t length = 0; length < good.size(); ++length) {
    CHECK(!ZipArchive::open(good.substr(0, length)));
  }
  const auto wrong = [](Part part) { return extracted(zip({part}), part.name); };
  CHECK(wrong({.name = "a", .content = "one", .wrong_crc = 1}) ==
        "error: member `a` is damaged: its checksum is wrong");
  CHECK(wrong({.name = "a", .content = "one", .flags = 1}) == "error: member `a` is encrypted");
  CHECK(wrong({.name = "a", .content = "one", .method = 12}) ==
        "error: member `a` is packed by method 12; stored and deflated ones can be read");
  const std::string size = "error: member `a` does not unpack to its size";
  CHECK(wrong({.name = "a", .content = "one", .claimed_size = 4}) == size);
  CHECK(wrong({.name = "a", .content = "one", .deflate = true, .claimed_size = 2}) == size);
  CHECK(wrong({.name = "a", .content = "one", .deflate = true, .claimed_size = 0x7fffffff}) ==
        size);
  CHECK(wrong({.name = "a",
               .content = "one",
               .deflate = true,
               .zip64 = true,
               .claimed_size = uint64_t{1} << 62}) == size);
  CHECK(ZipArchive::open(zip({{"a", "one"}, {"a", "two"}})).error().message ==
        "the archive has two members `a`");
  // Any one byte changed: an error or other bytes, never a crash.
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(~changed[i]);
    const auto archive = ZipArchive::open(changed);
    if (!archive) continue;
    for (const ZipMember& member : archive->members()) {
      const auto content = archive->extract(member);
      if (content) CHECK((*content == "one" || *content == "two"));
    }
  }
}

TEST_CASE("arrays of a .npz file are found by name", "[npz]") {
  const Scratch scratch;
  const Tensor x = Tensor::of<float>({2}, {1, 2});
  const std::string path =
      scratch.file("d.npz", zip({{"x.npy", npy_bytes(x), true}, {"readme", "text"}}));
  CHECK(read_npz(path, "x")->at(1) == 2);
  const auto none = read_npz(path, "y");
  CHECK(none.error().message == path + " has no array `y`");
  CHECK(none.error().help == "it has x");
  CHECK(read_npz(path).error().message == path + ": member `readme` is no .npy file");
  const std::string bad = scratch.file("bad.npz", zip({{"x.npy", "text"}}));
  CHECK(read_npz(bad, "x").error().message ==
        bad + ": `x.npy`: not a .npy file: it does not begin with \\x93NUMPY");
  const std::string no_zip = scratch.file("no.npz", "text");
  CHECK(read_npz(no_zip).error().message ==
        no_zip + ": not a whole zip archive: its directory is missing");
}

TEST_CASE("what is written as .npz is read again", "[npz]") {
  const Scratch scratch;
  const std::string path = scratch.path("w.npz");
  const Tensor w = Tensor::of<double>({2, 1}, {0.1, -0.0}), b = Tensor::of<int32_t>({}, {7});
  const std::vector<TensorView> tensors = {{"h.W", &w}, {"σ", &b}};
  REQUIRE(!write_npz(path, tensors, {{"data.x", "{\"mean\":[0.5]}"}}));
  const auto read = read_npz(path);
  REQUIRE(read);
  REQUIRE(read->tensors.size() == 2);
  CHECK(read->tensors[0].name == "h.W");
  CHECK(read->tensors[0].values.shape() == Shape{2, 1});
  CHECK(read->tensors[0].values.at(0) == 0.1);
  CHECK(read->tensors[1].name == "σ");
  CHECK(read->tensors[1].values.at(0) == 7);
  CHECK(read->metadata == Metadata{{"data.x", "{\"mean\":[0.5]}"}});
  const std::string first = *read_file(path);
  REQUIRE(!write_npz(path, tensors, {{"data.x", "{\"mean\":[0.5]}"}}));
  CHECK(*read_file(path) == first);
}
