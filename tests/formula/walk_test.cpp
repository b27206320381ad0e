#include "compiler/formula/walk.h"

#include <catch2/catch.hpp>

#include "tests/formula/models.h"

namespace gradus {
namespace {

using test::ModelBuilder;

// The lines of a walk without the simplification's single steps.
std::string without_steps(const std::string& walk) {
  std::string out;
  size_t begin = 0;
  while (begin < walk.size()) {
    const size_t end = walk.find('\n', begin);
    const std::string line = walk.substr(begin, end - begin);
    if (line.find(" → ") == std::string::npos) out += line + "\n";
    begin = end + 1;
  }
  return out;
}

TEST_CASE("the walk of two neurons retells the worked example", "[walk]") {
  ModelBuilder m = test::two_neurons();
  m.simplify();
  CHECK(without_steps(m.derive({.steps = true})) == R"(# Forward
z₁ = w₁·x
a₁ = σ(z₁)
z₂ = w₂·a₁
ŷ = σ(z₂)
J = −1/batch · Σ (y·log(ŷ) + (1 − y)·log(1 − ŷ))

# Chain for w₂
∂J/∂w₂ = ∂J/∂ŷ · ∂ŷ/∂z₂ · ∂z₂/∂w₂
∂J/∂ŷ = 1/batch · ((1 − y)/(1 − ŷ) − y/ŷ)
∂ŷ/∂z₂ = σ(z₂)(1 − σ(z₂)) = ŷ(1 − ŷ)
∂z₂/∂w₂ = a₁
# Product
∂J/∂w₂ = 1/batch · Σ ((1 − y)/(1 − ŷ) − y/ŷ)·ŷ(1 − ŷ)·a₁
# Simplified
∂J/∂w₂ = 1/batch · Σ (ŷ − y)·a₁

# Chain for w₁
∂J/∂w₁ = ∂J/∂ŷ · ∂ŷ/∂z₂ · ∂z₂/∂a₁ · ∂a₁/∂z₁ · ∂z₁/∂w₁
∂z₂/∂a₁ = w₂
∂a₁/∂z₁ = σ(z₁)(1 − σ(z₁)) = a₁(1 − a₁)
∂z₁/∂w₁ = x
# Product
∂J/∂w₁ = 1/batch · Σ ((1 − y)/(1 − ŷ) − y/ŷ)·ŷ(1 − ŷ)·w₂·a₁(1 − a₁)·x
# Simplified, as before
∂J/∂w₁ = 1/batch · Σ (ŷ − y)·w₂·a₁(1 − a₁)·x
)");
}

TEST_CASE("every simplification is named, and none leads nowhere", "[walk]") {
  ModelBuilder m = test::two_neurons();
  m.simplify();
  const std::string walk = m.derive({.steps = true});
  CHECK(walk.find("# cancel a common factor: ") != std::string::npos);
  CHECK(walk.find("→ ŷ − y (up to rounding)\n") != std::string::npos);

  const Value raw = m.subject.derivation.adjoints.at(m.wanted[0].variable);
  const auto alone = simplify(m.graph, std::vector<Value>{raw});
  CHECK(alone[0] == m.wanted[0].gradient);  // the walk ends in what is compiled
}

TEST_CASE("the derivative is the sum over the paths", "[walk]") {
  ModelBuilder m;
  const Value x = m.input("x", {m.batch});
  const Value y = m.input("y", {m.batch});
  const Value w = m.param("w1");
  const Value u = m.param("u");
  const Value v = m.param("v");
  const Value a = m.define("a1", m.map(Op::tanh, {m.mul(w, x)}));
  const Value z3 = m.define("z3", m.mul(u, a));
  const Value z4 = m.define("z4", m.map(Op::sigmoid, {m.mul(v, a)}));
  const Value yhat = m.define("yhat", m.add(z3, z4));
  m.finish("J", m.mean(m.square(m.sub(yhat, y))));
  m.wanted = {m.wanted[0]};
  m.simplify();
  CHECK(without_steps(m.derive({.steps = true})) == R"(# Forward
a₁ = tanh(w₁·x)
z₃ = u·a₁
z₄ = σ(v·a₁)
ŷ = z₃ + z₄
J = 1/batch · Σ (ŷ − y)²

# Chain for w₁
# The sum over 2 paths
∂J/∂w₁ = ∂J/∂ŷ · ∂ŷ/∂z₃ · ∂z₃/∂a₁ · ∂a₁/∂w₁ + ∂J/∂ŷ · ∂ŷ/∂z₄ · ∂z₄/∂a₁ · ∂a₁/∂w₁
∂J/∂ŷ = 2/batch · (ŷ − y)
∂ŷ/∂z₃ = 1
∂z₃/∂a₁ = u
∂a₁/∂w₁ = x·(1 − tanh(w₁·x)²) = x·(1 − a₁²)
∂ŷ/∂z₄ = 1
∂z₄/∂a₁ = σ(v·a₁)(1 − σ(v·a₁))·v = z₄(1 − z₄)·v
# Product
∂J/∂w₁ = 2/batch · Σ ((ŷ − y)·z₄(1 − z₄)·v + (ŷ − y)·u)·x·(1 − a₁²)
# Simplified
∂J/∂w₁ = 2/batch · Σ (ŷ − y)·(z₄(1 − z₄)·v + u)·x·(1 − a₁²)
)");
}

TEST_CASE("where a factor is no number an entry, it says what becomes of the adjoint", "[walk]") {
  ModelBuilder m;
  const Value X = m.input("X", {m.batch, 6});
  const Value Y = m.input("Y", {m.batch, 3});
  const Value W1 = m.param("W1", {6, 8});
  const Value W2 = m.param("W2", {8, 3});
  const Value h = m.define("h", m.map(Op::tanh, {m.matmul(X, W1)}));
  const Value o = m.define("o", m.matmul(h, W2));
  const Value penalty = m.mul(m.number(0.1), m.sum(m.square(W1)));
  m.finish("J", m.add(m.mean(m.square(m.sub(o, Y))), penalty));
  m.simplify();
  CHECK(without_steps(m.derive({.steps = true})) == R"(# Forward
h = tanh(X·W₁)
o = h·W₂
J = 1/(3·batch) · Σ (o − Y)² + 0.1 · Σ W₁²

# Chain for W₂
∂J/∂W₂ = ∂J/∂o · ∂o/∂W₂
∂J/∂o = 2/(3·batch) · (o − Y)
∂J/∂W₂ = hᵀ · ∂J/∂o
# Product
∂J/∂W₂ = 2/(3·batch) · hᵀ·(o − Y)

# Chain for W₁
# The sum over 2 paths
∂J/∂W₁ = 0.2·W₁ + ∂J/∂o · ∂o/∂h · ∂h/∂W₁
∂J/∂h = ∂J/∂o · W₂ᵀ
# Through h
∂J/∂W₁ = Xᵀ·(∂J/∂h ⊙ (1 − tanh(X·W₁)²)) = Xᵀ·(∂J/∂h ⊙ (1 − h²))
# Product
∂J/∂W₁ = 0.2·W₁ + 2/(3·batch) · Xᵀ·(((o − Y)·W₂ᵀ) ⊙ (1 − h²))
)");
}

TEST_CASE("what the loss does not depend on", "[walk]") {
  ModelBuilder m;
  const Value x = m.input("x", {m.batch});
  m.param("w");
  m.finish("J", m.mean(x));
  m.simplify();
  CHECK(m.derive({.steps = true}) == R"(# Forward
J = 1/batch · Σ x

# Chain for w
# The loss does not depend on it
∂J/∂w = 0
)");
}

TEST_CASE("the walk in LaTeX is lines of align*", "[walk]") {
  ModelBuilder m = test::two_neurons();
  m.simplify();
  const std::string walk = m.derive({.format = formula::Format::latex, .steps = true});
  CHECK(walk.find("\\intertext{\\textbf{Forward}}\nz_{1} &= w_{1} \\, x \\\\\n") == 0);
  CHECK(walk.find("\\intertext{\\textbf{Chain for $\\boldsymbol{w_{2}}$}}\n") != std::string::npos);
  CHECK(walk.find(" && \\text{cancel a common factor, up to rounding} \\\\\n") !=
        std::string::npos);
  CHECK(walk.find("\\hat{y} - y && ") != std::string::npos);
}

}  // namespace
}  // namespace gradus
