#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "compiler/check/errors.h"
#include "compiler/graph/dim.h"

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

// The same mistake, with another place that it has to do with.
inline Diagnostic beside(Diagnostic diagnostic, Span at, std::string text) {
  diagnostic.secondary.push_back({at, std::move(text)});
  return diagnostic;
}

// The same mistake, with where an operand comes from: its declaration where it has a name, else
// the place that it is written at.
Diagnostic from(Diagnostic diagnostic, const Operand& operand);

inline std::string did_you_mean(std::string_view near) {
  return near.empty() ? "" : fmt::format("did you mean `{}`?", near);
}

// `[batch, 3]`, or `a scalar`.
inline std::string shown(const Shape& shape) { return shape.empty() ? "a scalar" : text(shape); }

// `1 axis`, `2 axes`.
inline std::string counted(size_t count, std::string_view one, std::string_view more) {
  return fmt::format("{} {}", count, count == 1 ? one : more);
}

}  // namespace gradus::errors
