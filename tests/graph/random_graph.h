#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "tests/graph/random_pool.h"

namespace gradus::test {

// Grows a graph by operators that it draws; a value that does not fit is drawn again.
class RandomGraph : private RandomPool {
 public:
  using RandomPool::RandomPool;

  RandomProgram make() {
    leaves();
    for (int k = 0; k < options_.steps; ++k) {
      for (int attempt = 0; attempt < 20; ++attempt) {
        if (step()) break;
      }
    }
    loss();
    return std::move(out_);
  }

 private:
  bool step() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
        return unary();
      case 3:
      case 4:
      case 5:
        return binary();
      case 6:
        return choice();
      case 7:
      case 8:
        return viewed();
      case 9:
        return spread();
      case 10:
        return reshaped();
      case 11:
        return concatenated();
      case 12:
        return contracted();
      case 13:
      case 14:
        return reduced();
      case 15:
        return indexed();
    }
    return false;
  }

  // Whether an elementwise operator of one operand is smooth at x.
  static bool fits(Op op, double x) {
    const double half = std::fabs(2 * x - std::nearbyint(2 * x));
    if (op == Op::abs || op == Op::sign) return std::fabs(x) > 0.01;
    if (op == Op::floor || op == Op::ceil || op == Op::round) return half > 0.01;
    if (op == Op::log || op == Op::sqrt || op == Op::lgamma) return x > 0.05;
    if (op == Op::log1p) return x > -0.95;
    if (op == Op::asin || op == Op::acos) return std::fabs(x) < 0.95;
    if (op == Op::tan) return std::fabs(std::cos(x)) > 0.2;
    return true;
  }

  bool unary() {
    const Map& row = maps()[below(static_cast<int>(maps().size()))];
    if (row.arity != 1 || row.op == Op::to_real || row.op == Op::stop_gradient ||
        row.op == Op::logical_not) {
      return false;
    }
    Value x = pick();
    if ((row.op == Op::log || row.op == Op::sqrt || row.op == Op::lgamma) && options_.smooth) {
      x = graph().map(Op::add, {graph().map(Op::mul, {x, x}), graph().constant(0.5)});
    }
    if (row.op == Op::asin || row.op == Op::acos) x = graph().map(Op::sin, {x});
    if (!all(x, [&](double entry) { return fits(row.op, entry); })) return false;
    return keep(graph().map(row.op, {x}));
  }

  // A second operand for x: one of its shape, a scalar, or one that is stretched to it.
  std::optional<Value> partner(Value x) {
    if (chance(20)) return graph().constant(real());
    if (chance(10)) return graph().symbol("lambda", 0.25);
    if (auto y = pick(shape(x)); y && chance(60)) return y;
    const Value y = pick();
    if (shape(y).empty()) return y;
    const size_t rank = shape(y).size();
    if (rank > shape(x).size()) return std::nullopt;
    for (size_t k = 0; k < rank; ++k) {
      const Dim& own = shape(y)[rank - 1 - k];
      if (own != Dim(1) && own != shape(x)[shape(x).size() - 1 - k]) return std::nullopt;
    }
    return graph().broadcast(y, shape(x));
  }

  bool binary() {
    static constexpr Op ops[] = {Op::add,  Op::sub,   Op::mul,      Op::mul,   Op::add,
                                 Op::div,  Op::pow,   Op::min,      Op::atan2, Op::max,
                                 Op::div0, Op::ratio, Op::polygamma};
    const Op op = ops[below(static_cast<int>(std::size(ops)))];
    Value x = pick();
    auto y = partner(x);
    if (!y) return false;
    if (op == Op::div || op == Op::atan2) {
      *y = graph().map(Op::add, {graph().map(Op::mul, {*y, *y}), graph().constant(0.5)});
    }
    const bool divides = op == Op::div0 || op == Op::ratio;
    if (divides && !all(*y, [](double d) { return std::fabs(d) > 0.25; })) return false;
    if (op == Op::pow) {
      x = graph().map(Op::add, {graph().map(Op::mul, {x, x}), graph().constant(0.25)});
    }
    if (op == Op::polygamma) {
      x = graph().map(Op::add, {graph().map(Op::mul, {x, x}), graph().constant(0.5)});
      return keep(graph().map(op, {graph().constant(below(2)), x}));
    }
    if ((op == Op::min || op == Op::max) && !apart(x, *y)) return false;
    return keep(chance(50) || divides || op == Op::pow || op == Op::div || op == Op::atan2
                    ? graph().map(op, {x, *y})
                    : graph().map(op, {*y, x}));
  }

  bool choice() {
    static constexpr Op comparisons[] = {Op::lt, Op::le, Op::gt, Op::ge, Op::eq, Op::ne};
    const Value x = pick();
    const auto y = partner(x);
    const auto z = partner(x);
    if (!y || !z || !apart(x, *y)) return false;
    Value condition = graph().map(comparisons[below(6)], {x, *y});
    if (chance(20)) condition = graph().map(Op::logical_not, {condition});
    if (chance(20)) {
      if (!apart(x, graph().constant(0.125))) return false;
      const Value other = graph().map(Op::gt, {x, graph().constant(0.125)});
      condition = graph().map(chance(50) ? Op::logical_and : Op::logical_or, {condition, other});
    }
    if (chance(20)) return keep(graph().map(Op::to_real, {condition}));
    return keep(chance(50) ? graph().map(Op::select, {condition, x, *z})
                           : graph().map(Op::select, {condition, *z, x}));
  }

  // A view of something of this shape.
  View view_of(const Shape& own) {
    const int rank = static_cast<int>(own.size());
    View view{own, {}, std::nullopt};
    for (int k = 0; k < rank; ++k) view.map.push_back(Affine::axis(k));
    if (rank == 0 || chance(25)) {  // a new axis
      const int at = below(rank + 1);
      view.shape.insert(view.shape.begin() + at, extent());
      for (int k = at; k < rank; ++k) view.map[k] = Affine::axis(k + 1);
      return view;
    }
    const int axis = below(rank);
    const auto n = own[axis].number();
    const int sort = below(6);
    if (sort == 0 && rank > 1) {  // two axes swapped
      const int other = (axis + 1) % rank;
      std::swap(view.shape[axis], view.shape[other]);
      std::swap(view.map[axis], view.map[other]);
    } else if (sort == 1) {  // flipped
      view.map[axis] = Affine::axis(axis, -1, own[axis] - Dim(1));
    } else if (sort == 2 && n && *n > 0) {  // a slice
      const int64_t first = below(static_cast<int>(*n));
      const int64_t stride = 1 + below(2);
      view.shape[axis] = (*n - first + stride - 1) / stride;
      view.map[axis] = Affine::axis(axis, stride, first);
    } else if (sort == 3) {  // padded
      const int before = below(3);
      view.shape[axis] = own[axis] + Dim(before + below(2));
      view.map[axis] = Affine::axis(axis, 1, -before);
      view.fill = below(2);
    } else if (sort == 4 && n && *n > 1) {  // windows
      view.shape[axis] = *n - 1;
      view.shape.push_back(2);
      view.map[axis].terms.push_back({rank, 1});
    } else if (sort == 5 && rank > 1 && own[axis] == own[(axis + 1) % rank]) {  // a diagonal
      const int gone = std::max(axis, (axis + 1) % rank);
      const int kept = std::min(axis, (axis + 1) % rank);
      view.shape.erase(view.shape.begin() + gone);
      for (int k = 0; k < rank; ++k) {
        view.map[k] = Affine::axis(k == gone ? kept : k > gone ? k - 1 : k);
      }
    }
    return view;
  }

  bool viewed() {
    const Value x = pick();
    if (shape(x).size() > 3) return false;
    return keep(graph().view(x, view_of(shape(x))));
  }

  // The adjoint of a view of some value, applied to another.
  bool spread() {
    const Shape target = shape(pick());
    View view = view_of(target);
    const auto x = pick(view.shape);
    if (!x) return false;
    view.shape = target;
    view.fill = std::nullopt;
    return keep(graph().spread(*x, view));
  }

  bool reshaped() {
    const Value x = pick();
    Shape target = shape(x);
    if (target.size() > 1 && chance(60)) {  // two axes merged
      const int at = below(static_cast<int>(target.size()) - 1);
      target[at] = target[at] * target[at + 1];
      target.erase(target.begin() + at + 1);
    } else {  // one split
      for (size_t k = 0; k < target.size(); ++k) {
        if (target[k] != Dim(4)) continue;
        target[k] = 2;
        target.insert(target.begin() + static_cast<int>(k), 2);
        return keep(graph().reshape(x, target));
      }
      target.insert(target.begin() + below(static_cast<int>(target.size()) + 1), 1);
    }
    return target.size() <= 4 && keep(graph().reshape(x, target));
  }

  bool concatenated() {
    const Value x = pick();
    const auto y = pick(shape(x));
    if (!y || shape(x).empty()) return false;
    return keep(graph().concat({x, *y}, below(static_cast<int>(shape(x).size()))));
  }

  // A product of two values over indices that some of their axes share, some of them summed.
  bool contracted() {
    const Value factors[] = {pick(), pick()};
    Shape extents;
    std::vector<std::vector<Affine>> accesses;
    for (Value factor : factors) {
      std::vector<Affine> access;
      for (const Dim& dim : shape(factor)) {
        const auto shared = std::find(extents.begin(), extents.end(), dim);
        if (shared != extents.end() && chance(75)) {
          access.push_back(Affine::axis(static_cast<int>(shared - extents.begin())));
        } else {
          access.push_back(Affine::axis(static_cast<int>(extents.size())));
          extents.push_back(dim);
        }
      }
      accesses.push_back(access);
    }
    const int indices = static_cast<int>(extents.size());
    std::vector<int> free;
    std::vector<int> summed;
    for (int k = 0; k < indices; ++k) (chance(50) ? free : summed).push_back(k);
    if (free.size() > 3 || *size_of(extents).substituted(out_.dims).number() > 3000) return false;

    // The free indices first.
    std::vector<int> number(indices);
    Contraction contraction;
    contraction.free = static_cast<int>(free.size());
    free.insert(free.end(), summed.begin(), summed.end());
    for (int k = 0; k < indices; ++k) {
      number[free[k]] = k;
      contraction.extents.push_back(extents[free[k]]);
    }
    for (auto& access : accesses) {
      for (Affine& entry : access) entry = Affine::axis(number[*entry.plain()]);
    }
    convolve(contraction, accesses);
    contraction.accesses = accesses;
    return keep(graph().contract({factors[0], factors[1]}, contraction));
  }

  // Now and then, one index of the first factor runs over windows as long as an axis of the second.
  void convolve(Contraction& contraction, std::vector<std::vector<Affine>>& accesses) {
    if (accesses[0].empty() || accesses[1].empty() || chance(50)) return;
    const int p = *accesses[0][0].plain();
    const int u = *accesses[1][0].plain();
    const auto n = contraction.extents[p].number();
    const auto m = contraction.extents[u].number();
    int uses = 0;
    for (const auto& access : accesses) {
      for (const Affine& entry : access) uses += *entry.plain() == p;
    }
    if (p == u || uses > 1 || !n || !m || *m < 1 || *n < *m) return;
    contraction.extents[p] = *n - *m + 1;
    accesses[0][0].terms = p < u ? std::vector<Affine::Term>{{p, 1}, {u, 1}}
                                 : std::vector<Affine::Term>{{u, 1}, {p, 1}};
  }

  // Whether the largest (or smallest) entry of each group stands out.
  bool has_clear_winner(Op op, Value x, const std::vector<int>& axes) {
    if (!options_.smooth) return true;
    const Op reduction = op == Op::argmax ? Op::reduce_max : op == Op::argmin ? Op::reduce_min : op;
    Shape kept = shape(x);
    for (int axis : axes) kept[axis] = 1;
    const Value best =
        graph().broadcast(graph().reshape(graph().reduce(reduction, x, axes), kept), shape(x));
    const Value gap = graph().map(Op::abs, {graph().map(Op::sub, {x, best})});
    const Value near =
        graph().map(Op::to_real, {graph().map(Op::lt, {gap, graph().constant(0.01)})});
    const Array count = array(graph().reduce(Op::reduce_sum, near, axes));
    return std::all_of(count.entries.begin(), count.entries.end(), [](double n) { return n == 1; });
  }

  bool reduced() {
    static constexpr Op ops[] = {Op::reduce_sum, Op::reduce_prod, Op::reduce_max, Op::reduce_min,
                                 Op::logsumexp,  Op::norm,        Op::softmax,    Op::log_softmax,
                                 Op::cumsum,     Op::reduce_any,  Op::reduce_all, Op::reduce_sum};
    const Op op = ops[below(static_cast<int>(std::size(ops)))];
    const Value x = pick();
    if (shape(x).empty()) return false;
    std::vector<int> axes;
    for (int k = 0; k < static_cast<int>(shape(x).size()); ++k) {
      if (chance(60)) axes.push_back(k);
    }
    if (axes.empty()) axes.push_back(below(static_cast<int>(shape(x).size())));
    if (op == Op::cumsum) return keep(graph().cumsum(x, {axes[0], chance(40), chance(40)}));
    if (op == Op::softmax || op == Op::log_softmax) return keep(graph().normalise(op, x, axes));
    if (op == Op::reduce_any || op == Op::reduce_all) {
      if (!apart(x, graph().constant(0.25))) return false;
      const Value truth = graph().map(Op::lt, {x, graph().constant(0.25)});
      return keep(graph().map(Op::to_real, {graph().reduce(op, truth, axes)}));
    }
    if ((op == Op::reduce_max || op == Op::reduce_min) && !has_clear_winner(op, x, axes)) {
      return false;
    }
    const Value result = graph().reduce(op, x, axes);
    if (op == Op::norm && !all(result, [](double n) { return n > 0.05; })) return false;
    return keep(result);
  }

  // A value by an index: gather, scatter_add, one-hot, argmax.
  bool indexed() {
    const Value x = pick();
    const Value at = indices_[below(static_cast<int>(indices_.size()))];
    const Dim bound = graph().type(at).bound;
    const int rank = static_cast<int>(shape(x).size());
    if (chance(15)) {
      const Value numbers = graph().iota(bound);
      const Shape wide = {shape(at)[0], bound};
      const Value same = graph().map(
          Op::eq, {graph().broadcast(at, wide, {0}), graph().broadcast(numbers, wide, {1})});
      return keep(graph().map(Op::to_real, {same}));
    }
    for (int axis = 0; axis < rank; ++axis) {
      if (shape(x)[axis] == bound && chance(70)) return keep(graph().gather(x, at, axis));
      if (shape(x)[axis] == shape(at)[0] && chance(70)) {
        Shape table = shape(x);
        table[axis] = bound;
        return keep(graph().scatter_add(x, at, axis, table));
      }
    }
    if (rank == 0 || shape(x)[rank - 1] == Dim(0)) return false;
    const Op op = chance(50) ? Op::argmax : Op::argmin;
    if (!has_clear_winner(op, x, {rank - 1})) return false;
    return keep(graph().map(Op::to_real, {graph().reduce(op, x, {rank - 1})}));
  }

  // The sum of the last values, and of one that the extents scale.
  void loss() {
    Value total = graph().constant(0);
    const int n = static_cast<int>(pool_.size());
    for (int k = std::max(0, n - 5); k < n; ++k) {
      const Value x = pool_[k].value;
      std::vector<int> axes(shape(x).size());
      for (size_t axis = 0; axis < axes.size(); ++axis) axes[axis] = static_cast<int>(axis);
      Value sum = axes.empty() ? x : graph().reduce(Op::reduce_sum, x, axes);
      if (size_of(shape(x)).substituted(out_.dims).number() != 0 && chance(40)) {
        sum = graph().map(Op::div, {sum, graph().size(size_of(shape(x)))});
      }
      total = graph().map(Op::add, {total, sum});
    }
    out_.loss = total;
  }
};

inline RandomProgram random_program(uint64_t seed, const RandomOptions& options = {}) {
  return RandomGraph(seed, options).make();
}

}  // namespace gradus::test
