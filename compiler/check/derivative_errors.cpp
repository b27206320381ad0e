// What can be wrong with derivatives that the program says itself.
#include "compiler/check/error_codes.h"
#include "compiler/check/errors.h"

namespace gradus::errors {

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
  Diagnostic d =
      error(W0104, at, "the derivative is 0: what is differentiated is written without this",
            fmt::format("it reads `{}` directly; write it with the name that the derivative is by",
                        shared));
  d.secondary = of.origin;
  return d;
}

}  // namespace gradus::errors
