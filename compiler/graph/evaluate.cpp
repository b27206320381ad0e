// One node from the arrays of its operands.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "compiler/graph/draw.h"
#include "compiler/graph/extents.h"
#include "compiler/graph/interpret.h"
#include "compiler/graph/matrices.h"
#include "compiler/graph/scalar.h"

namespace gradus {

using namespace interpreting;  // NOLINT(google-build-using-namespace)

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Where affine accesses lead from an index.
class Accesses {
 public:
  Accesses(const std::vector<Affine>& map, const DimBindings& dims) : map_(map) {
    for (const Affine& access : map) offsets_.push_back(number(access.offset, dims));
  }
  Extents operator()(const Extents& index) const {
    Extents result = offsets_;
    for (size_t k = 0; k < map_.size(); ++k) {
      for (const Affine::Term& term : map_[k].terms) {
        result[k] += term.coefficient * index[term.axis];
      }
    }
    return result;
  }

 private:
  const std::vector<Affine>& map_;
  Extents offsets_;
};

Extents without(const Extents& index, const std::vector<int>& axes) {
  Extents rest;
  for (int k = 0; k < static_cast<int>(index.size()); ++k) {
    if (!std::binary_search(axes.begin(), axes.end(), k)) rest.push_back(index[k]);
  }
  return rest;
}

void evaluate_map(const Map& row, std::span<const Array* const> operands, Array& result) {
  for (size_t i = 0; i < result.entries.size(); ++i) {
    double x[3] = {};
    for (size_t k = 0; k < operands.size(); ++k) {
      x[k] = operands[k]->entries[operands[k]->shape.empty() ? 0 : i];
    }
    result.entries[i] = row.value(x[0], x[1], x[2]);
  }
}

void evaluate_view(const View& view, const Array& x, const DimBindings& dims, Array& result) {
  const Accesses map(view.map, dims);
  auto out = result.entries.begin();
  for_each_index(result.shape, [&](const Extents& index) {
    const int64_t at = place(x.shape, map(index));
    if (at < 0 && !view.fill) fail("a view without a fill leaves its operand");
    *out++ = at < 0 ? *view.fill : x.entries[at];
  });
}

void evaluate_spread(const View& view, const Array& x, const DimBindings& dims, Array& result) {
  const Accesses map(view.map, dims);
  auto in = x.entries.begin();
  for_each_index(x.shape, [&](const Extents& index) {
    const int64_t at = place(result.shape, map(index));
    if (at >= 0) result.entries[at] += *in;
    ++in;
  });
}

void evaluate_concat(int axis, std::span<const Array* const> parts, Array& result) {
  auto out = result.entries.begin();
  for_each_index(result.shape, [&](Extents index) {
    const Array* const* part = parts.data();
    for (; index[axis] >= (*part)->shape[axis]; ++part) index[axis] -= (*part)->shape[axis];
    *out++ = (*part)->entries[place((*part)->shape, index)];
  });
}

void evaluate_contract(const Contraction& contraction, std::span<const Array* const> factors,
                       const DimBindings& dims, Array& result) {
  std::vector<Accesses> accesses;
  for (const auto& access : contraction.accesses) accesses.emplace_back(access, dims);
  for_each_index(numbers(contraction.extents, dims), [&](const Extents& index) {
    double term = 1;
    for (size_t k = 0; k < factors.size(); ++k) {
      const int64_t at = place(factors[k]->shape, accesses[k](index));
      if (at < 0) fail("a contraction leaves its operand");
      term *= factors[k]->entries[at];
    }
    const Extents free(index.begin(), index.begin() + contraction.free);
    result.entries[place(result.shape, free)] += term;
  });
}

// The place of the first largest entry; NaN counts as the largest. −1 where there is none.
double first_largest(const std::vector<double>& entries) {
  int64_t best = -1;
  for (int64_t k = 0; k < static_cast<int64_t>(entries.size()); ++k) {
    if (best >= 0 && std::isnan(entries[best])) break;
    if (best < 0 || std::isnan(entries[k]) || entries[k] > entries[best]) best = k;
  }
  return static_cast<double>(best);
}

double sum(const std::vector<double>& entries) {
  return std::accumulate(entries.begin(), entries.end(), 0.0);
}

double maximum(const std::vector<double>& entries) {
  return std::accumulate(entries.begin(), entries.end(), -infinity, scalar::maximum);
}

// Σ exp(x − top).
double shifted_sum(const std::vector<double>& entries, double top) {
  double total = 0;
  for (double x : entries) total += std::exp(x - top);
  return total;
}

double logsumexp(const std::vector<double>& entries) {
  const double top = maximum(entries);
  return std::isinf(top) ? top : top + std::log(shifted_sum(entries, top));
}

double norm(const std::vector<double>& entries) {
  return std::sqrt(std::inner_product(entries.begin(), entries.end(), entries.begin(), 0.0));
}

double folded(Op op, std::vector<double> entries) {
  const auto is_true = [](double x) { return x != 0; };
  const auto begin = entries.begin();
  const auto end = entries.end();
  if (op == Op::reduce_sum) return sum(entries);
  if (op == Op::reduce_prod) return std::accumulate(begin, end, 1.0, std::multiplies<>());
  if (op == Op::reduce_max) return maximum(entries);
  if (op == Op::reduce_min) return std::accumulate(begin, end, infinity, scalar::minimum);
  if (op == Op::reduce_any) return std::any_of(begin, end, is_true) ? 1 : 0;
  if (op == Op::reduce_all) return std::all_of(begin, end, is_true) ? 1 : 0;
  if (op == Op::logsumexp) return logsumexp(entries);
  if (op == Op::norm) return norm(entries);
  if (op == Op::argmin) std::transform(begin, end, begin, std::negate<>());
  return first_largest(entries);
}

// The entries of x in groups: one group for each index of the other axes, in row-major order.
std::vector<std::vector<double>> groups(const Array& x, const std::vector<int>& axes) {
  const Extents outer = without(x.shape, axes);
  std::vector<std::vector<double>> result(product(outer));
  auto in = x.entries.begin();
  for_each_index(x.shape, [&](const Extents& index) {
    result[place(outer, without(index, axes))].push_back(*in++);
  });
  return result;
}

void evaluate_normalised(Op op, const std::vector<int>& axes, const Array& x, Array& result) {
  const auto entries = groups(x, axes);
  const Extents outer = without(x.shape, axes);
  auto in = x.entries.begin();
  auto out = result.entries.begin();
  for_each_index(x.shape, [&](const Extents& index) {
    const auto& group = entries[place(outer, without(index, axes))];
    const double top = maximum(group);
    *out++ =
        op == Op::softmax ? std::exp(*in - top) / shifted_sum(group, top) : *in - logsumexp(group);
    ++in;
  });
}

void evaluate_cumsum(const Along& along, const Array& x, Array& result) {
  auto out = result.entries.begin();
  for_each_index(x.shape, [&](Extents index) {
    const int64_t here = index[along.axis];
    const int64_t first = along.reverse ? here : 0;
    const int64_t last = along.reverse ? x.shape[along.axis] - 1 : here;
    double total = 0;
    for (int64_t k = first; k <= last; ++k) {
      index[along.axis] = k;
      if (k != here || !along.exclusive) total += x.entries[place(x.shape, index)];
    }
    *out++ = total;
  });
}

// Where the coordinates of an access by data lead from an index, in a table of these extents: −1
// where out of range.
class DataAccess {
 public:
  DataAccess(const Gathering& gathering, std::span<const Array* const> operands,
             const DimBindings& dims)
      : gathering_(gathering), operands_(operands) {
    for (const Coordinate& each : gathering.from) accesses_.emplace_back(each.at, dims);
  }
  int64_t operator()(const Extents& index, const Extents& table) const {
    Extents at;
    for (size_t axis = 0; axis < accesses_.size(); ++axis) {
      const Extents inner = accesses_[axis](index);
      const int operand = gathering_.from[axis].operand;
      if (operand < 0) {
        at.push_back(inner[0]);
        continue;
      }
      const Array& indices = *operands_[operand];
      const double said = indices.entries[place(indices.shape, inner)];
      if (!(said >= 0 && said < static_cast<double>(table[axis]))) return -1;
      at.push_back(static_cast<int64_t>(said));
    }
    return place(table, at);
  }

