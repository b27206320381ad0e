#include "runtime/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "runtime/encoding.h"
#include "runtime/file.h"

namespace gradus::runtime {

namespace {

using nlohmann::json;

constexpr uint64_t longest_header = 100'000'000;  // as in the format's own library
constexpr std::string_view metadata_name = "__metadata__";

constexpr std::pair<std::string_view, Encoding> encodings[] = {
    {"F64", Encoding::f64},   {"F32", Encoding::f32}, {"F16", Encoding::f16},
    {"I64", Encoding::i64},   {"I32", Encoding::i32}, {"I16", Encoding::i16},
    {"I8", Encoding::i8},     {"U64", Encoding::u64}, {"U32", Encoding::u32},
    {"U16", Encoding::u16},   {"U8", Encoding::u8},   {"BOOL", Encoding::boolean},
    {"BF16", Encoding::bf16},
};

std::string_view name_of(Encoding encoding) {
  for (const auto& [name, known] : encodings) {
    if (known == encoding) return name;
  }
  fail("no such encoding");
}

// One tensor as the header tells of it.
struct Entry {
  std::string name;
  Encoding encoding;
  Shape shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

Error wrong(std::string_view name, std::string_view what) {
  return {fmt::format("tensor `{}` {}", name, what), ""};
}

// A whole number ≥ 0 that is an int64 as well.
std::optional<uint64_t> natural(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<uint64_t>();
  if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return number;
}

Result<Entry> read_entry(const std::string& name, const json& value) {
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets")) {
    return wrong(name, "is not described by dtype, shape and data_offsets");
  }
  Entry entry{name, Encoding::f32, {}, 0, 0};
  const json& type = value["dtype"];
  const auto* known = std::find_if(std::begin(encodings), std::end(encodings), [&](const auto& e) {
    return type.is_string() && type.get_ref<const std::string&>() == e.first;
  });
  if (known == std::end(encodings)) return wrong(name, "has a type that cannot be read");
  entry.encoding = known->second;
  const json& shape = value["shape"];
  if (!shape.is_array()) return wrong(name, "has no shape");
  for (const json& extent : shape) {
    const auto number = natural(extent);
    if (!number) return wrong(name, "has an extent that is no number");
    entry.shape.push_back(static_cast<int64_t>(*number));
  }
  const json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !natural(offsets[0]) || !natural(offsets[1])) {
    return wrong(name, "has no two data_offsets");
  }
  entry.begin = *natural(offsets[0]);
  entry.end = *natural(offsets[1]);
  const auto needed = encoded_bytes(entry.shape, entry.encoding);
  if (!needed || entry.end < entry.begin || entry.end - entry.begin != *needed) {
    return wrong(name, fmt::format("of shape {} and type {} does not take bytes {} to {}",
                                   text(entry.shape), known->first, entry.begin, entry.end));
  }
  return entry;
}

// The header as JSON; nothing if it is none or an object in it has a key twice.
std::optional<json> parse_header(std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of the objects around, from the outermost
  bool twice = false;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      twice = !keys.back().insert(parsed.get<std::string>()).second || twice;
    }
    return true;
  };
  json header = json::parse(text, watch, false);
  if (!text.starts_with('{') || !header.is_object() || twice) return std::nullopt;
  return header;
}

std::optional<Error> read_metadata(const json& value, Metadata& metadata) {
  if (!value.is_object()) return Error{"the metadata are no object", ""};
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return Error{fmt::format("metadata `{}` are no string", key), ""};
    metadata[key] = text.get<std::string>();
  }
  return std::nullopt;
}

// Whether the entries, sorted by their place, cover `size` bytes.
std::optional<Error> check_cover(std::span<const Entry> entries, uint64_t size) {
  uint64_t at = 0;
  for (const Entry& entry : entries) {
    if (entry.begin < at) return wrong(entry.name, "overlaps the one before");
    if (entry.begin > at) {
      return Error{fmt::format("bytes {} to {} belong to no tensor", at, entry.begin), ""};
    }
    at = entry.end;
  }
  if (at > size) {
    return Error{
        fmt::format("the file is cut short: {} of {} bytes of tensors are there", size, at), ""};
  }
  if (at < size) return Error{fmt::format("the last {} bytes belong to no tensor", size - at), ""};
  return std::nullopt;
}

}  // namespace

Result<TensorFile> parse_safetensors(std::string_view file) {
  Bytes bytes(file);
  const auto length = bytes.number<uint64_t>(std::endian::little);
  if (!length || *length > bytes.left() || *length > longest_header) {
    return Error{"not a safetensors file: it is shorter than its header should be", ""};
  }
  const auto header = parse_header(*bytes.take(*length));
  if (!header) return Error{"not a safetensors file: its header is no JSON object", ""};
  TensorFile read;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header->items()) {
    if (name == metadata_name) {
      if (auto error = read_metadata(value, read.metadata)) return *std::move(error);
      continue;
    }
    auto entry = read_entry(name, value);
    if (!entry) return entry.error();
    entries.push_back(*std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  if (auto error = check_cover(entries, bytes.left())) return *std::move(error);
  for (Entry& entry : entries) {
    auto tensor = decode(*bytes.take(entry.end - entry.begin), entry.encoding, std::endian::little,
                         std::move(entry.shape));
    if (!tensor) return in_file(fmt::format("tensor `{}`", entry.name), tensor.error());
    read.tensors.push_back({std::move(entry.name), *std::move(tensor)});
  }
  return read;
}

Result<TensorFile> read_safetensors(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto read = parse_safetensors(*bytes);
  if (!read) return in_file(path, read.error());
  return read;
}

std::optional<Error> write_safetensors(const std::string& path, std::span<const TensorView> tensors,
                                       const Metadata& metadata) {
  std::vector<TensorView> ordered;
  for (const int64_t size : {8, 4, 1}) {
    std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(ordered),
                 [&](const TensorView& view) { return size_of(view.values->type()) == size; });
  }
  auto header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(metadata_name)] = metadata;
  int64_t at = 0;
  for (const auto& [name, values] : ordered) {
    header[name] = {{"dtype", name_of(encoding_of(values->type()))},
                    {"shape", values->shape()},
                    {"data_offsets", {at, at + values->bytes()}}};
    at += values->bytes();
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string length;
  append_little(length, uint64_t{text.size()});

  static_assert(std::endian::native == std::endian::little, "entries are written as they lie");
  NewFile file(path);
  file.write(length);
  file.write(text);
  for (const auto& [name, values] : ordered) {
    file.write(std::span(static_cast<const std::byte*>(values->data()),
                         static_cast<size_t>(values->bytes())));
  }
  return file.commit();
}

}  // namespace gradus::runtime
