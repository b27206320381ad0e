#include <catch2/catch.hpp>

#include "compiler/gradient/gradient.h"
#include "compiler/gradient/jacobian.h"
#include "tests/gradient/differences.h"

namespace gradus {
namespace {

using differences::Case;
using differences::errors_of;

using Values = std::vector<Value>;

// A diagonal that is far from 0, so that no drawn matrix is near a singular one.
Value regular(Graph& graph, Value x) {
  const Shape shape = graph.shape(x);
  const int rank = static_cast<int>(shape.size());
  const Value numbers = graph.iota(shape.back());
  const Value diagonal = graph.map(Op::eq, {graph.broadcast(numbers, shape, {rank - 2}),
                                            graph.broadcast(numbers, shape, {rank - 1})});
  return graph.map(
      Op::add, {x, graph.map(Op::mul, {graph.constant(4), graph.map(Op::to_real, {diagonal})})});
}

Case of(Op op, std::vector<std::vector<int64_t>> shapes) {
  return {std::string(name(op)), std::move(shapes),
          [op](Graph& graph, const Values& x) {
            Values operands = x;
            operands[0] = regular(graph, x[0]);
            return graph.linear_algebra(op, operands);
          },
          -1, 1};
}

TEST_CASE("derivatives of linear algebra are slopes, forward and twice too", "[linear_algebra]") {
  std::vector<Case> cases;
  for (Op op : {Op::inv, Op::det, Op::adjugate, Op::logdet, Op::cholesky}) {
    for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
             {1, 1}, {3, 3}, {2, 3, 3}, {0, 0}, {0, 2, 2}, {2, 0, 0}}) {
      cases.push_back(of(op, {shape}));
    }
  }
  for (const auto& shapes : std::vector<std::vector<std::vector<int64_t>>>{{{1, 1}, {1}},
                                                                           {{3, 3}, {3}},
                                                                           {{3, 3}, {3, 2}},
                                                                           {{2, 3, 3}, {2, 3, 1}},
                                                                           {{0, 0}, {0, 2}},
                                                                           {{2, 2}, {2, 0}}}) {
    cases.push_back(of(Op::solve, shapes));
  }
  for (const Case& each : cases) {
    const auto errors = errors_of(each);
    INFO(each.name << " of rank " << each.shapes[0].size() << " and " << each.shapes[0].back()
                   << " columns");
    CHECK(errors.first < 1e-8);
    CHECK(errors.forward < 1e-12);
    CHECK(errors.second < 1e-7);
  }
}

Array value(Op op, const std::vector<double>& a, const std::vector<double>& b = {}) {
  Graph graph;
  const auto n = static_cast<int64_t>(std::sqrt(static_cast<double>(a.size())));
  Bindings bindings = {{"a", {Element::real, {n, n}, a}}, {"b", {Element::real, {n}, b}}};
  Values operands = {graph.leaf(Op::input, "a", {Element::real, {Dim(n), Dim(n)}, 0})};
  if (op == Op::solve) operands.push_back(graph.leaf(Op::input, "b", {Element::real, {Dim(n)}, 0}));
  return interpret(graph, graph.linear_algebra(op, operands), bindings);
}

TEST_CASE("singular matrices have infinities and NaN, not errors", "[linear_algebra]") {
  const std::vector<double> singular = {1, 2, 2, 4};
  CHECK(value(Op::det, singular).entries[0] == 0);
  CHECK(value(Op::logdet, singular).entries[0] == -INFINITY);
  for (double entry : value(Op::inv, singular).entries) CHECK(!std::isfinite(entry));
  for (double entry : value(Op::solve, singular, {1, 0}).entries) CHECK(!std::isfinite(entry));
  for (double entry : value(Op::cholesky, {1, 2, 2, 1}).entries) CHECK(std::isnan(entry));
}

// The derivatives of det, or the second derivatives, at a matrix.
std::vector<double> slopes(const std::vector<double>& a, int order) {
  Graph graph;
  const auto n = static_cast<int64_t>(std::sqrt(static_cast<double>(a.size())));
  const Value x = graph.leaf(Op::param, "a", {Element::real, {Dim(n), Dim(n)}, 0});
  const Value det = graph.linear_algebra(Op::det, {x});
  const Value first = gradient(graph, det, std::span(&x, 1))[0];
  const Value wanted = order == 1 ? first : hessian(graph, det, x);
  std::vector<double> entries =
      interpret(graph, wanted, {{"a", {Element::real, {n, n}, a}}}).entries;
  for (double& each : entries) each = std::round(each * 1e12) / 1e12;
  return entries;
}

TEST_CASE("determinants of singular matrices have derivatives", "[linear_algebra]") {
  CHECK(slopes({1, 2, 2, 4}, 1) == std::vector<double>{4, -2, -2, 1});
  CHECK(slopes({1, 2, 3, 4, 5, 6, 7, 8, 9}, 1) ==
        std::vector<double>{-3, 6, -3, 6, -12, 6, -3, 6, -3});
  CHECK(slopes(std::vector<double>(16, 1.0), 1) == std::vector<double>(16, 0.0));
  CHECK(slopes({0}, 1) == std::vector<double>{1});
  CHECK(slopes({1, 2, 2, 4}, 2) ==
        std::vector<double>{0, 0, 0, 1, 0, 0, -1, 0, 0, -1, 0, 0, 1, 0, 0, 0});
  // ∂²det/∂a₀₀∂a₁₁ is a₂₂.
  CHECK(slopes({0, 0, 0, 0, 0, 0, 0, 0, 7}, 2)[4] == 7);
}

TEST_CASE("a permutation has its sign", "[linear_algebra]") {
  CHECK(value(Op::det, {0, 1, 0, 0, 0, 1, 1, 0, 0}).entries[0] == 1);
  CHECK(value(Op::det, {0, 1, 1, 0}).entries[0] == -1);
  CHECK(value(Op::logdet, {0, 1, 1, 0}).entries[0] == 0);
  CHECK(value(Op::cholesky, {4, 2, 0, 3}).entries ==
        std::vector<double>{2, 0, 0.5, std::sqrt(2.75)});
}

}  // namespace
}  // namespace gradus
