#include "compiler/gradient/batched.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "compiler/graph/rewrite.h"

namespace gradus {
namespace {

std::vector<int> first_axes(int count) {
  std::vector<int> axes(count);
  for (int k = 0; k < count; ++k) axes[k] = k;
  return axes;
}

class Batching {
 public:
  Batching(Graph& graph, Value leaf, Value values) : graph_(graph) {
    const int rank = graph.type(values).rank() - graph.type(leaf).rank();
    const Shape& shape = graph.shape(values);
    extra_.assign(shape.begin(), shape.begin() + rank);
    known_[leaf.id] = values;
  }
  // Of the body of a scan, some of whose leaves have the leading axes.
  Batching(Graph& graph, const Shape& extra, const std::unordered_map<uint32_t, Value>& leaves)
      : graph_(graph), extra_(extra), known_(leaves) {}

  Value operator()(Value root) {
    for (Value value : reachable(graph_, std::span(&root, 1))) {
      if (known_.contains(value.id)) continue;
      for (Value operand : graph_[value].operands) {
        if (!depends(operand)) continue;
        known_[value.id] = node(value);
        break;
      }
    }
    return lifted(root);
  }

 private:
  int extra() const { return static_cast<int>(extra_.size()); }
  bool depends(Value value) const { return known_.contains(value.id); }

  Shape longer(const Shape& shape) const {
    Shape result = extra_;
    result.insert(result.end(), shape.begin(), shape.end());
    return result;
  }

  // With the leading axes: a value that does not depend on the leaf is repeated along them.
  Value lifted(Value value) {
    if (depends(value)) return known_.at(value.id);
    const Shape& shape = graph_.shape(value);
    std::vector<int> own = first_axes(static_cast<int>(shape.size()));
    for (int& axis : own) axis += extra();
    return graph_.broadcast(value, longer(shape), own);
  }

  std::vector<Affine> shifted(std::vector<Affine> accesses, bool with_leading) const {
    for (Affine& access : accesses) {
      for (auto& term : access.terms) term.axis += extra();
    }
    if (!with_leading) return accesses;
    std::vector<Affine> all;
    for (int k = 0; k < extra(); ++k) all.push_back(Affine::axis(k));
    all.insert(all.end(), accesses.begin(), accesses.end());
    return all;
  }

  // Scalars that do not depend on the leaf stay scalars; those that do meet larger operands.
  std::vector<Value> of_map(const Node& node) {
    const Shape full = longer(node.type.shape);
    std::vector<Value> operands;
    for (Value operand : node.operands) {
      const bool is_scalar = graph_.shape(operand).empty();
      if (!depends(operand)) {
        operands.push_back(is_scalar ? operand : lifted(operand));
      } else {
        operands.push_back(
            graph_.broadcast(known_.at(operand.id), full, first_axes(is_scalar ? extra() : 0)));
      }
    }
    return operands;
  }

  View longer(View view) const {
    view.shape = longer(view.shape);
    view.map = shifted(std::move(view.map), true);
    return view;
  }

  Value of_contract(const Node& node) {
    const auto& old = std::get<Contraction>(node.attributes);
    Contraction contraction{longer(old.extents), old.free + extra(), {}};
    std::vector<Value> factors;
    for (size_t k = 0; k < node.operands.size(); ++k) {
      const bool has_leading = depends(node.operands[k]);
      contraction.accesses.push_back(shifted(old.accesses[k], has_leading));
      factors.push_back(has_leading ? known_.at(node.operands[k].id) : node.operands[k]);
    }
    return graph_.contract(std::move(factors), std::move(contraction));
  }

  std::vector<int> later(std::vector<int> axes) const {
    for (int& axis : axes) axis += extra();
    return axes;
  }

  // gather and scatter_add. Places are numbers that no derivative flows through, so they are the
  // same in every batch.
  Value by_data(const Node& node) {
    const auto& old = std::get<Gathering>(node.attributes);
    Gathering gathering{longer(old.shape), {}};
    for (int k = 0; k < extra(); ++k) gathering.from.push_back(Coordinate::affine(Affine::axis(k)));
    for (const Coordinate& each : old.from) {
      gathering.from.push_back({each.operand, shifted(each.at, false)});
    }
    const std::vector<Value> indices(node.operands.begin() + 1, node.operands.end());
    for (Value each : indices) {
      if (!depends(each)) continue;
      fmt::print(stderr, "gradus: internal error: batched: {} at places that vary\n",
                 name(node.op));
      std::abort();
    }
    const Value from = lifted(node.operands[0]);
    return node.op == Op::gather ? graph_.gather(from, indices, std::move(gathering))
                                 : graph_.scatter_add(from, indices, std::move(gathering));
  }

