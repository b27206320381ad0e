#include "compiler/graph/facts.h"

#include <algorithm>
#include <cmath>

namespace gradus {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Fact between(double least, double largest, bool above = false, bool below = false) {
  return {least, largest, above, below, false, false, false};
}

Fact exactly(double value) {
  if (std::isnan(value)) return {};
  return {value, value, false, false, std::isfinite(value), std::isfinite(value), true};
}

Fact negated(const Fact& x) { return between(-x.largest, -x.least, x.below, x.above); }

Fact sum(const Fact& x, const Fact& y) {
  Fact result =
      between(x.least + y.least, x.largest + y.largest, x.above || y.above, x.below || y.below);
  if (std::isnan(result.least)) result.least = -infinity;
  if (std::isnan(result.largest)) result.largest = infinity;
  return result;
}

Fact either(const Fact& x, const Fact& y) {
  Fact result = between(std::min(x.least, y.least), std::max(x.largest, y.largest));
  result.above = (x.least > result.least || x.above) && (y.least > result.least || y.above);
  result.below = (x.largest < result.largest || x.below) && (y.largest < result.largest || y.below);
  result.finite = x.finite && y.finite;
  return result;
}

// 0 · ∞ = 0: an infinite end stands for numbers without bound, none of them infinite.
double times(double x, double y) { return x == 0 || y == 0 ? 0 : x * y; }

Fact product(const Fact& x, const Fact& y) {
  const double ends[] = {times(x.least, y.least), times(x.least, y.largest),
                         times(x.largest, y.least), times(x.largest, y.largest)};
  Fact result = between(*std::min_element(ends, ends + 4), *std::max_element(ends, ends + 4));
  // Only 0 as an open end matters: what is not 0 has no 0 among its products.
  if (x.nonzero() && y.nonzero()) {
    result.above = result.least == 0;
    result.below = result.largest == 0;
  }
  return result;
}

Fact reciprocal(const Fact& x) {
  if (x.positive()) return between(x.largest == infinity ? 0 : 1 / x.largest, 1 / x.least, true);
  if (x.negative()) return negated(reciprocal(negated(x)));
  return {};
}

// f over an interval, where f is increasing; its limits are not attained.
template <class F>
Fact increasing(const Fact& x, F f) {
  Fact result = between(f(x.least), f(x.largest), x.above || x.least == -infinity,
                        x.below || x.largest == infinity);
  if (std::isnan(result.least)) result.least = -infinity;
  if (std::isnan(result.largest)) result.largest = infinity;
  return result;
}

Fact of_square(const Fact& x) {
  if (x.nonnegative() || x.largest <= 0) return product(x, x);
  return between(0, std::max(x.least * x.least, x.largest * x.largest));
}

Fact of_power(const Fact& x, const Fact& y) {
  if (x.positive()) return between(0, infinity, true);
  if (x.nonnegative() && y.least > 0) return between(0, infinity);
  if (y.least == y.largest && std::fmod(y.least, 2) == 0) return between(0, infinity);
  return {};
}

Fact of_extremum(Op op, const Fact& x, const Fact& y) {
  if (op == Op::min) return negated(of_extremum(Op::max, negated(x), negated(y)));
  Fact result = between(std::max(x.least, y.least), std::max(x.largest, y.largest));
  result.above = (x.least == result.least && x.above) || (y.least == result.least && y.above);
  result.below = (x.largest < result.largest || x.below) && (y.largest < result.largest || y.below);
  return result;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return x > 30 ? x : std::log1p(std::exp(x)); }

class Of {
 public:
  Of(const Graph& graph, const std::vector<Fact>& known, const Node& node)
      : graph_(graph), known_(known), node_(node) {}

  // Of a value whose entries are entries of another.
  static Fact bounded_as(const Fact& x) {
    return {x.least, x.largest, x.above, x.below, x.finite, x.defined, false};
  }

  Fact fact() const {
    Fact result = is_map(node_.op) ? of_map() : of_structure();
    if (is_map(node_.op)) {
      result.finite = keeps_finite() && all(&Fact::finite);
      result.constant = node_.type.rank() == 0 && all(&Fact::constant);
    } else if (node_.op == Op::reduce_sum) {
      result.finite = at(0).finite;
    }
    if (node_.type.element == Element::boolean) {
      const bool constant = result.constant;
      result = between(0, 1);
      result.finite = true;
      result.constant = constant;
    } else if (node_.type.element == Element::index) {
      result = between(0, infinity);
      result.finite = true;
    }
    result.defined = result.finite || is_defined();
    return result;
  }

  // Whether an elementwise operator is defined at all that its operands may be.
  bool maps_defined() const {
    const Op op = node_.op;
    const Fact& x = at(0);
    const bool bounded = std::max(std::fabs(x.least), std::fabs(x.largest)) < 80;
    if (op == Op::div || op == Op::ratio) return at(1).nonzero();
    if (op == Op::pow) return x.positive() || is_natural(at(1));
    if (op == Op::log || op == Op::lgamma) return x.positive();
    if (op == Op::polygamma) return at(1).positive();
    if (op == Op::log1p) return x.least > -1;
    if (op == Op::sqrt) return x.nonnegative();
    if (op == Op::asin || op == Op::acos) return x.least >= -1 && x.largest <= 1;
    if (op == Op::exp || op == Op::expm1) return x.largest < 80;
    if (op == Op::sinh || op == Op::cosh) return bounded;
    return op != Op::tan;
  }

