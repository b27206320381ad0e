#include <fmt/format.h>

#include "compiler/check/error_codes.h"

// Mistakes in the blocks that say how to train, and in what may be trained.
namespace gradus::errors {

Diagnostic no_such_source(Span at, std::string_view near, bool is_path) {
  std::string help = did_you_mean(near);
  if (is_path) {
    help = "say what kind of file it is: `csv(\"iris.csv\")`, or npy, npz, idx, text";
  } else if (near.empty()) {
    help =
        "there are csv, npy, npz, idx, text, and the generators moons, circles, spirals, xor and "
        "digits";
  }
  return error(E0401, at, "this is not a source of data", std::move(help));
}

Diagnostic missing_path(Span at, std::string_view source) {
  return error(E0306, at, fmt::format("`{}` needs the path of a file", source),
               fmt::format("a path stands first, in double quotes: `{}(\"file\")`", source));
}

Diagnostic no_such_option(Span at, std::string_view name, std::string_view near) {
  return error(E0402, at, fmt::format("there is no option `{}` here", name), did_you_mean(near));
}

Diagnostic no_optimizer(Span at) {
  return error(E0403, at, "this `train` block names no optimizer",
               "add for example `optimizer = adam(rate = 1e-3)`");
}

Diagnostic no_such_optimizer(Span at, std::string_view near, std::string_view quoted) {
  return error(E0404, at, "this is not an optimizer",
               quoted.empty() ? did_you_mean(near)
                              : fmt::format("it is called, without quotes: `{}()`", quoted));
}

Diagnostic no_such_loss(Span at, std::string_view name, std::string_view near, bool any) {
  return error(E0405, at, fmt::format("there is no loss `{}`", name),
               any ? did_you_mean(near)
                   : fmt::format("declare what is minimised: `loss {} = mean(…)`", name));
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
  return beside(
      error(E0411, at,
            fmt::format("`{}` is of the loop that all `train` blocks share, and another block says "
                        "otherwise",
                        option),
            "write it in one of the blocks"),
      other, "said here");
}

Diagnostic patience_alone(Span at) {
  return error(E0412, at, "`patience` watches the validation loss, and nothing is held out",
               "hold a share out: `validation = 0.1`");
}

Diagnostic not_assignable(Span at, std::string_view name, const std::string& compared) {
  return error(E0410, at, fmt::format("`{}` is no state, so `<-` can not assign to it", name),
               compared.empty() ? "a definition is written with `=`"
                                : fmt::format("a comparison has a space: `{}`", compared));
}

Diagnostic random_remains(Span at, std::string_view name, std::string_view command) {
  return error(E0601, at, fmt::format("`{}` is random, and {} is not", name, command),
               "leave it to training: `if training then … else …`");
}

Diagnostic unused_parameter(Span at, std::string_view name) {
  return error(W0102, at, fmt::format("no loss depends on the parameter `{}`", name));
}

}  // namespace gradus::errors
