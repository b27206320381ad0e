#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/result.h"

namespace gradus::runtime {

// The bytes of a file, unpacked if it is gzipped (which its first two bytes say, not its name).
Result<std::string> read_file(const std::string& path);

// The bytes that a gzip file (RFC 1952; several members count as one) holds. `path` is for errors.
Result<std::string> gunzip(std::string_view packed, const std::string& path);

// Unpacks a raw deflate stream (RFC 1951) of known size; nothing where it is broken or of another
// size. Memory is taken only for a size that so many bytes can stand for.
std::optional<std::string> inflate(std::string_view packed, size_t size);

// A file that comes to be at `path` only when it is complete: it is written beside it and takes its
// place in `commit`, so that no reader and no failure ever sees half of it.
class NewFile {
 public:
  explicit NewFile(std::string path);
  ~NewFile();  // removes what was not committed
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes);
  void write(std::span<const std::byte> bytes);
  // Nothing if the file is in place; else the first thing that went wrong.
  std::optional<Error> commit();

 private:
  void fail_with(std::string_view what);

  std::string path_;
  std::string place_;      // what is replaced or written to: `path` or what it links to
  std::string temporary_;  // empty where that is not an ordinary file
  int descriptor_ = -1;
  std::optional<Error> error_;
};

}  // namespace gradus::runtime
