#include <catch2/catch.hpp>

#include "compiler/gradient/samples.h"

// What `diff` asks before it sums over samples.
namespace gradus {
namespace {

using Kind = SampleUse::Kind;

struct Model {
  Graph graph;
  Dim batch = Dim::named("batch");
  Value x = graph.leaf(Op::input, "x", {Element::real, {batch, 3}, 0});
  Value w = graph.leaf(Op::param, "w", {Element::real, {3, 2}, 0});

  Value mean() {
    const Value sum = graph.reduce(Op::reduce_sum, x, {0});
    return graph.broadcast(sum, graph.shape(x), {1});
  }
  // x @ w.
  Value product() {
    return graph.contract(
        {x, w}, {{batch, 2, 3},
                 2,
                 {{Affine::axis(0), Affine::axis(2)}, {Affine::axis(2), Affine::axis(1)}}});
  }
  SampleUse use(Value value) { return sample_use(graph, value, x, 0); }
};

}  // namespace

TEST_CASE("samples that stay apart are found along their axis", "[samples]") {
  Model m;
  CHECK(m.use(m.graph.map(Op::sin, {m.x})) == SampleUse{Kind::aligned, 0, {}});
  CHECK(m.use(m.product()) == SampleUse{Kind::aligned, 0, {}});
  CHECK(m.use(m.graph.transpose(m.x, {1, 0})) == SampleUse{Kind::aligned, 1, {}});
  CHECK(m.use(m.graph.reduce(Op::reduce_sum, m.x, {1})) == SampleUse{Kind::aligned, 0, {}});
  CHECK(m.use(m.graph.normalise(Op::softmax, m.x, {1})).kind == Kind::aligned);
  CHECK(m.use(m.w).kind == Kind::none);
}

TEST_CASE("samples that meet are found, and where", "[samples]") {
  Model m;
  const Value centred = m.graph.map(Op::sub, {m.x, m.mean()});
  CHECK(m.use(centred).kind == Kind::mixed);
  CHECK(m.graph[m.use(centred).where].op == Op::reduce_sum);
  CHECK(m.use(m.graph.normalise(Op::softmax, m.x, {0})).kind == Kind::mixed);
  CHECK(m.use(m.graph.cumsum(m.x, {0, false, false})).kind == Kind::mixed);
  const View flipped{
      m.graph.shape(m.x), {Affine::axis(0, -1, m.batch - Dim(1)), Affine::axis(1)}, {}};
  CHECK(m.use(m.graph.view(m.x, flipped)).kind == Kind::mixed);
  // x[i]·x[j]: two samples in one entry.
  const Value pairs = m.graph.contract(
      {m.x, m.x}, {{m.batch, m.batch, 3},
                   2,
                   {{Affine::axis(0), Affine::axis(2)}, {Affine::axis(1), Affine::axis(2)}}});
  CHECK(m.use(pairs).kind == Kind::mixed);
}

TEST_CASE("samples are followed through shapes and loops", "[samples]") {
  Model m;
  const Value folded = m.graph.reshape(m.x, {1, m.batch, 3, 1});
  CHECK(m.use(folded) == SampleUse{Kind::aligned, 1, {}});
  // Σ over the rounds of the entries along an axis, and the entries themselves doubled.
  const auto loop = [&](int axis) {
    const Shape entry = axis == 0 ? Shape{3} : Shape{m.batch};
    const Value each = m.graph.leaf(Op::bound, "each", {Element::real, entry, 0});
    const Value sum = m.graph.leaf(Op::bound, "sum", {Element::real, entry, 0});
    Scan scan;
    scan.rounds = m.graph.shape(m.x)[axis];
    scan.sequences = {{axis, false, false}};
    scan.carries = 1;
    scan.bound = {each, sum};
    scan.next = {m.graph.map(Op::add, {sum, each})};
    scan.yields = {scan.next[0], m.graph.map(Op::add, {each, each})};
    scan.stacked = {{axis, false, false}, {axis, false, false}};
    const Value zeros = m.graph.full(m.graph.constant(0), entry);
    return m.graph.scan({m.x, zeros}, scan);
  };
  const Value over_samples = loop(0);
  CHECK(m.use(m.graph.result(over_samples, 0)).kind == Kind::mixed);
  CHECK(m.use(m.graph.result(over_samples, 1)) == SampleUse{Kind::aligned, 0, {}});
  CHECK(m.use(m.graph.result(over_samples, 2)).kind == Kind::mixed);
  const Value over_features = loop(1);
  CHECK(m.use(m.graph.result(over_features, 0)) == SampleUse{Kind::aligned, 0, {}});
  CHECK(m.use(m.graph.result(over_features, 2)) == SampleUse{Kind::aligned, 0, {}});
}

TEST_CASE("no derivative, no meeting", "[samples]") {
  Model m;
  const Value fixed = m.graph.map(Op::stop_gradient, {m.mean()});
  CHECK(m.use(m.graph.map(Op::sub, {m.x, fixed})).kind == Kind::aligned);
  CHECK(m.use(m.graph.reshape(m.x, {m.batch * Dim(3)})).kind == Kind::unknown);
}

}  // namespace gradus
