#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "compiler/graph/dim.h"
#include "grammar/diagnostic.h"

// The codes, and what the functions of errors.h are written with. To be included by nothing else.
namespace gradus::errors {

#define CODE(name, title) inline constexpr DiagnosticCode name{#name, title};
#include "compiler/check/errors.def"
#undef CODE

inline Diagnostic error(DiagnosticCode code, Span at, std::string message, std::string help = "",
                        std::string label = "") {
  return {.code = code,
          .message = std::move(message),
          .primary = {at, std::move(label)},
          .help = std::move(help)};
}

inline std::string did_you_mean(std::string_view near) {
  return near.empty() ? "" : fmt::format("did you mean `{}`?", near);
}

// `[batch, 3]`, or `a scalar`.
inline std::string shown(const Shape& shape) { return shape.empty() ? "a scalar" : text(shape); }

}  // namespace gradus::errors
