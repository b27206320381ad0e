#include "compiler/kernel/sweep.h"

#include <algorithm>
#include <map>

#include "compiler/kernel/contraction.h"
#include "compiler/kernel/entries.h"

namespace gradus::kernel {
namespace {

// Whether its entries are in memory without a sweep: leaves that the caller passes.
bool is_given(Op op) {
  return op == Op::input || op == Op::param || op == Op::state || op == Op::bound;
}

Sweep::Kind kind_of(const Graph& graph, Value value, const Options& options) {
  const Node& node = graph[value];
  if (node.op == Op::contract) {
    return match(graph, value, options.least_products) ? Sweep::Kind::contraction
                                                       : Sweep::Kind::fold;
  }
  if (node.op == Op::spread || node.op == Op::scatter_add) return Sweep::Kind::scatter;
  if (is_linear_algebra(node.op)) return Sweep::Kind::matrices;
  return is_reduction(node.op) ? Sweep::Kind::fold : Sweep::Kind::map;
}

// The extents of all axes that a sweep of the value goes over, its own first.
std::vector<int64_t> domain(const Graph& graph, Value value) {
  const Node& node = graph[value];
  std::vector<int64_t> extents = numbers(node.type.shape);
  if (node.op == Op::contract) {
    return numbers(std::get<gradus::Contraction>(node.attributes).extents);
  }
  if (is_reduction(node.op)) {
    const Shape& from = graph.shape(node.operands[0]);
    for (int axis : std::get<Axes>(node.attributes).axes) {
      extents.push_back(*from[axis].number());
    }
  }
  if (node.op == Op::spread || node.op == Op::scatter_add) {
    return numbers(graph.shape(node.operands[0]));
  }
  return extents;
}

class Making {
 public:
  Making(const Graph& graph, const ValueSet& stored, const Results& results, KnownReads& reads,
         const Options& options)
      : graph_(graph), stored_(stored), results_(results), reads_(reads), options_(options) {}

  void define(Value value) {
    if (graph_[value].op == Op::concat) return parts(value);
    if (graph_[value].op == Op::scan) return scan(value);
    if (graph_[value].op == Op::result) return;
    Sweep made;
    made.kind = kind_of(graph_, value, options_);
    made.value = value;
    made.extents = domain(graph_, value);
    made.own = graph_.type(value).rank();
    if (made.kind == Sweep::Kind::fold && graph_[value].op != Op::contract) {
      made.how = fold_of(graph_[value].op);
    }
    defined_[value] = made_.size();
    add(std::move(made));
  }

  void result(Value value, const Output& output) {
    // Scatters and calls write to one place.
    if (const auto known = defined_.find(value);
        known != defined_.end() && made_[known->second].kind != Sweep::Kind::scatter &&
        made_[known->second].kind != Sweep::Kind::matrices) {
      made_[known->second].outputs.push_back(output);
      return;
    }
    Sweep made = copied(value);
    made.outputs.push_back(output);
    add(std::move(made));
  }

  void update(const Update& update) {
    Sweep made = copied(update.value);
    made.target = update.target;
    add(std::move(made));
  }

  std::vector<Sweep> take() { return std::move(made_); }

 private:
  Sweep copied(Value value) const {
    Sweep made;
    made.value = value;
    made.copy = true;
    made.extents = numbers(graph_.shape(value));
    made.own = static_cast<int>(made.extents.size());
    return made;
  }

  void parts(Value whole) {
    const Node& node = graph_[whole];
    int64_t offset = 0;
    for (Value part : node.operands) {
      Sweep made = copied(part);
      made.whole = whole;
      made.axis = std::get<Along>(node.attributes).axis;
      made.offset = offset;
      offset += made.extents[made.axis];
      add(std::move(made));
    }
  }

  // What is carried starts in the memory where it is carried on; then the rounds run.
  void scan(Value value) {
    const Node& node = graph_[value];
    const Scan& scan = std::get<Scan>(node.attributes);
    Sweep made;
    made.kind = Sweep::Kind::scan;
    made.value = value;
    made.results = results_.at(value);
    for (size_t k = 0; k < node.operands.size(); ++k) {
      const size_t carry = k - scan.sequences.size();
      Value read = root(graph_, node.operands[k]);
      if (k >= scan.sequences.size() && carry < scan.next.size()) {
        Sweep start = copied(node.operands[k]);
        start.into = made.results[scan.yields.size() + carry];
        read = start.into;
        add(std::move(start));
      }
      made.reads.push_back({read, {}, false, false});
    }
    made_.push_back(std::move(made));
  }

