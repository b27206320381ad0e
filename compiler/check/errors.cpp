#include "compiler/check/errors.h"

#include <fmt/format.h>

#include "compiler/check/error_codes.h"

namespace gradus::errors {
namespace {

void add_origins(Diagnostic& diagnostic, const Operand& left, const Operand& right) {
  for (const Operand* operand : {&left, &right}) {
    for (const Label& label : operand->origin) {
      if (label.span.file == diagnostic.primary.span.file &&
          label.span.begin == diagnostic.primary.span.begin) {
        continue;
      }
      diagnostic.secondary.push_back(label);
    }
  }
}

}  // namespace

Diagnostic not_a_value(Span at, std::string_view what) {
  return error(E0201, at, fmt::format("a number or a tensor is needed here, and this is {}", what));
}

Diagnostic shapes_do_not_fit(Span op, std::string_view what, const Operand& left,
                             const Operand& right) {
  Diagnostic d = error(E0202, op,
                       fmt::format("{} of shapes that do not fit: {} and {}", what,
                                   shown(left.shape), shown(right.shape)));
  const size_t most = std::max(left.shape.size(), right.shape.size());
  for (size_t k = 1; k <= most; ++k) {
    if (k > left.shape.size() || k > right.shape.size()) break;
    const Dim& a = left.shape[left.shape.size() - k];
    const Dim& b = right.shape[right.shape.size() - k];
    if (a == b || a == Dim(1) || b == Dim(1)) continue;
    d.primary.text = fmt::format("{} on the left meets {} on the right, {} from the end", a.text(),
                                 b.text(), k == 1 ? "the first axis" : fmt::format("axis {}", k));
    break;
  }
  add_origins(d, left, right);
  if (left.shape.size() == 1 && right.shape.size() > 1 && right.shape[0] == left.shape[0]) {
    d.help = "a new axis makes the vector a column: `v[:, new]`";
  }
  return d;
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
    const Dim& rows =
        right.shape.size() == 1 ? right.shape[0] : right.shape[right.shape.size() - 2];
    d.primary.text =
        fmt::format("the left side has {} columns, the right side {} {}", left.shape.back().text(),
                    rows.text(), right.shape.size() == 1 ? "entries" : "rows");
  }
  add_origins(d, left, right);
  return d;
}

Diagnostic parts_differ(Span at, const Shape& first, const Shape& other) {
  return error(
      E0204, at,
      fmt::format("parts of shapes that do not fit: {} and {}", shown(first), shown(other)));
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

Diagnostic no_such_axis(Span at, int64_t axis, const Shape& shape) {
  return error(E0207, at, fmt::format("there is no axis {} in {}", axis, shown(shape)),
               shape.empty() ? ""
                             : fmt::format("the axes are 0 to {}, or -{} to -1", shape.size() - 1,
                                           shape.size()));
}

Diagnostic not_a_matrix(Span at, std::string_view what, const Shape& shape) {
  return error(E0208, at, fmt::format("{} needs a matrix, and this is {}", what, shown(shape)));
}

Diagnostic too_many_indices(Span at, size_t given, const Operand& of) {
  Diagnostic d = error(E0209, at, fmt::format("{} indices into {}", given, shown(of.shape)));
  d.secondary = of.origin;
  return d;
}

Diagnostic not_an_index(Span at, const Type& type) {
  return error(E0210, at, fmt::format("an index is needed here, and this is {}", text(type)),
               "declare the input as `index(n)[…]`");
}

Diagnostic index_out_of_range(Span at, int64_t index, int64_t extent) {
  return error(E0211, at, fmt::format("index {} of an axis of {}", index, extent),
               extent == 0 ? "" : fmt::format("the last is {}, or -1", extent - 1));
}

Diagnostic bad_step(Span at) { return error(E0212, at, "the step of a slice can not be 0"); }

Diagnostic not_divisible(Span at, const Dim& extent, int64_t by) {
  return error(
      E0213, at,
      fmt::format("a slice of {} in steps of {} does not come out whole", extent.text(), by));
}

Diagnostic not_a_list(Span at, std::string_view what) {
  return error(E0214, at, fmt::format("{} is needed here", what));
}

Diagnostic reshape_misfit(Span at, const Shape& from, const Shape& to) {
  return error(E0215, at, fmt::format("{} can not become {}", shown(from), shown(to)),
               fmt::format("the first has {} entries", size_of(from).text()));
}

Diagnostic argument_rank(Span at, std::string_view name, const Shape& shape, size_t axes) {
  return error(E0216, at,
               fmt::format("`{}` is to have {} {}, and this is {}", name, axes,
                           axes == 1 ? "axis" : "axes", shown(shape)));
}

Diagnostic argument_extent(Span at, std::string_view name, const Dim& have, const Dim& want) {
  return error(E0217, at,
               fmt::format("an axis of `{}` is to be {}, and this one is {}", name, want.text(),
                           have.text()));
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
    const Dim& rows =
        sides.shape.size() == 1 ? sides.shape[0] : sides.shape[sides.shape.size() - 2];
    d.primary.text =
        fmt::format("the matrix has {} rows, the right side {} {}", matrix.shape.back().text(),
                    rows.text(), sides.shape.size() == 1 ? "entries" : "rows");
  }
  add_origins(d, matrix, sides);
  return d;
}

