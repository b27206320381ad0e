#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/data.h"
#include "runtime/result.h"

namespace gradus::runtime {

// The characters of a UTF-8 text as i32 indices, of shape [characters], into the categories: the
// characters of `vocabulary`, or where that is empty those of the text.
Result<Data> read_text(const std::string& path, std::span<const std::string> vocabulary = {});
Result<Data> parse_text(std::string_view text, std::span<const std::string> vocabulary = {});

// A text as rows of `length` characters, of shape [rows, length], each beginning `stride`
// characters after the one before; what is left at the end is left out. An error where there is not
// one row.
Result<Data> cut_rows(Data text, int64_t length, int64_t stride);

}  // namespace gradus::runtime
