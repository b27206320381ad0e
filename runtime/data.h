#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/result.h"
#include "runtime/tensor.h"

namespace gradus::runtime {

// What a reader found.
struct Data {
  Tensor values;
  // Of text: entry i of `values` stands for categories[i]; in the order of code points. Empty for
  // numbers.
  std::vector<std::string> categories;
  // Entries without a value, in order: NaN among real numbers, −1 among categories.
  std::vector<int64_t> missing;
};

// What becomes of missing cells. `mean` and `drop` are left to who knows the training share and the
// other inputs: see prepare.h.
struct Fill {
  enum class Kind : uint8_t { none, mean, drop, value };
  Kind kind = Kind::none;
  double value = 0;
};

// How to read one input.
struct DataOptions {
  // `csv`, `npy`, `npz`, `idx` or `text`; by the ending of the file's name where it is empty.
  std::string format = {};
  // The array of a .npz file, or the columns of a .csv file, all where it is empty.
  std::vector<std::string> keys = {};
  Fill fill = {};
  // Whether text is welcome, as the categories of an index or boolean input.
  bool categories = false;
  // The categories that text must be of, from saved weights; where empty, those that are found.
  std::vector<std::string> known_categories = {};
  // Text is cut into rows of so many characters, one beginning `row_stride` after the other; what
  // is left at the end is left out. 0: one long row, without an axis of rows.
  int64_t row_length = 0;
  int64_t row_stride = 0;
};

// A path and what follows its last colon: the array of a .npz file, or columns with commas between
// them. A file whose name has a colon is taken as it is.
struct Location {
  std::string path;
  std::vector<std::string> keys = {};
};
Location parse_location(const std::string& text);

// Reads a file of the given format, or a .npy, .npz, .csv or .txt file by the ending of its name (a
// further .gz is no matter), any other as IDX.
Result<Data> read_data(const std::string& path, const DataOptions& options);

// The code point at the front of UTF-8 text (RFC 3629) and its length; nothing where it is none.
struct CodePoint {
  char32_t value;
  size_t length;
};
std::optional<CodePoint> code_point(std::string_view text);

}  // namespace gradus::runtime
