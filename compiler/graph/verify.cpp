#include "compiler/graph/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "compiler/graph/print.h"
#include "compiler/graph/rewrite.h"

namespace gradus {
namespace {

class Check {
 public:
  Check(const Graph& graph, Value value) : graph_(graph), value_(value), node_(graph[value]) {}

  void all() const {
    for (Value operand : node_.operands) {
      require(operand.valid() && operand < value_, "an operand does not stand before its user");
    }
    attributes();
    if (node_.op == Op::scan) return scan();
    elements();
    accesses();
    if (is_leaf(node_.op)) {
      require(node_.operands.empty(), "a leaf with operands");
    } else {
      type();
    }
  }

 private:
  void require(bool holds, std::string_view what) const {
    if (holds) return;
    fmt::print(stderr, "gradus: internal error: node {}: {}\n{}", value_.id, what,
               text(graph_, std::span(&value_, 1)));
    std::abort();
  }

  template <class A>
  void has(size_t operands) const {
    require(std::holds_alternative<A>(node_.attributes), "attributes of another operator");
    require(node_.operands.size() == operands, "wrong number of operands");
  }

  void attributes() const {
    const Op op = node_.op;
    const size_t count = node_.operands.size();
    if (is_map(op)) return has<Plain>(map_of(op).arity);
    if (is_reduction(op) || op == Op::softmax || op == Op::log_softmax) return has<Axes>(1);
    if (op == Op::constant) return has<Literal>(0);
    if (op == Op::size || op == Op::iota) return has<Extent>(0);
    if (is_leaf(op)) return has<Named>(0);
    if (op == Op::view || op == Op::spread) return has<View>(1);
    if (op == Op::reshape) return has<Target>(1);
    if (op == Op::concat) return has<Along>(count);
    if (op == Op::contract) return has<Contraction>(count);
    if (op == Op::cumsum) return has<Along>(1);
    if (op == Op::call) return has<Overridden>(count);
    if (op == Op::gather || op == Op::scatter_add) return has<Gathering>(count);
    if (op == Op::scan) return has<Scan>(count);
    if (op == Op::result) return has<Number>(1);
    if (op == Op::random) return has<Draw>(count);
    if (is_linear_algebra(op)) return has<Plain>(op == Op::solve ? 2 : 1);
    require(false, "an operator that the verifier does not know");
  }

  // Its body is a graph of its own, over its bound leaves.
  void scan() const {
    const Scan& scan = std::get<Scan>(node_.attributes);
    const std::vector<Value> body = body_of(scan);
    check_scan(graph_, node_.operands, scan);
    for (Value value : body) require(value < value_, "a body behind its scan");
    for (Value value : reachable(graph_, body)) {
      const Op op = graph_[value].op;
      require(op != Op::input && op != Op::param && op != Op::state,
              "a body that reads from outside");
      require(op != Op::bound ||
                  std::find(scan.bound.begin(), scan.bound.end(), value) != scan.bound.end(),
              "a body that reads what another binds");
    }
    verify(graph_, body);
  }

  // The type that the constructors infer from operands of these types.
  void type() const {
    if (node_.op == Op::result) {
      const Node& of = graph_[node_.operands[0]];
      require(of.op == Op::scan, "a result of what is no scan");
      const Type type = result_type(graph_, std::get<Scan>(of.attributes),
                                    std::get<Number>(node_.attributes).number);
      return require(type == node_.type, "another type than its scan gives");
    }
    Graph scratch;
    std::vector<Value> operands;
    for (size_t k = 0; k < node_.operands.size(); ++k) {
      operands.push_back(
          scratch.leaf(Op::input, fmt::format("{}", k), graph_.type(node_.operands[k])));
    }
    const Value again = rebuild(scratch, node_, operands, node_.attributes);
    require(scratch.type(again) == node_.type, "another type than its operands give");
  }

  void operands_are(Element element, std::string_view what) const {
    for (Value operand : node_.operands) {
      require(graph_.type(operand).element == element, what);
    }
  }

