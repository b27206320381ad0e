// Operators that move entries, as functions of tensors.

#include <algorithm>

#include "compiler/formula/reader.h"

namespace gradus::formula {

// The index of the axis that the entries are, counted from 0.
std::optional<int> Reader::axis_counted(Value value) const {
  const Product product = product_of(value, [this](Value x) { return stops(x); });
  if (product.factors.size() != 1 || product.bound() != 0) return std::nullopt;
  const Factor& factor = product.factors[0];
  if (op(factor.value) != Op::iota || factor.power != 1) return std::nullopt;
  return factor.at.size() == 1 ? factor.at[0].plain() : std::nullopt;
}

// i = j, as the matrix I.
bool Reader::is_identity(Value value) const {
  if (op(value) != Op::eq || graph_.type(value).rank() != 2 || names_.has("I")) return false;
  const auto left = axis_counted(operands(value)[0]);
  const auto right = axis_counted(operands(value)[1]);
  return left && right && *left != *right;
}

// label = k over n and k, as a matrix.
std::optional<Expr> Reader::whole_one_hot(Value value) {
  if (op(value) != Op::eq || graph_.type(value).rank() < 1) return std::nullopt;
  if (is_identity(value)) return word("I");
  const int last = graph_.type(value).rank() - 1;
  std::optional<Expr> labels;
  std::optional<Dim> classes;
  for (Value side : operands(value)) {
    const Product product = product_of(side, [this](Value x) { return stops(x); });
    if (product.factors.size() != 1 || product.bound() != 0) return std::nullopt;
    const Factor& factor = product.factors[0];
    const bool is_count = op(factor.value) == Op::iota;
    if (graph_.type(factor.value).element != Element::index) return std::nullopt;
    for (int k = 0; k < static_cast<int>(factor.at.size()); ++k) {
      const int axis = is_count ? last : k;
      if (factor.at[k].plain() != axis) return std::nullopt;
      if (graph_.shape(factor.value)[k] != graph_.shape(value)[axis]) return std::nullopt;
    }
    if (is_count) {
      classes = graph_.type(factor.value).bound;
    } else if (static_cast<int>(factor.at.size()) == last) {
      labels = whole(factor.value);
    }
  }
  if (!labels || !classes) return std::nullopt;
  return call("one_hot", {*labels, dim(*classes)});
}

std::optional<Expr> Reader::whole_concat(Value value, const Product& times) {
  std::vector<Expr> parts;
  for (Value part : operands(value)) {
    const bool is_uniform = formula::is_uniform(graph_, part, [this](Value x) { return stops(x); });
    auto written = whole(part, true, times);
    if (!written || is_uniform) return std::nullopt;
    parts.push_back(*written);
  }
  return call("concat", {list(parts), number(std::get<Along>(graph_[value].attributes).axis)},
              {"axis"});
}

// A vector that is put together from its entries.
std::optional<Expr> Reader::whole_list(Value value) {
  if (graph_.type(value).rank() != 1) return std::nullopt;
  std::vector<Expr> entries;
  for (Value part : operands(value)) {
    if (graph_.shape(part)[0] != Dim(1)) return std::nullopt;
    const bool is_uniform = formula::is_uniform(graph_, part, [this](Value x) { return stops(x); });
    const auto formula = is_uniform ? whole(part, false) : std::nullopt;
    entries.push_back(formula ? *formula : at(part, {number(0)}));
  }
  return list(std::move(entries));
}

std::optional<Expr> Reader::whole_structure(Value value) {
  const Node& node = graph_[value];
  const int rank = node.type.rank();
  if (node.op == Op::iota) return call("iota", {dim(std::get<Extent>(node.attributes).dim)});
  if (node.op == Op::constant) {
    return node.type.element == Element::boolean
               ? word(std::get<Literal>(node.attributes).value != 0 ? "true" : "false")
               : constant(std::get<Literal>(node.attributes).value);
  }
  if (node.op == Op::size) return dim(std::get<Extent>(node.attributes).dim);
  if (node.op == Op::call) return whole_tensor(node.operands[0]);
  if (node.op == Op::result) {
    auxiliary(value);
    return name_of(value);
  }
  if (node.op == Op::bound) return word(std::get<Named>(node.attributes).name);
  if (node.op == Op::random) {
    const auto& draw = std::get<Draw>(node.attributes);
    return call(draw.kind == Draw::Kind::uniform ? "uniform" : "normal", {size(draw.shape)});
  }
  std::vector<Expr> x;
  for (Value operand : node.operands) {
    auto written = whole_tensor(operand);
    if (!written) return std::nullopt;
    x.push_back(*written);
  }
  if (node.op == Op::reshape) {
    const Shape& from = graph_.shape(node.operands[0]);
    if (rank == 2 && from.size() > 2 && from[0] == node.type.shape[0]) return call("flatten", x);
    return call("reshape", {x[0], size(node.type.shape)});
  }
  if (node.op == Op::solve && graph_.type(node.operands[0]).rank() == 2) {
    const bool is_turned = x[0].is(Kind::transpose);
    const Expr inverse = call("inv", {is_turned ? x[0][0] : x[0]});
    return product({is_turned ? transpose(inverse) : inverse, x[1]});
  }
  if (is_linear_algebra(node.op)) return call(gradus::name(node.op), x);
  if (node.op == Op::concat) {
    if (auto entries = whole_list(value)) return entries;
    return call("concat", {list(x), number(std::get<Along>(node.attributes).axis)}, {"axis"});
  }
  if (node.op == Op::softmax || node.op == Op::log_softmax) {
    return call_along(gradus::name(node.op), x[0], std::get<Axes>(node.attributes).axes,
                      {rank - 1});
  }
  if (node.op == Op::cumsum) {
    const auto& along = std::get<Along>(node.attributes);
    if (along.reverse || along.exclusive) return std::nullopt;
    return call_along("cumsum", x[0], {along.axis}, {rank - 1});
  }
  if (node.op == Op::gather) {
    const auto axis = as_one_axis(graph_, node);
    if (!axis) return std::nullopt;
    std::vector<Expr> at(*axis, colon());
    at.push_back(x[1]);
    return entry(x[0], at);
  }
  if (node.op == Op::scatter_add) {
    if (as_one_axis(graph_, node) != 0 || graph_.type(node.operands[1]).rank() != 1 || rank > 2) {
      return std::nullopt;
    }
    return product({transpose(call("one_hot", {x[1], dim(node.type.shape[0])})), x[0]});
  }
  if (node.op == Op::view || node.op == Op::spread) {
    const bool is_spread = node.op == Op::spread;
    return whole_pad(graph_.shape(node.operands[0]), std::get<View>(node.attributes), x[0],
                     is_spread);
  }
  return std::nullopt;
}

// A view or a spread that moves every axis by a number of places.
std::optional<Expr> Reader::whole_pad(const Shape& from, const View& view, const Expr& x,
                                      bool spread) {
  std::vector<Expr> margins;
  for (int k = 0; k < static_cast<int>(view.map.size()); ++k) {
    const Affine& access = view.map[k];
    if (view.map.size() != from.size() || view.shape.size() != from.size() ||
        access.terms != std::vector<Affine::Term>{{k, 1}}) {
      return std::nullopt;
    }
    const Dim before = spread ? access.offset : Dim(0) - access.offset;
    const Dim after = view.shape[k] - from[k] - before;
    if (before.number().value_or(0) < 0 || after.number().value_or(0) < 0) return std::nullopt;
    margins.push_back(list({dim(before), dim(after)}));
  }
  if (margins.empty()) return std::nullopt;
  const double fill = view.fill.value_or(0);
  if (spread || fill == 0) return call("pad", {x, list(margins)});
  return call("pad", {x, list(margins), number(fill)}, {"value"});
}

}  // namespace gradus::formula
