#include "compiler/graph/rewrite.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

namespace gradus {
namespace {

Shape substituted(Shape shape, const DimBindings& dims) {
  for (Dim& dim : shape) dim = dim.substituted(dims);
  return shape;
}

std::vector<Affine> substituted(std::vector<Affine> map, const DimBindings& dims) {
  for (Affine& access : map) access.offset = access.offset.substituted(dims);
  return map;
}

Type substituted(const Type& type, const DimBindings& dims) {
  return {type.element, substituted(type.shape, dims), type.bound.substituted(dims)};
}

struct Substitute {
  const DimBindings& dims;
  Attributes operator()(const Plain& a) const { return a; }
  Attributes operator()(const Literal& a) const { return a; }
  Attributes operator()(const Named& a) const { return a; }
  Attributes operator()(const Axes& a) const { return a; }
  Attributes operator()(const Along& a) const { return a; }
  Attributes operator()(const Overridden& a) const { return a; }
  Attributes operator()(const Extent& a) const { return Extent{a.dim.substituted(dims)}; }
  Attributes operator()(const View& a) const {
    return View{substituted(a.shape, dims), substituted(a.map, dims), a.fill};
  }
  Attributes operator()(const Target& a) const { return Target{substituted(a.shape, dims)}; }
  Attributes operator()(const Contraction& a) const {
    Contraction result{substituted(a.extents, dims), a.free, {}};
    for (const auto& access : a.accesses) result.accesses.push_back(substituted(access, dims));
    return result;
  }
  Attributes operator()(const Gathering& a) const {
    Gathering result{substituted(a.shape, dims), a.from};
    for (Coordinate& each : result.from) each.at = substituted(std::move(each.at), dims);
    return result;
  }
  Attributes operator()(const Scan& a) const {  // the body is the caller's affair
    Scan result = a;
    result.rounds = a.rounds.substituted(dims);
    return result;
  }
  Attributes operator()(const Number& a) const { return a; }
  Attributes operator()(const Draw& a) const {
    return Draw{a.kind, a.site, substituted(a.shape, dims)};
  }
};

// Every extent in the attributes, for `unbound_dims`.
struct Collect {
  std::set<std::string>& names;
  void add(const Dim& dim) const {
    for (std::string& name : dim.names()) names.insert(std::move(name));
  }
  void add(const Shape& shape) const {
    for (const Dim& dim : shape) add(dim);
  }
  void add(const std::vector<Affine>& map) const {
    for (const Affine& access : map) add(access.offset);
  }
  void operator()(const Plain&) const {}
  void operator()(const Literal&) const {}
  void operator()(const Named&) const {}
  void operator()(const Axes&) const {}
  void operator()(const Along&) const {}
  void operator()(const Extent& a) const { add(a.dim); }
  void operator()(const View& a) const { add(a.map); }
  void operator()(const Target&) const {}
  void operator()(const Contraction& a) const {
    add(a.extents);
    for (const auto& access : a.accesses) add(access);
  }
  void operator()(const Gathering& a) const {
    for (const Coordinate& each : a.from) add(each.at);
  }
  void operator()(const Overridden&) const {}
  void operator()(const Scan& a) const { add(a.rounds); }
  void operator()(const Number&) const {}
  void operator()(const Draw&) const {}
};

Value specialised_leaf(Graph& graph, const Node& node, const DimBindings& dims) {
  if (node.op == Op::symbol) return graph.constant(std::get<Named>(node.attributes).value);
  if (node.op == Op::size)
    return graph.size(std::get<Extent>(node.attributes).dim.substituted(dims));
  if (node.op == Op::iota)
    return graph.iota(std::get<Extent>(node.attributes).dim.substituted(dims));
  return graph.leaf(node.op, std::get<Named>(node.attributes).name, substituted(node.type, dims));
}

Value specialised_scan(Graph& graph, const Node& node, std::vector<Value> operands,
                       const DimBindings& dims) {
  const Scan& scan = std::get<Scan>(node.attributes);
  Scan made = with_body(scan, specialise(graph, body_of(scan), dims));
  made.rounds = scan.rounds.substituted(dims);
  made.bound = specialise(graph, scan.bound, dims);
  return graph.scan(std::move(operands), std::move(made));
}

// Carries `change` over the nodes that the roots need: change(value, its new operands) is the new
// value. Where that differs, it has the old one's provenance.
template <class Change>
std::vector<Value> carried_over(Graph& graph, std::span<const Value> roots, Change change) {
  std::vector<Value> changed(graph.size());  // by number
  for (Value value : reachable(graph, roots)) {
    std::vector<Value> operands;
    for (Value operand : graph[value].operands) operands.push_back(changed[operand.id]);
    const Value result = change(value, std::move(operands));
    if (const Provenance* known = graph.provenance(value); known != nullptr && result != value) {
      graph.set_provenance(result, *known);
    }
    changed[value.id] = result;
  }
  std::vector<Value> results;
  for (Value root : roots) results.push_back(changed[root.id]);
  return results;
}

}  // namespace

Value instantiate(Graph& graph, const Template& expression, const Holes& holes) {
  if (!expression.empty()) {
    switch (expression->kind) {
      case TemplateNode::Kind::literal:
        return graph.constant(expression->literal);
      case TemplateNode::Kind::hole:
        if (auto found = holes.find(expression->hole); found != holes.end()) return found->second;
        break;
      case TemplateNode::Kind::apply: {
        std::vector<Value> operands;
        for (const Template& operand : expression->operands) {
          operands.push_back(instantiate(graph, operand, holes));
        }
        return graph.map(expression->op, std::move(operands));
      }
    }
  }
  fmt::print(stderr, "gradus: internal error: a template with a hole that has no value\n");
  std::abort();
}

Value rebuild(Graph& graph, const Node& node, std::vector<Value> operands, Attributes attributes) {
  if (is_map(node.op)) return graph.map(node.op, std::move(operands));
  if (is_reduction(node.op)) {
    return graph.reduce(node.op, operands[0], std::get<Axes>(std::move(attributes)).axes);
  }
  switch (node.op) {
    case Op::view:
      return graph.view(operands[0], std::get<View>(std::move(attributes)));
    case Op::spread:
      return graph.spread(operands[0], std::get<View>(std::move(attributes)));
    case Op::reshape:
      return graph.reshape(operands[0], std::get<Target>(std::move(attributes)).shape);
    case Op::concat:
      return graph.concat(std::move(operands), std::get<Along>(attributes).axis);
    case Op::contract:
      return graph.contract(std::move(operands), std::get<Contraction>(std::move(attributes)));
    case Op::softmax:
    case Op::log_softmax:
      return graph.normalise(node.op, operands[0], std::get<Axes>(std::move(attributes)).axes);
    case Op::call: {
      const std::vector<Value> inputs(operands.begin() + 1, operands.end());
      return graph.call(operands[0], inputs, std::get<Overridden>(std::move(attributes)).by);
    }
    case Op::cumsum:
      return graph.cumsum(operands[0], std::get<Along>(attributes));
    case Op::gather:
      return graph.gather(operands[0], {operands.begin() + 1, operands.end()},
                          std::get<Gathering>(std::move(attributes)));
    case Op::scatter_add:
      return graph.scatter_add(operands[0], {operands.begin() + 1, operands.end()},
                               std::get<Gathering>(std::move(attributes)));
    case Op::scan:
      return graph.scan(std::move(operands), std::get<Scan>(std::move(attributes)));
    case Op::result:
      return graph.result(operands[0], std::get<Number>(attributes).number);
    case Op::random:
      return graph.random(std::get<Draw>(std::move(attributes)), std::move(operands));
    case Op::inv:
    case Op::solve:
    case Op::det:
    case Op::adjugate:
    case Op::logdet:
    case Op::cholesky:
      return graph.linear_algebra(node.op, std::move(operands));
      // clang-format off
#define MAP(op, ...) case Op::op:
#define STRUCTURE(op)
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
    // clang-format on
    case Op::constant:
    case Op::symbol:
    case Op::size:
    case Op::iota:
    case Op::input:
    case Op::param:
    case Op::state:
    case Op::bound:
    case Op::reduce_sum:
    case Op::reduce_prod:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::reduce_any:
    case Op::reduce_all:
    case Op::logsumexp:
    case Op::norm:
    case Op::argmax:
    case Op::argmin:
      break;
  }
  return graph.with_operands(node, {});
}

std::vector<Value> substitute(Graph& graph, std::span<const Value> roots,
                              const std::map<Value, Value>& replacements) {
  return carried_over(graph, roots, [&](Value value, std::vector<Value> operands) {
    if (auto found = replacements.find(value); found != replacements.end()) return found->second;
    const Node& node = graph[value];
    return operands == node.operands ? value
                                     : rebuild(graph, node, std::move(operands), node.attributes);
  });
}

std::vector<Value> without_calls(Graph& graph, std::span<const Value> roots) {
  return carried_over(graph, roots, [&](Value value, std::vector<Value> operands) {
    const Node& node = graph[value];
    if (node.op == Op::call) return operands[0];
    if (const auto* scan = std::get_if<Scan>(&node.attributes)) {
      return graph.scan(std::move(operands),
                        with_body(*scan, without_calls(graph, body_of(*scan))));
    }
    return operands == node.operands ? value
                                     : rebuild(graph, node, std::move(operands), node.attributes);
  });
}

std::vector<std::string> unbound_dims(const Graph& graph, std::span<const Value> roots,
                                      const DimBindings& dims) {
  std::set<std::string> names;
  const Collect collect{names};
  for (Value value : reachable(graph, roots)) {
    collect.add(graph.type(value).shape);
    collect.add(graph.type(value).bound);
    std::visit(collect, graph[value].attributes);
    if (const auto* scan = std::get_if<Scan>(&graph[value].attributes)) {
      for (std::string& name : unbound_dims(graph, body_of(*scan), dims)) {
        names.insert(std::move(name));
      }
    }
  }
  for (const auto& [name, number] : dims) names.erase(name);
  return {names.begin(), names.end()};
}

std::vector<Value> specialise(Graph& graph, std::span<const Value> roots, const DimBindings& dims) {
  return carried_over(graph, roots, [&](Value value, std::vector<Value> operands) {
    const Node& node = graph[value];
    if (node.op == Op::constant) return value;
    if (is_leaf(node.op)) return specialised_leaf(graph, node, dims);
    if (node.op == Op::scan) return specialised_scan(graph, node, std::move(operands), dims);
    return rebuild(graph, node, std::move(operands), std::visit(Substitute{dims}, node.attributes));
  });
}

Function specialise(Graph& graph, const Function& function, const DimBindings& dims) {
  std::vector<Value> roots = function.roots();
  for (const Update& update : function.updates) roots.push_back(update.target);
  const std::vector<Value> changed = specialise(graph, roots, dims);

  Function result = function;
  auto next = changed.begin();
  for (Definition& definition : result.results) definition.value = *next++;
  for (Update& update : result.updates) update.value = *next++;
  for (Update& update : result.updates) update.target = *next++;
  return result;
}

}  // namespace gradus
