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
  if (depth == 0 || x.op != y.op || x.type.rank() != y.type.rank()) return false;
  if (x.type.shape[axes.p] != y.type.shape[axes.q]) return false;
  return are_mirrors(x, y, axes, depth - 1);
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
  if (a.op == Op::contract) return is_mirror_of_contraction(a, b, axes);
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

// Σ of the same factors, where two of the summed indices may change places too.
bool Symmetry::is_mirror_of_contraction(const Node& a, const Node& b, Swap axes) {
  const auto& x = std::get<Contraction>(a.attributes);
  const auto& y = std::get<Contraction>(b.attributes);
  const int count = static_cast<int>(x.extents.size());
  if (a.operands.size() != b.operands.size() || y.extents.size() != x.extents.size()) return false;
  std::vector<Affine> by;
  for (int k = 0; k < count; ++k) {
    by.push_back(Affine::axis(k == axes.p ? axes.q : k == axes.q ? axes.p : k));
  }
  if (have_the_same_factors(a, b, by)) return true;
  for (int k = x.free; k < count; ++k) {
    for (int j = k + 1; j < count; ++j) {
      if (x.extents[k] != x.extents[j]) continue;
      std::swap(by[k], by[j]);
      if (have_the_same_factors(a, b, by)) return true;
      std::swap(by[k], by[j]);
    }
  }
  return false;
}

bool Symmetry::have_the_same_factors(const Node& a, const Node& b, const std::vector<Affine>& by) {
  const auto& from = std::get<Contraction>(a.attributes).accesses;
  const auto& to = std::get<Contraction>(b.attributes).accesses;
  std::vector<bool> taken(b.operands.size(), false);
  for (size_t k = 0; k < a.operands.size(); ++k) {
    std::vector<Affine> accesses;
    for (const Affine& access : from[k]) accesses.push_back(composed(access, by));
    size_t j = 0;
    while (j < to.size() && (taken[j] || a.operands[k] != b.operands[j] ||
                             !reads_the_same(a.operands[k], accesses, to[j]))) {
      ++j;
    }
    if (j == to.size()) return false;
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
