// Spreads, the adjoints of views: diagonals, which Jacobians are full of. What is done to a spread
// is done to what is spread, so that no zeros are computed with.
#include <algorithm>
#include <numeric>
#include <optional>

#include "compiler/graph/access.h"
#include "compiler/simplify/patterns.h"
#include "compiler/simplify/rewriter.h"

namespace gradus::rewriting {
namespace {

using patterns::rule;
constexpr Exactness exact = Exactness::exact;
constexpr Exactness rounding = Exactness::rounding;

const View& spread_of(const Rewriter& rewriter, Value value) {
  return std::get<View>(rewriter[value].attributes);
}

// Whether every access of the spread is an axis of what is spread, as long as its own; every axis
// is accessed, so that no two entries arrive at one place.
bool is_diagonal(const Rewriter& rewriter, Value value) {
  if (rewriter.op(value) != Op::spread || rewriter.is_named(value)) return false;
  const View& spread = spread_of(rewriter, value);
  const Shape& shape = rewriter.shape(rewriter.operand(value));
  std::vector<bool> seen(shape.size(), false);
  for (size_t k = 0; k < spread.map.size(); ++k) {
    const auto axis = spread.map[k].plain();
    if (!axis || spread.shape[k] != shape[*axis]) return false;
    seen[*axis] = true;
  }
  return std::all_of(seen.begin(), seen.end(), [](bool each) { return each; });
}

// An operand of an elementwise operator as what is spread meets it.
Value read_at(Rewriter& rewriter, Value operand, Value spread) {
  if (rewriter.rank(operand) == 0) return operand;
  const Shape shape = rewriter.shape(rewriter.operand(spread));
  const View& places = spread_of(rewriter, spread);
  return rewriter.graph.view(operand, {shape, places.map, std::nullopt});
}

// spread(x)·y = spread(x·y) where 0·y is 0; also x/y. Constants stay in front.
Value scaled(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  const size_t last = node.op == Op::mul ? 2 : 1;
  for (size_t k = 0; k < last; ++k) {
    const Value spread = node.operands[k];
    if (!is_diagonal(rewriter, spread)) continue;
    std::vector<Value> operands = node.operands;
    operands[k] = rewriter.operand(spread);
    bool is_safe = true;
    for (size_t other = 0; other < operands.size(); ++other) {
      if (other == k) continue;
      const Fact& fact = rewriter.facts[operands[other]];
      is_safe = is_safe && fact.defined && !fact.constant;
      is_safe = is_safe && (node.op != Op::div || fact.nonzero());
      operands[other] = read_at(rewriter, operands[other], spread);
    }
    if (!is_safe) continue;
    Graph& graph = rewriter.graph;
    const View places = spread_of(rewriter, spread);
    return graph.spread(graph.map(node.op, std::move(operands)), places);
  }
  return {};
}

// spread(x) ± spread(y) of the same places.
Value added(Rewriter& rewriter, Value value) {
  const Node& node = rewriter[value];
  for (Value side : node.operands) {
    if (rewriter.op(side) != Op::spread || rewriter.is_named(side)) return {};
  }
  const View places = spread_of(rewriter, node.operands[0]);
  const Value x = rewriter.operand(node.operands[0]);
  const Value y = rewriter.operand(node.operands[1]);
  if (!(places == spread_of(rewriter, node.operands[1]))) return {};
  if (rewriter.shape(x) != rewriter.shape(y)) return {};
  return rewriter.graph.spread(rewriter.graph.map(node.op, {x, y}), places);
}

// Σ over axes of a diagonal: what is spread, without their accesses.
Value summed(Rewriter& rewriter, Value value) {
  const Value spread = rewriter.operand(value);
  if (!is_diagonal(rewriter, spread)) return {};
  const auto& axes = std::get<Axes>(rewriter[value].attributes).axes;
  const View& old = spread_of(rewriter, spread);
  const Value x = rewriter.operand(spread);
  std::vector<int> kept;  // axes of x
  for (size_t k = 0; k < old.map.size(); ++k) {
    const bool is_gone = std::binary_search(axes.begin(), axes.end(), static_cast<int>(k));
    if (!is_gone) kept.push_back(*old.map[k].plain());
  }
  std::vector<int> rest = kept;
  std::sort(rest.begin(), rest.end());
  rest.erase(std::unique(rest.begin(), rest.end()), rest.end());
  std::vector<int> gone;
  for (int axis = 0; axis < rewriter.rank(x); ++axis) {
    if (!std::binary_search(rest.begin(), rest.end(), axis)) gone.push_back(axis);
  }
  Graph& graph = rewriter.graph;
  View places{rewriter.shape(value), {}, std::nullopt};
  for (int axis : kept) {
    const auto at = std::lower_bound(rest.begin(), rest.end(), axis) - rest.begin();
    places.map.push_back(Affine::axis(static_cast<int>(at)));
  }
  const Value sum = gone.empty() ? x : graph.reduce(Op::reduce_sum, x, gone);
  return graph.spread(sum, std::move(places));
}

// A view that moves or repeats whole axes of a diagonal, or reads along it.
Value viewed(Rewriter& rewriter, Value value) {
  const Value spread = rewriter.operand(value);
  const auto& view = std::get<View>(rewriter[value].attributes);
  if (view.fill || !is_diagonal(rewriter, spread)) return {};
  const View& old = spread_of(rewriter, spread);
  const Value x = rewriter.operand(spread);
  std::vector<std::optional<int>> at(rewriter.shape(x).size());  // where the view reads x's axes
  bool along = true;
  bool apart = true;
  std::vector<bool> used(view.shape.size(), false);
  for (size_t k = 0; k < old.map.size(); ++k) {
    const auto axis = view.map[k].plain();
    if (!axis || view.shape[*axis] != old.shape[k]) return {};
    auto& known = at[*old.map[k].plain()];
    along = along && (!known || known == axis);
    apart = apart && !used[*axis];
    known = axis;
    used[*axis] = true;
  }
  Graph& graph = rewriter.graph;
  if (along) {
    View places{view.shape, {}, std::nullopt};
    for (const auto& axis : at) places.map.push_back(Affine::axis(*axis));
    return graph.view(x, std::move(places));
  }
  if (!apart) return {};
  // The new axes stand before those of x, which is repeated along them.
  Shape longer;
  View places{view.shape, std::vector<Affine>(view.shape.size()), std::nullopt};
  for (size_t axis = 0; axis < used.size(); ++axis) {
    if (used[axis]) continue;
    places.map[axis] = Affine::axis(static_cast<int>(longer.size()));
    longer.push_back(view.shape[axis]);
  }
  const int more = static_cast<int>(longer.size());
  const Shape& shape = rewriter.shape(x);
  longer.insert(longer.end(), shape.begin(), shape.end());
  std::vector<int> own(shape.size());
  std::iota(own.begin(), own.end(), more);
  for (size_t k = 0; k < old.map.size(); ++k) {
    places.map[*view.map[k].plain()] = Affine::axis(*old.map[k].plain() + more);
  }
  return graph.spread(graph.broadcast(x, longer, own), std::move(places));
}

// One factor of a contraction that is a diagonal: of the indices that it says are equal, one stays.
class Unified {
 public:
  Unified(Rewriter& rewriter, Value value, size_t factor)
      : rewriter_(rewriter),
        old_(std::get<Contraction>(rewriter[value].attributes)),
        factors_(rewriter[value].operands),
        factor_(factor),
        same_(old_.extents.size()) {
    std::iota(same_.begin(), same_.end(), 0);
  }

