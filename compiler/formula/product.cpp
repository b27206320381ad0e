#include "compiler/formula/product.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "compiler/graph/access.h"

namespace gradus::formula {
namespace {

// Collects the factors of a product; each step is told where an entry is read.
class Collector {
 public:
  Collector(const Graph& graph, const std::function<bool(Value)>& stops)
      : graph_(graph), stops_(stops) {}

  Product collect(Value value) {
    const Shape& shape = graph_.shape(value);
    product_.extents = shape;
    product_.free = static_cast<int>(shape.size());
    std::vector<Affine> at;
    for (int k = 0; k < product_.free; ++k) at.push_back(Affine::axis(k));
    look_into(value, at, 1);
    multiply_square_roots(graph_, product_, stops_);
    drop_implied_conditions(graph_, product_);
    fix_indices();
    drop_unused_sums();
    reduce_fraction(product_);
    return std::move(product_);
  }

 private:
  using At = std::vector<Affine>;

  // Operands of elementwise operators have the shape of the result or are scalars.
  At at_operand(Value operand, const At& at) const {
    return graph_.shape(operand).empty() ? At{} : at;
  }

  void scale(double number, double power) {
    if (power == 1) {
      product_.top *= number;
    } else if (power == -1) {
      product_.bottom *= number;
    } else {
      product_.top *= std::pow(number, power);
    }
  }

  void add_factor(Value value, At at, double power, Factor::Form form = Factor::Form::entry) {
    if (is_uniform(graph_, value, stops_)) at = {};  // it does not matter which entry is read
    for (Factor& factor : product_.factors) {
      if (factor.value == value && factor.form == form && factor.at == at &&
          (factor.power > 0) == (power > 0)) {
        if (form == Factor::Form::entry) factor.power += power;
        return;
      }
    }
    product_.factors.push_back({value, at, power, form});
  }

  void collect(Value value, const At& at, double power) {
    if (stops_(value)) {
      add_factor(value, at, power);
    } else if (at.empty() && is_map(graph_[value].op) && !graph_.shape(value).empty()) {
      add_factor(value, {}, power);  // all its entries are alike
    } else {
      look_into(value, at, power);
    }
  }

  void look_into(Value value, const At& at, double power) {
    const Node& node = graph_[value];
    const std::vector<Value>& x = node.operands;
    if (node.op == Op::constant && node.type.element == Element::real) {
      const double number = std::get<Literal>(node.attributes).value;
      // 0 in a denominator, and what is not finite, stays as it is written.
      if (std::isfinite(number) && (number != 0 || power > 0)) return scale(number, power);
    } else if (node.op == Op::size && std::fabs(power) == 1) {
      product_.sizes.push_back({std::get<Extent>(node.attributes).dim, static_cast<int>(power)});
      return;
    } else if (node.op == Op::mul) {
      collect(x[0], at_operand(x[0], at), power);
      return collect(x[1], at_operand(x[1], at), power);
    } else if ((node.op == Op::div || node.op == Op::div0 || node.op == Op::ratio) &&
               std::fabs(power) == 1) {
      collect(x[0], at_operand(x[0], at), power);
      return collect(x[1], at_operand(x[1], at), -power);
    } else if (node.op == Op::neg && std::fabs(power) == 1) {
      product_.top = -product_.top;
      return collect(x[0], at, power);
    } else if (node.op == Op::stop_gradient || node.op == Op::call) {
      return collect(x[0], at, power);
    } else if (node.op == Op::pow && !graph_.shape(value).empty() == !graph_.shape(x[0]).empty()) {
      if (auto exponent = literal(graph_, x[1]); exponent && *exponent != 0) {
        return collect_power(x[0], at, power * *exponent);
      }
    } else if (node.op == Op::to_real) {
      if (graph_.type(x[0]).element != Element::boolean) return collect(x[0], at, power);
      return add_condition(x[0], at, power, Factor::Form::holds);
    } else if ((node.op == Op::select && power == 1 && look_into_branch(value, at)) ||
               look_through(value, at, power)) {
      return;
    }
    add_factor(value, at, power);
  }