 private:
  const Gathering& gathering_;
  std::span<const Array* const> operands_;
  std::vector<Accesses> accesses_;
};

void evaluate_gather(const DataAccess& access, const Array& table, Array& result) {
  auto out = result.entries.begin();
  for_each_index(result.shape, [&](const Extents& index) {
    const int64_t at = access(index, table.shape);
    *out++ = at < 0 ? nan : table.entries[at];
  });
}

void evaluate_scatter(const DataAccess& access, const Array& updates, Array& result) {
  auto in = updates.entries.begin();
  for_each_index(updates.shape, [&](const Extents& index) {
    const int64_t at = access(index, result.shape);
    if (at >= 0) result.entries[at] += *in;
    ++in;
  });
}

void evaluate_draw(const Draw& draw, std::span<const Array* const> by, Array& result) {
  const auto word = [&](size_t k) {
    return static_cast<uint32_t>(static_cast<int64_t>(by[k]->entries[0]));
  };
  DrawnBy place{.entry = 0,
                .round = by.size() > 3 ? word(3) : 0,
                .step = word(0),
                .site = static_cast<uint32_t>(draw.site),
                .seed_low = word(1),
                .seed_high = word(2)};
  for (double& entry : result.entries) {
    entry = drawn(draw.kind, place);
    ++place.entry;
  }
}

// One matrix after the other.
void evaluate_matrices(Op op, std::span<const Array* const> x, Array& result) {
  const Array& a = *x[0];
  const auto n = static_cast<size_t>(a.shape.back());
  const bool is_vector = op == Op::solve && x[1]->shape.size() < a.shape.size();
  const size_t columns = op != Op::solve ? n : is_vector ? 1 : x[1]->shape.back();
  const auto count = product(Extents(a.shape.begin(), a.shape.end() - 2));
  auto out = result.entries.begin();
  for (int64_t k = 0; k < count; ++k) {
    const auto part = [&](const Array& of, size_t size) {
      return std::span(of.entries).subspan(static_cast<size_t>(k) * size, size);
    };
    const std::vector<double> made =
        matrices::evaluated(op, n, part(a, n * n),
                            op == Op::solve ? part(*x[1], n * columns) : std::span<const double>());
    out = std::copy(made.begin(), made.end(), out);
  }
}

void evaluate_structure(const Node& node, std::span<const Array* const> x, const DimBindings& dims,
                        Array& result) {
  const Attributes& a = node.attributes;
  if (node.op == Op::constant) {
    result.entries[0] = std::get<Literal>(a).value;
  } else if (node.op == Op::symbol) {
    result.entries[0] = std::get<Named>(a).value;
  } else if (node.op == Op::size) {
    result.entries[0] = static_cast<double>(number(std::get<Extent>(a).dim, dims));
  } else if (node.op == Op::iota) {
    std::iota(result.entries.begin(), result.entries.end(), 0.0);
  } else if (node.op == Op::view) {
    evaluate_view(std::get<View>(a), *x[0], dims, result);
  } else if (node.op == Op::spread) {
    evaluate_spread(std::get<View>(a), *x[0], dims, result);
  } else if (node.op == Op::reshape || node.op == Op::call) {
    result.entries = x[0]->entries;
  } else if (node.op == Op::concat) {
    evaluate_concat(std::get<Along>(a).axis, x, result);
  } else if (node.op == Op::contract) {
    evaluate_contract(std::get<Contraction>(a), x, dims, result);
  } else if (is_reduction(node.op)) {
    auto out = result.entries.begin();
    for (auto& group : groups(*x[0], std::get<Axes>(a).axes)) {
      *out++ = folded(node.op, std::move(group));
    }
  } else if (node.op == Op::softmax || node.op == Op::log_softmax) {
    evaluate_normalised(node.op, std::get<Axes>(a).axes, *x[0], result);
  } else if (node.op == Op::cumsum) {
    evaluate_cumsum(std::get<Along>(a), *x[0], result);
  } else if (node.op == Op::gather) {
    evaluate_gather({std::get<Gathering>(a), x, dims}, *x[0], result);
  } else if (node.op == Op::scatter_add) {
    evaluate_scatter({std::get<Gathering>(a), x, dims}, *x[0], result);
  } else if (node.op == Op::random) {
    evaluate_draw(std::get<Draw>(a), x, result);
  } else if (is_linear_algebra(node.op)) {
    evaluate_matrices(node.op, x, result);
  } else {
    fail(fmt::format("{} has no value of its own", name(node.op)));
  }
}

}  // namespace

Array evaluate(const Node& node, std::span<const Array* const> operands, const DimBindings& dims) {
  Array result{node.type.element, numbers(node.type.shape, dims), {}};
  result.entries.assign(product(result.shape), 0);
  if (is_map(node.op)) {
    evaluate_map(map_of(node.op), operands, result);
  } else {
    evaluate_structure(node, operands, dims, result);
  }
  return result;
}

}  // namespace gradus
