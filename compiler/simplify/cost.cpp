#include "compiler/simplify/cost.h"

#include <algorithm>
#include <cmath>

namespace gradus::rewriting {
namespace {

// Where a node stands below the value that is measured.
enum class Place : uint8_t { front, in_product, in_sum };

class Measuring {
 public:
  Measuring(Rewriter& rewriter, Value root, const std::vector<Value>& atoms)
      : rewriter_(rewriter), root_(root), atoms_(atoms) {}

  void visit(Value value, Place place) {
    if (contains(atoms_, value) || (value != root_ && rewriter_.is_named(value))) return;
    const Node& node = rewriter_[value];
    if (node.op == Op::view) {
      if (as_broadcast(rewriter_.graph, value)) visit(node.operands[0], Place::in_product);
      return;
    }
    if (!is_arithmetic(node.op)) return;
    const bool is_new = !contains(seen_, value);
    if (is_new) {
      seen_.push_back(value);
      result.cost += cost_of(node) * volume(node.type.shape);
    }
    const auto [left, right] = places(node, place);
    if (is_new && left == place && place != Place::front && is_front(node, place)) {
      ++result.misplaced;
    }
    visit(node.operands[0], left);
    if (node.operands.size() > 1) visit(node.operands[1], right);
  }

  Measure result;

 private:
  static bool contains(const std::vector<Value>& values, Value value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  }

  static bool is_arithmetic(Op op) {
    return op == Op::neg || op == Op::add || op == Op::sub || op == Op::mul || op == Op::div ||
           op == Op::pow;
  }

  bool is_constant(Value value) const { return rewriter_.facts[value].constant; }

  // A sign or a constant factor: misplaced inside of a product, and a sign also inside of a sum.
  bool is_front(const Node& node, Place place) const {
    if (node.op == Op::neg) return true;
    return place == Place::in_product && has_constant(node);
  }

  bool has_constant(const Node& node) const {
    if (node.op == Op::div) return is_constant(node.operands[1]);
    return node.op == Op::mul && (is_constant(node.operands[0]) || is_constant(node.operands[1]));
  }

  std::pair<Place, Place> places(const Node& node, Place place) const {
    if (node.op == Op::neg || has_constant(node)) return {place, place};
    if (node.op == Op::add || node.op == Op::sub) return {Place::in_sum, Place::in_sum};
    return {Place::in_product, Place::in_product};
  }

  double cost_of(const Node& node) const {
    if (node.op == Op::neg) return 0.5;
    if (node.op == Op::pow) {
      const auto power = rewriter_.literal(node.operands[1]);
      if (!power || std::nearbyint(*power) != *power) return 20;
      return (std::fabs(*power) <= 2 ? 1 : 2) + (*power < 0 ? 4 : 0);
    }
    if (node.op != Op::div) return 1;
    // One reciprocal serves all the entries that share the divisor.
    const Value divisor = node.operands[1];
    const bool shared = rewriter_.rank(divisor) < node.type.rank() ||
                        rewriter_.op(divisor) == Op::view || is_constant(divisor);
    return shared ? 1 : 4;
  }

  Rewriter& rewriter_;
  Value root_;
  const std::vector<Value>& atoms_;
  std::vector<Value> seen_;
};

}  // namespace

bool Measure::is_less_than(const Measure& other) const {
  const double tolerance = 1e-9 * (cost + other.cost);
  if (std::fabs(cost - other.cost) > tolerance) return cost < other.cost;
  return misplaced < other.misplaced;
}

Measure measure(Rewriter& rewriter, Value value, const std::vector<Value>& atoms) {
  Measuring measuring(rewriter, value, atoms);
  measuring.visit(value, Place::front);
  return measuring.result;
}

double volume(const Shape& shape) {
  // An axis counts even where its extent is 1, so that a value is cheaper before it is repeated.
  double result = 1 + 0.001 * static_cast<double>(shape.size());
  for (const Dim& dim : shape) {
    const auto number = dim.number();
    result *= number ? static_cast<double>(std::max<int64_t>(*number, 1)) : 64;
  }
  return result;
}

}  // namespace gradus::rewriting
