// Adjoints of contractions: each is again a contraction, of the adjoint and the other factors.
#include <algorithm>
#include <optional>

#include "compiler/gradient/adjoint.h"
#include "compiler/graph/access.h"

namespace gradus::adjoint {
namespace {

// A contraction under construction: some indices of the user's are replaced by expressions in the
// indices of the new one.
struct Rewriting {
  std::vector<Affine> of_old;  // by the user's index number
  Shape extents;               // of the new indices
  int free = 0;
};

int coefficient_of(const Affine& access, int index) {
  for (const auto& term : access.terms) {
    if (term.axis == index) return static_cast<int>(term.coefficient);
  }
  return 0;
}

// The index that an axis's access is solved for: the axis itself where the access is that index
// alone; in x[p + u], p, if it is an index of the result that no other access than this one uses,
// so that only the adjoint is read at i − u.
std::optional<int> pivot(const Contraction& contraction, int operand, int axis) {
  const std::vector<Affine>& accesses = contraction.accesses[operand];
  const Affine& access = accesses[axis];
  for (const auto& [index, coefficient] : access.terms) {
    if (coefficient != 1 && coefficient != -1) continue;
    bool elsewhere = false;
    for (int k = 0; k < static_cast<int>(accesses.size()); ++k) {
      elsewhere |= k != axis && coefficient_of(accesses[k], index) != 0;
    }
    if (elsewhere) continue;
    if (access.plain()) return index;
    for (int k = 0; k < static_cast<int>(contraction.accesses.size()); ++k) {
      elsewhere |= k != operand && uses(contraction.accesses[k], index);
    }
    if (!elsewhere && index < contraction.free) return index;
  }
  return std::nullopt;
}

// The new indices are the operand's axes, then the user's indices that no pivot replaced. Nothing
// where an axis has no pivot.
std::optional<Rewriting> solve(const Contraction& contraction, int operand, const Shape& shape) {
  const std::vector<Affine>& accesses = contraction.accesses[operand];
  const int rank = static_cast<int>(shape.size());
  std::vector<int> axis_of(contraction.extents.size(), -1);
  for (int axis = 0; axis < rank; ++axis) {
    auto index = pivot(contraction, operand, axis);
    if (!index) return std::nullopt;
    axis_of[*index] = axis;
  }
  Rewriting result{std::vector<Affine>(axis_of.size()), shape, rank};
  for (size_t index = 0; index < axis_of.size(); ++index) {
    if (axis_of[index] != -1) continue;
    result.of_old[index] = Affine::axis(static_cast<int>(result.extents.size()));
    result.extents.push_back(contraction.extents[index]);
  }
  for (size_t index = 0; index < axis_of.size(); ++index) {
    if (axis_of[index] == -1) continue;
    // axis = offset + Σ others + sign · index, so index = sign · (axis − offset − Σ others).
    const Affine& access = accesses[axis_of[index]];
    const int sign = coefficient_of(access, static_cast<int>(index));
    Affine others = Affine::at(access.offset);
    for (const auto& term : access.terms) {
      if (term.axis != static_cast<int>(index)) others.terms.push_back(term);
    }
    others = composed(others, result.of_old);
    Affine& solved = result.of_old[index];
    solved = {{{axis_of[index], sign}}, Dim(-sign) * others.offset};
    for (const auto& term : others.terms) {
      solved.terms.push_back({term.axis, -sign * term.coefficient});
    }
    std::sort(solved.terms.begin(), solved.terms.end(),
              [](const auto& a, const auto& b) { return a.axis < b.axis; });
  }
  return result;
}

// The user's indices that the operand's accesses use, then the others; the operand's axes are found
// again by a spread.
Rewriting reordered(const Contraction& contraction, int operand) {
  Rewriting result{std::vector<Affine>(contraction.extents.size()), {}, 0};
  for (bool used : {true, false}) {
    for (int index = 0; index < static_cast<int>(contraction.extents.size()); ++index) {
      if (uses(contraction.accesses[operand], index) != used) continue;
      result.of_old[index] = Affine::axis(static_cast<int>(result.extents.size()));
      result.extents.push_back(contraction.extents[index]);
    }
    if (used) result.free = static_cast<int>(result.extents.size());
  }
  return result;
}

// The adjoint with zeros around it, so that the accesses, which may leave it, stay in range.
Value padded(Graph& graph, Value g, std::vector<Affine>& accesses, const Shape& extents) {
  View pad{{}, {}, 0.0};
  bool leaves = false;
  for (int axis = 0; axis < static_cast<int>(accesses.size()); ++axis) {
    const Dim& extent = graph.shape(g)[axis];
    const Bounds reached = bounds(accesses[axis], extents);
    if (in_range(accesses[axis], extents, extent)) {
      pad.shape.push_back(extent);
      pad.map.push_back(Affine::axis(axis));
    } else {
      leaves = true;
      pad.shape.push_back(reached.largest - reached.least + Dim(1));
      pad.map.push_back(Affine::axis(axis, 1, reached.least));
      accesses[axis].offset = accesses[axis].offset - reached.least;
    }
  }
  return leaves ? graph.view(g, std::move(pad)) : g;
}

// A contraction in which an index may be missing from all the factors: along a free one the result
// is repeated, a summed one counts its extent.
Value covered(Graph& graph, const std::vector<Value>& factors, const Contraction& contraction) {
  std::vector<int> kept;  // free indices that a factor has
  std::vector<Affine> of_old(contraction.extents.size());
  Contraction result;
  Dim times = 1;
  for (int index = 0; index < static_cast<int>(contraction.extents.size()); ++index) {
    const bool present = std::any_of(contraction.accesses.begin(), contraction.accesses.end(),
                                     [&](const auto& accesses) { return uses(accesses, index); });
    const bool is_free = index < contraction.free;
    if (present) {
      of_old[index] = Affine::axis(static_cast<int>(result.extents.size()));
      result.extents.push_back(contraction.extents[index]);
      if (is_free) kept.push_back(index);
    } else if (!is_free) {
      times = times * contraction.extents[index];
    }
  }
  result.free = static_cast<int>(kept.size());
  for (const auto& accesses : contraction.accesses) {
    result.accesses.emplace_back();
    for (const Affine& access : accesses) {
      result.accesses.back().push_back(composed(access, of_old));
    }
  }
  const Shape shape(contraction.extents.begin(), contraction.extents.begin() + contraction.free);
  Value product = factors.size() == 1 && result.extents.empty()
                      ? factors[0]
                      : graph.contract(factors, std::move(result));
  if (times != Dim(1)) product = graph.map(Op::mul, {graph.size(times), product});
  return graph.broadcast(product, shape, kept);
}

}  // namespace

Value of_contract(Graph& graph, Value user, int operand, Value g) {
  const Node& node = graph[user];
  const auto& old = std::get<Contraction>(node.attributes);
  const Shape& shape = graph.shape(node.operands[operand]);
  const auto solved = solve(old, operand, shape);
  const Rewriting rewriting = solved ? *solved : reordered(old, operand);

  Contraction contraction{rewriting.extents, rewriting.free, {}};
  std::vector<Value> factors = node.operands;
  for (int k = 0; k < static_cast<int>(factors.size()); ++k) {
    std::vector<Affine>& accesses = contraction.accesses.emplace_back();
    if (k == operand) {
      for (int axis = 0; axis < old.free; ++axis) accesses.push_back(rewriting.of_old[axis]);
      factors[k] = padded(graph, g, accesses, contraction.extents);
    } else {
      for (const Affine& access : old.accesses[k]) {
        accesses.push_back(composed(access, rewriting.of_old));
      }
    }
  }
  const Value result = covered(graph, factors, contraction);
  if (solved) return result;
  View spread{shape, {}, std::nullopt};
  for (const Affine& access : old.accesses[operand]) {
    spread.map.push_back(composed(access, rewriting.of_old));
  }
  return graph.spread(result, std::move(spread));
}

}  // namespace gradus::adjoint
