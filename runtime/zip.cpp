#include "runtime/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "runtime/encoding.h"

namespace gradus::runtime {

namespace {

constexpr uint32_t local_header = 0x04034b50;
constexpr uint32_t directory_entry = 0x02014b50;
constexpr uint32_t directory_end = 0x06054b50;
constexpr uint32_t directory_end_64 = 0x06064b50;
constexpr uint32_t locator_64 = 0x07064b50;
constexpr size_t directory_end_size = 22;
constexpr size_t longest_comment = 0xffff;
// A field of this value stands in the zip64 record instead.
constexpr uint32_t elsewhere = 0xffffffff;

constexpr uint16_t names_in_utf8 = 0x0800;

uint32_t checksum(uint32_t crc, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, size_t{1} << 30);
    crc = static_cast<uint32_t>(
        ::crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size())));
    bytes.remove_prefix(part.size());
  }
  return crc;
}

// Fields read one after the other from the front; once one is missing, all are 0 and `short_` says
// so.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T next() {
    const auto value = bytes_.number<T>(std::endian::little);
    short_ = short_ || !value;
    return value.value_or(0);
  }
  std::string_view take(uint64_t count) {
    const auto taken = bytes_.take(count);
    short_ = short_ || !taken;
    return taken.value_or(std::string_view());
  }
  bool whole() const { return !short_; }
  size_t left() const { return bytes_.left(); }

 private:
  Bytes bytes_;
  bool short_ = false;
};

struct Directory {
  uint64_t entries = 0;
  uint64_t size = 0;
  uint64_t offset = 0;
};

// The zip64 record that stands before the end record at `end`.
std::optional<Directory> directory_64(std::string_view bytes, size_t end) {
  constexpr size_t locator_size = 20;
  if (end < locator_size) return std::nullopt;
  Fields locator(bytes.substr(end - locator_size));
  if (locator.next<uint32_t>() != locator_64) return std::nullopt;
  locator.next<uint32_t>();
  const auto at = locator.next<uint64_t>();
  if (at > end) return std::nullopt;
  Fields record(bytes.substr(at, end - at));
  if (record.next<uint32_t>() != directory_end_64) return std::nullopt;
  record.take(8 + 2 + 2 + 4 + 4 + 8);  // its size, versions, disk numbers, entries on this disk
  Directory found;
  found.entries = record.next<uint64_t>();
  found.size = record.next<uint64_t>();
  found.offset = record.next<uint64_t>();
  if (!record.whole()) return std::nullopt;
  return found;
}

