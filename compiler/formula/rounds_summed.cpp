// Contractions over the rounds of a scan, as sums over them of products of matrices.

#include <algorithm>
#include <string>

#include "compiler/formula/recurrence.h"
#include "compiler/graph/access.h"

namespace gradus::formula {
namespace {

// The axis of an operand that this index alone runs over, and that no other one depends on.
std::optional<int> axis_over(const std::vector<Affine>& accesses, int index) {
  std::optional<int> found;
  for (size_t k = 0; k < accesses.size(); ++k) {
    if (!uses({accesses[k]}, index)) continue;
    if (found || accesses[k].plain() != index) return std::nullopt;
    found = static_cast<int>(k);
  }
  return found;
}

}  // namespace

// Whether a result of a scan is what is carried into each round, stacked along the axis.
bool Recurrences::is_carried_in(Value result, int axis) const {
  const Node& node = graph_[result];
  if (node.op != Op::result) return false;
  const Scan& scan = scan_of(node.operands[0]);
  const auto number = static_cast<size_t>(std::get<Number>(node.attributes).number);
  if (number >= scan.yields.size() || scan.stacked[number].axis != axis) return false;
  const auto first = scan.bound.begin() + static_cast<long>(scan.sequences.size());
  const auto last = first + scan.carries;
  return std::find(first, last, scan.yields[number]) != last;
}

// The index of the rounds, −1 where there is none.
int Recurrences::summed_round(Value value) const {
  if (graph_[value].op != Op::contract) return -1;
  const auto& of = std::get<Contraction>(graph_[value].attributes);
  for (int index = of.free; index < static_cast<int>(of.extents.size()); ++index) {
    bool is_over_all = true;
    bool is_over_rounds = false;
    for (size_t k = 0; k < of.accesses.size() && is_over_all; ++k) {
      const auto axis = axis_over(of.accesses[k], index);
      const Value operand = graph_[value].operands[k];
      is_over_all = axis && graph_.shape(operand)[*axis] == of.extents[index];
      is_over_rounds = is_over_rounds || (is_over_all && is_carried_in(operand, *axis));
    }
    if (is_over_all && is_over_rounds) return index;
  }
  return -1;
}

Equation Recurrences::sum_over_rounds(Page& page, Value value, const Expr& left) {
  const int summed = summed_round(value);
  const auto of = std::get<Contraction>(graph_[value].attributes);
  const std::vector<Value> operands = graph_[value].operands;
  const auto along = [&](size_t k) { return Along{*axis_over(of.accesses[k], summed)}; };
  // What is read has its equations before an index is taken for this one.
  for (const bool is_carried : {false, true}) {
    for (size_t k = 0; k < operands.size(); ++k) {
      if (is_carried_in(operands[k], along(k).axis) != is_carried) continue;
      element(page, operands[k], along(k), number(0));
    }
  }
  const Expr index = reader_.take_index(of.extents[summed]);

  Contraction inner{of.extents, of.free, {}};
  inner.extents.erase(inner.extents.begin() + summed);
  std::vector<Affine> by;
  for (int k = 0; k < static_cast<int>(of.extents.size()); ++k) {
    by.push_back(Affine::axis(k - (k > summed ? 1 : 0)));
  }
  std::vector<Value> factors;
  for (size_t k = 0; k < operands.size(); ++k) {
    Type type = graph_.type(operands[k]);
    type.shape.erase(type.shape.begin() + along(k).axis);
    const Value slice = graph_.leaf(Op::bound, "slice:" + std::to_string(k), type);
    reader_.take_name(slice);
    reader_.give_name(slice, element(page, operands[k], along(k), index),
                      reader_.rank(operands[k]));
    factors.push_back(slice);
    auto& accesses = inner.accesses.emplace_back();
    for (size_t axis = 0; axis < of.accesses[k].size(); ++axis) {
      if (static_cast<int>(axis) == along(k).axis) continue;
      accesses.push_back(composed(of.accesses[k][axis], by));
    }
  }
  Equation equation = reader_.equation(left, graph_.contract(factors, std::move(inner)));
  const Expr over = range(index, reader_.dim(of.extents[summed]));
  for (Expr& side : equation.right) side = big("Σ", side, {over});
  reader_.give_back_index(index);
  return equation;
}

}  // namespace gradus::formula
