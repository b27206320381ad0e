#include "compiler/kernel/lower.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "compiler/graph/access.h"
#include "compiler/graph/rewrite.h"

namespace gradus::kernel {
namespace {

class Lowering {
 public:
  Lowering(Graph& graph, const std::vector<Value>& roots) : graph_(graph) {
    for (Value value : reachable(graph, roots)) {
      const std::vector<Value>& operands = graph[value].operands;
      if (graph[value].op == Op::max) maxima_[{operands[0], operands[1]}] = value;
    }
  }

  Value operator()(Value value) {
    if (const auto known = done_.find(value); known != done_.end()) return known->second;
    const Node node = graph_[value];
    std::vector<Value> operands;
    for (Value operand : node.operands) operands.push_back((*this)(operand));
    const Value made = lower(node, operands);
    if (const Provenance* from = graph_.provenance(value)) graph_.set_provenance(made, *from);
    done_[value] = made;
    return made;
  }

 private:
  Value map(Op op, std::vector<Value> operands) { return graph_.map(op, std::move(operands)); }

  // `value`, of the shape that is left when `axes` are folded away, repeated along them.
  Value along(Value value, const Shape& shape, const std::vector<int>& axes) {
    std::vector<int> kept;
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
      if (!std::binary_search(axes.begin(), axes.end(), axis)) kept.push_back(axis);
    }
    return graph_.broadcast(value, shape, kept);
  }

  // 0 in the place of ±inf: what is subtracted before `exp`, so that inf − inf does not occur.
  Value finite(Value value) {
    const Value infinite = map(Op::eq, {map(Op::abs, {value}), graph_.constant(HUGE_VAL)});
    return map(Op::select, {infinite, graph_.full(graph_.constant(0), graph_.shape(value)), value});
  }

  Value lower(const Node& node, const std::vector<Value>& operands) {
    if (is_map(node.op)) return lower_map(node, operands);
    switch (node.op) {
      case Op::softmax:
      case Op::log_softmax:
      case Op::logsumexp:
        return relative_to_maximum(node, operands[0]);
      case Op::norm: {
        const Value square = map(Op::mul, {operands[0], operands[0]});
        return map(Op::sqrt,
                   {graph_.reduce(Op::reduce_sum, square, std::get<Axes>(node.attributes).axes)});
      }
      case Op::cumsum:
        return cumulated(operands[0], std::get<Along>(node.attributes));
      case Op::argmax:
      case Op::argmin:
        return first_best(node, operands[0]);
      case Op::contract:
        return scaled_contraction(node, operands);
      case Op::spread:
        return spread(operands[0], std::get<View>(node.attributes));
      default:
        return graph_.with_operands(node, operands);
    }
  }

  std::optional<double> literal(Value value) const {
    const auto* number = std::get_if<Literal>(&graph_[value].attributes);
    if (number == nullptr) return std::nullopt;
    return number->value;
  }

  Value lower_map(const Node& node, std::vector<Value> operands) {
    const Map& row = map_of(node.op);
    // c ≥ y exactly where c ≥ max(c, y): a relu's derivative reads what the relu gave, so that what
    // it was applied to need not be kept.
    if (node.op == Op::ge) {
      const auto most = maxima_.find({node.operands[0], node.operands[1]});
      if (most != maxima_.end()) operands[1] = (*this)(most->second);
    }
    if (node.op == Op::pow) {
      const double exponent = literal(operands[1]).value_or(0);
      if (exponent == 2 || exponent == 3 || exponent == 4) {
        const Value square = map(Op::mul, {operands[0], operands[0]});
        if (exponent == 2) return square;
        return map(Op::mul, {square, exponent == 3 ? operands[0] : square});
      }
    }
    if (row.code.primitive.empty()) {
      Holes holes;
      for (size_t k = 0; k < operands.size(); ++k) holes["xyz"[k]] = operands[k];
      return (*this)(instantiate(graph_, row.code.composed, holes));
    }
    // An index is compared with a number as a number.
    if (row.result == Result::boolean && operands.size() == 2 &&
        graph_.type(operands[0]).element != graph_.type(operands[1]).element) {
      for (Value& operand : operands) {
        if (graph_.type(operand).element != Element::real) operand = map(Op::to_real, {operand});
      }
    }
    return graph_.with_operands(node, std::move(operands));
  }