std::optional<Directory> find_directory(std::string_view bytes) {
  if (bytes.size() < directory_end_size) return std::nullopt;
  const size_t last = bytes.size() - directory_end_size;
  const size_t first = last > longest_comment ? last - longest_comment : 0;
  for (size_t at = last + 1; at-- > first;) {
    Fields record(bytes.substr(at));
    if (record.next<uint32_t>() != directory_end) continue;
    const auto disk = record.next<uint16_t>();
    const auto directory_disk = record.next<uint16_t>();
    record.next<uint16_t>();
    Directory found;
    found.entries = record.next<uint16_t>();
    found.size = record.next<uint32_t>();
    found.offset = record.next<uint32_t>();
    if (record.next<uint16_t>() != record.left()) continue;  // those four bytes by chance
    const bool beyond =
        found.entries == 0xffff || found.size == elsewhere || found.offset == elsewhere;
    if (beyond) return directory_64(bytes, at);
    if (disk != 0 || directory_disk != 0) return std::nullopt;
    if (found.offset > at || found.size > at - found.offset) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

// Takes those fields from the zip64 extra field that are not in the entry itself.
bool read_extra(std::string_view extra, ZipMember& member) {
  Fields fields(extra);
  while (fields.whole() && fields.left() >= 4) {
    const auto kind = fields.next<uint16_t>();
    Fields body(fields.take(fields.next<uint16_t>()));
    if (kind != 1) continue;
    for (uint64_t* field : {&member.size, &member.packed_size, &member.header}) {
      if (*field == elsewhere) *field = body.next<uint64_t>();
    }
    return body.whole();
  }
  return fields.whole();
}

std::optional<ZipMember> read_entry(Fields& fields) {
  if (fields.next<uint32_t>() != directory_entry) return std::nullopt;
  ZipMember member;
  fields.take(4);  // versions
  member.flags = fields.next<uint16_t>();
  member.method = fields.next<uint16_t>();
  fields.take(4);  // time and date
  member.crc = fields.next<uint32_t>();
  member.packed_size = fields.next<uint32_t>();
  member.size = fields.next<uint32_t>();
  const auto name = fields.next<uint16_t>();
  const auto extra = fields.next<uint16_t>();
  const auto comment = fields.next<uint16_t>();
  fields.take(2 + 2 + 4);  // disk, attributes
  member.header = fields.next<uint32_t>();
  member.name = fields.take(name);
  const bool sound = read_extra(fields.take(extra), member);
  fields.take(comment);
  if (!sound || !fields.whole()) return std::nullopt;
  return member;
}

}  // namespace

Result<ZipArchive> ZipArchive::open(std::string bytes) {
  const auto directory = find_directory(bytes);
  if (!directory || directory->offset > bytes.size() ||
      directory->size > bytes.size() - directory->offset) {
    return Error{"not a whole zip archive: its directory is missing", ""};
  }
  ZipArchive archive;
  Fields fields(std::string_view(bytes).substr(directory->offset, directory->size));
  std::unordered_set<std::string> names;
  for (uint64_t i = 0; i < directory->entries; ++i) {
    auto member = read_entry(fields);
    if (!member) return Error{fmt::format("entry {} of the zip directory is damaged", i), ""};
    if (!names.insert(member->name).second) {
      return Error{fmt::format("the archive has two members `{}`", member->name), ""};
    }
    archive.members_.push_back(std::move(*member));
  }
  archive.bytes_ = std::move(bytes);
  return archive;
}

const ZipMember* ZipArchive::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const ZipMember& member) { return member.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

Result<std::string> ZipArchive::extract(const ZipMember& member) const {
  const auto damaged = [&](std::string_view what) {
    return Error{fmt::format("member `{}` {}", member.name, what), ""};
  };
  if (member.flags & 1) return damaged("is encrypted");
  if (member.header > bytes_.size()) return damaged("begins beyond the end of the file");
  Fields fields(std::string_view(bytes_).substr(member.header));
  if (fields.next<uint32_t>() != local_header) return damaged("has no header");
  fields.take(2 + 2 + 2 + 4 + 4 + 4 + 4);  // what the directory says too
  const auto name = fields.next<uint16_t>();
  const auto extra = fields.next<uint16_t>();
  fields.take(name);
  fields.take(extra);
  const std::string_view packed = fields.take(member.packed_size);
  if (!fields.whole()) return damaged("is cut short");

  std::optional<std::string> content;
  if (member.method == 0) {
    if (member.size == member.packed_size) content = std::string(packed);
  } else if (member.method == 8) {
    content = inflate(packed, member.size);
  } else {
    return damaged(
        fmt::format("is packed by method {}; stored and deflated ones can be read", member.method));
  }
  if (!content) return damaged("does not unpack to its size");
  if (checksum(0, *content) != member.crc) return damaged("is damaged: its checksum is wrong");
  return std::move(*content);
}

void ZipWriter::add(const std::string& name, std::span<const std::string_view> parts) {
  ZipMember member;
  member.name = name;
  member.header = written_;
  for (const std::string_view part : parts) {
    member.size += part.size();
    member.crc = checksum(member.crc, part);
  }
  too_large_ = too_large_ || name.size() > 0xffff || members_.size() >= 0xffff ||
               written_ + member.size > elsewhere - 1;
  if (too_large_) return;
  std::string header;
  append_little(header, local_header);
  append_little(header, uint16_t{20});          // version 2.0
  append_little(header, names_in_utf8);         // flags
  append_little(header, uint32_t{0});           // stored; time 0
  append_little(header, uint16_t{1 << 5 | 1});  // 1 January 1980
  append_little(header, member.crc);
  append_little(header, static_cast<uint32_t>(member.size));
  append_little(header, static_cast<uint32_t>(member.size));
  append_little(header, static_cast<uint32_t>(name.size()));  // no extra field
  header += name;
  file_.write(header);
  for (const std::string_view part : parts) file_.write(part);
  written_ += header.size() + member.size;
  members_.push_back(std::move(member));
}

std::optional<Error> ZipWriter::commit() {
  std::string directory;
  for (const ZipMember& member : members_) {
    append_little(directory, directory_entry);
    append_little(directory, uint16_t{20});
    append_little(directory, uint16_t{20});
    append_little(directory, names_in_utf8);
    append_little(directory, uint32_t{0});
    append_little(directory, uint16_t{1 << 5 | 1});
    append_little(directory, member.crc);
    append_little(directory, static_cast<uint32_t>(member.size));
    append_little(directory, static_cast<uint32_t>(member.size));
    append_little(directory, static_cast<uint32_t>(member.name.size()));
    append_little(directory, uint64_t{0});  // comment, disk, attributes inside
    append_little(directory, uint16_t{0});  // attributes outside
    append_little(directory, static_cast<uint32_t>(member.header));
    directory += member.name;
  }
  const uint64_t size = directory.size();
  too_large_ = too_large_ || written_ + size > elsewhere - 1;
  if (too_large_) {
    return Error{fmt::format("cannot write {}: it would be larger than 4 GiB", path_),
                 "name it `….safetensors`, which may be of any size"};
  }
  append_little(directory, directory_end);
  append_little(directory, uint32_t{0});
  append_little(directory, static_cast<uint16_t>(members_.size()));
  append_little(directory, static_cast<uint16_t>(members_.size()));
  append_little(directory, static_cast<uint32_t>(size));
  append_little(directory, static_cast<uint32_t>(written_));
  append_little(directory, uint16_t{0});
  file_.write(directory);
  return file_.commit();
}

}  // namespace gradus::runtime
