#include "runtime/data.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "runtime/csv.h"
#include "runtime/idx.h"
#include "runtime/npy.h"
#include "runtime/npz.h"
#include "runtime/text.h"

namespace gradus::runtime {

namespace {

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(mark);
    parts.emplace_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<Data> data_of(Result<Tensor> tensor) {
  if (!tensor) return tensor.error();
  return Data{*std::move(tensor), {}, {}};
}

// The format of a file, by the ending of its name.
std::string format_of(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  for (const std::string_view known : {"csv", "npz", "npy"}) {
    if (name.ends_with(fmt::format(".{}", known))) return std::string(known);
  }
  return name.ends_with(".txt") ? "text" : "idx";
}

}  // namespace

Location parse_location(const std::string& text) {
  const size_t colon = text.rfind(':');
  std::error_code unknown;
  if (colon == text.npos || std::filesystem::exists(text, unknown)) return {text, {}};
  return {text.substr(0, colon), split(std::string_view(text).substr(colon + 1), ',')};
}

Result<Data> read_data(const std::string& path, const DataOptions& options) {
  const std::string format = options.format.empty() ? format_of(path) : options.format;
  if (format == "csv") return read_csv(path, options);
  if (format == "npz") {
    if (options.keys.size() != 1) {
      return Error{fmt::format("{} holds several arrays; one must be named", path),
                   fmt::format("for example `{}:x`", path)};
    }
    return data_of(read_npz(path, options.keys[0]));
  }
  if (!options.keys.empty()) {
    return Error{fmt::format("{} has no parts, but `{}` is asked for", path, options.keys[0]),
                 "only .npz arrays and .csv columns are named after a colon"};
  }
  if (format == "npy") return data_of(read_npy(path));
  if (format == "text") {
    auto text = read_text(path, options.known_categories);
    if (!text || options.row_length == 0) return text;
    return cut_rows(*std::move(text), options.row_length, options.row_stride);
  }
  return data_of(read_idx(path));
}

std::optional<CodePoint> code_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return CodePoint{byte(0), 1};
  const size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc2 ? 2 : 0;
  if (length == 0 || byte(0) > 0xf4 || text.size() < length) return std::nullopt;
  char32_t value = byte(0) & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value < 0xe000;
  if (value < smallest[length] || value > 0x10ffff || surrogate) return std::nullopt;
  return CodePoint{value, length};
}

}  // namespace gradus::runtime