  // 1 where a boolean entry is true (or false), and else 0.
  void add_condition(Value value, At at, double power, Factor::Form form) {
    while (!stops_(value)) {
      const Node& node = graph_[value];
      if (node.op == Op::logical_not) {
        form = form == Factor::Form::holds ? Factor::Form::fails : Factor::Form::holds;
      } else if (node.op == Op::view && !std::get<View>(node.attributes).fill) {
        at = viewed(value, at);
      } else {
        break;
      }
      value = node.operands[0];
    }
    // Both hold: each does.
    const Op both = form == Factor::Form::holds ? Op::logical_and : Op::logical_or;
    if (!stops_(value) && graph_[value].op == both) {
      for (Value part : graph_[value].operands) {
        add_condition(part, at_operand(part, at), power, form);
      }
      return;
    }
    if (auto truth = known_truth(value)) {
      scale(*truth == (form == Factor::Form::holds) ? 1 : 0, power);
    } else {
      add_factor(value, at, power, form);
    }
  }

  // Where a view without fill reads, at an entry of it: nowhere in particular where that is any
  // entry of a uniform tensor. (A number has no axes, but is read at one place.)
  At viewed(Value value, const At& at) const {
    At inner;
    if (at.empty() && !graph_.shape(value).empty()) return inner;
    for (const Affine& access : std::get<View>(graph_[value].attributes).map) {
      inner.push_back(composed(access, at));
    }
    return inner;
  }

  // Whether a comparison of literals holds.
  std::optional<bool> known_truth(Value value) const {
    const Node& node = graph_[value];
    if (node.op == Op::constant) return std::get<Literal>(node.attributes).value != 0;
    if (!is_map(node.op) || node.operands.size() != 2) return std::nullopt;
    const auto x = literal(graph_, node.operands[0]);
    const auto y = literal(graph_, node.operands[1]);
    if (!x || !y) return std::nullopt;
    return map_of(node.op).value(*x, *y, 0) != 0;
  }

  // x^p: a product is not multiplied out, and only a name or a function is raised in place.
  void collect_power(Value x, const At& at, double power) {
    if (std::fabs(power) == 1) return collect(x, at, power);
    add_factor(x, at, power);
  }

  // if c then x else 0 is [c]·x.
  bool look_into_branch(Value value, const At& at) {
    const std::vector<Value>& x = graph_[value].operands;
    for (int taken : {1, 2}) {
      if (literal(graph_, x[3 - taken]) != 0.0) continue;
      add_condition(x[0], at_operand(x[0], at), 1,
                    taken == 1 ? Factor::Form::holds : Factor::Form::fails);
      collect(x[taken], at_operand(x[taken], at), 1);
      return true;
    }
    return false;
  }

  // Operators that only move entries, and sums of products.
  bool look_through(Value value, const At& at, double power) {
    const Node& node = graph_[value];
    if (node.op == Op::view && !std::get<View>(node.attributes).fill) {
      collect(node.operands[0], viewed(value, at), power);
      return true;
    }
    if (node.op == Op::reshape) {
      if (is_uniform(graph_, node.operands[0], stops_)) {
        collect(node.operands[0], {}, power);
        return true;
      }
      auto axes = unit_axes(node.type.shape, graph_.shape(node.operands[0]));
      if (!axes) return false;
      At inner;
      for (int axis : *axes) inner.push_back(axis < 0 ? Affine::at(0) : at[axis]);
      collect(node.operands[0], inner, power);
      return true;
    }
    if (node.op == Op::spread && power == 1) return look_through_spread(value, at);
    if (node.op == Op::view && power == 1) return look_through_pad(value, at);
    if (node.op == Op::reduce_sum && power == 1) {
      const auto& axes = std::get<Axes>(node.attributes).axes;
      At inner;
      auto outer = at.begin();
      for (int k = 0; k < graph_.type(node.operands[0]).rank(); ++k) {
        const bool summed = std::binary_search(axes.begin(), axes.end(), k);
        inner.push_back(summed ? new_index(graph_.shape(node.operands[0])[k]) : *outer++);
      }
      collect(node.operands[0], inner, 1);
      return true;
    }
    if (node.op == Op::contract && power == 1) {
      const auto& contraction = std::get<Contraction>(node.attributes);
      At indices = at;
      for (size_t k = contraction.free; k < contraction.extents.size(); ++k) {
        indices.push_back(new_index(contraction.extents[k]));
      }
      for (size_t k = 0; k < node.operands.size(); ++k) {
        At inner;
        for (const Affine& access : contraction.accesses[k]) {
          inner.push_back(composed(access, indices));
        }
        collect(node.operands[k], inner, 1);
      }
      return true;
    }
    return false;
  }

