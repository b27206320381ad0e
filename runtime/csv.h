#pragma once

#include <string>
#include <string_view>

#include "runtime/data.h"
#include "runtime/result.h"

namespace gradus::runtime {

// Columns of a table of cells with commas between them (RFC 4180), whose first row names the
// columns. One column is of shape [rows], several of [rows, columns]. Blanks around a cell without
// quotes do not count. Where all cells are numbers, the values are f64; else, and only where
// categories are welcome, i32 indices into the distinct cells of all the columns.
//
// A cell is missing where it is empty, or without quotes one of NA, N/A, nan, NaN and ?; unless
// `fill` says what becomes of it, that is an error, as is a row with more or fewer cells than there
// are columns. Errors name row (1 is the first below the names), line and column.
Result<Data> read_csv(const std::string& path, const DataOptions& options);
Result<Data> parse_csv(std::string_view text, const DataOptions& options);

}  // namespace gradus::runtime
