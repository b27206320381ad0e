#include <catch2/catch.hpp>

#include "tests/gradient/differences.h"

namespace gradus {
namespace {

using differences::Case;
using differences::errors_of;
using Xs = const std::vector<Value>&;

Affine at(int axis, int64_t coefficient = 1, int64_t offset = 0) {
  return Affine::axis(axis, coefficient, offset);
}

void check(std::string name, std::vector<std::vector<int64_t>> shapes, Contraction contraction,
           std::vector<int> operands = {0, 1}) {
  Case example{std::move(name), std::move(shapes), [=](Graph& graph, Xs x) {
                 std::vector<Value> factors;
                 for (int k : operands) factors.push_back(x[k]);
                 return graph.contract(factors, contraction);
               }};
  INFO(example.name);
  const auto errors = errors_of(example);
  CHECK(errors.first < 1e-7);
  CHECK(errors.forward < 1e-12);
  CHECK(errors.batched < 1e-10);
  CHECK(errors.second < 2e-6);
}

}  // namespace

TEST_CASE("adjoints of products of matrices and vectors", "[gradient]") {
  check("matrix product", {{2, 3}, {3, 4}}, {{2, 4, 3}, 2, {{at(0), at(2)}, {at(2), at(1)}}});
  check("by a transpose", {{2, 3}, {4, 3}}, {{2, 4, 3}, 2, {{at(0), at(2)}, {at(1), at(2)}}});
  check("batched", {{2, 3, 2}, {2, 2, 1}},
        {{2, 3, 1, 2}, 3, {{at(0), at(1), at(3)}, {at(0), at(3), at(2)}}});
  check("matrix and vector", {{2, 3}, {3}}, {{2, 3}, 1, {{at(0), at(1)}, {at(1)}}});
  check("inner product", {{3}, {3}}, {{3}, 0, {{at(0)}, {at(0)}}});
  check("outer product", {{3}, {2}}, {{3, 2}, 2, {{at(0)}, {at(1)}}});
  check("three factors", {{2, 3}, {3, 2}, {3}},
        {{2, 2, 3}, 2, {{at(0), at(2)}, {at(2), at(1)}, {at(2)}}}, {0, 1, 2});
  check("with itself", {{2, 3}}, {{2, 2, 3}, 2, {{at(0), at(2)}, {at(1), at(2)}}}, {0, 0});
  check("an index of one factor alone", {{2, 3}, {2}}, {{2, 3}, 1, {{at(0), at(1)}, {at(0)}}});
  check("a scalar factor", {{2, 3}, {}}, {{2, 3}, 1, {{at(0), at(1)}, {}}});
  check("of no entries", {{2, 0}, {0, 3}}, {{2, 3, 0}, 2, {{at(0), at(2)}, {at(2), at(1)}}});
  check("with no rows", {{0, 2}, {2, 3}}, {{0, 3, 2}, 2, {{at(0), at(2)}, {at(2), at(1)}}});
}

TEST_CASE("adjoints of convolutions", "[gradient]") {
  const Affine window{{{0, 1}, {1, 1}}, 0};
  check("in one dimension", {{6}, {3}}, {{4, 3}, 1, {{window}, {at(1)}}});
  check("mirrored", {{6}, {3}}, {{4, 3}, 1, {{{{{0, 1}, {1, -1}}, 2}}, {at(1)}}});
  check("of an inner part", {{8}, {3}}, {{4, 3}, 1, {{{{{0, 1}, {1, 1}}, 1}}, {at(1)}}});
  check("with strides", {{7}, {3}}, {{3, 3}, 1, {{{{{0, 2}, {1, 1}}, 0}}, {at(1)}}});
  check("dilated", {{7}, {3}}, {{3, 3}, 1, {{{{{0, 1}, {1, 2}}, 0}}, {at(1)}}});
  // y[n, o, p, q] = Σ x[n, c, p + u, q + v] K[o, c, u, v]
  check("in two dimensions", {{1, 2, 4, 3}, {2, 2, 2, 2}},
        {{1, 2, 3, 2, 2, 2, 2},
         4,
         {{at(0), at(4), {{{2, 1}, {5, 1}}, 0}, {{{3, 1}, {6, 1}}, 0}},
          {at(1), at(4), at(5), at(6)}}});
  check("with other weights at each place", {{6}, {4, 3}}, {{4, 3}, 1, {{window}, {at(0), at(1)}}});
  check("summed over places", {{6}, {3}}, {{3, 4}, 1, {{window}, {at(0)}}});
}

TEST_CASE("adjoints of odd accesses", "[gradient]") {
  check("a diagonal", {{3, 3}, {3}}, {{3}, 0, {{at(0), at(0)}, {at(0)}}});
  check("one position", {{3, 2}, {2}}, {{2}, 1, {{Affine::at(1), at(0)}, {at(0)}}});
  check("a flip", {{3}, {3}}, {{3}, 0, {{at(0, -1, 2)}, {at(0)}}});
  check("a shift", {{5}, {3}}, {{3}, 1, {{at(0, 1, 2)}, {at(0)}}});
}

}  // namespace gradus
