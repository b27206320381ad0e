#include "runtime/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "runtime/encoding.h"
#include "runtime/file.h"

namespace gradus::runtime {

namespace {

struct Cell {
  std::string_view text;
  bool quoted = false;
};

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_missing(const Cell& cell) {
  if (cell.text.empty()) return true;
  constexpr std::string_view signs[] = {"NA", "N/A", "nan", "NaN", "?"};
  return !cell.quoted &&
         std::find(std::begin(signs), std::end(signs), cell.text) != std::end(signs);
}

std::optional<double> number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end || std::isnan(value)) return std::nullopt;
  return value;
}

// Takes rows off the front of a text.
class Rows {
 public:
  explicit Rows(std::string_view text) : left_(text) {}

  int64_t line() const { return line_; }  // where the row that was read last begins
  bool any() const { return !left_.empty(); }
  // The cells of the next row; they are valid as long as this object. An error says what is wrong
  // with it.
  std::optional<std::string> next(std::vector<Cell>& cells) {
    cells.clear();
    line_ = next_line_;
    while (true) {
      Cell cell;
      if (auto wrong = read(cell)) return wrong;
      cells.push_back(cell);
      if (left_.starts_with(',')) {
        left_.remove_prefix(1);
        continue;
      }
      if (left_.starts_with('\r')) left_.remove_prefix(1);
      if (left_.starts_with('\n')) left_.remove_prefix(1);
      ++next_line_;
      return std::nullopt;
    }
  }

 private:
  std::optional<std::string> read(Cell& cell) {
    const size_t blanks = std::min(left_.find_first_not_of(" \t"), left_.size());
    if (left_.substr(blanks).starts_with('"')) {
      left_.remove_prefix(blanks + 1);
      return read_quoted(cell);
    }
    const size_t end = std::min(left_.find_first_of(",\n"), left_.size());
    std::string_view text = left_.substr(0, end);
    if (left_.substr(end).starts_with('\n') && text.ends_with('\r')) text.remove_suffix(1);
    left_.remove_prefix(text.size());
    cell.text = trimmed(text);
    if (text.find('"') != text.npos) return "a quote within a cell that does not begin with one";
    return std::nullopt;
  }

  // What follows an opening quote; two quotes in it stand for one.
  std::optional<std::string> read_quoted(Cell& cell) {
    cell.quoted = true;
    std::string* joined = nullptr;
    while (true) {
      const size_t quote = left_.find('"');
      if (quote == left_.npos) return "a quote that is never closed";
      const std::string_view part = left_.substr(0, quote);
      next_line_ += std::count(part.begin(), part.end(), '\n');
      left_.remove_prefix(quote + 1);
      const bool doubled = left_.starts_with('"');
      if (!doubled && !joined) {
        cell.text = part;
        break;
      }
      if (!joined) joined = &unquoted_.emplace_back();
      *joined += part;
      if (!doubled) {
        cell.text = *joined;
        break;
      }
      *joined += '"';
      left_.remove_prefix(1);
    }
    left_.remove_prefix(std::min(left_.find_first_not_of(" \t"), left_.size()));
    const bool ends =
        left_.empty() || left_[0] == ',' || left_[0] == '\n' || left_.starts_with("\r\n");
    if (!ends) return "something after the closing quote of a cell";
    return std::nullopt;
  }

  std::string_view left_;
  int64_t line_ = 1;
  int64_t next_line_ = 1;
  std::deque<std::string> unquoted_;  // cells that had doubled quotes
};

// The wanted columns of all rows, row by row.
struct Table {
  std::vector<std::string> columns;
  std::vector<Cell> cells;
  std::vector<int64_t> lines;  // of the rows

  std::string place(size_t cell) const {
    const size_t row = cell / columns.size();
    return fmt::format("row {} (line {}), column `{}`", row + 1, lines[row],
                       columns[cell % columns.size()]);
  }
};

// The positions of the wanted columns.
Result<std::vector<size_t>> find_columns(const std::vector<Cell>& header,
                                         const std::vector<std::string>& wanted) {
  std::vector<size_t> positions;
  if (wanted.empty()) {
    if (std::all_of(header.begin(), header.end(), [](const Cell& c) { return number(c.text); })) {
      return Error{"the first row holds numbers where the names of the columns should stand",
                   "add a first line with a name for each column"};
    }
    for (size_t i = 0; i < header.size(); ++i) positions.push_back(i);
    return positions;
  }
  for (const std::string& name : wanted) {
    const auto is_it = [&](const Cell& cell) { return cell.text == name; };
    const auto found = std::find_if(header.begin(), header.end(), is_it);
    if (found == header.end()) {
      std::vector<std::string_view> names;
      for (const Cell& cell : header) names.push_back(cell.text);
      return Error{fmt::format("no column `{}`", name),
                   fmt::format("the columns are {}", fmt::join(names, ", "))};
    }
    if (std::find_if(found + 1, header.end(), is_it) != header.end()) {
      return Error{fmt::format("two columns are called `{}`", name), ""};
    }
    positions.push_back(static_cast<size_t>(found - header.begin()));
  }
  return positions;
}

