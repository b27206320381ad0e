#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/check/error_codes.h"

// Mistakes in index notation.
namespace gradus::errors {

Diagnostic unbounded_index(Span at, std::string_view index) {
  return error(E0701, at, fmt::format("nothing says what `{}` runs over", index),
               fmt::format("say it after the equation: `where {} in 0..n`", index));
}

Diagnostic uncertain_range(Span at, std::string_view index) {
  return error(E0701, at,
               fmt::format("how far `{}` runs does not come out whole for every size", index),
               fmt::format("say it after the equation: `where {} in 0..n`", index));
}

Diagnostic starts_out_of_bounds(Span at, std::string_view index, const Dim& low,
                                std::string_view tensor) {
  return error(E0702, at,
               fmt::format("`{}` is in bounds of `{}` from {} on, and a free index starts at 0",
                           index, tensor, low.text()),
               fmt::format("shift the access, or read it in a branch of `if` and say the range: "
                           "`where {} in 0..n`",
                           index));
}

Diagnostic starts_elsewhere(Span at, std::string_view index, const Dim& low) {
  return error(
      E0702, at,
      fmt::format("`{}` is free and would start at {}, but a free index starts at 0", index,
                  low.text()),
      fmt::format("let it start at 0 and shift the accesses: `x[{} + {}]`", index, low.text()));
}

namespace {

std::string axis_of(const Axis& axis) {
  return fmt::format("an axis of {} of `{}`", axis.extent.text(), axis.tensor);
}

}  // namespace

Diagnostic conflicting_ranges(Span at, std::string_view index, const Axis& here, const Axis& there,
                              Span before) {
  return beside(error(E0703, at,
                      fmt::format("`{}` runs over axes of {} and {}, and which is shorter is open",
                                  index, there.extent.text(), here.extent.text()),
                      fmt::format("use two indices, or say the range: `where {} in 0..n`", index),
                      axis_of(here)),
                before, axis_of(there));
}

Diagnostic access_leaves(Span at, std::string_view tensor, const Dim& extent, const Dim& least,
                         const Dim& largest) {
  return error(E0704, at,
               fmt::format("this runs from {} to {}, and `{}` has {} entries there", least.text(),
                           largest.text(), tensor, extent.text()),
               "shorten the ranges, or read it in a branch of `if` in an equation with `where`");
}

Diagnostic not_affine(Span at) {
  return error(E0705, at, "an access that is not affine in its indices",
               "a place is a sum of indices times whole numbers, `2*p + u - 1`, or the entry of an "
               "index tensor, `E[token[n], d]`");
}

Diagnostic index_bound_twice(Span at, std::string_view index, Span before) {
  return beside(
      error(E0706, at, fmt::format("`{}` is an index already", index), "choose another letter"),
      before, "first here");
}

Diagnostic not_fully_indexed(Span at, const Operand& of, size_t given) {
  return from(error(E0707, at,
                    fmt::format("{} of a tensor of shape {}", counted(given, "index", "indices"),
                                shown(of.shape)),
                    "in an index equation every axis has an index; `..` stands for leading ones"),
              of);
}

Diagnostic whole_in_equation(Span at, const Operand& of) {
  return from(error(E0707, at,
                    fmt::format("a whole tensor of shape {} in an index equation", shown(of.shape)),
                    "say which entry is meant: `x[i, j]`"),
              of);
}

Diagnostic no_such_index(Span at, std::string_view index, std::string_view near,
                         const std::vector<std::string>& indices) {
  const bool any = near.empty() && !indices.empty();
  return error(
      E0708, at, fmt::format("`where` gives a range for `{}`, which no index is", index),
      any ? fmt::format("the indices are `{}`", fmt::join(indices, "`, `")) : did_you_mean(near));
}

Diagnostic entry_of_entry(Span at) {
  return error(E0709, at, "a whole tensor is accessed, and this depends on an index",
               "write all indices in one pair of brackets: `x[i, j]`");
}

Diagnostic needs_whole_tensor(Span at, std::string_view indices) {
  return error(
      E0709, at,
      fmt::format("a whole tensor is needed here, and this is one entry for each {}", indices),
      "what is done with indices is written `sum[k] x[k]`; what takes whole tensors stands "
      "before the brackets, `softmax(x)[i, k]`");
}

Diagnostic index_as_tensor(Span at, std::string_view index, Span before) {
  return beside(
      error(E0710, at, fmt::format("`{}` is an index here, and is used as a tensor", index),
            "choose another letter for the index"),
      before, "it is an index from here");
}

Diagnostic rest_without_axes(Span at, std::string_view why) {
  return error(E0711, at, fmt::format("`..` stands for leading axes, and {}", why),
               "`y[.., j] = x[.., j]` has it first on the left, and once in an access");
}

namespace {

std::string nothing_fits(std::string_view index, const Axis& axis, const Dim& reach) {
  return fmt::format(
      "no value of `{}` keeps this within `{}`: with `{}` at its least it reaches "
      "entry {}, and the axis has {}",
      index, axis.tensor, index, reach.text(),
      counted(static_cast<size_t>(axis.extent.number().value_or(0)), "entry", "entries"));
}

constexpr std::string_view larger =
    "what is laid over the axis is larger than the axis: enlarge "
    "it by `pad`, or take a smaller window";

}  // namespace

Diagnostic empty_range(Span at, std::string_view index, const Axis& axis, const Dim& reach) {
  return error(E0713, at, nothing_fits(index, axis, reach), std::string(larger));
}

Diagnostic nothing_in_range(Span at, std::string_view index, const Axis& axis, const Dim& reach) {
  return error(W0107, at, nothing_fits(index, axis, reach), std::string(larger));
}

Diagnostic slice_in_equation(Span at) {
  return error(E0714, at, "slices and new axes have no place in an index equation",
               "slice before: `y = x[0:10]`");
}

Diagnostic shorter_axis(Span at, std::string_view index, const Axis& here, const Axis& there,
                        Span before) {
  return beside(error(W0103, at,
                      fmt::format("`{}` runs over axes of {} and {} entries, and stops at the "
                                  "shorter",
                                  index, there.extent.text(), here.extent.text()),
                      "", axis_of(here)),
                before, axis_of(there));
}

}  // namespace gradus::errors