  bool maps_smoothly() const {
    const Op op = node_.op;
    const Fact& x = at(0);
    if (op == Op::sqrt) return x.positive();
    if (op == Op::asin || op == Op::acos) return x.least > -1 && x.largest < 1;
    if (op == Op::atan2) return x.nonzero() || at(1).nonzero();
    return true;
  }

 private:
  static bool is_natural(const Fact& x) {
    return x.least == x.largest && x.least >= 0 && std::nearbyint(x.least) == x.least;
  }

  bool is_defined() const {
    if (is_leaf(node_.op)) {
      return node_.op == Op::input || node_.op == Op::param || node_.op == Op::state;
    }
    if (!all(&Fact::defined) || node_.op == Op::scan) return false;
    if (is_linear_algebra(node_.op)) {
      return node_.op == Op::det || node_.op == Op::adjugate;
    }
    if (is_map(node_.op)) return maps_defined();
    const auto* view = std::get_if<View>(&node_.attributes);
    return view == nullptr || std::isfinite(view->fill.value_or(0));
  }

  const Fact& at(size_t k) const { return known_[node_.operands[k].id]; }
  bool all(bool Fact::* what) const {
    for (Value operand : node_.operands) {
      if (!(known_[operand.id].*what)) return false;
    }
    return true;
  }

  // Whether finite operands have a finite result, but for overflow of what is as small as a count.
  bool keeps_finite() const {
    if (node_.op == Op::div || node_.op == Op::ratio) return at(1).nonzero();
    constexpr Op ops[] = {Op::neg, Op::add, Op::sub,    Op::mul,     Op::abs,
                          Op::min, Op::max, Op::select, Op::to_real, Op::div0};
    return std::find(std::begin(ops), std::end(ops), node_.op) != std::end(ops);
  }

  Fact of_map() const {
    const Op op = node_.op;
    if (op == Op::neg) return negated(at(0));
    if (op == Op::add) return sum(at(0), at(1));
    if (op == Op::sub) return sum(at(0), negated(at(1)));
    if (op == Op::mul) {
      return node_.operands[0] == node_.operands[1] ? of_square(at(0)) : product(at(0), at(1));
    }
    if (op == Op::div || op == Op::ratio) return product(at(0), reciprocal(at(1)));
    if (op == Op::pow) return of_power(at(0), at(1));
    if (op == Op::min || op == Op::max) return of_extremum(op, at(0), at(1));
    if (op == Op::select) return either(at(1), at(2));
    if (op == Op::to_real || op == Op::stop_gradient) return at(0);
    return of_function();
  }

  Fact of_function() const {
    const Op op = node_.op;
    const Fact& x = at(0);
    if (op == Op::abs) return x.nonzero() ? between(0, infinity, true) : between(0, infinity);
    if (op == Op::exp) return increasing(x, [](double v) { return std::exp(v); });
    if (op == Op::expm1) return increasing(x, [](double v) { return std::expm1(v); });
    if (op == Op::sigmoid) return increasing(x, sigmoid);
    if (op == Op::softplus) return increasing(x, softplus);
    if (op == Op::tanh) return increasing(x, [](double v) { return std::tanh(v); });
    if (op == Op::erf) return increasing(x, [](double v) { return std::erf(v); });
    if (op == Op::atan) return increasing(x, [](double v) { return std::atan(v); });
    if (op == Op::cosh) return between(1, infinity);
    if (op == Op::sin || op == Op::cos || op == Op::sign) return between(-1, 1);
    if (op == Op::sqrt) return x.positive() ? between(0, infinity, true) : between(0, infinity);
    if (op == Op::log && x.positive()) return increasing(x, [](double v) { return std::log(v); });
    if (op == Op::log1p && x.least > -1) {
      return increasing(x, [](double v) { return std::log1p(v); });
    }
    return {};
  }

  // A sum of some or many entries of x.
  Fact total(const Fact& x, bool is_empty) const {
    if (x.nonnegative()) return between(0, infinity, x.positive() && !is_empty);
    if (x.largest <= 0) return between(-infinity, 0, false, x.negative() && !is_empty);
    return {};
  }

  Fact of_reduction() const {
    const Op op = node_.op;
    const Fact& x = at(0);
    const Shape& shape = graph_.shape(node_.operands[0]);
    bool is_empty = false;
    for (int axis : std::get<Axes>(node_.attributes).axes) is_empty |= shape[axis] == Dim(0);
    if (op == Op::reduce_sum) return total(x, is_empty);
    if (op == Op::norm) return between(0, infinity, x.nonzero() && !is_empty);
    if (op == Op::reduce_prod && x.positive()) return between(0, infinity, true);
    if ((op == Op::reduce_max || op == Op::reduce_min) && !is_empty) return bounded_as(x);
    return {};
  }

