#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/error_codes.h"

// Mistakes in shapes, types and sizes.
namespace gradus::errors {

Diagnostic from(Diagnostic diagnostic, const Operand& operand) {
  const Span primary = diagnostic.primary.span;
  std::vector<Label> origin = operand.origin;
  if (origin.empty() && !operand.shape.empty() && operand.span.end > operand.span.begin) {
    origin.push_back({operand.span, fmt::format("this is {}", text(operand.shape))});
  }
  for (Label& label : origin) {
    if (label.span.file == primary.file && label.span.begin == primary.begin) continue;
    diagnostic.secondary.push_back(std::move(label));
  }
  return diagnostic;
}

namespace {

const Dim& rows_of(const Shape& shape) {
  return shape.size() == 1 ? shape[0] : shape[shape.size() - 2];
}

bool is_a_name(const Dim& dim) { return dim.name().has_value(); }

// What broadcasting was meant to be, where it can be guessed.
std::string broadcast_advice(std::string_view what, const Shape& left, const Shape& right,
                             const Dim& a, const Dim& b) {
  if (what == "product" && left.size() >= 2 && right.size() >= 2 && left.back() == rows_of(right)) {
    return "`*` multiplies entry by entry; a matrix product is written `@`";
  }
  if (left.size() == 1 && right.size() > 1 && right[0] == left[0]) {
    return "a new axis makes the vector a column: `v[:, new]`";
  }
  if (right.size() == 1 && left.size() > 1 && left[0] == right[0]) {
    return "a new axis makes the vector on the right a column: `v[:, new]`";
  }
  if (is_a_name(a) && is_a_name(b)) {
    return fmt::format(
        "the data say how large `{}` and `{}` are; if that is one size, give it one "
        "name",
        a.text(), b.text());
  }
  return "";
}

}  // namespace

Diagnostic not_a_value(Span at, std::string_view what, std::string help) {
  return error(E0201, at, fmt::format("a number or a tensor is needed here, and this is {}", what),
               std::move(help));
}

Diagnostic shapes_do_not_fit(Span op, std::string_view what, const Operand& left,
                             const Operand& right) {
  Diagnostic d = error(E0202, op,
                       fmt::format("{} of shapes that do not fit: {} and {}", what,
                                   shown(left.shape), shown(right.shape)));
  const size_t common = std::min(left.shape.size(), right.shape.size());
  for (size_t k = 1; k <= common; ++k) {
    const Dim& a = left.shape[left.shape.size() - k];
    const Dim& b = right.shape[right.shape.size() - k];
    if (a == b || a == Dim(1) || b == Dim(1)) continue;
    d.primary.text = fmt::format("{} on the left meets {} on the right, {} from the end", a.text(),
                                 b.text(), k == 1 ? "the first axis" : fmt::format("axis {}", k));
    d.help = broadcast_advice(what, left.shape, right.shape, a, b);
    break;
  }
  return from(from(std::move(d), left), right);
}

Diagnostic matmul_mismatch(Span op, const Operand& left, const Operand& right,
                           const std::string& help) {
  Diagnostic d = error(E0203, op,
                       fmt::format("matrix product of shapes that do not fit: {} @ {}",
                                   shown(left.shape), shown(right.shape)),
                       help);
  if (left.shape.empty() || right.shape.empty()) {
    d.primary.text = fmt::format("the {} side is a scalar", left.shape.empty() ? "left" : "right");
    d.help = "a product with a scalar is written `*`";
  } else {
    d.primary.text =
        fmt::format("the left side has {} columns, the right side {} {}", left.shape.back().text(),
                    rows_of(right.shape).text(), right.shape.size() == 1 ? "entries" : "rows");
  }
  return from(from(std::move(d), left), right);
}

Diagnostic parts_differ(Span at, const Shape& first, const Shape& other,
                        std::optional<size_t> axis) {
  return error(
      E0204, at,
      fmt::format("parts of shapes that do not fit: {} and {}", shown(first), shown(other)),
      axis ? fmt::format("they fit along another axis: `axis = {}`", *axis) : "");
}

Diagnostic not_whole(Span at, std::optional<double> number) {
  return error(
      E0205, at,
      number
          ? fmt::format("a whole number or a dimension is needed here, and this is {:.6g}", *number)
          : "a whole number or a dimension is needed here");
}

Diagnostic not_constant(Span at, std::string_view what) {
  return error(E0206, at, fmt::format("{} is needed here", what),
               "it must be known before anything runs: a literal, a `const` or a dimension");
}

Diagnostic not_a_truth(Span at) {
  return error(E0206, at, "`true` or `false` is needed here, and this is a number",
               "1 is written `true` here, and 0 `false`");
}

Diagnostic no_such_axis(Span at, int64_t axis, const Shape& shape) {
  return error(E0207, at, fmt::format("there is no axis {} in {}", axis, shown(shape)),
               shape.empty() ? ""
                             : fmt::format("the axes are 0 to {}, or -{} to -1", shape.size() - 1,
                                           shape.size()));
}

Diagnostic not_a_matrix(Span at, std::string_view what, const Shape& shape) {
  const bool transposed = what == "a transpose" && shape.size() == 1;
  return error(E0208, at, fmt::format("{} needs a matrix, and this is {}", what, shown(shape)),
               transposed ? "a vector is neither row nor column: leave the `'` out in `v @ w`, and "
                            "write `v[:, new]` for a column, `v[new, :]` for a row"
                          : "");
}

Diagnostic too_many_indices(Span at, size_t given, const Operand& of) {
  return from(error(E0209, at,
                    fmt::format("{} into {}", counted(given, "index", "indices"), shown(of.shape))),
              of);
}

Diagnostic not_an_index(const Operand& of, const Type& type, const std::optional<Dim>& below) {
  const std::string bound = below ? below->text() : "n";
  const bool real = type.element == Element::real;
  std::string help = fmt::format("an input of indices is declared as `index({})`", bound);
  if (!type.shape.empty()) {
    help = fmt::format("an input of indices is declared as `index({}){}`", bound, text(type.shape));
  }
  if (real) help += "; arithmetic makes real numbers of indices";
  return from(error(E0210, of.span,
                    fmt::format("an index is needed here, and this is {}",
                                real && type.shape.empty() ? "a number"
                                : real                     ? "real: " + text(type)
                                                           : text(type)),
                    std::move(help)),
              of);
}

Diagnostic index_out_of_range(Span at, int64_t index, int64_t extent) {
  return error(
      E0211, at, fmt::format("index {} of an axis of {}", index, extent),
      extent == 0 ? "" : fmt::format("indices count from 0: the last is {}, or -1", extent - 1));
}

Diagnostic slice_out_of_range(Span at, int64_t end, int64_t extent) {
  return error(
      E0211, at, fmt::format("a slice to or from {} of an axis of {}", end, extent),
      fmt::format("its ends lie between 0 and {0}, or, counted from the end, -{0} and -1", extent));
}

Diagnostic index_too_large(Span at, const Dim& bound, const Axis& axis, const Operand& index) {
  return from(error(E0712, at,
                    fmt::format("an index below {} meets an axis of {} entries, of `{}`",
                                bound.text(), axis.extent.text(), axis.tensor),
                    "every value that the index may take needs its entry"),
              index);
}

Diagnostic bad_step(Span at) { return error(E0212, at, "the step of a slice can not be 0"); }

Diagnostic not_divisible(Span at, const Dim& extent, int64_t by) {
  return error(
      E0213, at,
      fmt::format("a slice of {} in steps of {} does not come out whole", extent.text(), by));
}

Diagnostic not_a_list(Span at, std::string_view what, std::string help) {
  return error(E0214, at, fmt::format("{} is needed here", what), std::move(help));
}

Diagnostic reshape_misfit(Span at, const Shape& from, const Shape& to) {
  const Dim entries = size_of(from);
  std::string help = fmt::format("the first has {} entries", entries.text());
  const auto open = std::find(to.begin(), to.end(), Dim(-1));
  if (open == to.end()) {
    help += fmt::format(", the second {}", size_of(to).text());
  } else {
    Shape rest = to;
    rest.erase(rest.begin() + (open - to.begin()));
    help += fmt::format(", which is no multiple of the {} that stand beside the -1",
                        size_of(rest).text());
  }
  return error(E0215, at, fmt::format("{} can not become {}", shown(from), shown(to)), help);
}

Diagnostic open_entries(Span at, size_t count) {
  return error(E0215, at, fmt::format("{} entries of a reshape are -1", count),
               "-1 stands for what is left over, so one entry may be -1: write the others out, as "
               "numbers or names of dimensions");
}

Diagnostic argument_rank(const Operand& given, const std::string& of, size_t axes, bool or_more) {
  return from(error(E0216, given.span,
                    fmt::format("{} needs {}{}, and this is {}", of, counted(axes, "axis", "axes"),
                                or_more ? " or more" : "", shown(given.shape))),
              given);
}

Diagnostic argument_extent(Span at, const std::string& of, const Dim& have, const Dim& want,
                           const Operand& given) {
  return from(
      error(E0217, at,
            fmt::format("{} needs an axis of {}, and has one of {}", of, want.text(), have.text())),
      given);
}

Diagnostic not_scalar(Span at, std::string_view kind, const Shape& shape) {
  return error(E0218, at, fmt::format("a {} is a scalar, and this is {}", kind, shown(shape)),
               "take its `mean` or `sum`");
}

Diagnostic split_misfit(Span at, const Dim& extent, const std::string& parts) {
  return error(E0219, at,
               fmt::format("an axis of {} does not split into {}", extent.text(), parts));
}

Diagnostic not_a_permutation(Span at, int rank) {
  return error(E0220, at, fmt::format("a transpose names each of the {} axes once", rank));
}

Diagnostic extremum_of_nothing(Span at, std::string_view name, const Shape& shape) {
  return error(E0227, at, fmt::format("`{}` of no entries: this is {}", name, shown(shape)));
}

Diagnostic not_square(Span at, std::string_view what, const Shape& shape) {
  return error(E0221, at,
               fmt::format("`{}` needs a square matrix, and this is {}", what, shown(shape)));
}

Diagnostic not_a_probability(Span at, double number) {
  return error(E0225, at, fmt::format("{} is no probability", number),
               "a probability is a number from 0 to 1");
}

Diagnostic solve_mismatch(Span at, const Operand& matrix, const Operand& sides) {
  Diagnostic d = error(E0226, at,
                       fmt::format("right sides that do not fit their matrix: solve({}, {})",
                                   shown(matrix.shape), shown(sides.shape)));
  if (sides.shape.empty()) {
    d.primary.text = "the right side is a scalar";
  } else if (sides.shape.size() == 1 && matrix.shape.size() > 2) {
    d.primary.text = "a vector on the right needs one matrix on the left";
    d.help = "right sides of several matrices are matrices: `b[:, :, new]`";
  } else {
    d.primary.text =
        fmt::format("the matrix has {} rows, the right side {} {}", matrix.shape.back().text(),
                    rows_of(sides.shape).text(), sides.shape.size() == 1 ? "entries" : "rows");
  }
  return from(from(std::move(d), matrix), sides);
}

Diagnostic count_mismatch(Span at, size_t names, size_t values) {
  return error(E0222, at,
               fmt::format("{} for {}", counted(names, "name", "names"),
                           counted(values, "value", "values")));
}

Diagnostic negative_extent(Span at, int64_t extent) {
  return error(E0223, at, fmt::format("an axis can not have {} entries", extent),
               extent == -1 ? "-1 for what is left over stands in `reshape` alone; a size that the "
                              "data say has a name: `input x: [batch, 3]`"
                            : "");
}

Diagnostic open_shape(Span at) {
  return error(E0252, at, "`..` stands for any leading axes, and here each has its size",
               "write them out, with a name where the data say the size: `[batch, 3]`; `..` is for "
               "the arguments of functions and layers");
}

Diagnostic too_large(Span at, const Shape& shape) {
  return error(E0224, at,
               fmt::format("a tensor of shape {} does not fit into any memory", shown(shape)));
}

Diagnostic not_a_condition(Span at, const Type& type) {
  return error(E0250, at,
               fmt::format("a condition is needed here, and this is {}",
                           type == Type{} ? "a number" : text(type)),
               "compare it: `x != 0`");
}

Diagnostic batch_of_weights(Span at, std::string_view name, const Shape& shape) {
  return error(
      E0251, at,
      fmt::format("`{}` has the shape {}, and the size of a batch changes", name, text(shape)),
      "parameters and states are the same for all samples");
}

Diagnostic samples_meet_in_pairs(Span op, const Operand& left, const Operand& right,
                                 const Shape& both) {
  Diagnostic d = error(
      W0106, op,
      fmt::format("{} and {} make {}: every sample meets every other", shown(left.shape),
                  shown(right.shape), shown(both)),
      "drop the axis of 1, `x[:, 0]`, so that samples meet in order; `x[:, new]` says that pairs "
      "are meant");
  return from(from(std::move(d), left), right);
}

}  // namespace gradus::errors