  // Which operands of a scan get the leading axes: those that have them, and what is carried where
  // it comes to depend on one.
  std::vector<bool> lifted_operands(const Node& node, const Scan& scan) const {
    std::vector<bool> chosen;
    for (Value operand : node.operands) chosen.push_back(depends(operand));
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t k = 0; k < scan.next.size(); ++k) {
        const size_t operand = scan.sequences.size() + k;
        if (chosen[operand]) continue;
        for (Value leaf : reachable(graph_, std::span(&scan.next[k], 1))) {
          const auto at = std::find(scan.bound.begin(), scan.bound.end(), leaf);
          const auto number = static_cast<size_t>(at - scan.bound.begin());
          if (at == scan.bound.end() || !chosen[number]) continue;
          chosen[operand] = changed = true;
          break;
        }
      }
    }
    return chosen;
  }

  // All that is yielded gets the leading axes, and keeps its number.
  Value of_scan(const Node& node) {
    const Scan& old = std::get<Scan>(node.attributes);
    const std::vector<bool> chosen = lifted_operands(node, old);
    Scan made = old;
    std::vector<Value> operands = node.operands;
    std::unordered_map<uint32_t, Value> leaves;
    for (size_t k = 0; k < operands.size(); ++k) {
      if (!chosen[k]) continue;
      operands[k] = lifted(operands[k]);
      Type type = graph_.type(old.bound[k]);
      type.shape = longer(type.shape);
      const std::string& name = std::get<Named>(graph_[old.bound[k]].attributes).name;
      made.bound[k] = graph_.leaf(Op::bound, "all:" + name, type);
      leaves[old.bound[k].id] = made.bound[k];
      if (k < old.sequences.size()) made.sequences[k].axis += extra();
    }
    for (size_t k = 0; k < made.next.size(); ++k) {
      if (!chosen[old.sequences.size() + k]) continue;
      made.next[k] = Batching(graph_, extra_, leaves)(old.next[k]);
    }
    for (Value& yield : made.yields) yield = Batching(graph_, extra_, leaves)(yield);
    for (Along& along : made.stacked) along.axis += extra();
    return graph_.scan(std::move(operands), std::move(made));
  }

  // What is carried without the leading axes is repeated along them.
  Value of_result(const Node& node) {
    const Value scan = known_.at(node.operands[0].id);
    const int number = std::get<Number>(node.attributes).number;
    const Value made = graph_.result(scan, number);
    const bool is_lifted = graph_.type(made).rank() > node.type.rank() || extra() == 0;
    if (is_lifted) return made;
    std::vector<int> own = first_axes(node.type.rank());
    for (int& axis : own) axis += extra();
    return graph_.broadcast(made, longer(node.type.shape), own);
  }

  // A vector on the right of `solve` becomes a matrix of one column.
  Value of_matrices(const Node& node) {
    std::vector<Value> operands;
    for (Value operand : node.operands) operands.push_back(lifted(operand));
    Shape shape = longer(node.type.shape);
    if (node.op != Op::solve || node.type.rank() > 1) {
      return graph_.linear_algebra(node.op, std::move(operands));
    }
    Shape column = shape;
    column.emplace_back(1);
    operands[1] = graph_.reshape(operands[1], column);
    return graph_.reshape(graph_.linear_algebra(Op::solve, std::move(operands)), shape);
  }

  Value node(Value value) {
    const Node node = graph_[value];
    if (node.op == Op::scan) return of_scan(node);
    if (node.op == Op::result) return of_result(node);
    if (is_map(node.op)) return graph_.map(node.op, of_map(node));
    if (is_reduction(node.op)) {
      return graph_.reduce(node.op, lifted(node.operands[0]),
                           later(std::get<Axes>(node.attributes).axes));
    }
    if (is_linear_algebra(node.op)) return of_matrices(node);
    switch (node.op) {
      case Op::view:
        return graph_.view(lifted(node.operands[0]), longer(std::get<View>(node.attributes)));
      case Op::spread:
        return graph_.spread(lifted(node.operands[0]), longer(std::get<View>(node.attributes)));
      case Op::reshape:
        return graph_.reshape(lifted(node.operands[0]), longer(node.type.shape));
      case Op::concat: {
        std::vector<Value> parts;
        for (Value part : node.operands) parts.push_back(lifted(part));
        return graph_.concat(std::move(parts), std::get<Along>(node.attributes).axis + extra());
      }
      case Op::contract:
        return of_contract(node);
      case Op::call:  // of many values at once it is its result alone
        return lifted(node.operands[0]);
      case Op::softmax:
      case Op::log_softmax:
        return graph_.normalise(node.op, lifted(node.operands[0]),
                                later(std::get<Axes>(node.attributes).axes));
      case Op::cumsum: {
        Along along = std::get<Along>(node.attributes);
        along.axis += extra();
        return graph_.cumsum(lifted(node.operands[0]), along);
      }
      case Op::gather:
      case Op::scatter_add:
        return by_data(node);
      default:
        fmt::print(stderr, "gradus: internal error: batched: {} has no rule\n", name(node.op));
        std::abort();
    }
  }

  Graph& graph_;
  Shape extra_;
  std::unordered_map<uint32_t, Value> known_;  // of what depends on the leaf, with leading axes
};

}  // namespace

Value batched(Graph& graph, Value root, Value leaf, Value values) {
  return Batching(graph, leaf, values)(root);
}

}  // namespace gradus