  // A factor c·x, or x/c, is contracted as x and scaled afterwards, where each entry is at hand. c
  // is a literal, not so large or small that the sums could leave the range of numbers.
  Value scaled_contraction(const Node& node, std::vector<Value> operands) {
    std::vector<std::pair<Op, Value>> scales;
    const auto is_moderate = [&](Value value) {
      const double size = std::fabs(literal(value).value_or(0));
      return size >= 1.0 / 4096 && size <= 4096;
    };
    for (Value& operand : operands) {
      const Node& factor = graph_[operand];
      if (factor.op == Op::mul && is_moderate(factor.operands[0])) {
        scales.emplace_back(Op::mul, factor.operands[0]);
        operand = factor.operands[1];
      } else if (factor.op == Op::div && is_moderate(factor.operands[1])) {
        scales.emplace_back(Op::div, factor.operands[1]);
        operand = factor.operands[0];
      }
    }
    Value made = graph_.with_operands(node, std::move(operands));
    for (const auto& [op, scale] : scales) {
      made = op == Op::mul ? map(op, {scale, made}) : map(op, {made, scale});
    }
    return made;
  }

  Value relative_to_maximum(const Node& node, Value x) {
    const std::vector<int>& axes = std::get<Axes>(node.attributes).axes;
    const Shape shape = graph_.shape(x);
    const Value most = finite(graph_.reduce(Op::reduce_max, x, axes));
    const Value below = map(Op::sub, {x, along(most, shape, axes)});
    const Value powers = map(Op::exp, {below});
    const Value sum = graph_.reduce(Op::reduce_sum, powers, axes);
    if (node.op == Op::softmax) return map(Op::div, {powers, along(sum, shape, axes)});
    const Value log = map(Op::log, {sum});
    if (node.op == Op::logsumexp) return map(Op::add, {most, log});
    return map(Op::sub, {below, along(log, shape, axes)});
  }

  // Σ over all entries that come before: the entries are chosen by comparing positions.
  Value cumulated(Value x, const Along& how) {
    const Shape shape = graph_.shape(x);
    const int rank = static_cast<int>(shape.size());
    Shape pairs = shape;
    pairs.push_back(shape[how.axis]);
    View view{pairs, {}, {}};
    for (int axis = 0; axis < rank; ++axis) {
      view.map.push_back(Affine::axis(axis == how.axis ? rank : axis));
    }
    const Value positions = graph_.iota(shape[how.axis]);
    const Value to = graph_.broadcast(positions, pairs, {how.axis});
    const Value from = graph_.broadcast(positions, pairs, {rank});
    const Op compare =
        how.reverse ? (how.exclusive ? Op::gt : Op::ge) : (how.exclusive ? Op::lt : Op::le);
    const Value chosen = map(Op::select, {map(compare, {from, to}), graph_.view(x, view),
                                          graph_.full(graph_.constant(0), pairs)});
    return graph_.reduce(Op::reduce_sum, chosen, {rank});
  }

  // The least position whose entry is the best one, or NaN.
  Value first_best(const Node& node, Value x) {
    const std::vector<int>& axes = std::get<Axes>(node.attributes).axes;
    const Shape shape = graph_.shape(x);
    const Dim& extent = shape[axes[0]];
    const Op extreme = node.op == Op::argmax ? Op::reduce_max : Op::reduce_min;
    const Value best = along(graph_.reduce(extreme, x, axes), shape, axes);
    const Value found = map(Op::logical_or, {map(Op::eq, {x, best}), map(Op::ne, {x, x})});
    const Value positions = graph_.iota(extent);
    const Value last = graph_.view(positions, {shape, {Affine::at(extent - Dim(1))}, {}});
    return graph_.reduce(
        Op::reduce_min,
        map(Op::select, {found, graph_.broadcast(positions, shape, {axes[0]}), last}), axes);
  }

  Value spread(Value x, View view) {
    for (size_t k = 0; k < view.map.size(); ++k) {
      if (const auto digits = as_digits(view, k, graph_.shape(x))) x = joined(x, view, *digits);
    }
    if (auto moved = as_view(x, view)) return *moved;
    return in_range(x, std::move(view));
  }

  // Axes p and u of what is spread, where u runs over n places and p·n + u is where they lead: as
  // where windows stand side by side.
  struct Digits {
    int high;
    int low;
  };
  static std::optional<Digits> as_digits(const View& spread, size_t k, const Shape& from) {
    const std::vector<Affine::Term>& terms = spread.map[k].terms;
    if (terms.size() != 2) return std::nullopt;
    for (const auto& [high, low] : {std::pair{terms[0], terms[1]}, std::pair{terms[1], terms[0]}}) {
      if (low.coefficient != 1 || Dim(high.coefficient) != from[low.axis]) continue;
      for (size_t other = 0; other < spread.map.size(); ++other) {
        if (other != k &&
            (uses({spread.map[other]}, high.axis) || uses({spread.map[other]}, low.axis))) {
          return std::nullopt;
        }
      }
      return Digits{high.axis, low.axis};
    }
    return std::nullopt;
  }

