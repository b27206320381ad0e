#include "runtime/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "runtime/encoding.h"
#include "runtime/file.h"

namespace gradus::runtime {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

Result<Data> parse_text(std::string_view text, std::span<const std::string> vocabulary) {
  size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  std::vector<char32_t> characters;
  std::unordered_map<char32_t, int32_t> index;
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const auto known = code_point(vocabulary[i]);
    if (known) index[known->value] = static_cast<int32_t>(i);
  }
  std::unordered_map<char32_t, std::string_view> found;
  while (at < text.size()) {
    const auto next = code_point(text.substr(at));
    if (!next) return Error{fmt::format("byte {} is not UTF-8", at), "save the text as UTF-8"};
    const std::string_view spelt = text.substr(at, next->length);
    if (!vocabulary.empty() && !index.contains(next->value)) {
      return Error{fmt::format("the character `{}` at byte {} is not among the {} that the model "
                               "was trained with",
                               spelt, at, vocabulary.size()),
                   ""};
    }
    found.emplace(next->value, spelt);
    characters.push_back(next->value);
    at += next->length;
  }
  Data data;
  data.categories.assign(vocabulary.begin(), vocabulary.end());
  if (vocabulary.empty()) {
    for (const auto& [value, spelt] : found) data.categories.emplace_back(spelt);
    // The order of UTF-8's bytes is that of the code points.
    std::sort(data.categories.begin(), data.categories.end());
    for (size_t i = 0; i < data.categories.size(); ++i) {
      index[code_point(data.categories[i])->value] = static_cast<int32_t>(i);
    }
  }
  data.values = Tensor(Scalar::i32, {static_cast<int64_t>(characters.size())});
  const auto values = data.values.values<int32_t>();
  for (size_t i = 0; i < characters.size(); ++i) values[i] = index[characters[i]];
  return data;
}

Result<Data> read_text(const std::string& path, std::span<const std::string> vocabulary) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto data = parse_text(*bytes, vocabulary);
  if (!data) return in_file(path, data.error());
  return data;
}

Result<Data> cut_rows(Data text, int64_t length, int64_t stride) {
  const int64_t characters = text.values.size();
  if (characters < length) {
    return Error{
        fmt::format("the text has {} characters, and its rows are to have {}", characters, length),
        ""};
  }
  const int64_t rows = (characters - length) / stride + 1;
  if (rows > std::numeric_limits<int32_t>::max() / length) {
    return Error{fmt::format("{} rows of {} characters are more than fit", rows, length),
                 "a larger `stride` makes fewer"};
  }
  Tensor cut(Scalar::i32, {rows, length});
  const auto from = text.values.values<int32_t>();
  const auto to = cut.values<int32_t>();
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(from.begin() + row * stride, length, to.begin() + row * length);
  }
  text.values = std::move(cut);
  return text;
}

}  // namespace gradus::runtime