  Value operator()() {
    const Value spread = factors_[factor_];
    const View& places = spread_of(rewriter_, spread);
    std::vector<std::optional<int>> index(rewriter_.shape(rewriter_.operand(spread)).size());
    for (size_t k = 0; k < places.map.size(); ++k) {
      const auto here = old_.accesses[factor_][k].plain();
      if (!here || old_.extents[*here] != places.shape[k]) return {};
      auto& known = index[*places.map[k].plain()];
      if (known) unite(*known, *here);
      known = root(*here);
    }
    factors_[factor_] = rewriter_.operand(spread);
    old_.accesses[factor_].clear();
    for (const auto& each : index) old_.accesses[factor_].push_back(Affine::axis(root(*each)));
    return built();
  }

 private:
  int root(int index) const {
    while (same_[index] != index) index = same_[index];
    return index;
  }
  // The smaller one stays: a free index before a summed one.
  void unite(int a, int b) {
    a = root(a);
    b = root(b);
    same_[std::max(a, b)] = std::min(a, b);
  }

  Value built() {
    Contraction contraction;
    std::vector<Affine> by(old_.extents.size());
    for (int k = 0; k < static_cast<int>(same_.size()); ++k) {
      if (root(k) == k) {
        by[k] = Affine::axis(static_cast<int>(contraction.extents.size()));
        contraction.extents.push_back(old_.extents[k]);
        contraction.free += k < old_.free;
      } else {
        by[k] = by[root(k)];
      }
    }
    for (const auto& accesses : old_.accesses) {
      auto& changed = contraction.accesses.emplace_back();
      for (const Affine& access : accesses) changed.push_back(composed(access, by));
    }
    Graph& graph = rewriter_.graph;
    const bool is_whole = contraction.free == old_.free;
    const Value inner = graph.contract(factors_, std::move(contraction));
    if (is_whole) return inner;
    View places{{old_.extents.begin(), old_.extents.begin() + old_.free}, {}, std::nullopt};
    places.map.assign(by.begin(), by.begin() + old_.free);
    return graph.spread(inner, std::move(places));
  }

