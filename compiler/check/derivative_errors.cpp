#include "compiler/check/error_codes.h"

// Mistakes in derivatives, those that the program says itself among them.
namespace gradus::errors {

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
  return from(std::move(d), of);
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
  return from(from(std::move(d), of), by);
}

Diagnostic override_apart(Span at, std::string_view function) {
  return error(E0506, at,
               fmt::format("the derivative of `{}` must follow the function directly", function),
               "only an `fn` has a derivative of its own; write it on the next line");
}

Diagnostic override_inputs(Span at, std::string_view function, size_t inputs, size_t takes) {
  return error(
      E0507, at,
      fmt::format("`{}` takes {} arguments, and its derivative {}", function, takes, inputs),
      "the derivative has the inputs of the function, `;`, then the adjoint of its result");
}

Diagnostic override_results(Span at, std::string_view function, size_t results, size_t takes) {
  return error(E0507, at,
               fmt::format("`{}` takes {} arguments, and its derivative gives {} {}", function,
                           takes, results, results == 1 ? "adjoint" : "adjoints"),
               "one for each input, in order; 0 for an input that none flows to");
}

Diagnostic override_adjoint(Span at, std::string_view input, const Shape& adjoint,
                            const Shape& shape) {
  return error(E0508, at,
               fmt::format("the adjoint of `{}` is {}, which does not fit {}", input,
                           shown(adjoint), shown(shape)),
               "an input that was repeated along an axis collects the `sum` over it");
}

Diagnostic override_result(Span at, std::string_view function, std::string_view what) {
  return error(
      E0509, at,
      fmt::format("the derivative of `{}` is overridden, and its result is {}", function, what));
}

Diagnostic independent(Span at, const Operand& of, std::string_view shared) {
  return from(
      error(W0104, at, "the derivative is 0: what is differentiated is written without this",
            fmt::format("it reads `{}` directly; write it with the name that the derivative is by",
                        shared)),
      of);
}

}  // namespace gradus::errors
