// Which matrices are known to be symmetric, and that the transposes of those are left out.

#include "compiler/simplify/symmetry.h"

#include <catch2/catch.hpp>

#include "compiler/simplify/simplify.h"

namespace gradus {
namespace {

struct Model {
  Graph graph;
  Value x = leaf("x", {4, 4});
  Value y = leaf("y", {4, 4});

  Value leaf(const std::string& name, Shape shape) {
    return graph.leaf(Op::input, name, {Element::real, std::move(shape), 0});
  }
  Value turned(Value a) { return graph.transpose(a, {1, 0}); }
  Value times(Value a, Value b) {
    return graph.contract(
        {a, b},
        {{4, 4, 4}, 2, {{Affine::axis(0), Affine::axis(2)}, {Affine::axis(2), Affine::axis(1)}}});
  }
  // a[i, k] over i, j, k, or a[j, k].
  Value spread_over(Value a, int row) {
    return graph.view(a, {{4, 4, 4}, {Affine::axis(row), Affine::axis(2)}, std::nullopt});
  }
  // Σₖ (a[i, k] − b[j, k])^power.
  Value distances(Value a, Value b, double power) {
    const Value difference = graph.map(Op::sub, {spread_over(a, 0), spread_over(b, 1)});
    const Value raised = graph.map(Op::pow, {difference, graph.constant(power)});
    return graph.reduce(Op::reduce_sum, raised, {2});
  }
  Value simple(Value a) { return simplify(graph, std::span(&a, 1))[0]; }
  bool is_symmetric(Value a) {
    Symmetry symmetry(graph);
    return symmetry[simple(a)];
  }
};

TEST_CASE("matrices that are their own transposes", "[simplify]") {
  Model m;
  const Value gram = m.times(m.x, m.turned(m.x));
  CHECK(m.is_symmetric(gram));
  CHECK(m.is_symmetric(m.times(m.turned(m.x), m.x)));
  CHECK(m.is_symmetric(m.graph.linear_algebra(Op::inv, {gram})));
  CHECK(m.is_symmetric(m.graph.map(Op::add, {m.x, m.turned(m.x)})));
  CHECK(m.is_symmetric(m.graph.map(Op::mul, {m.graph.constant(2), gram})));
  CHECK(m.is_symmetric(m.graph.map(Op::exp, {m.distances(m.x, m.x, 2)})));
  CHECK(m.is_symmetric(m.times(m.times(m.x, gram), m.turned(m.x))));
}

TEST_CASE("matrices that only look so", "[simplify]") {
  Model m;
  CHECK_FALSE(m.is_symmetric(m.x));
  CHECK_FALSE(m.is_symmetric(m.times(m.x, m.x)));
  CHECK_FALSE(m.is_symmetric(m.times(m.x, m.turned(m.y))));
  CHECK_FALSE(m.is_symmetric(m.graph.map(Op::sub, {m.x, m.turned(m.x)})));
  CHECK_FALSE(m.is_symmetric(m.distances(m.x, m.x, 3)));
  CHECK_FALSE(m.is_symmetric(m.distances(m.x, m.y, 2)));
  CHECK_FALSE(m.is_symmetric(m.graph.map(Op::add, {m.x, m.turned(m.y)})));
  CHECK_FALSE(m.is_symmetric(m.times(m.times(m.x, m.y), m.turned(m.x))));
}

TEST_CASE("a symmetric matrix is read in one way", "[simplify]") {
  Model m;
  const Value gram = m.times(m.x, m.turned(m.x));
  CHECK(m.simple(m.turned(gram)) == m.simple(gram));
  CHECK(m.simple(m.times(m.turned(gram), m.y)) == m.simple(m.times(gram, m.y)));
  CHECK(m.simple(m.times(m.turned(m.x), m.y)) != m.simple(m.times(m.x, m.y)));
}

}  // namespace
}  // namespace gradus
