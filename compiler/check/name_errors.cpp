#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/check/error_codes.h"
#include "compiler/check/spelling.h"

// Mistakes in names, calls and imports.
namespace gradus::errors {
namespace {

// What a function takes, in order.
std::string taken(std::string_view function, const std::vector<std::string>& takes) {
  if (takes.empty()) return "";
  return fmt::format("`{}` takes `{}`", function, fmt::join(takes, "`, `"));
}

}  // namespace

Diagnostic undefined(Span at, std::string_view name, std::string_view near) {
  return error(E0301, at, fmt::format("`{}` is not defined", name),
               near.empty() ? std::string(foreign_name(name)) : did_you_mean(near));
}

Diagnostic undefined_index(Span at, std::string_view name) {
  return error(
      E0301, at, fmt::format("`{}` is not defined", name),
      fmt::format("an index stands on the left, or a reduction binds it: `sum[{}] …`", name));
}

Diagnostic defined_behind(Span at, std::string_view name, Span place) {
  return beside(error(E0301, at, fmt::format("`{}` is not defined before the function", name),
                      "a function sees what stands before it: move it down"),
                place, "defined here");
}

Diagnostic defined_below(Span at, std::string_view name, Span place) {
  if (place.begin <= at.begin) {
    return beside(error(E0301, at, fmt::format("`{}` is used in its own definition", name),
                        "a value that changes from round to round is carried by `scan` or "
                        "`repeat`; a new value takes a new name"),
                  place, "defined here");
  }
  return beside(error(E0301, at, fmt::format("`{}` is not defined yet", name),
                      "a name is defined before it is used: move its definition up"),
                place, "defined further down, here");
}

Diagnostic looks_defined(Span at, std::string_view name, std::string_view other, Span place) {
  return beside(error(E0301, at, fmt::format("`{}` is not defined", name),
                      fmt::format("`{}` looks the same, and is written with letters of another "
                                  "alphabet: type one of them anew",
                                  other)),
                place, "the one that looks like it");
}

Diagnostic no_such_parameter(Span at, std::string_view layer, std::string_view name,
                             std::string_view near) {
  return error(E0302, at, fmt::format("`{}` has no parameter `{}`", layer, name),
               did_you_mean(near));
}

Diagnostic no_such_part(Span at, std::string_view of, std::string_view what, std::string_view name,
                        std::string help) {
  return error(E0302, at, fmt::format("`{}` is {}, and has no part `{}`", of, what, name),
               std::move(help));
}

Diagnostic not_a_function(Span at, std::string_view name, std::string_view what) {
  std::string help = "a function is passed by its name alone: `act = relu`";
  if (what == "a text") help = "a function is passed by its name, without quotes: `act = relu`";
  if (what == "a loop") help = "layers are called again by their name; a loop has run";
  return error(E0303, at,
               name.empty() ? "this is not a function"
                            : fmt::format("`{}` is {}, not a function", name, what),
               std::move(help));
}

Diagnostic too_many_arguments(Span at, std::string_view function, size_t takes,
                              const std::vector<std::string>& names) {
  const std::string last = takes > 0 && takes <= names.size() ? names[takes - 1] : "";
  std::string help = names.size() > 1 ? taken(function, names) : "";
  if (last == "shape" || last == "axes") {
    help =
        fmt::format("the {} is one list, in brackets: `{}({}[2, 1])`",
                    last == "shape" ? "shape" : "order of axes", function, takes > 1 ? "x, " : "");
  }
  if (function == "normal" || function == "uniform") {
    help += fmt::format("; a parameter is drawn at random by `~`: `param W: [2, 1] ~ {}(0, 1)`",
                        function);
  }
  return error(E0304, at,
               fmt::format("`{}` takes {}", function, counted(takes, "argument", "arguments")),
               std::move(help));
}

Diagnostic axis_by_position(Span at, std::string_view function, const std::string& axes) {
  if (function == "norm") {
    return error(E0304, at, "`norm` takes one tensor, and this stands behind it",
                 "it is the root of the sum of squares; an axis is given by name: "
                 "`norm(x, axis = 0)`");
  }
  return error(E0304, at, fmt::format("`{}` takes one tensor, and this stands behind it", function),
               axes.empty()
                   ? fmt::format("an axis is given by name: `{}(x, axis = 0)`", function)
                   : fmt::format("an axis is given by name: `{}(…, axis = {})`", function, axes));
}

Diagnostic no_such_argument(Span at, std::string_view function, std::string_view name,
                            const std::vector<std::string>& takes) {
  const std::string_view here = foreign_option(name, takes);
  const std::string_view near = here.empty() ? closest(name, takes) : here;
  return error(E0305, at, fmt::format("`{}` has no argument `{}`", function, name),
               !near.empty()   ? did_you_mean(near)
               : takes.empty() ? fmt::format("`{}` takes none by name", function)
                               : taken(function, takes));
}

Diagnostic argument_twice(Span at, std::string_view function, std::string_view name) {
  return error(E0350, at, fmt::format("`{}` has its argument `{}` already", function, name));
}

Diagnostic missing_argument(Span at, std::string_view function, std::string_view name,
                            const std::vector<std::string>& takes) {
  return error(
      E0306, at, fmt::format("`{}` needs an argument `{}`", function, name),
      function == "transpose" ? "the last two axes are swapped by `x'`" : taken(function, takes));
}

Diagnostic missing_operand(Span at, std::string_view derivative, std::string_view what) {
  return error(E0306, at, fmt::format("`{}` needs {}", derivative, what),
               fmt::format("it is written `{}`", derivative == "jvp" || derivative == "hvp"
                                                     ? fmt::format("{}(y, x, v)", derivative)
                                                     : fmt::format("{}(y, x)", derivative)));
}

Diagnostic endless_calls(Span at, std::string_view function) {
  return error(E0307, at, fmt::format("`{}` calls itself without end", function));
}

Diagnostic defined_twice(Span at, std::string_view name, Span before) {
  return beside(error(E0308, at, fmt::format("`{}` is defined twice", name),
                      "a name is defined once: give the second another name", "again here"),
                before, "first here");
}

Diagnostic assigned_by_equals(Span at, std::string_view name, std::optional<Span> before) {
  Diagnostic d = error(E0308, at, fmt::format("`{}` has a value already", name),
                       fmt::format("what changes from step to step is assigned by an arrow: "
                                   "`{} <- …`",
                                   name),
                       "`=` would define it again");
  return before ? beside(std::move(d), *before, "first here") : d;
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
  return beside(
      error(E0316, at, fmt::format("this file has a `{}`, and there is one already", name),
            "rename one of them"),
      before, "the other one");
}

Diagnostic shadows_prelude(Span at, std::string_view name) {
  return error(W0101, at, fmt::format("`{}` takes the place of the prelude's", name));
}

}  // namespace gradus::errors