  Rewriter& rewriter_;
  Contraction old_;
  std::vector<Value> factors_;
  size_t factor_;
  std::vector<int> same_;  // an index that this one is equal to; itself where it stays
};

Value contracted(Rewriter& rewriter, Value value) {
  const std::vector<Value> factors = rewriter[value].operands;
  for (size_t k = 0; k < factors.size(); ++k) {
    if (!is_diagonal(rewriter, factors[k])) continue;
    // What is multiplied by the zeros of a diagonal must be numbers.
    bool is_safe = true;
    for (size_t other = 0; other < factors.size(); ++other) {
      is_safe = is_safe && (other == k || rewriter.facts[factors[other]].defined);
    }
    if (!is_safe) continue;
    const Value after = Unified(rewriter, value, k)();
    if (after.valid()) return after;
  }
  return {};
}

// Whether two axes are read by one index.
bool reads_diagonal(const View& view) {
  std::vector<bool> used(view.shape.size(), false);
  for (const Affine& access : view.map) {
    const auto axis = access.plain();
    if (axis && used[*axis]) return true;
    if (axis) used[*axis] = true;
  }
  return false;
}

// The entries on a diagonal of a product are computed alone.
Value read_of_product(Rewriter& rewriter, Value value) {
  const auto& view = std::get<View>(rewriter[value].attributes);
  const Value product = rewriter.operand(value);
  if (view.fill || rewriter.op(product) != Op::contract || rewriter.is_named(product)) return {};
  if (!reads_diagonal(view)) return {};
  const auto& old = std::get<Contraction>(rewriter[product].attributes);
  const int more = static_cast<int>(view.shape.size());
  Contraction contraction{view.shape, more, {}};
  std::vector<Affine> by = view.map;
  for (size_t k = static_cast<size_t>(old.free); k < old.extents.size(); ++k) {
    by.push_back(Affine::axis(static_cast<int>(contraction.extents.size())));
    contraction.extents.push_back(old.extents[k]);
  }
  const std::vector<Value>& factors = rewriter[product].operands;
  for (size_t k = 0; k < factors.size(); ++k) {
    auto& accesses = contraction.accesses.emplace_back();
    for (const Affine& access : old.accesses[k]) accesses.push_back(composed(access, by));
    if (!may_read(accesses, contraction.extents, rewriter.shape(factors[k]))) return {};
  }
  return rewriter.graph.contract(factors, std::move(contraction));
}

std::vector<Rule> make_table() {
  constexpr std::string_view finite = "y is finite";
  return {
      rule("scaled diagonal", {Op::mul, Op::div}, scaled, "diag(x) * y", "diag(x * diag(y))", exact,
           Stage::simplify, finite),
      rule("sum of diagonals", {Op::add, Op::sub}, added, "diag(x) + diag(y)", "diag(x + y)",
           exact),
      rule("sum over a diagonal", {Op::reduce_sum}, summed, "sum(diag(x), axis = 1)", "x", exact),
      rule("view of a diagonal", {Op::view}, viewed, "diag(diag(x)), diag(x)'", "x, diag(x)",
           exact),
      rule("product with a diagonal", {Op::contract}, contracted, "diag(x) @ y", "x[:, new] * y",
           exact, Stage::simplify, finite),
      rule("diagonal of a product", {Op::view}, read_of_product, "diag(x @ y)",
           "sum[k] x[i, k] * y[k, i]", rounding),
  };
}

}  // namespace

std::span<const Rule> spread_rules() {
  static const std::vector<Rule> table = make_table();
  return table;
}

}  // namespace gradus::rewriting
