#include "compiler/graph/interpret.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace gradus {
namespace {

using Entries = std::vector<double>;

// A graph with one input `x` of these numbers.
struct OneInput {
  Graph graph;
  Bindings leaves;
  Value x;

  OneInput(std::vector<int64_t> shape, Entries entries, Element element = Element::real) {
    x = add("x", std::move(shape), std::move(entries), element);
  }
  Value add(const std::string& name, std::vector<int64_t> shape, Entries entries,
            Element element = Element::real, Dim bound = 0) {
    leaves[name] = {element, shape, std::move(entries)};
    return graph.leaf(Op::input, name, {element, Shape(shape.begin(), shape.end()), bound});
  }
  Array value(Value root) { return interpret(graph, root, leaves); }
  Entries entries(Value root) { return value(root).entries; }
};

TEST_CASE("leaves have the values of their bindings, names, and extents", "[interpret]") {
  Graph graph;
  const Dim n = Dim::named("n");
  const Value w = graph.leaf(Op::param, "w", {Element::real, {n}, 0});
  const Value roots[] = {w,
                         graph.constant(2.5),
                         graph.boolean(true),
                         graph.symbol("rate", 0.1),
                         graph.size(Dim(2) * n + Dim(1)),
                         graph.iota(n)};
  const auto values = interpret(graph, roots, {{"w", {Element::real, {3}, {7, 8, 9}}}});
  CHECK(values[0].entries == Entries{7, 8, 9});
  CHECK(values[1].entries == Entries{2.5});
  CHECK(values[2] == Array{Element::boolean, {}, {1}});
  CHECK(values[3].entries == Entries{0.1});
  CHECK(values[4].entries == Entries{7});
  CHECK(values[5] == Array{Element::index, {3}, {0, 1, 2}});
}

TEST_CASE("elementwise operators stretch scalars", "[interpret]") {
  OneInput in({2, 2}, {1, 2, 3, 4});
  const Value two = in.graph.constant(2);
  CHECK(in.entries(in.graph.map(Op::mul, {in.x, two})) == Entries{2, 4, 6, 8});
  CHECK(in.entries(in.graph.map(Op::sub, {two, in.x})) == Entries{1, 0, -1, -2});
  const Value above = in.graph.map(Op::gt, {in.x, two});
  CHECK(in.value(above) == Array{Element::boolean, {2, 2}, {0, 0, 1, 1}});
  CHECK(in.entries(in.graph.map(Op::select, {above, in.x, two})) == Entries{2, 2, 3, 4});
  CHECK(in.entries(in.graph.map(Op::to_real, {above})) == Entries{0, 0, 1, 1});
}

TEST_CASE("views read by affine maps, and spreads add back", "[interpret]") {
  OneInput in({2, 3}, {1, 2, 3, 4, 5, 6});
  Graph& g = in.graph;
  CHECK(in.entries(g.transpose(in.x, {1, 0})) == Entries{1, 4, 2, 5, 3, 6});
  CHECK(in.entries(g.broadcast(in.x, {2, 2, 3})) == Entries{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  // x[:, ::-2]
  const View flipped{{2, 2}, {Affine::axis(0), Affine::axis(1, -2, 2)}, std::nullopt};
  CHECK(in.entries(g.view(in.x, flipped)) == Entries{3, 1, 6, 4});
  const View padded{{2, 5}, {Affine::axis(0), Affine::axis(1, 1, -1)}, 9.0};
  CHECK(in.entries(g.view(in.x, padded)) == Entries{9, 1, 2, 3, 9, 9, 4, 5, 6, 9});
  const View diagonal{{2}, {Affine::axis(0), Affine::axis(0)}, std::nullopt};
  CHECK(in.entries(g.view(in.x, diagonal)) == Entries{1, 5});

  const View rows{{3}, {Affine::axis(1)}, std::nullopt};
  CHECK(in.entries(g.spread(in.x, rows)) == Entries{5, 7, 9});
  const View cut{{2}, {Affine::axis(1, 1, -1)}, std::nullopt};
  CHECK(in.entries(g.spread(in.x, cut)) == Entries{7, 9});
}

TEST_CASE("reshapes and concatenations keep the order of entries", "[interpret]") {
  OneInput in({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(in.value(in.graph.reshape(in.x, {3, 2})) ==
        Array{Element::real, {3, 2}, {1, 2, 3, 4, 5, 6}});
  CHECK(in.entries(in.graph.concat({in.x, in.x}, 0)).size() == 12);
  const Value column = in.add("y", {2, 1}, {7, 8});
  CHECK(in.value(in.graph.concat({in.x, column}, 1)) ==
        Array{Element::real, {2, 4}, {1, 2, 3, 7, 4, 5, 6, 8}});
}

TEST_CASE("contractions are sums of products", "[interpret]") {
  OneInput in({2, 3}, {1, 2, 3, 4, 5, 6});
  const Value y = in.add("y", {3, 2}, {1, 0, 2, 1, 0, 3});
  const auto i = Affine::axis(0);
  const auto j = Affine::axis(1);
  const auto k = Affine::axis(2);
  CHECK(in.value(in.graph.contract({in.x, y}, {{2, 2, 3}, 2, {{i, k}, {k, j}}})) ==
        Array{Element::real, {2, 2}, {5, 11, 14, 23}});
  // The sum of all squares, and a correlation with [1, 10].
  CHECK(in.entries(in.graph.contract({in.x, in.x}, {{2, 3}, 0, {{i, j}, {i, j}}})) == Entries{91});
  const Value kernel = in.add("k", {2}, {1, 10});
  const Affine window{{{1, 1}, {2, 1}}, 0};
  CHECK(in.value(in.graph.contract({in.x, kernel}, {{2, 2, 2}, 2, {{i, window}, {k}}})) ==
        Array{Element::real, {2, 2}, {21, 32, 54, 65}});
  CHECK(in.entries(in.graph.contract({}, {{2, 3}, 1, {}})) == Entries{3, 3});
}

TEST_CASE("reductions fold axes away", "[interpret]") {
  OneInput in({2, 3}, {1, 5, 3, 4, -2, 4});
  Graph& g = in.graph;
  CHECK(in.entries(g.reduce(Op::reduce_sum, in.x, {1})) == Entries{9, 6});
  CHECK(in.entries(g.reduce(Op::reduce_sum, in.x, {0})) == Entries{5, 3, 7});
  CHECK(in.entries(g.reduce(Op::reduce_sum, in.x, {0, 1})) == Entries{15});
  CHECK(in.entries(g.reduce(Op::reduce_prod, in.x, {1})) == Entries{15, -32});
  CHECK(in.entries(g.reduce(Op::reduce_max, in.x, {1})) == Entries{5, 4});
  CHECK(in.entries(g.reduce(Op::reduce_min, in.x, {0})) == Entries{1, -2, 3});
  CHECK(in.entries(g.reduce(Op::argmax, in.x, {1})) == Entries{1, 0});
  CHECK(in.entries(g.reduce(Op::argmin, in.x, {0})) == Entries{0, 1, 0});
  CHECK(in.entries(g.reduce(Op::norm, in.x, {0}))[0] == Approx(std::sqrt(17)));
  CHECK(in.entries(g.reduce(Op::logsumexp, in.x, {0}))[2] ==
        Approx(std::log(std::exp(3) + std::exp(4))));
  const Value big = g.map(Op::gt, {in.x, g.constant(3)});
  CHECK(in.entries(g.reduce(Op::reduce_any, big, {0})) == Entries{1, 1, 1});
  CHECK(in.entries(g.reduce(Op::reduce_all, big, {0})) == Entries{0, 0, 0});
}

TEST_CASE("reductions of nothing are their identities, and NaN wins", "[interpret]") {
  OneInput empty({0, 2}, {});
  Graph& g = empty.graph;
  CHECK(empty.entries(g.reduce(Op::reduce_sum, empty.x, {0})) == Entries{0, 0});
  CHECK(empty.entries(g.reduce(Op::reduce_prod, empty.x, {0})) == Entries{1, 1});
  CHECK(empty.entries(g.reduce(Op::reduce_max, empty.x, {0})) == Entries{-INFINITY, -INFINITY});
  CHECK(empty.entries(g.reduce(Op::reduce_min, empty.x, {0})) == Entries{INFINITY, INFINITY});
  CHECK(empty.entries(g.reduce(Op::logsumexp, empty.x, {0})) == Entries{-INFINITY, -INFINITY});

  OneInput nan({3}, {1, NAN, 2});
  CHECK(std::isnan(nan.entries(nan.graph.reduce(Op::reduce_max, nan.x, {0}))[0]));
  CHECK(std::isnan(nan.entries(nan.graph.reduce(Op::reduce_min, nan.x, {0}))[0]));
  CHECK(nan.entries(nan.graph.reduce(Op::argmax, nan.x, {0})) == Entries{1});
}

TEST_CASE("softmax and logsumexp do not overflow", "[interpret]") {
  OneInput in({2, 2}, {1000, 1000, -1000, 0});
  Graph& g = in.graph;
  CHECK(in.entries(g.normalise(Op::softmax, in.x, {1})) == Entries{0.5, 0.5, 0, 1});
  CHECK(in.entries(g.normalise(Op::log_softmax, in.x, {1}))[2] == -1000);
  CHECK(in.entries(g.reduce(Op::logsumexp, in.x, {1}))[0] == Approx(1000 + std::log(2)));
  CHECK(in.entries(g.normalise(Op::softmax, in.x, {0})) == Entries{1, 1, 0, 0});
}

TEST_CASE("running sums go both ways and may leave an entry out of its own", "[interpret]") {
  OneInput in({2, 3}, {1, 2, 3, 4, 5, 6});
  Graph& g = in.graph;
  CHECK(in.entries(g.cumsum(in.x, {1, false, false})) == Entries{1, 3, 6, 4, 9, 15});
  CHECK(in.entries(g.cumsum(in.x, {1, true, false})) == Entries{6, 5, 3, 15, 11, 6});
  CHECK(in.entries(g.cumsum(in.x, {1, false, true})) == Entries{0, 1, 3, 0, 4, 9});
  CHECK(in.entries(g.cumsum(in.x, {0, true, true})) == Entries{4, 5, 6, 0, 0, 0});
}

TEST_CASE("gather reads by data and scatter_add adds back", "[interpret]") {
  OneInput in({3, 2}, {1, 2, 3, 4, 5, 6});
  Graph& g = in.graph;
  const Value at = in.add("i", {4}, {2, 0, 2, 1}, Element::index, 3);
  const Value rows = g.gather(in.x, at, 0);
  CHECK(in.value(rows) == Array{Element::real, {4, 2}, {5, 6, 1, 2, 5, 6, 3, 4}});
  CHECK(in.entries(g.scatter_add(rows, at, 0, {3, 2})) == Entries{1, 2, 3, 4, 10, 12});
  const Value columns = in.add("j", {1, 2}, {1, 0}, Element::index, 2);
  CHECK(in.value(g.gather(in.x, columns, 1)) ==
        Array{Element::real, {3, 1, 2}, {2, 1, 4, 3, 6, 5}});

  const Gathering pairs{{3},
                        {Coordinate::said_by(1, {Affine::axis(0, 1, 1)}),
                         Coordinate::said_by(2, {Affine::at(0), Affine::at(1)})}};
  const Value picked = g.gather(in.x, {at, columns}, pairs);
  CHECK(in.entries(picked) == Entries{1, 5, 3});
  CHECK(in.entries(g.scatter_add(picked, {at, columns}, {{3, 2}, pairs.from})) ==
        Entries{1, 0, 3, 0, 5, 0});

  in.leaves["i"].entries = {-1, 3, 0, 0};
  const Entries wild = in.entries(rows);
  CHECK(std::isnan(wild[0]));
  CHECK(std::isnan(wild[3]));
  CHECK(wild[4] == 1);
}

}  // namespace
}  // namespace gradus