  // A spread that puts its operand at one place of some axes, and leaves it on the others where it
  // is: 1 at that place. Where an index is summed, what stands there is the sum.
  bool look_through_spread(Value value, const At& at) {
    const auto& view = std::get<View>(graph_[value].attributes);
    const Value x = graph_[value].operands[0];
    const Shape& from = graph_.shape(x);
    if (at.size() != view.map.size()) return false;
    At inner(from.size(), Affine::at(0));
    std::vector<bool> is_read(from.size(), false);
    std::vector<size_t> places;
    for (size_t k = 0; k < view.map.size(); ++k) {
      const Affine& access = view.map[k];
      const bool is_unit = std::all_of(access.terms.begin(), access.terms.end(),
                                       [&](const auto& term) { return from[term.axis] == Dim(1); });
      if (is_unit) {
        if (view.shape[k] != Dim(1)) places.push_back(k);
        continue;
      }
      const auto axis = access.plain();
      if (!axis || is_read[*axis] || from[*axis] != view.shape[k]) return false;
      is_read[*axis] = true;
      inner[*axis] = at[k];
    }
    for (size_t axis = 0; axis < from.size(); ++axis) {
      if (!is_read[axis] && from[axis] != Dim(1)) return false;
    }
    if (places.empty()) return false;
    for (size_t k : places) {
      Affine distance = at[k];
      distance.offset = distance.offset - view.map[k].offset;
      add_place(x, distance);
    }
    collect(x, inner, 1);
    return true;
  }

  // A view that is 0 but at one place of some axes.
  bool look_through_pad(Value value, const At& at) {
    const auto& view = std::get<View>(graph_[value].attributes);
    const Value x = graph_[value].operands[0];
    const Shape& from = graph_.shape(x);
    if (view.fill != 0.0 || at.size() != view.shape.size()) return false;
    At inner;
    std::vector<Affine> distances;
    for (size_t k = 0; k < view.map.size(); ++k) {
      const Bounds reached = bounds(view.map[k], view.shape);
      const bool is_inside =
          reached.least.never_negative() && (from[k] - Dim(1) - reached.largest).never_negative();
      inner.push_back(composed(view.map[k], at));
      if (is_inside) continue;
      if (from[k] != Dim(1)) return false;
      distances.push_back(std::exchange(inner.back(), Affine::at(0)));
    }
    for (const Affine& distance : distances) add_place(x, distance);
    collect(x, inner, 1);
    return true;
  }

  // 1 where the distance is 0. A summed index that this settles has one place.
  void add_place(Value x, const Affine& distance) {
    if (distance.terms.size() == 1 && distance.terms[0].coefficient == 1) {
      const int index = distance.terms[0].axis;
      const Dim place = Dim(0) - distance.offset;
      const bool exists =
          place.never_negative() && (product_.extents[index] - Dim(1) - place).never_negative();
      if (index >= product_.free && exists && fixed_.emplace(index, place).second) return;
    }
    product_.factors.push_back({x, {distance}, 1, Factor::Form::place});
  }

