#include "runtime/npy.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "runtime/encoding.h"
#include "runtime/file.h"

namespace gradus::runtime {

namespace {

using namespace std::literals;

constexpr std::string_view magic = "\x93NUMPY"sv;
constexpr size_t most_axes = 64;  // as in NumPy 2

struct Header {
  std::string type;
  bool column_by_column = false;
  Shape shape;
};

// The header is a literal of a Python dict with the keys descr, fortran_order and shape; each
// function takes one thing off its front and says whether it was there.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  std::optional<Header> parse() {
    Header header;
    int found = 0;
    if (!mark('{')) return std::nullopt;
    while (!mark('}')) {
      std::string key;
      if (!string(key) || !mark(':')) return std::nullopt;
      const int bit = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 8;
      if (found & bit) return std::nullopt;
      found |= bit;
      if (bit == 1 && !type(header.type)) return std::nullopt;
      if (bit == 2 && !truth(header.column_by_column)) return std::nullopt;
      if (bit == 4 && !shape(header.shape)) return std::nullopt;
      if (bit == 8) return std::nullopt;
      if (!mark(',') && !ahead('}')) return std::nullopt;
    }
    skip();
    if (found != 7 || !text_.empty()) return std::nullopt;
    return header;
  }

 private:
  void skip() {
    const size_t blanks = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(std::min(blanks, text_.size()));
  }
  bool ahead(char c) {
    skip();
    return text_.starts_with(c);
  }
  bool mark(char c) {
    if (!ahead(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool string(std::string& value) {
    if (!ahead('\'') && !ahead('"')) return false;
    const size_t end = text_.find(text_[0], 1);
    if (end == text_.npos) return false;
    value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return true;
  }
  // A string, or the list that describes records, which is kept as `[`.
  bool type(std::string& value) {
    if (!ahead('[')) return string(value);
    int depth = 0;
    for (size_t i = 0; i < text_.size(); ++i) {
      depth += text_[i] == '[' ? 1 : text_[i] == ']' ? -1 : 0;
      if (depth > 0) continue;
      value = "[";
      text_.remove_prefix(i + 1);
      return true;
    }
    return false;
  }
  bool truth(bool& value) {
    skip();
    for (const std::string_view word : {"False"sv, "True"sv}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      value = word == "True";
      return true;
    }
    return false;
  }
  bool shape(Shape& value) {
    if (!mark('(')) return false;
    while (!mark(')')) {
      skip();
      int64_t extent = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (error != std::errc() || value.size() == most_axes) return false;
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      value.push_back(extent);
      if (!mark(',') && !ahead(')')) return false;
    }
    return true;
  }

  std::string_view text_;
};

struct Type {
  Encoding encoding;
  std::endian order;
};

std::optional<Type> type_of(std::string_view name) {
  constexpr std::pair<std::string_view, Encoding> known[] = {
      {"f2", Encoding::f16}, {"f4", Encoding::f32}, {"f8", Encoding::f64},
      {"i1", Encoding::i8},  {"i2", Encoding::i16}, {"i4", Encoding::i32},
      {"i8", Encoding::i64}, {"u1", Encoding::u8},  {"u2", Encoding::u16},
      {"u4", Encoding::u32}, {"u8", Encoding::u64}, {"b1", Encoding::boolean},
  };
  if (name.empty()) return std::nullopt;
  const char order = name[0];
  for (const auto& [spelt, encoding] : known) {
    if (name.substr(1) != spelt) continue;
    if (order == '<') return Type{encoding, std::endian::little};
    if (order == '>') return Type{encoding, std::endian::big};
    if (order == '|' && size_of(encoding) == 1) return Type{encoding, std::endian::native};
  }
  return std::nullopt;
}

Error wrong_type(const std::string& name) {
  if (name == "[") return {"the array holds records, not numbers", "save each field by itself"};
  if (name.find('O') != name.npos) {
    return {"the array holds Python objects, not numbers", "save it with a numeric dtype"};
  }
  return {fmt::format("the array's type is `{}`; only real and whole numbers and booleans are read",
                      name),
          ""};
}

// Entries that lie column by column, row by row.
template <typename T>
void transpose(const Tensor& columns, Tensor& rows) {
  const Shape& shape = rows.shape();
  const auto from = columns.values<T>();
  const auto to = rows.values<T>();
  Shape index(shape.size(), 0);
  size_t at = 0;
  for (T& entry : to) {
    entry = from[at];
    // The next index in row order, and its place in column order.
    size_t stride = from.size();
    for (size_t axis = shape.size(); axis-- > 0;) {
      const auto extent = static_cast<size_t>(shape[axis]);
      stride /= extent;
      at += stride;
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
      at -= stride * extent;
    }
  }
}

Tensor transposed(const Tensor& columns, Shape shape) {
  Tensor rows(columns.type(), std::move(shape));
  switch (rows.type()) {
    case Scalar::f32:
      transpose<float>(columns, rows);
      break;
    case Scalar::f64:
      transpose<double>(columns, rows);
      break;
    case Scalar::i32:
      transpose<int32_t>(columns, rows);
      break;
    case Scalar::u8:
      transpose<uint8_t>(columns, rows);
      break;
  }
  return rows;
}

// The text of the header, and the file after it.
std::optional<std::string_view> header_text(Bytes& bytes) {
  const auto major = bytes.number<uint8_t>(std::endian::little);
  const auto minor = bytes.number<uint8_t>(std::endian::little);
  if (!major || !minor || *major < 1 || *major > 3 || *minor != 0) return std::nullopt;
  if (*major == 1) {
    const auto length = bytes.number<uint16_t>(std::endian::little);
    return length ? bytes.take(*length) : std::nullopt;
  }
  const auto length = bytes.number<uint32_t>(std::endian::little);
  return length ? bytes.take(*length) : std::nullopt;
}

}  // namespace

Result<Tensor> parse_npy(std::string_view file) {
  Bytes bytes(file);
  if (bytes.take(magic.size()) != magic) {
    return Error{"not a .npy file: it does not begin with \\x93NUMPY", ""};
  }
  const auto text = header_text(bytes);
  if (!text) return Error{"the header is cut short, or of a version other than 1, 2 and 3", ""};
  const auto header = HeaderParser(*text).parse();
  if (!header) return Error{"the header does not say descr, fortran_order and shape", ""};
  const auto type = type_of(header->type);
  if (!type) return wrong_type(header->type);
  const auto needed = encoded_bytes(header->shape, type->encoding);
  if (!needed || *needed != bytes.left()) {
    return Error{
        fmt::format("an array {} of `{}` does not take the {} bytes that follow the header",
                    gradus::runtime::text(header->shape), header->type, bytes.left()),
        ""};
  }
  Shape shape = header->shape;
  if (header->column_by_column) std::reverse(shape.begin(), shape.end());
  auto entries = decode(*bytes.take(*needed), type->encoding, type->order, std::move(shape));
  if (!entries || !header->column_by_column) return entries;
  return transposed(*entries, header->shape);
}

Result<Tensor> read_npy(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto tensor = parse_npy(*bytes);
  if (!tensor) return in_file(path, tensor.error());
  return tensor;
}

std::string npy_header(const Tensor& tensor) {
  const char* const types[] = {"<f4", "<f8", "<i4", "|u1"};  // in the order of Scalar
  const std::string dict =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                  types[static_cast<size_t>(tensor.type())], fmt::join(tensor.shape(), ", "),
                  tensor.rank() == 1 ? "," : "");
  // Blanks until the entries begin at a multiple of 64 bytes, and an end of line.
  constexpr size_t before = 10;
  const size_t length = (before + dict.size() + 1 + 63) / 64 * 64 - before;
  std::string header(magic);
  header += "\x01"s + '\0';
  append_little(header, static_cast<uint16_t>(length));
  return header + dict + std::string(length - dict.size() - 1, ' ') + '\n';
}

std::optional<Error> write_npy(const std::string& path, const Tensor& tensor) {
  static_assert(std::endian::native == std::endian::little, "entries are written as they lie");
  NewFile file(path);
  file.write(npy_header(tensor));
  file.write(
      std::span(static_cast<const std::byte*>(tensor.data()), static_cast<size_t>(tensor.bytes())));
  return file.commit();
}

}  // namespace gradus::runtime
