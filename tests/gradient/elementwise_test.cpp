#include <catch2/catch.hpp>

#include "tests/gradient/differences.h"

namespace gradus {
namespace {

using differences::Case;
using differences::errors_of;

// The range in which an operator is smooth and does not explode.
std::pair<double, double> domain(Op op) {
  switch (op) {
    case Op::div:
    case Op::div0:
    case Op::ratio:
    case Op::pow:
    case Op::atan2:
    case Op::log:
    case Op::sqrt:
    case Op::lgamma:
    case Op::polygamma:
      return {0.5, 2};
    case Op::log1p:
    case Op::asin:
    case Op::acos:
      return {-0.7, 0.7};
    default:  // NOLINT: the rows of the table are many, and these the exceptions
      return {-1.4, 1.4};
  }
}

}  // namespace

TEST_CASE("elementwise derivatives are those of differences", "[gradient]") {
  for (const Map& row : maps()) {
    if (row.result == Result::boolean || row.op == Op::to_real || row.op == Op::select) continue;
    if (row.op == Op::stop_gradient) continue;  // is to have another derivative
    const bool has_steps =
        row.op == Op::sign || row.op == Op::floor || row.op == Op::ceil || row.op == Op::round;
    Case example{std::string(row.name), {}, {}, domain(row.op).first, domain(row.op).second};
    const bool leads_with_literal = row.op == Op::polygamma;
    const int arity = row.arity - (leads_with_literal ? 1 : 0);
    for (int k = 0; k < arity; ++k) example.shapes.push_back({5});
    example.build = [&](Graph& graph, const std::vector<Value>& x) {
      std::vector<Value> operands = x;
      if (leads_with_literal) operands.insert(operands.begin(), graph.constant(1));
      return graph.map(row.op, operands);
    };
    INFO(row.name);
    const auto errors = errors_of(example);
    CHECK(errors.first < 1e-7);
    CHECK(errors.forward < 1e-12);
    CHECK(errors.batched < 1e-10);
    if (!has_steps) CHECK(errors.second < 1e-6);

    // A scalar among larger operands collects the sum.
    if (arity == 2) {
      for (int scalar : {0, 1}) {
        example.shapes = {{4}, {4}};
        example.shapes[scalar] = {};
        const auto broadcast = errors_of(example, 2);
        CHECK(broadcast.first < 1e-7);
        CHECK(broadcast.forward < 1e-12);
        CHECK(broadcast.second < 1e-6);
      }
    }
  }
}

TEST_CASE("no derivative flows through stop_gradient or into a condition", "[gradient]") {
  Graph graph;
  const Value x = graph.leaf(Op::param, "x", {});
  const Value stopped = graph.map(Op::stop_gradient, {x});
  const Value inputs[] = {x};
  CHECK(gradient(graph, stopped, inputs)[0] == graph.constant(0));
  const Value chosen =
      graph.map(Op::select, {graph.map(Op::lt, {x, graph.constant(1)}), x, stopped});
  const Bindings low{{"x", {Element::real, {}, {0.5}}}};
  const Bindings high{{"x", {Element::real, {}, {1.5}}}};
  const Value derivative = gradient(graph, chosen, inputs)[0];
  CHECK(interpret(graph, derivative, low).entries[0] == 1);
  CHECK(interpret(graph, derivative, high).entries[0] == 0);
}

TEST_CASE("derivatives at kinks are those of the language", "[gradient]") {
  struct Kink {
    Op op;
    std::vector<double> at;
    std::vector<double> expected;
  };
  const Kink kinks[] = {
      {Op::abs, {0}, {0}},         {Op::max, {0, 0}, {1, 0}},     {Op::min, {0, 0}, {1, 0}},
      {Op::max, {1, 2}, {0, 1}},   {Op::min, {1, 2}, {1, 0}},     {Op::div0, {3, 0}, {0, 0}},
      {Op::sqrt, {0}, {INFINITY}}, {Op::pow, {0, 2}, {0, 0}},     {Op::pow, {0, 1}, {1, 0}},
      {Op::pow, {0, 0}, {0, 0}},   {Op::pow, {-2, 3}, {12, NAN}},
  };
  for (const Kink& kink : kinks) {
    Graph graph;
    std::vector<Value> x;
    Bindings leaves;
    for (size_t k = 0; k < kink.at.size(); ++k) {
      const std::string name = "x" + std::to_string(k);
      x.push_back(graph.leaf(Op::param, name, {}));
      leaves[name] = {Element::real, {}, {kink.at[k]}};
    }
    const auto found = gradient(graph, graph.map(kink.op, x), x);
    for (size_t k = 0; k < x.size(); ++k) {
      INFO(name(kink.op) << " by operand " << k);
      const double value = interpret(graph, found[k], leaves).entries[0];
      if (std::isnan(kink.expected[k])) {
        CHECK(std::isnan(value));
      } else {
        CHECK(value == kink.expected[k]);
      }
    }
  }
}

}  // namespace gradus
