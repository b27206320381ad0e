#include "compiler/graph/print.h"

#include <catch2/catch.hpp>

namespace gradus {
namespace {

std::string printed(const Graph& graph, Value root) { return text(graph, std::span(&root, 1)); }

TEST_CASE("a graph prints one node a line, from 0 on", "[print]") {
  Graph graph;
  const Dim batch = Dim::named("batch");
  graph.constant(99);  // is not needed and does not count
  const Value w = graph.leaf(Op::param, "w1", {});
  const Value x = graph.leaf(Op::input, "x", {Element::real, {batch}, 0});
  const Value z = graph.map(Op::mul, {w, x});
  graph.set_provenance(z, {"z1", 0, 0, 0});
  const Value y = graph.map(Op::add, {graph.map(Op::sigmoid, {z}), graph.symbol("eps", 1e-5)});
  const Value n = graph.size(batch);
  CHECK(printed(graph, graph.map(Op::div, {y, n})) ==
        "%0 = param w1 : scalar\n"
        "%1 = input x : [batch]\n"
        "%2 = mul %0, %1 : [batch]  # z1\n"
        "%3 = sigmoid %2 : [batch]\n"
        "%4 = symbol eps = 1e-05 : scalar\n"
        "%5 = add %3, %4 : [batch]\n"
        "%6 = size batch : scalar\n"
        "%7 = div %5, %6 : [batch]\n");
}

TEST_CASE("attributes print with their operands", "[print]") {
  Graph graph;
  const Dim n = Dim::named("n");
  const Value x = graph.leaf(Op::input, "x", {Element::real, {n, 4}, 0});
  const Value i = graph.leaf(Op::input, "i", {Element::index, {n}, 4});
  const auto last = [&](Value value) {
    const std::string all = printed(graph, value);
    const size_t begin = all.rfind('\n', all.size() - 2);
    return all.substr(begin + 1, all.size() - begin - 2);
  };
  CHECK(last(i) == "%0 = input i : index(4)[n]");
  CHECK(last(graph.iota(n)) == "%0 = iota n : index(n)[n]");
  const View window{{n - Dim(1), 2}, {Affine{{{0, 1}, {1, 2}}, Dim(-1)}, Affine::at(3)}, 0.5};
  CHECK(last(graph.view(x, window)) == "%1 = view %0[i + 2*j - 1, 3] else 0.5 : [n - 1, 2]");
  const View back{{n}, {Affine::axis(0, -1, n - Dim(1))}, std::nullopt};
  CHECK(last(graph.spread(x, back)) == "%1 = spread %0[-i + n - 1] : [n]");
  CHECK(last(graph.reshape(x, {Dim(4) * n})) == "%1 = reshape %0 : [4*n]");
  CHECK(last(graph.concat({x, x}, 1)) == "%1 = concat %0, %0 along 1 : [n, 8]");
  CHECK(last(graph.cumsum(x, {1, true, true})) ==
        "%1 = cumsum %0 along 1 reverse exclusive : [n, 4]");
  CHECK(last(graph.normalise(Op::softmax, x, {1})) == "%1 = softmax %0 over [1] : [n, 4]");
  CHECK(last(graph.gather(x, i, 1)) == "%2 = gather %0[i, %1[j]] : [n, n]");
  CHECK(last(graph.scatter_add(x, i, 0, {4, 4})) == "%2 = scatter_add %0 into [%1[i], j] : [4, 4]");
  const Gathering two{
      {n}, {Coordinate::said_by(1, {Affine::axis(0)}), Coordinate::affine(Affine::at(2))}};
  CHECK(last(graph.gather(x, {i}, two)) == "%2 = gather %0[%1[i], 2] : [n]");
  CHECK(last(graph.contract(
            {x, x}, {{4, 4, n},
                     2,
                     {{Affine::axis(2), Affine::axis(0)}, {Affine::axis(2), Affine::axis(1)}}})) ==
        "%1 = contract %0[k, i], %0[k, j] over k < n : [4, 4]");
}

}  // namespace
}  // namespace gradus