  // In [0, 1); normal numbers are made from uniform ones of 53 bits.
  static Fact of_draw(const Draw& draw) {
    Fact result = draw.kind == Draw::Kind::uniform ? between(0, 1, false, true) : between(-9, 9);
    result.finite = true;
    return result;
  }

  Fact of_concat() const {
    Fact result = bounded_as(at(0));
    for (size_t k = 1; k < node_.operands.size(); ++k) result = either(result, at(k));
    return result;
  }

  Fact of_contraction() const {
    Fact term = at(0);
    for (size_t k = 1; k < node_.operands.size(); ++k) term = product(term, at(k));
    return total(term, true);
  }

  Fact of_structure() const {
    const Op op = node_.op;
    const Attributes& attributes = node_.attributes;
    if (op == Op::constant) return exactly(std::get<Literal>(attributes).value);
    if (op == Op::symbol) return exactly(std::get<Named>(attributes).value);
    if (op == Op::size) {
      const bool has_some = (std::get<Extent>(attributes).dim - Dim(1)).never_negative();
      return {has_some ? 1.0 : 0.0, infinity, false, false, true, true, true};
    }
    if (op == Op::view) {
      const auto& view = std::get<View>(attributes);
      return view.fill ? either(bounded_as(at(0)), exactly(*view.fill)) : bounded_as(at(0));
    }
    if (op == Op::reshape || op == Op::gather || op == Op::call) return bounded_as(at(0));
    if (op == Op::concat) return of_concat();
    if (op == Op::contract) return of_contraction();
    if (op == Op::softmax) return between(0, 1, true);
    if (op == Op::log_softmax) return between(-infinity, 0);
    if (op == Op::spread || op == Op::scatter_add || op == Op::cumsum) return total(at(0), true);
    if (op == Op::random) return of_draw(std::get<Draw>(attributes));
    return is_reduction(op) ? of_reduction() : Fact{};
  }

  const Graph& graph_;
  const std::vector<Fact>& known_;
  const Node& node_;
};

}  // namespace

const Fact& Facts::operator[](Value value) {
  while (known_.size() <= value.id) {
    known_.push_back(find(Value{static_cast<uint32_t>(known_.size())}));
  }
  return known_[value.id];
}

std::map<Value, Fact> Facts::leaves_of(Value scan) {
  (*this)[scan];
  return rounds_.at(scan).leaves;
}

// From the facts of what stands before it.
Fact Facts::find(Value value) {
  const Node& node = graph_[value];
  if (const auto leaf = leaves_.find(value); leaf != leaves_.end()) return leaf->second;
  if (node.op == Op::scan) {
    rounds_[value] = rounds(std::get<Scan>(node.attributes), node.operands);
  }
  if (node.op == Op::result) {
    return rounds_.at(node.operands[0]).results[std::get<Number>(node.attributes).number];
  }
  return Of(graph_, known_, node).fact();
}

// What is carried is defined if it begins so, and a round that sees it so leaves it so.
Facts::Rounds Facts::rounds(const Scan& scan, const std::vector<Value>& operands) const {
  const size_t first = scan.sequences.size();
  Facts inside = *this;
  for (size_t k = 0; k < operands.size(); ++k) {
    const Value leaf = scan.bound[k];
    const bool is_carried = k >= first && k < first + scan.next.size();
    Fact& fact = inside.leaves_[leaf] = Of(graph_, known_, graph_[leaf]).fact();
    const Fact& outside = known_[operands[k].id];
    if (graph_.type(leaf).element != Element::real) continue;
    if (!is_carried) fact = Of::bounded_as(outside);
    if (is_carried) fact.defined = outside.defined;
  }
  const std::vector<Value> roots = body_of(scan);
  for (bool holds = false; !holds;) {
    holds = true;
    for (Value each : reachable(graph_, roots)) inside.known_[each.id] = inside.find(each);
    for (size_t k = 0; k < scan.next.size(); ++k) {
      Fact& fact = inside.leaves_[scan.bound[first + k]];
      if (!fact.defined || inside.known_[scan.next[k].id].defined) continue;
      fact.defined = holds = false;
    }
  }
  Rounds made;
  for (Value leaf : scan.bound) made.leaves[leaf] = inside.leaves_[leaf];
  for (Value each : scan.yields) made.results.push_back(Of::bounded_as(inside.known_[each.id]));
  for (size_t k = 0; k < scan.next.size(); ++k) {
    const Fact& start = known_[operands[first + k].id];
    const Fact& next = inside.known_[scan.next[k].id];
    Fact fact = either(start, next);
    fact.defined = start.defined && next.defined;
    made.results.push_back(fact);
  }
  return made;
}

bool Facts::has_defined_derivative(Value value) {
  const Node& node = graph_[value];
  for (Value operand : node.operands) {
    if (!(*this)[operand].defined) return false;
  }
  const Of here(graph_, known_, node);
  return here.maps_defined() && here.maps_smoothly();
}

}  // namespace gradus
