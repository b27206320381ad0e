#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradus {

// What a name of NumPy, PyTorch, Julia, … is called here, as advice; empty where it is none.
std::string_view foreign_name(std::string_view name);

// The option among `takes` that an argument or option of another library is; empty if none is.
std::string_view foreign_option(std::string_view name, const std::vector<std::string>& takes);

// The name with each letter of Cyrillic or Greek that looks like a Latin one replaced by that. Two
// names with one skeleton can not be told apart on paper.
std::string skeleton(std::string_view name);

}  // namespace gradus