  void add(Sweep sweep) {
    sweep.reads = reads_.of(graph_, stored_, sweep);
    made_.push_back(std::move(sweep));
  }

  const Graph& graph_;
  const ValueSet& stored_;
  const Results& results_;
  KnownReads& reads_;
  const Options& options_;
  std::vector<Sweep> made_;
  std::map<Value, size_t> defined_;
};

}  // namespace

Value root(const Graph& graph, Value value) {
  while (graph[value].op == Op::reshape) value = graph[value].operands[0];
  return value;
}

Fold fold_of(Op op) {
  switch (op) {
    case Op::reduce_prod:
      return Fold::product;
    case Op::reduce_max:
      return Fold::maximum;
    case Op::reduce_min:
      return Fold::minimum;
    case Op::reduce_any:
      return Fold::any;
    case Op::reduce_all:
      return Fold::all;
    default:
      return Fold::sum;
  }
}

namespace {

// What an extremum is looked for among, where the entries are compared with it: computed again they
// might be rounded otherwise, and none would be equal.
Value compared_with_extremum(const Graph& graph, const Node& node) {
  if (node.op != Op::eq) return {};
  for (const int k : {0, 1}) {
    Value extremum = node.operands[k];
    while (graph[extremum].op == Op::view || graph[extremum].op == Op::reshape) {
      extremum = graph[extremum].operands[0];
    }
    const Op op = graph[extremum].op;
    if (op != Op::reduce_max && op != Op::reduce_min) continue;
    if (graph[extremum].operands[0] != node.operands[1 - k]) continue;
    const Value x = whole_of(graph, node.operands[1 - k]);
    return is_leaf(graph[x].op) ? Value{} : x;
  }
  return {};
}

}  // namespace

ValueSet must_store(const Graph& graph, const Function& function, const Options& options) {
  ValueSet stored;
  const auto store = [&](Value value) {
    value = root(graph, value);
    if (!is_given(graph[value].op)) stored.insert(value);
  };
  for (Value value : reachable(graph, function.roots())) {
    const Node& node = graph[value];
    if (is_reduction(node.op) || node.op == Op::contract || node.op == Op::concat ||
        node.op == Op::spread || node.op == Op::scatter_add || node.op == Op::scan ||
        node.op == Op::result || is_linear_algebra(node.op)) {
      store(value);
    }
    if (const Value x = compared_with_extremum(graph, node); x.valid()) store(x);
    if (const auto* scan = std::get_if<Scan>(&node.attributes)) {
      for (size_t k = 0; k < node.operands.size(); ++k) {
        const size_t carry = k - scan->sequences.size();
        if (k < scan->sequences.size() || carry >= scan->next.size()) store(node.operands[k]);
      }
    }
    if (is_linear_algebra(node.op)) {
      for (Value operand : node.operands) store(operand);
    }
    const bool filled = node.op == Op::view && std::get<View>(node.attributes).fill;
    if (node.op == Op::reshape || node.op == Op::gather || filled) store(node.operands[0]);
    if (node.op == Op::contract && match(graph, value, options.least_products)) {
      for (Value operand : node.operands) store(whole_of(graph, operand));
    }
  }
  for (const Definition& result : function.results) {
    if (!is_leaf(graph[result.value].op)) store(result.value);
  }
  return stored;
}

std::vector<Sweep> sweeps(const Graph& graph, const Function& function, const ValueSet& stored,
                          const std::vector<Output>& outputs, const Results& results,
                          KnownReads& reads, const Options& options) {
  Making making(graph, stored, results, reads, options);
  for (Value value : reachable(graph, function.roots())) {
    if (stored.contains(value)) making.define(value);
  }
  for (size_t k = 0; k < function.results.size(); ++k) {
    making.result(function.results[k].value, outputs[k]);
  }
  for (const Update& update : function.updates) making.update(update);
  return making.take();
}

}  // namespace gradus::kernel