  // Summed indices that have one place.
  void fix_indices() {
    if (fixed_.empty()) return;
    std::vector<Affine> by;
    for (int k = 0; k < static_cast<int>(product_.extents.size()); ++k) {
      const auto found = fixed_.find(k);
      by.push_back(found == fixed_.end() ? Affine::axis(k) : Affine::at(found->second));
      if (found != fixed_.end()) product_.extents[k] = Dim(1);
    }
    for (Factor& factor : product_.factors) {
      for (Affine& access : factor.at) access = composed(access, by);
    }
    // Two places that are the same, or are not.
    std::erase_if(product_.factors, [&](const Factor& factor) {
      if (factor.form != Factor::Form::place || !factor.at[0].terms.empty()) return false;
      const auto distance = factor.at[0].offset.number();
      if (distance && *distance != 0) product_.top = 0;
      return distance.has_value();
    });
  }

  Affine new_index(const Dim& extent) {
    product_.extents.push_back(extent);
    return Affine::axis(static_cast<int>(product_.extents.size()) - 1);
  }

  // Σ_k x, where k does not occur in x, is n·x; over an extent of 1 it is x.
  void drop_unused_sums() {
    std::vector<bool> used(product_.extents.size(), false);
    for (const Factor& factor : product_.factors) {
      for (const Affine& access : factor.at) {
        for (const Affine::Term& term : access.terms) used[term.axis] = true;
      }
    }
    std::vector<Affine> renumbered;
    Shape extents;
    for (int k = 0; k < static_cast<int>(product_.extents.size()); ++k) {
      renumbered.push_back(Affine::axis(static_cast<int>(extents.size())));
      const Dim& extent = product_.extents[k];
      if (k < product_.free || (used[k] && extent != Dim(1))) {
        extents.push_back(extent);
      } else if (used[k]) {
        renumbered.back() = Affine::at(0);
      } else if (auto number = extent.number()) {
        product_.top *= static_cast<double>(*number);
      } else {
        product_.sizes.push_back({extent, 1});
      }
    }
    for (Factor& factor : product_.factors) {
      for (Affine& access : factor.at) access = composed(access, renumbered);
    }
    product_.extents = extents;
  }

  const Graph& graph_;
  const std::function<bool(Value)>& stops_;
  Product product_;
  std::map<int, Dim> fixed_;  // summed indices that count at one place alone
};

}  // namespace

Product product_of(const Graph& graph, Value value, const std::function<bool(Value)>& stops) {
  return Collector(graph, stops).collect(value);
}

bool is_uniform(const Graph& graph, Value value, const std::function<bool(Value)>& stops) {
  const Node& node = graph[value];
  if (node.type.shape.empty()) return true;
  const bool moves = node.op == Op::view && !std::get<View>(node.attributes).fill;
  if (stops(value) || !(moves || is_map(node.op) || node.op == Op::reshape)) return false;
  return std::all_of(node.operands.begin(), node.operands.end(),
                     [&](Value operand) { return is_uniform(graph, operand, stops); });
}

std::optional<std::vector<int>> unit_axes(const Shape& from, const Shape& to) {
  std::vector<int> axes;
  size_t next = 0;
  const auto skip_units = [&] {
    while (next < from.size() && from[next] == Dim(1)) ++next;
  };
  for (const Dim& dim : to) {
    if (dim == Dim(1)) {
      axes.push_back(-1);
      continue;
    }
    skip_units();
    if (next == from.size() || from[next] != dim) return std::nullopt;
    axes.push_back(static_cast<int>(next++));
  }
  skip_units();
  return next == from.size() ? std::optional(axes) : std::nullopt;
}

std::optional<double> literal(const Graph& graph, Value value) {
  while (graph[value].op == Op::view) {
    const auto& view = std::get<View>(graph[value].attributes);
    if (view.fill) return std::nullopt;
    value = graph[value].operands[0];
  }
  if (graph[value].op != Op::constant || graph[value].type.element != Element::real) {
    return std::nullopt;
  }
  return std::get<Literal>(graph[value].attributes).value;
}

}  // namespace gradus::formula
