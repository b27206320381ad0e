#include <catch2/catch.hpp>
#include <functional>

#include "compiler/gradient/gradient.h"
#include "compiler/graph/print.h"
#include "compiler/graph/verify.h"
#include "compiler/simplify/simplify.h"
#include "tests/simplify/expression.h"

// The cross-entropies as users spell them: in every spelling the gradient is p − y, with p as the
// user named it, and nothing of it can overflow.
namespace gradus {
namespace {

using namespace expression;  // NOLINT(google-build-using-namespace)

struct Probability {
  std::string text;
  std::function<E(E z)> of;
};
struct Loss {
  std::string text;
  std::function<E(E y, E p)> of;
};

const Dim n = Dim::named("batch");
const Dim d = Dim::named("features");

const std::vector<Probability> sigmoids = {
    {"sigmoid(z)", [](E z) { return sigmoid(z); }},
    {"1 / (1 + exp(-z))", [](E z) { return 1 / (1 + exp(-z)); }},
    {"1 / (exp(-z) + 1)", [](E z) { return 1 / (exp(-z) + 1); }},
    {"exp(z) / (1 + exp(z))", [](E z) { return exp(z) / (1 + exp(z)); }},
    {"e / (1 + e)",
     [](E z) {
       const E e = exp(z).named("e");
       return e / (1 + e);
     }},
    {"1 - 1 / (1 + exp(z))", [](E z) { return 1 - 1 / (1 + exp(z)); }},
    {"(1 + e)^-1",
     [](E z) {
       const E e = exp(-z).named("e");
       return pow((1 + e).named("s"), -1);
     }},
    {"exp(-softplus(-z))", [](E z) { return exp(-softplus(-z)); }},
};

const std::vector<Loss> binary = {
    {"mean(-(y * log(p) + (1 - y) * log(1 - p)))",
     [](E y, E p) { return mean(-(y * log(p) + (1 - y) * log(1 - p))); }},
    {"-mean(y * log(p) + (1 - y) * log(1 - p))",
     [](E y, E p) { return -mean(y * log(p) + (1 - y) * log(1 - p)); }},
    {"-sum(y * log(p) + (1 - y) * log(1 - p)) / n",
     [](E y, E p) { return -sum(y * log(p) + (1 - y) * log(1 - p)) / size(*y.graph, n); }},
    {"mean(-y * log(p) - (1 - y) * log(1 - p))",
     [](E y, E p) { return mean((-y) * log(p) - (1 - y) * log(1 - p)); }},
    {"1/n * sum((y - 1) * log(1 - p) - y * log(p))",
     [](E y, E p) { return 1 / size(*y.graph, n) * sum((y - 1) * log(1 - p) - y * log(p)); }},
    {"-mean(y * log(p)) - mean((1 - y) * log(1 - p))",
     [](E y, E p) { return -mean(y * log(p)) - mean((1 - y) * log(1 - p)); }},
    {"q = 1 - p, mean(-(y * log(p) + (1 - y) * log(q)))",
     [](E y, E p) {
       const E q = (1 - p).named("q");
       return mean(-(y * log(p) + (1 - y) * log(q)));
     }},
    {"mean(y * log(1 / p) + (1 - y) * log(1 / (1 - p)))",
     [](E y, E p) { return mean(y * log(1 / p) + (1 - y) * log(1 / (1 - p))); }},
};

const std::vector<Probability> softmaxes = {
    {"softmax(z)", [](E z) { return softmax(z); }},
    {"exp(z) / sum(exp(z))", [](E z) { return exp(z) / sum(exp(z), 1, true); }},
    {"e / s",
     [](E z) {
       const E e = exp(z).named("e");
       return e / sum(e, 1, true).named("s");
     }},
    {"e * (1 / s)", [](E z) { return exp(z) * (1 / sum(exp(z), 1, true)); }},
    {"exp(z - m) / sum(exp(z - m))",
     [](E z) {
       const E e = exp(z - max(z, 1, true).named("m"));
       return e / sum(e, 1, true);
     }},
    {"exp(z - log(sum(exp(z))))", [](E z) { return exp(z - log(sum(exp(z), 1, true))); }},
    {"exp(log_softmax(z))", [](E z) { return exp(log_softmax(z)); }},
};

const std::vector<Loss> categorical = {
    {"mean(-sum(y * log(p), axis = 1))", [](E y, E p) { return mean(-sum(y * log(p), 1)); }},
    {"-sum(y * log(p)) / n", [](E y, E p) { return -sum(y * log(p)) / size(*y.graph, n); }},
    {"-mean(sum(y * log(p), axis = 1))", [](E y, E p) { return -mean(sum(y * log(p), 1)); }},
    {"mean(sum(-y * log(p), axis = 1))", [](E y, E p) { return mean(sum((-y) * log(p), 1)); }},
    {"mean(sum(y * log(1 / p), axis = 1))", [](E y, E p) { return mean(sum(y * log(1 / p), 1)); }},
};

bool has_op(const Graph& graph, Value root, std::initializer_list<Op> ops) {
  for (Value value : reachable(graph, std::span(&root, 1))) {
    if (std::find(ops.begin(), ops.end(), graph[value].op) != ops.end()) return true;
  }
  return false;
}

// The gradient of the loss by w, recognised and simplified with the loss, and what it must be.
void check(Graph& graph, E loss, E w, E p, E expected) {
  const Value roots[] = {loss, p};
  const std::vector<Value> known = recognise(graph, roots);
  const Value inputs[] = {w};
  const Value raw = gradient(graph, known[0], inputs)[0];
  const Value all[] = {raw, known[0], known[1], expected};
  const std::vector<Value> simple = simplify(graph, all);
  verify(graph, simple);
  CHECK(graph.name(simple[2]) == "p");
  if (simple[0] != simple[3]) {
    FAIL_CHECK(text(graph, std::span(&simple[0], 1)) << "is not\n"
                                                     << text(graph, std::span(&simple[3], 1)));
  }
  CHECK(!has_op(graph, simple[1], {Op::log, Op::exp}));
}

}  // namespace

TEST_CASE("sigmoid with cross-entropy, in any spelling", "[simplify]") {
  for (const Probability& probability : sigmoids) {
    for (const Loss& loss : binary) {
      INFO("p = " << probability.text << ", J = " << loss.text);
      Graph graph;
      const E x = leaf(graph, "x", {n, d});
      const E y = leaf(graph, "y", {n});
      const E w = param(graph, "w", {d});
      const E z = matmul(x, w);
      const E p = probability.of(z).named("p");
      const Contraction product{{d, n}, 1, {{Affine::axis(1), Affine::axis(0)}, {Affine::axis(1)}}};
      const E sum{&graph, graph.contract({x, sigmoid(z) - y}, product)};
      check(graph, loss.of(y, p).named("J"), w, p, sum / size(graph, n));
    }
  }
}

TEST_CASE("softmax with cross-entropy, in any spelling", "[simplify]") {
  for (const Probability& probability : softmaxes) {
    for (const Loss& loss : categorical) {
      for (bool is_label : {false, true}) {
        INFO("p = " << probability.text << ", J = " << loss.text << (is_label ? ", label" : ""));
        Graph graph;
        const E x = leaf(graph, "x", {n, d});
        const E y = is_label ? one_hot(label(graph, "y", 4, {n}), 4) : leaf(graph, "y", {n, 4});
        const E w = param(graph, "w", {d, 4});
        const E z = matmul(x, w).named("z");
        const E p = probability.of(z).named("p");
        const auto at = [](int axis) { return Affine::axis(axis); };
        const Contraction product{{d, 4, n}, 2, {{at(2), at(0)}, {at(2), at(1)}}};
        // Of a distribution nothing says that it sums to 1.
        const E delta = is_label ? softmax(z) - y : softmax(z) * sum(y, 1, true) - y;
        const E sum{&graph, graph.contract({x, delta}, product)};
        check(graph, loss.of(y, p).named("J"), w, p, sum / size(graph, n));
      }
    }
  }
}

}  // namespace gradus
