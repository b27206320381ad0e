#include "compiler/formula/derive.h"

#include <catch2/catch.hpp>

#include "tests/formula/models.h"

namespace gradus {
namespace {

using formula::Format;
using test::ModelBuilder;

TEST_CASE("numbers a sample: the worked example", "[derive]") {
  ModelBuilder m = test::two_neurons();
  m.simplify();
  CHECK(m.derive() ==
        "∂J/∂w₁ = 1/batch · Σ (ŷ − y)·w₂·a₁(1 − a₁)·x\n"
        "∂J/∂w₂ = 1/batch · Σ (ŷ − y)·a₁\n");
  CHECK(m.derive({.raw = true}) ==
        "δ₂ = 1/batch · ((1 − y)/(1 − ŷ) − y/ŷ)·ŷ(1 − ŷ)\n"
        "∂J/∂w₁ = Σ δ₂·w₂·a₁(1 − a₁)·x\n"
        "∂J/∂w₂ = Σ δ₂·a₁\n");
  CHECK(m.derive({.format = Format::latex}) ==
        "\\frac{\\partial J}{\\partial w_{1}} &= \\frac{1}{\\mathit{batch}} \\, \\sum "
        "\\left(\\hat{y} - y\\right) \\, w_{2} \\, a_{1}\\left(1 - a_{1}\\right) \\, x \\\\\n"
        "\\frac{\\partial J}{\\partial w_{2}} &= \\frac{1}{\\mathit{batch}} \\, \\sum "
        "\\left(\\hat{y} - y\\right) \\, a_{1}\n");
  CHECK(m.derive({.inline_definitions = true}) ==
        "∂J/∂w₁ = 1/batch · Σ (σ(w₂·σ(w₁·x)) − y)·w₂·σ(w₁·x)(1 − σ(w₁·x))·x\n"
        "∂J/∂w₂ = 1/batch · Σ (σ(w₂·σ(w₁·x)) − y)·σ(w₁·x)\n");
}

TEST_CASE("vectors and matrices: ridge and logistic regression", "[derive]") {
  const Dim features = Dim::named("features");
  ModelBuilder ridge;
  {
    ModelBuilder& m = ridge;
    const Value X = m.input("X", {m.batch, features});
    const Value y = m.input("y", {m.batch});
    const Value w = m.param("w", {features});
    const Value b = m.param("b");
    const Value yhat = m.define("yhat", m.add(m.matmul(X, w), b));
    const Value penalty = m.mul(m.graph.symbol("lambda", 0.1), m.sum(m.square(w)));
    m.finish("J", m.add(m.mean(m.square(m.sub(yhat, y))), penalty));
  }
  CHECK(ridge.simplify().derive() ==
        "∂J/∂w = 2·λ·w + 2/batch · Xᵀ·(ŷ − y)\n"
        "∂J/∂b = 2/batch · Σ (ŷ − y)\n");

  ModelBuilder logistic;
  {
    ModelBuilder& m = logistic;
    const Value X = m.input("X", {m.batch, features});
    const Value y = m.input("y", {m.batch});
    const Value w = m.param("w", {features});
    const Value p = m.define("p", m.map(Op::sigmoid, {m.matmul(X, w)}));
    const Value one = m.number(1);
    m.finish("J",
             m.neg(m.mean(m.add(m.mul(y, m.log(p)), m.mul(m.sub(one, y), m.log(m.sub(one, p)))))));
  }
  CHECK(logistic.simplify().derive() == "∂J/∂w = Xᵀ·(p − y)/batch\n");
}

TEST_CASE("adjoints that several derivatives need are named, once", "[derive]") {
  ModelBuilder m;
  const Value X = m.input("X", {m.batch, 6});
  const Value Y = m.input("Y", {m.batch, 3});
  const Value W1 = m.param("W1", {6, 8});
  const Value b1 = m.param("b1", {8});
  const Value W2 = m.param("W2", {8, 7});
  const Value b2 = m.param("b2", {7});
  const Value W3 = m.param("W3", {7, 3});
  const Value h1 = m.define("h1", m.map(Op::max, {m.number(0), m.add(m.matmul(X, W1), b1)}));
  const Value h2 = m.define("h2", m.map(Op::tanh, {m.add(m.matmul(h1, W2), b2)}));
  const Value o = m.define("o", m.matmul(h2, W3));
  m.finish("J", m.mean(m.square(m.sub(o, Y))));
  m.simplify();
  CHECK(m.derive() ==
        "u₁ = 2/(3·batch) · (((o − Y)·W₃ᵀ) ⊙ (1 − h₂²))\n"
        "u₂ = (u₁·W₂ᵀ) ⊙ [X·W₁ + b₁ > 0]\n"
        "∂J/∂W₁ = Xᵀ·u₂\n"
        "∂J/∂b₁ = 1ᵀ·u₂\n"
        "∂J/∂W₂ = h₁ᵀ·u₁\n"
        "∂J/∂b₂ = 1ᵀ·u₁\n"
        "∂J/∂W₃ = 2/(3·batch) · h₂ᵀ·(o − Y)\n");
  m.wanted = {m.wanted[3]};
  CHECK(m.derive() == "∂J/∂b₂ = 2/(3·batch) · 1ᵀ·(((o − Y)·W₃ᵀ) ⊙ (1 − h₂²))\n");
}

TEST_CASE("labels are one-hot matrices", "[derive]") {
  ModelBuilder m;
  Graph& g = m.graph;
  const Value X = m.input("X", {m.batch, 5});
  const Value label = m.label("label", {m.batch}, 4);
  const Value W = m.param("W", {5, 4});
  const Value z = m.define("logits", m.matmul(X, W));
  const Shape wide = {m.batch, 4};
  const Value hot =
      g.map(Op::eq, {g.broadcast(label, wide, {0}), g.broadcast(g.iota(4), wide, {1})});
  const Value picked =
      g.map(Op::select, {hot, g.normalise(Op::log_softmax, z, {1}), g.constant(0)});
  m.finish("J", m.neg(m.mean(g.reduce(Op::reduce_sum, picked, {1}))));
  CHECK(m.derive({.raw = true}) ==
        "u₁ = −one_hot(label, 4)/batch\n"
        "∂J/∂W = Xᵀ·(u₁ − diag(u₁·1)·softmax(logits))\n");
}

TEST_CASE("what has no matrix notation is written entry by entry", "[derive]") {
  ModelBuilder m;
  Graph& g = m.graph;
  const Value X = m.input("X", {m.batch, 6});
  const Value W = m.param("W", {6, 4});
  const Value z = m.define("z", m.matmul(X, W));
  const Value a = m.define("a", g.reduce(Op::reduce_max, z, {1}));
  const Value l = m.define("l", g.reduce(Op::logsumexp, z, {0}));
  const Value q = m.define("q", g.reduce(Op::reduce_prod, z, {1}));
  const Value e = m.define("e", g.cumsum(z, {1, false, false}));
  const Value r = g.reduce(Op::norm, z, {0, 1});
  m.finish("J", m.add(m.add(m.mean(a), m.sum(l)), m.add(m.add(m.sum(q), m.mean(e)), r)));
  CHECK(m.derive({.raw = true}) ==
        "δ_z[n, i] = z[n, i]/‖z‖ + Σ_{j in 0..4} 1/(4·batch) · [j ≥ i] + ∏_{j ≠ i} "
        "z[n, j] + "
        "softmax(z, axis = 0)[n, i] + [z[n, i] = a[n]]/(batch · Σⱼ [z[n, j] = a[n]])\n"
        "∂J/∂W = Xᵀ·δ_z\n");
}

TEST_CASE("slices, flips, paddings and concatenations", "[derive]") {
  ModelBuilder m;
  Graph& g = m.graph;
  const Dim b = m.batch;
  const Value X = m.input("X", {b, 6});
  const Value w = m.param("w", {6});
  const Value z = m.define("z", m.mul(X, w));
  const auto view = [&](Shape shape, const Affine& second, std::optional<double> fill = {}) {
    return g.view(z, {std::move(shape), {Affine::axis(0), second}, fill});
  };
  const Value first = m.define("first", view({b, 3}, Affine::axis(1)));
  const Value odd = m.define("odd", view({b, 3}, Affine::axis(1, 2, 1)));
  const Value both = m.define("both", g.concat({first, odd}, 1));
  const Value padded = m.define("padded", view({b, 8}, Affine::axis(1, 1, -1), 0.0));
  const Value flipped = m.define("flipped", view({b, 6}, Affine::axis(1, -1, 5)));
  const Value last = m.define("last", view({b}, Affine::at(5)));
  m.finish("J", m.add(m.add(m.sum(m.mul(both, both)), m.sum(m.mul(padded, padded))),
                      m.add(m.sum(m.mul(flipped, z)), m.sum(m.mul(last, last)))));
  CHECK(m.derive({.raw = true}) ==
        "δ_both = both + both\n"
        "δ_z[n, i] = flipped[n, i] + (last[n] + last[n])·[i = 5] + z[n, 5 − i] + "
        "padded[n, i + 1] + padded[n, i + 1] + Σ_{j in 0..3} δ_both[n, j + 3]·[2·j + 1 = i] + "
        "(if i < 3 then δ_both[n, i] else 0)\n"
        "∂J/∂w = 1ᵀ·(δ_z ⊙ X)\n");
}

TEST_CASE("gathers are read at their index, and scattered through one-hot matrices", "[derive]") {
  ModelBuilder m;
  Graph& g = m.graph;
  const Value user = m.label("user", {m.batch}, 7);
  const Value item = m.label("item", {m.batch}, 5);
  const Value rating = m.input("rating", {m.batch});
  const Value U = m.param("U", {7, 3});
  const Value V = m.param("V", {5, 3});
  const Value c = m.param("c", {5});
  const Value dot =
      g.reduce(Op::reduce_sum, m.mul(g.gather(U, user, 0), g.gather(V, item, 0)), {1});
  const Value r = m.define("r", m.add(dot, g.gather(c, item, 0)));
  const Value e = m.define("e", m.sub(r, rating));
  m.finish("J", m.sum(m.mul(e, e)));
  CHECK(m.derive({.raw = true}) ==
        "δₑ = e + e\n"
        "∂J/∂U = one_hot(user, 7)ᵀ·diag(δₑ)·V[item]\n"
        "∂J/∂V = one_hot(item, 5)ᵀ·diag(δₑ)·U[user]\n"
        "∂J/∂c = one_hot(item, 5)ᵀ·δₑ\n");
}

TEST_CASE("convolutions and batched products are sums over indices", "[derive]") {
  ModelBuilder m;
  Graph& g = m.graph;
  const Value X = m.input("X", {m.batch, 9});
  const Value K = m.param("K", {3});
  const Affine window{{{1, 1}, {2, 1}}, 0};
  const Value z = m.define(
      "z",
      g.contract({X, K}, {{m.batch, 7, 3}, 2, {{Affine::axis(0), window}, {Affine::axis(2)}}}));
  m.wanted.push_back({"X", X, {}});
  m.finish("J", m.sum(m.mul(z, z)));
  CHECK(m.derive({.raw = true}) ==
        "δ_z = z + z\n"
        "∂J/∂K[i] = Σ_{n, j} X[n, i + j]·δ_z[n, j]\n"
        "∂J/∂X[n, i] = Σⱼ δ_z[n, i − j]·K[j]\n");
}

TEST_CASE("broadcasts along rows, and along columns that are kept", "[derive]") {
  ModelBuilder m;
  Graph& g = m.graph;
  const Value X = m.input("X", {m.batch, 4});
  const Value gamma = m.param("gamma", {4});
  const Value s = m.param("s", {m.batch});
  const Value mu =
      m.define("mu", m.div(g.reshape(g.reduce(Op::reduce_sum, X, {1}), {m.batch, 1}), m.number(4)));
  const Value u = m.define("u", m.sub(X, g.broadcast(mu, {m.batch, 4})));
  const Value v = m.define("v", m.mul(u, gamma));
  const Value t = m.define("t", m.mul(v, g.broadcast(s, {m.batch, 4}, {0})));
  m.finish("J", m.sum(m.map(Op::exp, {t})));
  m.wanted.push_back({"X", X, gradient(g, m.subject.loss.value, std::vector<Value>{X})[0]});
  CHECK(m.derive() ==
        "∂J/∂γ = (exp(t) ⊙ u)ᵀ·s\n"
        "∂J/∂s = (exp(t) ⊙ v)·1\n"
        "∂J/∂X = diag(s)·exp(t)·diag(γ) − ((exp(t)·γ) ⊙ s)·1ᵀ/4\n");
}

TEST_CASE("lines are wrapped on a terminal alone", "[derive]") {
  ModelBuilder m = test::two_neurons();
  m.simplify();
  CHECK(m.derive({.width = 30}) ==
        "∂J/∂w₁ = 1/batch · Σ (ŷ −\n"
        "  y)·w₂·a₁(1 − a₁)·x\n"
        "∂J/∂w₂ = 1/batch · Σ (ŷ −\n"
        "  y)·a₁\n");
}

TEST_CASE("a LaTeX document has its frame", "[derive]") {
  ModelBuilder m = test::two_neurons();
  m.simplify();
  const std::string page = m.derive({.format = Format::latex, .document = true});
  CHECK(page.find("\\documentclass") == 0);
  CHECK(page.find("\\begin{align*}\n\\frac{\\partial J}{\\partial w_{1}} &=") != std::string::npos);
  const std::string end = "a_{1}\n\\end{align*}\n\\end{document}\n";
  CHECK(page.substr(page.size() - end.size()) == end);
}

}  // namespace
}  // namespace gradus
