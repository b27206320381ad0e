#include "compiler/graph/interpret.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "compiler/graph/draw.h"
#include "compiler/graph/matrices.h"
#include "compiler/graph/scalar.h"

namespace gradus {
namespace {

using Extents = std::vector<int64_t>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void fail(const std::string& what) {
  fmt::print(stderr, "gradus: internal error: interpreter: {}\n", what);
  std::abort();
}

int64_t number(const Dim& dim, const DimBindings& dims) {
  auto number = dim.substituted(dims).number();
  if (!number) fail(fmt::format("dimension `{}` is not bound", dim.text()));
  return *number;
}

Extents numbers(const Shape& shape, const DimBindings& dims) {
  Extents extents;
  for (const Dim& dim : shape) extents.push_back(number(dim, dims));
  return extents;
}

int64_t product(const Extents& extents) {
  return std::accumulate(extents.begin(), extents.end(), int64_t{1}, std::multiplies<>());
}

// Calls visit(index) for every index below the extents, in row-major order.
template <class Visit>
void for_each_index(const Extents& extents, Visit visit) {
  if (product(extents) == 0) return;
  Extents index(extents.size(), 0);
  for (;;) {
    visit(index);
    size_t k = extents.size();
    while (k > 0 && ++index[k - 1] == extents[k - 1]) index[--k] = 0;
    if (k == 0) return;
  }
}

// Row-major place of an index, −1 where it is out of range.
int64_t place(const Extents& extents, const Extents& index) {
  int64_t at = 0;
  for (size_t k = 0; k < extents.size(); ++k) {
    if (index[k] < 0 || index[k] >= extents[k]) return -1;
    at = at * extents[k] + index[k];
  }
  return at;
}

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
  } else if (node.op == Op::reshape) {
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
  } else if (node.op == Op::call) {
    result.entries = x[0]->entries;
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

const Array& bound_leaf(const Node& node, const Bindings& leaves, const DimBindings& dims) {
  const std::string& name = std::get<Named>(node.attributes).name;
  auto found = leaves.find(name);
  if (found == leaves.end()) fail(fmt::format("`{}` is not bound", name));
  const Extents shape = numbers(node.type.shape, dims);
  if (found->second.shape != shape ||
      static_cast<int64_t>(found->second.entries.size()) != product(shape)) {
    fail(fmt::format("`{}` of type {} is bound to an array of shape [{}] with {} entries", name,
                     text(node.type), fmt::join(found->second.shape, ", "),
                     found->second.entries.size()));
  }
  return found->second;
}

// The entry of a sequence that a round sees.
Array entry_of(const Array& sequence, int axis, int64_t at) {
  Array entry{sequence.element, sequence.shape, {}};
  entry.shape.erase(entry.shape.begin() + axis);
  for_each_index(entry.shape, [&](Extents index) {
    index.insert(index.begin() + axis, at);
    entry.entries.push_back(sequence.entries[place(sequence.shape, index)]);
  });
  return entry;
}

void put(const Array& entry, int axis, int64_t at, Array& stacked) {
  auto in = entry.entries.begin();
  for_each_index(entry.shape, [&](Extents index) {
    index.insert(index.begin() + axis, at);
    stacked.entries[place(stacked.shape, index)] = *in++;
  });
}

int64_t place_of(const Along& along, int64_t round, int64_t rounds) {
  return along.reverse ? rounds - 1 - round : round;
}

bool is_bindable(Op op) { return op == Op::input || op == Op::param || op == Op::state; }

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

DimBindings bound_dims(const Graph& graph, std::span<const Value> roots, const Bindings& leaves,
                       DimBindings dims) {
  for (Value value : reachable(graph, roots)) {
    const Node& node = graph[value];
    if (!is_bindable(node.op)) continue;
    auto found = leaves.find(std::get<Named>(node.attributes).name);
    if (found == leaves.end() || found->second.shape.size() != node.type.shape.size()) continue;
    for (size_t k = 0; k < node.type.shape.size(); ++k) {
      if (auto name = node.type.shape[k].name()) dims.try_emplace(*name, found->second.shape[k]);
    }
  }
  return dims;
}

namespace {

class Interpreting {
 public:
  Interpreting(const Graph& graph, const Bindings& leaves, const DimBindings& dims)
      : graph_(graph), leaves_(leaves), dims_(dims) {}

  // The roots, where some values are known: those of the bound leaves of a body.
  std::vector<Array> run(std::span<const Value> roots, std::map<Value, Array> values) const {
    std::map<Value, std::vector<Array>> results;  // of scans
    for (Value value : reachable(graph_, roots)) {
      const Node& node = graph_[value];
      if (values.contains(value)) continue;
      if (is_bindable(node.op)) {
        values[value] = bound_leaf(node, leaves_, dims_);
        continue;
      }
      std::vector<const Array*> operands;
      if (node.op == Op::result) {
        const auto& all = results.at(node.operands[0]);
        values[value] = all[std::get<Number>(node.attributes).number];
        continue;
      }
      for (Value operand : node.operands) operands.push_back(&values.at(operand));
      if (node.op == Op::scan) {
        results[value] = scanned(std::get<Scan>(node.attributes), operands);
      } else {
        values[value] = evaluate(node, operands, dims_);
      }
    }
    std::vector<Array> made;
    for (Value root : roots) made.push_back(values.at(root));
    return made;
  }

 private:
  std::vector<Array> scanned(const Scan& scan, const std::vector<const Array*>& operands) const {
    const int64_t rounds = number(scan.rounds, dims_);
    const auto sequences = scan.sequences.size();
    const auto yields = scan.yields.size();
    std::vector<Array> results;
    for (size_t k = 0; k < yields + scan.next.size(); ++k) {
      const Type type = result_type(graph_, scan, static_cast<int>(k));
      Array made{type.element, numbers(type.shape, dims_), {}};
      made.entries.assign(product(made.shape), 0);
      results.push_back(k < yields ? std::move(made) : *operands[sequences + k - yields]);
    }
    const std::vector<Value> body = body_of(scan);
    for (int64_t round = 0; round < rounds; ++round) {
      std::map<Value, Array> values;
      for (size_t k = 0; k < operands.size(); ++k) {
        const auto carry = k - sequences;
        if (k < sequences) {
          const Along& along = scan.sequences[k];
          values[scan.bound[k]] =
              entry_of(*operands[k], along.axis, place_of(along, round, rounds));
        } else {
          values[scan.bound[k]] = carry < scan.next.size() ? results[yields + carry] : *operands[k];
        }
      }
      std::vector<Array> made = run(body, std::move(values));
      for (size_t k = 0; k < yields; ++k) {
        const Along& along = scan.stacked[k];
        put(made[scan.next.size() + k], along.axis, place_of(along, round, rounds), results[k]);
      }
      for (size_t k = 0; k < scan.next.size(); ++k) results[yields + k] = std::move(made[k]);
    }
    return results;
  }

  const Graph& graph_;
  const Bindings& leaves_;
  const DimBindings& dims_;
};

}  // namespace

std::vector<Array> interpret(const Graph& graph, std::span<const Value> roots,
                             const Bindings& leaves, const DimBindings& dims) {
  const DimBindings bound = bound_dims(graph, roots, leaves, dims);
  return Interpreting(graph, leaves, bound).run(roots, {});
}

Array interpret(const Graph& graph, Value root, const Bindings& leaves, const DimBindings& dims) {
  return interpret(graph, std::span<const Value>(&root, 1), leaves, dims).front();
}

}  // namespace gradus
