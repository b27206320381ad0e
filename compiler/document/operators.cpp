#include "compiler/document/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "compiler/formula/expr.h"
#include "compiler/formula/notation.h"

namespace gradus::document {
namespace {

struct Sign {
  Op op;
  std::string_view sign;
};

// Operators that readers know by a sign or another word than the compiler's.
constexpr Sign signs[] = {
    {Op::neg, "−"},
    {Op::add, "+"},
    {Op::sub, "−"},
    {Op::mul, "×"},
    {Op::div, "÷"},
    {Op::div0, "÷"},
    {Op::ratio, "÷"},
    {Op::pow, "power"},
    {Op::sigmoid, "σ"},
    {Op::lt, "<"},
    {Op::le, "≤"},
    {Op::gt, ">"},
    {Op::ge, "≥"},
    {Op::eq, "="},
    {Op::ne, "≠"},
    {Op::logical_and, "and"},
    {Op::logical_or, "or"},
    {Op::logical_not, "not"},
    {Op::select, "if"},
    {Op::to_real, "as number"},
    {Op::contract, "Σ ×"},
    {Op::reduce_sum, "Σ"},
    {Op::reduce_prod, "∏"},
    {Op::reduce_max, "max"},
    {Op::reduce_min, "min"},
    {Op::reduce_any, "any"},
    {Op::reduce_all, "all"},
    {Op::spread, "scatter"},
    {Op::scatter_add, "scatter"},
};

std::string_view sign_of(Op op) {
  for (const Sign& each : signs) {
    if (each.op == op) return each.sign;
  }
  return name(op);
}

// A matrix product has two operands and sums over one index.
std::string contraction(const Node& node, const Contraction& a) {
  const int summed = static_cast<int>(a.extents.size()) - a.free;
  if (node.operands.size() == 2 && summed == 1) return "matrix product";
  return summed == 0 ? "×" : "Σ ×";
}

std::string view(const Graph& graph, Value value) {
  if (as_transpose(graph, value)) return "transpose";
  const View& a = std::get<View>(graph[value].attributes);
  return a.fill ? "pad" : "slice";
}

struct Title {
  const Graph& graph;
  Value value;
  const Node& node = graph[value];

  std::string plain() const { return std::string(sign_of(node.op)); }
  std::string operator()(const Plain&) const { return plain(); }
  std::string operator()(const Literal& a) const { return formula::text(formula::number(a.value)); }
  std::string operator()(const Named& a) const { return a.name; }
  std::string operator()(const Extent& a) const {
    if (node.op == Op::size) return a.dim.text();
    return fmt::format("0 … {}", (a.dim - Dim(1)).text());
  }
  std::string operator()(const Axes& a) const {
    const bool is_all = static_cast<int>(a.axes.size()) == graph.type(node.operands[0]).rank();
    return is_all ? plain() : fmt::format("{} over {}", plain(), fmt::join(a.axes, ", "));
  }
  std::string operator()(const Along& a) const {
    return fmt::format("{} along {}{}", plain(), a.axis, a.reverse ? ", reversed" : "");
  }
  std::string operator()(const View&) const {
    return node.op == Op::view ? view(graph, value) : plain();
  }
  std::string operator()(const Target&) const { return plain(); }
  std::string operator()(const Contraction& a) const { return contraction(node, a); }
  std::string operator()(const Gathering&) const { return plain(); }
  std::string operator()(const Overridden& a) const { return a.by->function; }
  std::string operator()(const Scan&) const { return plain(); }
  std::string operator()(const Number&) const { return plain(); }
  std::string operator()(const Draw& a) const {
    return a.kind == Draw::Kind::normal ? "normal" : "uniform";
  }
};

}  // namespace

std::string title_of(const Graph& graph, Value value) {
  return std::visit(Title{graph, value}, graph[value].attributes);
}

bool is_commutative(Op op) {
  return op == Op::add || op == Op::mul || op == Op::min || op == Op::max || op == Op::eq ||
         op == Op::ne || op == Op::logical_and || op == Op::logical_or;
}

}  // namespace gradus::document
