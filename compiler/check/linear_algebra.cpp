#include <fmt/format.h>

#include "compiler/check/checker.h"

// Linear algebra on the last two axes.
namespace gradus::checking {

// The shape of a value whose last two axes are equal.
Shape Checker::square(Value matrix, std::string_view what, Span at) {
  const Shape shape = graph().shape(matrix);
  if (shape.size() < 2) fail(errors::not_a_matrix(at, fmt::format("`{}`", what), shape));
  if (shape.back() != shape[shape.size() - 2]) fail(errors::not_square(at, what, shape));
  return shape;
}

Thing Checker::of_matrix(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Value x = real(*given.thing, given.span);
  square(x, name, given.span);
  static const std::map<std::string, Op> ops = {{"inv", Op::inv},
                                                {"det", Op::det},
                                                {"adjugate", Op::adjugate},
                                                {"logdet", Op::logdet},
                                                {"cholesky", Op::cholesky}};
  return {Tensor{graph().linear_algebra(ops.at(name), {x})}};
}

// The leading axes of both broadcast; b is a vector where A has none.
Thing Checker::solve(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& left = needed(arguments, 0, "a", name, at);
  const Argument& right = needed(arguments, 1, "b", name, at);
  const Value a = real(*left.thing, left.span);
  const Value b = real(*right.thing, right.span);
  const Shape matrix = square(a, name, left.span);
  const Shape sides = graph().shape(b);
  const bool is_vector = sides.size() == 1 && matrix.size() == 2;
  const size_t rows = is_vector ? 0 : sides.size() - 2;
  if ((!is_vector && sides.size() < 2) || sides[rows] != matrix.back()) {
    fail(errors::solve_mismatch(at, operand(a, left.span), operand(b, right.span)));
  }
  if (is_vector) return {Tensor{graph().linear_algebra(Op::solve, {a, b})}};
  const errors::Operand batch_a{left.span, Shape(matrix.begin(), matrix.end() - 2), {}};
  const errors::Operand batch_b{right.span, Shape(sides.begin(), sides.end() - 2), {}};
  const Shape batch = broadcast_shape(batch_a, batch_b, at, "`solve`");
  const auto whole = [&](Value x, const Shape& own) {
    Shape shape = batch;
    shape.insert(shape.end(), own.end() - 2, own.end());
    return graph().broadcast(x, shape);
  };
  return {Tensor{graph().linear_algebra(Op::solve, {whole(a, matrix), whole(b, sides)})}};
}

}  // namespace gradus::checking
