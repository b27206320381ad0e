#include "runtime/idx.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/encoding.h"
#include "runtime/file.h"

namespace gradus::runtime {

namespace {

std::optional<Encoding> encoding_of_code(uint8_t code) {
  constexpr std::pair<uint8_t, Encoding> known[] = {
      {0x08, Encoding::u8},  {0x09, Encoding::i8},  {0x0B, Encoding::i16},
      {0x0C, Encoding::i32}, {0x0D, Encoding::f32}, {0x0E, Encoding::f64},
  };
  for (const auto& [value, encoding] : known) {
    if (value == code) return encoding;
  }
  return std::nullopt;
}

}  // namespace

Result<Tensor> parse_idx(std::string_view file) {
  Bytes bytes(file);
  const auto zeros = bytes.number<uint16_t>(std::endian::big);
  const auto code = bytes.number<uint8_t>(std::endian::big);
  const auto axes = bytes.number<uint8_t>(std::endian::big);
  if (!axes || *zeros != 0) return Error{"not an IDX file: it does not begin with two zeros", ""};
  const auto encoding = encoding_of_code(*code);
  if (!encoding) return Error{fmt::format("byte 2 is {:#04x}, which is no type of IDX", *code), ""};
  Shape shape;
  for (int axis = 0; axis < *axes; ++axis) {
    const auto extent = bytes.number<uint32_t>(std::endian::big);
    if (!extent) return Error{"the file ends within its extents", ""};
    shape.push_back(*extent);
  }
  const auto needed = encoded_bytes(shape, *encoding);
  if (!needed || *needed != bytes.left()) {
    return Error{fmt::format("an array {} with entries of {} bytes does not take the {} bytes that "
                             "follow its extents",
                             text(shape), size_of(*encoding), bytes.left()),
                 ""};
  }
  return decode(*bytes.take(*needed), *encoding, std::endian::big, std::move(shape));
}

Result<Tensor> read_idx(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto tensor = parse_idx(*bytes);
  if (!tensor) return in_file(path, tensor.error());
  return tensor;
}

}  // namespace gradus::runtime