Diagnostic count_mismatch(Span at, size_t names, size_t values) {
  return error(E0222, at,
               fmt::format("{} names for {} {}", names, values, values == 1 ? "value" : "values"));
}

Diagnostic negative_extent(Span at, int64_t extent) {
  return error(E0223, at, fmt::format("an axis can not have {} entries", extent));
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

Diagnostic undefined(Span at, std::string_view name, std::string_view near) {
  return error(E0301, at, fmt::format("`{}` is not defined", name), did_you_mean(near));
}

Diagnostic defined_behind(Span at, std::string_view name, Span place) {
  Diagnostic d = error(E0301, at, fmt::format("`{}` is not defined before the function", name),
                       "a function sees what stands before it: move it down");
  d.secondary.push_back({place, "defined here"});
  return d;
}

Diagnostic no_such_parameter(Span at, std::string_view layer, std::string_view name,
                             std::string_view near) {
  return error(E0302, at, fmt::format("`{}` has no parameter `{}`", layer, name),
               did_you_mean(near));
}

Diagnostic not_a_function(Span at) { return error(E0303, at, "this is not a function"); }

Diagnostic too_many_arguments(Span at, std::string_view function, size_t takes) {
  return error(
      E0304, at,
      fmt::format("`{}` takes {} {}", function, takes, takes == 1 ? "argument" : "arguments"));
}

Diagnostic no_such_argument(Span at, std::string_view function, std::string_view name,
                            const std::vector<std::string>& takes) {
  const std::string_view near = closest(name, takes);
  return error(E0305, at, fmt::format("`{}` has no argument `{}`", function, name),
               !near.empty()   ? did_you_mean(near)
               : takes.empty() ? fmt::format("`{}` takes none by name", function)
                               : fmt::format("it takes `{}`", fmt::join(takes, "`, `")));
}

Diagnostic argument_twice(Span at, std::string_view function, std::string_view name) {
  return error(E0350, at, fmt::format("`{}` has its argument `{}` already", function, name));
}

Diagnostic missing_argument(Span at, std::string_view function, std::string_view name) {
  return error(E0306, at, fmt::format("`{}` needs an argument `{}`", function, name));
}

Diagnostic endless_calls(Span at, std::string_view function) {
  return error(E0307, at, fmt::format("`{}` calls itself without end", function));
}

Diagnostic defined_twice(Span at, std::string_view name, Span before) {
  Diagnostic d = error(E0308, at, fmt::format("`{}` is defined twice", name), "", "again here");
  d.secondary.push_back({before, "first here"});
  return d;
}

Diagnostic param_in_function(Span at) {
  return error(E0309, at, "a function can not own parameters",
               "declare it as `layer` instead of `fn`");
}

Diagnostic no_such_initialiser(Span at, std::string_view near) {
  return error(E0310, at, "this is not an initialiser",
               near.empty()
                   ? "there are normal(mean, std), uniform(lo, hi), glorot_normal, glorot_uniform, "
                     "he_normal, he_uniform and orthogonal"
                   : did_you_mean(near));
}

Diagnostic operator_redefined(Span at, std::string_view name) {
  return error(E0311, at, fmt::format("`{}` is an operator of the language", name),
               "choose another name");
}

Diagnostic needs_shape(Span at, std::string_view name) {
  return error(E0313, at, fmt::format("`{}` is drawn at random and needs a shape", name),
               fmt::format("write `{}: [n, m] ~ …`", name));
}

Diagnostic import_unreadable(Span at, std::string_view path) {
  return error(E0314, at, fmt::format("can not read {}", path),
               "a path is relative to the file that the `import` stands in");
}

Diagnostic import_circle(Span at, const std::vector<std::string>& files) {
  std::string way;
  for (const std::string& each : files) way += each + " imports ";
  return error(E0315, at, fmt::format("imports go round in a circle: {}{}", way, files[0]),
               "move what both need to a file of its own");
}

Diagnostic import_clash(Span at, std::string_view name, Span before) {
  Diagnostic d =
      error(E0316, at, fmt::format("this file has a `{}`, and there is one already", name),
            "rename one of them");
  d.secondary.push_back({before, "the other one"});
  return d;
}

Diagnostic no_such_source(Span at, std::string_view near) {
  return error(E0401, at, "this is not a source of data",
               near.empty()
                   ? "there are csv, npy, npz, idx, text, and the generators moons, circles, "
                     "spirals, xor and digits"
                   : did_you_mean(near));
}

Diagnostic no_such_option(Span at, std::string_view name, std::string_view near) {
  return error(E0402, at, fmt::format("there is no option `{}` here", name), did_you_mean(near));
}

Diagnostic no_optimizer(Span at) {
  return error(E0403, at, "this `train` block names no optimizer",
               "add for example `optimizer = adam(rate = 1e-3)`");
}

Diagnostic no_such_optimizer(Span at, std::string_view near) {
  return error(E0404, at, "this is not an optimizer", did_you_mean(near));
}

Diagnostic no_such_loss(Span at, std::string_view name, std::string_view near) {
  return error(E0405, at, fmt::format("there is no loss `{}`", name), did_you_mean(near));
}

Diagnostic no_such_input(Span at, std::string_view name, std::string_view near) {
  return error(E0406, at, fmt::format("there is no input `{}`", name), did_you_mean(near));
}

Diagnostic bad_option(Span at, std::string_view name, std::string_view wants) {
  return error(E0407, at, fmt::format("`{}` is to be {}", name, wants));
}

Diagnostic no_such_precision(Span at) {
  return error(E0408, at, "the precision is `f32` or `f64`");
}

Diagnostic nothing_matches(Span at, std::string_view pattern, std::string_view near) {
  return error(E0409, at, fmt::format("no parameter matches `{}`", pattern), did_you_mean(near));
}

Diagnostic blocks_differ(Span at, std::string_view option, Span other) {
  Diagnostic d = error(E0411, at,
                       fmt::format("`{}` is of the loop that all `train` blocks share, and another "
                                   "block says otherwise",
                                   option),
                       "write it in one of the blocks");
  d.secondary.push_back({other, "said here"});
  return d;
}

Diagnostic patience_alone(Span at) {
  return error(E0412, at, "`patience` watches the validation loss, and nothing is held out",
               "hold a share out: `validation = 0.1`");
}

Diagnostic not_assignable(Span at, std::string_view name) {
  return error(E0410, at, fmt::format("`{}` is no state, so `<-` can not assign to it", name),
               "a definition is written with `=`");
}

Diagnostic not_a_variable(Span at) {
  return error(E0501, at, "a derivative is taken by a name",
               "define the expression first, and write what is differentiated in terms of its name",
               "this is an expression");
}

Diagnostic constant_variable(Span at) {
  return error(E0502, at, "a derivative is taken by a quantity, and this is a constant",
               "a parameter or an input can be varied");
}

Diagnostic variable_not_real(Span at, const Type& type) {
  return error(E0503, at,
               fmt::format("a derivative is taken by real numbers, and this is {}", text(type)));
}

Diagnostic derivative_not_scalar(Span at, std::string_view derivative, const Operand& of) {
  Diagnostic d = error(
      E0504, at, fmt::format("`{}` is of a scalar, and this is {}", derivative, shown(of.shape)));
  if (derivative == "grad") {
    d.help = "`diff` is the derivative of each entry, `jacobian` of all by all";
  } else if (derivative == "hvp") {
    d.help = "`jvp` is along a direction of a tensor";
  }
  d.secondary = of.origin;
  return d;
}

Diagnostic samples_meet(Span at, const Operand& of, const Operand& by, std::vector<Label> where) {
  Diagnostic d = error(
      E0505, at, "`diff` is of values whose sample i depends on sample i of the variable alone");
  if (of.shape.empty()) {
    d.primary.text = "one value depends on all samples of the variable";
    d.help = "`grad` is the derivative of a scalar";
  } else {
    d.primary.text = by.shape.empty() ? "all samples depend on one value of the variable"
                                      : "its samples depend on other samples of the variable";
    d.help = "`jacobian` is the derivative of every entry by every entry";
  }
  d.secondary = std::move(where);
  add_origins(d, of, by);
  return d;
}

Diagnostic random_remains(Span at, std::string_view name, std::string_view command) {
  return error(E0601, at, fmt::format("`{}` is random, and {} is not", name, command),
               "leave it to training: `if training then … else …`");
}

Diagnostic shadows_prelude(Span at, std::string_view name) {
  return error(W0101, at, fmt::format("`{}` takes the place of the prelude's", name));
}

Diagnostic unused_parameter(Span at, std::string_view name) {
  return error(W0102, at, fmt::format("no loss depends on the parameter `{}`", name));
}

}  // namespace gradus::errors