  // With one axis in place of the two; the spread is then of that one.
  Value joined(Value x, View& spread, const Digits& digits) {
    const Shape from = graph_.shape(x);
    std::vector<int> order;  // of the axes: the low digits behind the high ones
    for (int axis = 0; axis < static_cast<int>(from.size()); ++axis) {
      if (axis != digits.low) order.push_back(axis);
      if (axis == digits.high) order.push_back(digits.low);
    }
    Shape shape;
    std::vector<int> place(from.size());
    for (int axis : order) {
      if (axis == digits.low) {
        shape.back() = shape.back() * from[axis];
      } else {
        place[axis] = static_cast<int>(shape.size());
        shape.push_back(from[axis]);
      }
    }
    for (Affine& access : spread.map) {
      std::erase_if(access.terms, [&](const auto& term) { return term.axis == digits.low; });
      for (Affine::Term& term : access.terms) {
        if (term.axis == digits.high) term.coefficient = 1;
        term.axis = place[term.axis];
      }
      std::sort(access.terms.begin(), access.terms.end(),
                [](const auto& a, const auto& b) { return a.axis < b.axis; });
    }
    return graph_.reshape(graph_.transpose(x, order), shape);
  }

  // A spread that leaves its result, into a larger one, of which the middle is taken.
  Value in_range(Value x, View spread) {
    View middle{spread.shape, {}, {}};
    bool leaves = false;
    for (size_t k = 0; k < spread.map.size(); ++k) {
      const auto [least, largest] = bounds(spread.map[k], graph_.shape(x));
      const int64_t before = std::max<int64_t>(0, -*least.number());
      const int64_t after = std::max<int64_t>(0, *(largest - spread.shape[k]).number() + 1);
      middle.map.push_back(Affine::axis(static_cast<int>(k), 1, before));
      spread.map[k].offset = spread.map[k].offset + Dim(before);
      spread.shape[k] = spread.shape[k] + Dim(before + after);
      leaves = leaves || before > 0 || after > 0;
    }
    const Value whole = graph_.spread(x, std::move(spread));
    return leaves ? graph_.view(whole, std::move(middle)) : whole;
  }

  // A spread that puts each entry in a place of its own, as a view of what is spread: each axis of
  // the result is read back as one of the operand's, where it is in range.
  std::optional<Value> as_view(Value x, const View& spread) {
    const Shape from = graph_.shape(x);
    std::vector<std::optional<Affine>> back(from.size());
    Shape padded;  // the operand's axes, and an axis of extent 1 for each condition
    std::vector<Affine> conditions;
    for (size_t k = 0; k < spread.map.size(); ++k) {
      const Affine& to = spread.map[k];
      const int axis = static_cast<int>(k);
      if (to.terms.size() > 1) return std::nullopt;
      if (to.terms.empty()) {
        conditions.push_back(Affine::axis(axis, 1, Dim(0) - to.offset));
        continue;
      }
      const int64_t sign = to.terms[0].coefficient;
      if (sign != 1 && sign != -1) return std::nullopt;
      const Affine inverse = Affine::axis(axis, sign, sign == 1 ? Dim(0) - to.offset : to.offset);
      std::optional<Affine>& known = back[to.terms[0].axis];
      if (!known) {
        known = inverse;
        continue;
      }
      // Another axis of the result says where this one must be: their difference is 0.
      Affine difference = *known;
      difference.terms.push_back({axis, -sign});
      difference.offset = known->offset - inverse.offset;
      conditions.push_back(std::move(difference));
    }
    std::vector<int> lost;
    View view{spread.shape, {}, 0.0};
    for (size_t axis = 0; axis < from.size(); ++axis) {
      if (!back[axis]) {
        lost.push_back(static_cast<int>(axis));
        continue;
      }
      view.map.push_back(*back[axis]);
      padded.push_back(from[axis]);
    }
    if (!lost.empty()) x = (*this)(graph_.reduce(Op::reduce_sum, x, lost));
    for (Affine& condition : conditions) {
      view.map.push_back(std::move(condition));
      padded.push_back(1);
    }
    return graph_.view(graph_.reshape(x, padded), view);
  }

  Graph& graph_;
  std::map<Value, Value> done_;
  std::map<std::pair<Value, Value>, Value> maxima_;
};

}  // namespace

Function lowered(Graph& graph, Function function) {
  Lowering lower(graph, function.roots());
  for (Definition& result : function.results) result.value = lower(result.value);
  for (Update& update : function.updates) update.value = lower(update.value);
  return function;
}

}  // namespace gradus::kernel
