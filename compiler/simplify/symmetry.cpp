#include "compiler/simplify/symmetry.h"

#include <algorithm>
#include <cmath>

#include "compiler/graph/access.h"

namespace gradus {
namespace {

// How deep a value is looked into: operands that may be exchanged are tried both ways.
constexpr int deepest = 10;

bool commutes(Op op) {
  return op == Op::add || op == Op::mul || op == Op::min || op == Op::max || op == Op::eq ||
         op == Op::ne || op == Op::logical_and || op == Op::logical_or;
}

// Accesses over axes of which two are exchanged.
std::vector<Affine> exchanged(const std::vector<Affine>& accesses, int p, int q, int count) {
  std::vector<Affine> by;
  for (int k = 0; k < count; ++k) by.push_back(Affine::axis(k == p ? q : k == q ? p : k));
  std::vector<Affine> result;
  result.reserve(accesses.size());
  for (const Affine& access : accesses) result.push_back(composed(access, by));
  return result;
}

// The axis that is read at this index alone, while no other one depends on it; −1 for none.
int axis_of(const std::vector<Affine>& accesses, int index) {
  int found = -1;
  for (size_t k = 0; k < accesses.size(); ++k) {
    if (!uses({accesses[k]}, index)) continue;
    if (found >= 0 || accesses[k].plain() != index) return -1;
    found = static_cast<int>(k);
  }
  return found;
}

}  // namespace

bool Symmetry::operator[](Value value) {
  const Shape& shape = graph_.shape(value);
  if (shape.size() < 2 || shape[shape.size() - 1] != shape[shape.size() - 2]) return false;
  if (const auto found = known_.find(value.id); found != known_.end()) return found->second;
  known_[value.id] = false;  // while it is found out
  const int last = static_cast<int>(shape.size()) - 1;
  return known_[value.id] = is_mirror(value, value, {last - 1, last}, deepest);
}

// Whether b is a with two axes exchanged.
bool Symmetry::is_mirror(Value a, Value b, Swap axes, int depth) {
  if (graph_.type(a).rank() == 0) return a == b;
  const Node& x = graph_[a];
  const Node& y = graph_[b];
  if (x.type.rank() != y.type.rank() || x.type.shape[axes.p] != y.type.shape[axes.q]) return false;
  if (is_transpose_of(a, b, axes) || is_transpose_of(b, a, axes)) return true;
  if (depth == 0 || x.op != y.op) return false;
  if (x.op == Op::contract) return is_mirror_of_contraction(a, b, axes);
  return are_mirrors(x, y, axes, depth - 1);
}

// Whether `turned` is a view that exchanges these axes of x.
bool Symmetry::is_transpose_of(Value turned, Value x, Swap axes) const {
  if (graph_[turned].op != Op::view || graph_[turned].operands[0] != x) return false;
  auto order = as_transpose(graph_, turned);
  if (!order) return false;
  std::swap((*order)[axes.p], (*order)[axes.q]);
  return std::is_sorted(order->begin(), order->end());
}

// Whether b is the negative of that.
bool Symmetry::is_reverse(Value a, Value b, Swap axes, int depth) {
  const Node& x = graph_[a];
  const Node& y = graph_[b];
  if (depth == 0 || x.op != Op::sub || y.op != Op::sub) return false;
  // An operand without axes is the same at all entries.
  return x.type.rank() == y.type.rank() &&
         is_mirror(x.operands[0], y.operands[1], axes, depth - 1) &&
         is_mirror(x.operands[1], y.operands[0], axes, depth - 1);
}

bool Symmetry::are_mirrors(const Node& a, const Node& b, Swap axes, int depth) {
  const auto& x = a.operands;
  const auto& y = b.operands;
  if (a.op == Op::view) return is_mirror_of_view(a, b, axes, depth);
  if (a.op == Op::spread) {
    auto map = std::get<View>(a.attributes).map;
    std::swap(map[axes.p], map[axes.q]);
    return x[0] == y[0] && map == std::get<View>(b.attributes).map;
  }
  if (a.op == Op::reduce_sum) return is_mirror_of_sum(a, b, axes, depth);
  if (a.op == Op::inv) {
    const int last = a.type.rank() - 1;
    return axes.p == last - 1 && axes.q == last && is_mirror(x[0], y[0], axes, depth);
  }
  if (!is_map(a.op)) return false;
  const auto mirrored = [&](size_t k, size_t j) { return is_mirror(x[k], y[j], axes, depth); };
  if (x.size() == 2 && commutes(a.op)) {
    const bool crosswise = mirrored(0, 1) && mirrored(1, 0);
    const bool is_square = a.op == Op::mul && x[0] == x[1] && y[0] == y[1];
    return crosswise || (mirrored(0, 0) && mirrored(1, 1)) ||
           (is_square && is_reverse(x[0], y[0], axes, depth));
  }
  if (a.op == Op::pow && x[1] == y[1] && graph_[x[1]].op == Op::constant) {
    const double power = std::get<Literal>(graph_[x[1]].attributes).value;
    if (std::fmod(power, 2) == 0 && is_reverse(x[0], y[0], axes, depth)) return true;
  }
  if (a.op == Op::abs && is_reverse(x[0], y[0], axes, depth)) return true;
  for (size_t k = 0; k < x.size(); ++k) {
    if (!mirrored(k, k)) return false;
  }
  return true;
}

// A view of the same value that reads it with the axes exchanged, or one that reads the mirror.
bool Symmetry::is_mirror_of_view(const Node& a, const Node& b, Swap axes, int depth) {
  const auto& x = std::get<View>(a.attributes);
  const auto& y = std::get<View>(b.attributes);
  if (x.fill != y.fill) return false;
  const auto map = exchanged(x.map, axes.p, axes.q, a.type.rank());
  if (a.operands[0] == b.operands[0] && reads_the_same(a.operands[0], map, y.map)) return true;
  const int p = axis_of(x.map, axes.p);
  const int q = axis_of(x.map, axes.q);
  if (p < 0 || q < 0 || !(x.map == y.map)) return false;
  return is_mirror(a.operands[0], b.operands[0], {std::min(p, q), std::max(p, q)}, depth);
}

bool Symmetry::is_mirror_of_sum(const Node& a, const Node& b, Swap axes, int depth) {
  const auto& folded = std::get<Axes>(a.attributes).axes;
  if (folded != std::get<Axes>(b.attributes).axes) return false;
  const auto unfolded = [&](int axis) {
    for (int fold : folded) axis += fold <= axis ? 1 : 0;
    return axis;
  };
  return is_mirror(a.operands[0], b.operands[0], {unfolded(axes.p), unfolded(axes.q)}, depth);
}

// Σ Π of entries, through contractions of contractions.
struct Symmetry::Factors {
  Shape extents;
  int free = 0;
  std::vector<Value> values;
  std::vector<std::vector<Affine>> accesses;
};

void Symmetry::open(Value value, const std::vector<Affine>& at, Factors& out) const {
  constexpr size_t most = 6;
  if (graph_[value].op != Op::contract || out.values.size() >= most) {
    out.values.push_back(value);
    out.accesses.push_back(at);
    return;
  }
  const auto& of = std::get<Contraction>(graph_[value].attributes);
  std::vector<Affine> by = at;
  for (size_t k = static_cast<size_t>(of.free); k < of.extents.size(); ++k) {
    by.push_back(Affine::axis(static_cast<int>(out.extents.size())));
    out.extents.push_back(of.extents[k]);
  }
  for (size_t k = 0; k < of.accesses.size(); ++k) {
    std::vector<Affine> accesses;
    for (const Affine& access : of.accesses[k]) accesses.push_back(composed(access, by));
    open(graph_[value].operands[k], accesses, out);
  }
}

Symmetry::Factors Symmetry::factors_of(Value value) const {
  Factors result;
  result.extents = graph_.shape(value);
  result.free = graph_.type(value).rank();
  std::vector<Affine> at;
  for (int k = 0; k < result.free; ++k) at.push_back(Affine::axis(k));
  open(value, at, result);
  return result;
}

// Σ of the same factors, where two of the summed indices may change places too.
bool Symmetry::is_mirror_of_contraction(Value a, Value b, Swap axes) {
  const Factors x = factors_of(a);
  const Factors y = factors_of(b);
  const int count = static_cast<int>(x.extents.size());
  if (x.values.size() != y.values.size() || y.extents.size() != x.extents.size()) return false;
  std::vector<Affine> by;
  for (int k = 0; k < count; ++k) by.push_back(Affine::axis(k));
  std::swap(by[axes.p], by[axes.q]);
  if (have_the_same_factors(x, y, by)) return true;
  for (int k = x.free; k < count; ++k) {
    for (int j = k + 1; j < count; ++j) {
      if (x.extents[k] != x.extents[j]) continue;
      std::swap(by[k], by[j]);
      if (have_the_same_factors(x, y, by)) return true;
      std::swap(by[k], by[j]);
    }
  }
  return false;
}

bool Symmetry::have_the_same_factors(const Factors& a, const Factors& b,
                                     const std::vector<Affine>& by) {
  std::vector<bool> taken(b.values.size(), false);
  for (size_t k = 0; k < a.values.size(); ++k) {
    std::vector<Affine> accesses;
    for (const Affine& access : a.accesses[k]) accesses.push_back(composed(access, by));
    size_t j = 0;
    while (j < b.values.size() && (taken[j] || a.values[k] != b.values[j] ||
                                   !reads_the_same(a.values[k], accesses, b.accesses[j]))) {
      ++j;
    }
    if (j == b.values.size()) return false;
    taken[j] = true;
  }
  return true;
}

// Whether the entries at these accesses are the same ones: of a symmetric matrix at [i, j] and
// [j, i].
bool Symmetry::reads_the_same(Value value, const std::vector<Affine>& a,
                              const std::vector<Affine>& b) {
  if (a == b) return true;
  if (a.size() < 2 || !(*this)[value]) return false;
  std::vector<Affine> other = a;
  std::swap(other[other.size() - 1], other[other.size() - 2]);
  return other == b;
}

}  // namespace gradus
