#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

// Files made byte by byte, sound and otherwise.
namespace gradus::tests {

template <typename T>
std::string little(T value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

template <typename T>
std::string big(T value) {
  const std::string reversed = little(value);
  return {reversed.rbegin(), reversed.rend()};
}

// Deflated: as gzip (window bits 31) or raw (−15).
inline std::string deflated(std::string_view bytes, int window_bits = 31) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace gradus::tests
