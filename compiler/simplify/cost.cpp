#include "compiler/simplify/cost.h"

#include <algorithm>
#include <cmath>

namespace gradus::rewriting {
namespace {

class Costing {
 public:
  Costing(Rewriter& rewriter, Value root, const std::vector<Value>& atoms)
      : rewriter_(rewriter), root_(root), atoms_(atoms) {}

  double of(Value value) {
    if (contains(atoms_, value) || (value != root_ && rewriter_.is_named(value))) return 0;
    const Node& node = rewriter_[value];
    if (as_broadcast(rewriter_.graph, value)) return of(node.operands[0]);
    if (!is_arithmetic(node.op) || contains(seen_, value)) return 0;
    seen_.push_back(value);
    double result = cost_of(node) * volume(node.type.shape);
    for (Value operand : node.operands) result += of(operand);
    return result;
  }

 private:
  static bool contains(const std::vector<Value>& values, Value value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  }

  static bool is_arithmetic(Op op) {
    return op == Op::neg || op == Op::add || op == Op::sub || op == Op::mul || op == Op::div ||
           op == Op::pow;
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
                        rewriter_.op(divisor) == Op::view || rewriter_.facts[divisor].constant;
    return shared ? 1 : 4;
  }

  Rewriter& rewriter_;
  Value root_;
  const std::vector<Value>& atoms_;
  std::vector<Value> seen_;
};

}  // namespace

double cost(Rewriter& rewriter, Value value, const std::vector<Value>& atoms) {
  return Costing(rewriter, value, atoms).of(value);
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
