#include <fmt/format.h>

#include "compiler/check/error_codes.h"

// Mistakes in `scan` and `repeat`.
namespace gradus::errors {

Diagnostic no_such_dimension(Span at, std::string_view name, const Operand& sequence,
                             std::string_view near) {
  std::string help = did_you_mean(near);
  if (sequence.shape.empty()) help = "a scan walks along an axis of a tensor";
  if (help.empty()) help = "name one of its dimensions, or an axis by number: `over axis = 0`";
  return from(
      error(E0240, at, fmt::format("`{}` is no dimension of {}", name, shown(sequence.shape)),
            std::move(help)),
      sequence);
}

Diagnostic dimension_twice(Span at, std::string_view name, const Operand& sequence,
                           const std::vector<int>& axes) {
  return from(
      error(E0241, at,
            fmt::format("{} has {} axes of extent `{}`", shown(sequence.shape), axes.size(), name),
            fmt::format("say which: `over axis = {}`", axes[0])),
      sequence);
}

Diagnostic lengths_differ(Span at, Span first_at, const Dim& length, const Dim& first) {
  return beside(error(E0242, at,
                      fmt::format("sequences of different lengths are walked together: {} and {}",
                                  first.text(), length.text()),
                      "", fmt::format("this one has {} rounds", length.text())),
                first_at, fmt::format("and this one {}", first.text()));
}

Diagnostic carry_changes(Span at, std::string_view name, const Type& out, const Type& in,
                         Span start) {
  const bool shape = out.shape != in.shape;
  Diagnostic d =
      error(E0243, at,
            shape ? fmt::format("the carry `{}` changes its shape: from {} to {}", name,
                                shown(in.shape), shown(out.shape))
                  : fmt::format("the carry `{}` changes its type: from {} to {}", name, text(in),
                                text(out)),
            "", fmt::format("the next round would see {}", shape ? shown(out.shape) : text(out)));
  d.secondary.push_back(
      {start, fmt::format("it starts as {}", shape ? shown(in.shape) : text(in))});
  if (shape && in.shape.empty()) d.help = fmt::format("start it as `zeros({})`", text(out.shape));
  return d;
}

Diagnostic assigned_in_scan(Span at, std::string_view name) {
  return error(E0440, at,
               fmt::format("the state `{}` would be assigned in each round of a `scan`", name),
               "carry it through the rounds, and assign what comes out of them");
}

Diagnostic never_bound_again(Span at, std::string_view name) {
  return error(W0105, at, fmt::format("the carry `{}` is never bound again", name),
               "each round sees what it started as");
}

Diagnostic loop_needs_name(Span at, std::string_view keyword) {
  return error(E0340, at,
               fmt::format("this owns parameters, and the `{}` around it has no name", keyword),
               fmt::format("make it a definition: `y = {} (…) {{ … }}`", keyword));
}

Diagnostic layer_twice(Span at, std::string_view name, Span before) {
  return beside(
      error(E0341, at, fmt::format("two layers of one scope are called `{}`", name),
            "their parameters would have the same names: give one another name", "again here"),
      before, "first here");
}

Diagnostic rounds_backwards(Span at, int64_t first, int64_t end) {
  return error(E0342, at, fmt::format("the rounds {}..{} run backwards", first, end),
               "`a..b` counts up from a, and ends before b");
}

Diagnostic too_many_rounds(Span at, int64_t rounds, int64_t most) {
  return error(E0343, at,
               fmt::format("{} rounds of a `repeat`, which has at most {}", rounds, most),
               "a `repeat` is written out round by round; a `scan` stays a loop");
}

Diagnostic no_such_round(Span at, std::string_view loop, int64_t first, int64_t last) {
  return error(E0344, at, fmt::format("`{}` has no such round", loop),
               fmt::format("its rounds are {} to {}", first, last));
}

}  // namespace gradus::errors
