#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/file.h"
#include "runtime/result.h"

namespace gradus::runtime {

// A file inside a zip archive, as the archive's directory lists it.
struct ZipMember {
  std::string name;
  uint16_t flags = 0;
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint64_t header = 0;  // where its own header begins
};

// An archive in memory (PKWARE's APPNOTE 6.3): stored and deflated members, also with the fields of
// zip64; no encryption, no parts.
class ZipArchive {
 public:
  static Result<ZipArchive> open(std::string bytes);

  const std::vector<ZipMember>& members() const { return members_; }
  // Null where there is none of that name.
  const ZipMember* find(std::string_view name) const;
  // Its bytes, whose checksum is right.
  Result<std::string> extract(const ZipMember& member) const;

 private:
  std::string bytes_;
  std::vector<ZipMember> members_;
};

// Writes an archive of stored members, below 4 GiB in all; the same members make the same bytes.
class ZipWriter {
 public:
  explicit ZipWriter(std::string path) : path_(path), file_(std::move(path)) {}

  // A member that consists of these parts one after the other.
  void add(const std::string& name, std::span<const std::string_view> parts);
  std::optional<Error> commit();

 private:
  std::string path_;
  NewFile file_;
  std::vector<ZipMember> members_;
  uint64_t written_ = 0;
  bool too_large_ = false;
};

}  // namespace gradus::runtime