Result<Table> read_table(Rows& rows, const std::vector<std::string>& wanted) {
  std::vector<Cell> row;
  const auto broken = [&](const std::string& what) {
    return Error{fmt::format("line {}: {}", rows.line(), what), ""};
  };
  if (!rows.any()) return Error{"the file is empty", ""};
  if (const auto wrong = rows.next(row)) return broken(*wrong);
  const size_t width = row.size();
  const auto positions = find_columns(row, wanted);
  if (!positions) return positions.error();
  Table table;
  for (const size_t i : *positions) table.columns.emplace_back(row[i].text);
  while (rows.any()) {
    if (const auto wrong = rows.next(row)) return broken(*wrong);
    const bool blank = row.size() == 1 && row[0].text.empty() && !row[0].quoted;
    if (blank && (width > 1 || !rows.any())) continue;
    if (row.size() != width) {
      return Error{fmt::format("row {} (line {}) has {} cells, but there are {} columns",
                               table.lines.size() + 1, rows.line(), row.size(), width),
                   ""};
    }
    for (const size_t i : *positions) table.cells.push_back(row[i]);
    table.lines.push_back(rows.line());
  }
  return table;
}

std::optional<Error> check_missing(const Table& table, const std::vector<int64_t>& missing,
                                   const Fill& fill) {
  if (missing.empty() || fill.kind != Fill::Kind::none) return std::nullopt;
  const std::string first = table.place(static_cast<size_t>(missing[0]));
  return Error{missing.size() == 1
                   ? fmt::format("{} is empty", first)
                   : fmt::format("{} cells are empty, the first in {}", missing.size(), first),
               "say what to do with them: `fill = mean`, `fill = drop` or `fill = VALUE`"};
}

// Whether a cell is not a number; its position.
std::optional<size_t> find_text(const Table& table) {
  for (size_t i = 0; i < table.cells.size(); ++i) {
    if (!is_missing(table.cells[i]) && !number(table.cells[i].text)) return i;
  }
  return std::nullopt;
}

Data numbers(const Table& table, const Shape& shape, std::vector<int64_t> missing,
             const Fill& fill) {
  Data data{Tensor(Scalar::f64, shape), {}, std::move(missing)};
  const auto values = data.values.values<double>();
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  const bool filled = fill.kind == Fill::Kind::value;
  for (size_t i = 0; i < values.size(); ++i) {
    const Cell& cell = table.cells[i];
    values[i] = is_missing(cell) ? (filled ? fill.value : nothing) : number(cell.text).value();
  }
  if (filled) data.missing.clear();
  return data;
}

Result<std::vector<std::string>> distinct(const Table& table) {
  std::set<std::string_view> found;  // in the order of bytes, which is that of code points
  for (size_t i = 0; i < table.cells.size(); ++i) {
    if (is_missing(table.cells[i])) continue;
    const std::string_view text = table.cells[i].text;
    if (!found.insert(text).second) continue;
    for (size_t at = 0; at < text.size();) {
      const auto next = code_point(text.substr(at));
      if (!next) return Error{fmt::format("{} is not UTF-8", table.place(i)), ""};
      at += next->length;
    }
  }
  return std::vector<std::string>(found.begin(), found.end());
}

Result<Data> categories(const Table& table, const Shape& shape, std::vector<int64_t> missing,
                        const DataOptions& options) {
  if (!missing.empty() && options.fill.kind != Fill::Kind::drop) {
    return Error{fmt::format("{} is empty, and text has no number to fill it with",
                             table.place(static_cast<size_t>(missing[0]))),
                 "`fill = drop` leaves such rows out"};
  }
  Data data{Tensor(Scalar::i32, shape), options.known_categories, std::move(missing)};
  if (data.categories.empty()) {
    auto found = distinct(table);
    if (!found) return found.error();
    data.categories = *std::move(found);
  }
  std::map<std::string_view, int32_t> index;
  for (size_t i = 0; i < data.categories.size(); ++i) {
    index[data.categories[i]] = static_cast<int32_t>(i);
  }
  const auto values = data.values.values<int32_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    const auto known = index.find(table.cells[i].text);
    const bool none = is_missing(table.cells[i]);
    if (!none && known == index.end()) {
      return Error{fmt::format("{}: \"{}\" is not among the {} categories that the model was "
                               "trained with",
                               table.place(i), table.cells[i].text, index.size()),
                   fmt::format("they are {}", fmt::join(data.categories, ", "))};
    }
    values[i] = none ? -1 : known->second;
  }
  return data;
}

}  // namespace

Result<Data> parse_csv(std::string_view text, const DataOptions& options) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return Error{"the file is UTF-16", "save it as UTF-8"};
  }
  Rows rows(text);
  const auto table = read_table(rows, options.keys);
  if (!table) return table.error();
  std::vector<int64_t> missing;
  for (size_t i = 0; i < table->cells.size(); ++i) {
    if (is_missing(table->cells[i])) missing.push_back(static_cast<int64_t>(i));
  }
  if (auto error = check_missing(*table, missing, options.fill)) return *std::move(error);
  Shape shape = {static_cast<int64_t>(table->lines.size())};
  if (table->columns.size() > 1) shape.push_back(static_cast<int64_t>(table->columns.size()));
  const auto text_at = find_text(*table);
  if (!text_at && options.known_categories.empty()) {
    return numbers(*table, shape, std::move(missing), options.fill);
  }
  if (!options.categories && text_at) {
    return Error{fmt::format("{}: \"{}\" is not a number", table->place(*text_at),
                             table->cells[*text_at].text),
                 "text is for inputs of type index(n) or bool"};
  }
  return categories(*table, shape, std::move(missing), options);
}

Result<Data> read_csv(const std::string& path, const DataOptions& options) {
  const auto bytes = read_file(path);
  if (!bytes) return bytes.error();
  auto data = parse_csv(*bytes, options);
  if (!data) return in_file(path, data.error());
  return data;
}

}  // namespace gradus::runtime