  void elements() const {
    if (!is_map(node_.op) || node_.op == Op::to_real) return;
    if (node_.op == Op::logical_and || node_.op == Op::logical_or || node_.op == Op::logical_not) {
      return operands_are(Element::boolean, "logic on what is not boolean");
    }
    switch (map_of(node_.op).result) {
      case Result::real:
        return operands_are(Element::real, "arithmetic on what is not real");
      case Result::boolean:
        return operands_are(graph_.type(node_.operands[0]).element,
                            "a comparison of different elements");
      case Result::operands:
        return require(graph_.type(node_.operands[0]).element == Element::boolean,
                       "a choice by what is not boolean");
    }
  }

  void accesses() const {
    if (const auto* view = std::get_if<View>(&node_.attributes)) {
      const bool spread = node_.op == Op::spread;
      const Shape& operand = graph_.shape(node_.operands[0]);
      affine(view->map, spread ? operand : view->shape);
      if (!spread && !view->fill) in_range(view->map, view->shape, operand);
    }
    if (const auto* gathering = std::get_if<Gathering>(&node_.attributes)) {
      const Shape& first = graph_.shape(node_.operands[0]);
      const bool gather = node_.op == Op::gather;
      coordinates(*gathering, gather ? node_.type.shape : first, gather ? first : node_.type.shape);
    }
    if (const auto* contraction = std::get_if<Contraction>(&node_.attributes)) {
      require(contraction->free >= 0 &&
                  contraction->free <= static_cast<int>(contraction->extents.size()),
              "more free indices than indices");
      for (size_t k = 0; k < node_.operands.size(); ++k) {
        affine(contraction->accesses[k], contraction->extents);
        in_range(contraction->accesses[k], contraction->extents, graph_.shape(node_.operands[k]));
      }
    }
  }

  // The coordinates of an access by data over indices of these extents, into axes of this shape.
  void coordinates(const Gathering& gathering, const Shape& extents, const Shape& shape) const {
    for (size_t axis = 0; axis < gathering.from.size(); ++axis) {
      const auto& [operand, at] = gathering.from[axis];
      affine(at, extents);
      in_range(at, extents,
               operand < 0 ? Shape{shape[axis]} : graph_.shape(node_.operands[operand]));
    }
  }

  // Accesses over indices of these extents are in normal form.
  void affine(const std::vector<Affine>& map, const Shape& extents) const {
    for (const Affine& access : map) {
      int last = -1;
      for (const Affine::Term& term : access.terms) {
        require(term.coefficient != 0, "an access with a coefficient of 0");
        require(term.axis > last && term.axis < static_cast<int>(extents.size()),
                "an access over axes that are not there or not in order");
        last = term.axis;
      }
    }
  }

  // Over all indices below `extents`, accesses stay in an operand of this shape. Symbolic extents
  // are taken on trust.
  void in_range(const std::vector<Affine>& map, const Shape& extents, const Shape& shape) const {
    require(map.size() == shape.size(), "not one access for each axis");
    if (std::find(extents.begin(), extents.end(), Dim(0)) != extents.end()) return;
    for (size_t k = 0; k < map.size(); ++k) {
      Dim lowest = map[k].offset;
      Dim highest = map[k].offset;
      for (const Affine::Term& term : map[k].terms) {
        (term.coefficient > 0 ? highest : lowest) =
            (term.coefficient > 0 ? highest : lowest) +
            Dim(term.coefficient) * (extents[term.axis] - Dim(1));
      }
      const auto below = lowest.number();
      const auto above = (shape[k] - highest).number();
      require((!below || *below >= 0) && (!above || *above > 0), "an access leaves its operand");
    }
  }

  const Graph& graph_;
  Value value_;
  const Node& node_;
};

}  // namespace

void verify(const Graph& graph, std::span<const Value> roots) {
  for (Value value : reachable(graph, roots)) Check(graph, value).all();
}

}  // namespace gradus
