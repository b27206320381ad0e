#pragma once

#include <string_view>

namespace gradus::document {

// The style and the script of pages.
extern const std::string_view page_style;
extern const std::string_view page_script;

}  // namespace gradus::document
