#include "runtime/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace gradus::runtime {

namespace {

constexpr size_t chunk = size_t{1} << 20;
// No deflate stream expands further than this (zlib's documentation, "Maximum Compression Factor").
constexpr size_t largest_expansion = 1032;

std::string_view reason(int number) { return std::strerror(number); }

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

Result<std::string> read_bytes(const std::string& path) {
  const auto failed = [&](int number) {
    return Error{fmt::format("cannot read {}: {}", path, reason(number)), ""};
  };
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) return failed(errno);
  struct stat about{};
  if (::fstat(file.number, &about) != 0) return failed(errno);
  if (S_ISDIR(about.st_mode)) return failed(EISDIR);
  std::string bytes;
  bytes.reserve(static_cast<size_t>(about.st_size) + 1);
  size_t filled = 0;
  while (true) {  // also what has no size before it is read, such as a pipe
    bytes.resize(bytes.capacity() > filled ? bytes.capacity() : filled + chunk);
    const ssize_t got = ::read(file.number, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    filled += static_cast<size_t>(got);
    if (got == 0) break;
  }
  bytes.resize(filled);
  return bytes;
}

// A stream of zlib's, ended with its scope.
struct Inflation {
  z_stream stream{};
  bool begun;
  explicit Inflation(int window_bits) : begun(inflateInit2(&stream, window_bits) == Z_OK) {}
  ~Inflation() {
    if (begun) inflateEnd(&stream);
  }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;
};

Bytef* bytes_of(const char* text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));  // zlib reads through it only
}

Result<std::string> unpack(std::string_view packed, const std::string& path) {
  constexpr int gzip_only = 16 + MAX_WBITS;
  Inflation inflation(gzip_only);
  if (!inflation.begun) return Error{fmt::format("no memory to unpack {}", path), ""};
  z_stream& stream = inflation.stream;
  std::string bytes;
  size_t filled = 0;
  size_t at = 0;
  while (true) {
    if (bytes.size() - filled < chunk) bytes.resize(bytes.size() + bytes.size() / 2 + chunk);
    const size_t give = std::min(packed.size() - at, chunk);
    stream.next_in = bytes_of(packed.data() + at);
    stream.avail_in = static_cast<uInt>(give);
    stream.next_out = bytes_of(bytes.data() + filled);
    stream.avail_out = static_cast<uInt>(chunk);
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    at += give - stream.avail_in;
    filled += chunk - stream.avail_out;
    if (status == Z_STREAM_END) {
      if (at == packed.size()) break;
      if (inflateReset(&stream) == Z_OK) continue;  // a further member
    }
    if (status == Z_OK && (give > 0 || stream.avail_out == 0)) continue;
    if (status == Z_BUF_ERROR || status == Z_OK) {
      return Error{fmt::format("{} is cut short: its gzip data has no end", path), ""};
    }
    return Error{
        fmt::format("{} is damaged: its gzip data does not unpack beyond byte {}", path, at), ""};
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  try {
    Result<std::string> bytes = read_bytes(path);
    if (bytes && bytes->starts_with("\x1f\x8b")) return gunzip(*bytes, path);
    return bytes;
  } catch (const std::bad_alloc&) {
    return Error{fmt::format("no memory for the content of {}", path), ""};
  }
}

Result<std::string> gunzip(std::string_view packed, const std::string& path) {
  try {
    return unpack(packed, path);
  } catch (const std::bad_alloc&) {
    return Error{fmt::format("no memory for the content of {}", path), ""};
  }
}

std::optional<std::string> inflate(std::string_view packed, size_t size) {
  if (size / largest_expansion > packed.size()) return std::nullopt;
  Inflation inflation(-MAX_WBITS);
  if (!inflation.begun) return std::nullopt;
  z_stream& stream = inflation.stream;
  std::string bytes;
  try {
    bytes.resize(size + 1);  // room for one byte too many, which tells a longer stream
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  size_t at = 0;
  size_t filled = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t give = std::min(packed.size() - at, chunk);
    const size_t room = std::min(bytes.size() - filled, chunk);
    stream.next_in = bytes_of(packed.data() + at);
    stream.avail_in = static_cast<uInt>(give);
    stream.next_out = bytes_of(bytes.data() + filled);
    stream.avail_out = static_cast<uInt>(room);
    status = ::inflate(&stream, Z_NO_FLUSH);
    at += give - stream.avail_in;
    filled += room - stream.avail_out;
  }
  if (status != Z_STREAM_END || filled != size || at != packed.size()) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

NewFile::NewFile(std::string path) : path_(std::move(path)) {
  // A link stays and its target is replaced; a device or a pipe is written to, not replaced.
  std::error_code unknown;
  const auto target = std::filesystem::canonical(path_, unknown);
  place_ = unknown ? path_ : target.string();
  const bool replace = unknown || std::filesystem::is_regular_file(place_, unknown);
  if (replace) temporary_ = fmt::format("{}.{}.tmp", place_, ::getpid());
  const std::string& opened = replace ? temporary_ : place_;
  const int create = replace ? O_CREAT | O_TRUNC : 0;
  descriptor_ = ::open(opened.c_str(), O_WRONLY | O_CLOEXEC | create, 0666);
  if (descriptor_ < 0) fail_with(reason(errno));
}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::fail_with(std::string_view what) {
  if (!error_) error_ = Error{fmt::format("cannot write {}: {}", path_, what), ""};
}

void NewFile::write(std::span<const std::byte> bytes) {
  const char* at = reinterpret_cast<const char*>(bytes.data());
  size_t left = bytes.size();
  while (left > 0 && !error_) {
    const ssize_t written = ::write(descriptor_, at, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with(reason(errno));
    at += written;
    left -= static_cast<size_t>(written);
  }
}

void NewFile::write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }

std::optional<Error> NewFile::commit() {
  if (!error_ && !temporary_.empty()) {
    // The data must be on the disk before the name is, or a crash could leave an empty file.
    const bool done =
        ::fsync(descriptor_) == 0 && ::rename(temporary_.c_str(), place_.c_str()) == 0;
    if (!done) fail_with(reason(errno));
  }
  if (!error_) {
    ::close(std::exchange(descriptor_, -1));
  }
  return error_;
}

}  // namespace gradus::runtime
