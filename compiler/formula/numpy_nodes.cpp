// One node as a Python expression.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "compiler/formula/numpy.h"

namespace gradus::formula {
namespace {

std::string literal(double value) {
  if (std::isnan(value)) return "np.nan";
  if (std::isinf(value)) return value > 0 ? "np.inf" : "-np.inf";
  const std::string digits = fmt::format("{}", value);
  return digits.find_first_of(".e") == std::string::npos ? digits + ".0" : digits;
}

std::string axes_text(const std::vector<int>& axes, int rank) {
  if (static_cast<int>(axes.size()) == rank) return "None";
  if (axes.size() == 1) return fmt::format("{}", axes[0]);
  return fmt::format("({})", fmt::join(axes, ", "));
}

// Whether plain accesses run over whole axes, not over their beginnings.
bool reads_all(const View& view, const Shape& from) {
  for (size_t k = 0; k < from.size(); ++k) {
    const auto axis = view.map[k].plain();
    if (axis && view.shape[*axis] != from[k]) return false;
  }
  return true;
}

// einsum's letters.
char letter(int index) { return static_cast<char>(index < 18 ? 'i' + index : 'A' + index - 18); }

// Whether a template is a call, which needs no parentheses as an operand.
bool is_call(std::string_view form) {
  const size_t open = form.find('(');
  return open != std::string_view::npos && open > 0 && form.back() == ')' &&
         form.substr(0, open).find_first_of(" {-~") == std::string_view::npos;
}

}  // namespace

NumpyBody::Code NumpyBody::code(Value value) {
  const Op op = graph_[value].op;
  if (is_leaf(op)) return leaf_code(value);
  if (is_map(op)) return map_code(value);
  if (is_reduction(op)) return reduce_code(value);
  if (op == Op::view) return view_code(value, true);
  if (op == Op::contract) return contract_code(value);
  return structure_code(value);
}

NumpyBody::Code NumpyBody::leaf_code(Value value) {
  const Node& node = graph_[value];
  if (node.op == Op::constant) {
    const double number = std::get<Literal>(node.attributes).value;
    if (node.type.element == Element::boolean) return {number != 0 ? "True" : "False"};
    return {literal(number), !std::signbit(number)};
  }
  if (node.op == Op::symbol) {
    const auto& [name, number] = std::get<Named>(node.attributes);
    const std::string own = identifier(name);
    constants_[own] = number;
    return {own};
  }
  const std::string size = dim(std::get<Extent>(node.attributes).dim);
  if (node.op == Op::iota) return {fmt::format("np.arange({})", size)};
  return {size, size.find(' ') == std::string::npos};
}

// Whether a value is a view that repeats a smaller tensor along axes.
bool NumpyBody::is_repeated(Value value) const {
  if (graph_[value].op != Op::view) return false;
  const auto& view = std::get<View>(graph_[value].attributes);
  return as_broadcast(view) && view.map.size() < view.shape.size() &&
         reads_all(view, graph_.shape(graph_[value].operands[0]));
}

NumpyBody::Code NumpyBody::map_code(Value value) {
  const Node& node = graph_[value];
  const Map& row = map_of(node.op);
  // Where one operand has the full shape, NumPy repeats the others.
  const bool one_is_full =
      std::any_of(node.operands.begin(), node.operands.end(), [&](Value operand) {
        return graph_.type(operand).rank() == node.type.rank() && !is_repeated(operand);
      });
  std::string text;
  for (size_t k = 0; k < row.numpy.size(); ++k) {
    if (row.numpy[k] != '{') {
      text += row.numpy[k];
      continue;
    }
    const Value operand = node.operands[row.numpy[k + 1] - '0'];
    Code inner =
        one_is_full && is_repeated(operand) ? view_code(operand, false) : codes_.at(operand);
    if (node.op == Op::pow && inner.text == "2.0") inner.text = "2";
    text += is_call(row.numpy) ? inner.text : inner.operand();
    k += 2;
  }
  const size_t open = row.numpy.find('(');
  if (is_call(row.numpy) && row.numpy.substr(0, 3) != "np.") {
    functions_.emplace(row.numpy.substr(0, open));
  }
  return {text, is_call(row.numpy) || row.numpy == "{0}"};
}

NumpyBody::Code NumpyBody::with_function(const std::string& function,
                                         const std::string& arguments) {
  functions_.insert(function);
  return {fmt::format("{}({})", function, arguments)};
}

std::string NumpyBody::affine(const Affine& access, const std::vector<std::string>& indices) const {
  std::string out;
  for (const Affine::Term& term : access.terms) {
    if (!out.empty()) out += " + ";
    out += term.coefficient == 1 ? indices[term.axis]
                                 : fmt::format("{} * {}", term.coefficient, indices[term.axis]);
  }
  if (out.empty()) return dim(access.offset);
  return access.offset == Dim(0) ? out : fmt::format("{} + {}", out, dim(access.offset));
}

// `lambda i, j: (i, 2 * j + 1)`, over that many indices.
std::string NumpyBody::places(const std::vector<Affine>& map, int indices) const {
  std::vector<std::string> names;
  for (int k = 0; k < indices; ++k) names.push_back(fmt::format("i{}", k));
  std::string out;
  for (const Affine& access : map) out += affine(access, names) + ", ";
  return fmt::format("lambda {}: ({})", fmt::join(names, ", "),
                     map.empty() ? out : out.substr(0, out.size() - (map.size() > 1 ? 2 : 1)));
}

std::string NumpyBody::subscript(const View& view, const Shape& from) const {
  std::vector<std::string> items;
  int next = 0;
  bool plain = true;
  const auto new_axes_up_to = [&](int axis) {
    for (; next < axis; ++next) {
      items.emplace_back("None");
      plain = false;
    }
  };
  for (size_t k = 0; k < view.map.size(); ++k) {
    const Affine& access = view.map[k];
    if (access.terms.empty()) {
      items.push_back(dim(access.offset));
      plain = false;
      continue;
    }
    const auto [axis, coefficient] = access.terms[0];
    if (access.terms.size() > 1 || axis < next) return "";
    new_axes_up_to(axis);
    next = axis + 1;
    if (access.plain() && view.shape[axis] == from[k]) {
      items.emplace_back(":");
    } else if (coefficient == 1) {
      plain = false;
      items.push_back(
          fmt::format("{}:{}", dim(access.offset), dim(access.offset + view.shape[axis])));
    } else if (coefficient == -1 && view.shape[axis] == from[k] &&
               access.offset == from[k] - Dim(1)) {
      plain = false;
      items.emplace_back("::-1");
    } else {
      return "";
    }
  }
  new_axes_up_to(static_cast<int>(view.shape.size()));
  return plain ? "[...]" : fmt::format("[{}]", fmt::join(items, ", "));
}

// `repeat`: new axes at their full extent, not only where NumPy needs them to repeat by itself.
NumpyBody::Code NumpyBody::view_code(Value value, bool repeat) {
  const Node& node = graph_[value];
  const auto& view = std::get<View>(node.attributes);
  Code x = codes_.at(node.operands[0]);
  const Shape& from = graph_.shape(node.operands[0]);
  const int rank = node.type.rank();
  if (!view.fill) {
    if (auto axes = as_transpose(view); axes && reads_all(view, from)) {
      if (rank == 2) return {x.operand() + ((*axes)[0] == 0 ? "" : ".T")};
      return {fmt::format("np.transpose({}, ({}))", x.text, fmt::join(*axes, ", "))};
    }
    const bool trailing = from.empty() && !repeat;
    const std::string items = trailing ? "" : subscript(view, from);
    if (trailing) return x;
    if (!items.empty()) {
      const bool is_new = items.find("None") != std::string::npos;
      std::string text = from.empty() || items == "[...]" ? x.operand() : x.operand() + items;
      if (!is_new) return {text};
      // Leading new axes are NumPy's own.
      if (!repeat && items.find(':') != std::string::npos &&
          items.rfind("None") < items.find(':')) {
        return x;
      }
      if (!repeat) return {text};
      return {fmt::format("np.broadcast_to({}, {})", text, shape(view.shape))};
    }
  }
  const std::string fill = view.fill ? ", " + literal(*view.fill) : "";
  return with_function("read_at", fmt::format("{}, {}, {}{}", x.text, shape(view.shape),
                                              places(view.map, rank), fill));
}

NumpyBody::Code NumpyBody::contract_code(Value value) {
  const Node& node = graph_[value];
  const auto& contraction = std::get<Contraction>(node.attributes);
  const int indices = static_cast<int>(contraction.extents.size());
  std::vector<std::string> terms;
  std::vector<std::string> factors;
  std::vector<bool> used(indices, false);
  for (size_t k = 0; k < node.operands.size(); ++k) {
    const auto& accesses = contraction.accesses[k];
    const Code x = codes_.at(node.operands[k]);
    std::string term;
    const bool plain = std::all_of(accesses.begin(), accesses.end(),
                                   [](const Affine& a) { return a.plain().has_value(); });
    if (plain) {
      for (const Affine& access : accesses) term += letter(*access.plain());
      for (const Affine& access : accesses) used[*access.plain()] = true;
      factors.push_back(x.text);
    } else {
      // Read over all indices first.
      for (int index = 0; index < indices; ++index) term += letter(index);
      used.assign(indices, true);
      factors.push_back(
          with_function("read_at", fmt::format("{}, {}, {}", x.text, shape(contraction.extents),
                                               places(accesses, indices)))
              .text);
    }
    terms.push_back(term);
  }
  std::string result;
  for (int index = 0; index < indices; ++index) {
    if (index < contraction.free) result += letter(index);
    if (used[index]) continue;
    terms.emplace_back(1, letter(index));
    factors.push_back(fmt::format("np.ones({})", dim(contraction.extents[index])));
  }
  if (terms == std::vector<std::string>{"ik", "kj"} && result == "ij") {
    return {fmt::format("{} @ {}", codes_.at(node.operands[0]).operand(),
                        codes_.at(node.operands[1]).operand()),
            false};
  }
  return {fmt::format("np.einsum(\"{}->{}\", {})", fmt::join(terms, ","), result,
                      fmt::join(factors, ", "))};
}

NumpyBody::Code NumpyBody::reduce_code(Value value) {
  const Node& node = graph_[value];
  const Value x = node.operands[0];
  const int rank = graph_.type(x).rank();
  const auto& axes = std::get<Axes>(node.attributes).axes;
  const std::string inner = codes_.at(x).text;
  const std::string axis = axes.empty() ? ", axis=()"
                           : static_cast<int>(axes.size()) == rank
                               ? ""
                               : ", axis=" + axes_text(axes, rank);
  if (node.op == Op::logsumexp) {
    std::vector<int> all = axes;
    return with_function("logsumexp", fmt::format("{}, ({},)", inner, fmt::join(all, ", ")));
  }
  if (node.op == Op::norm) {
    return {fmt::format("np.sqrt(np.sum(np.square({}){}))", inner, axis)};
  }
  if (node.op == Op::argmax || node.op == Op::argmin) {
    return {fmt::format("np.{}({}, axis={})", name(node.op), inner, axes[0])};
  }
  std::string_view function = name(node.op);
  function.remove_prefix(7);  // reduce_
  std::string initial;
  if (graph_.type(x).element == Element::real && node.op == Op::reduce_max) {
    initial = ", initial=-np.inf";
  }
  if (graph_.type(x).element == Element::real && node.op == Op::reduce_min) {
    initial = ", initial=np.inf";
  }
  return {fmt::format("np.{}({}{}{})", function, inner, axis, initial)};
}

// One axis by a whole tensor of indices is NumPy's own; other accesses say all coordinates.
NumpyBody::Code NumpyBody::by_data_code(const Node& node, const std::vector<std::string>& x) {
  const auto& gathering = std::get<Gathering>(node.attributes);
  const bool gather = node.op == Op::gather;
  const auto axis = as_one_axis(graph_, node);
  if (axis && gather) return {fmt::format("np.take({}, {}, axis={})", x[0], x[1], *axis)};
  const std::string extents = shape(node.type.shape);
  if (axis) {
    return with_function("scatter_add", fmt::format("{}, {}, {}, {}", x[1], x[0], extents, *axis));
  }
  std::vector<std::string> names;
  const int rank = gather ? node.type.rank() : graph_.type(node.operands[0]).rank();
  for (int k = 0; k < rank; ++k) names.push_back(fmt::format("i{}", k));
  std::string places;
  for (const Coordinate& each : gathering.from) {
    std::vector<std::string> at;
    for (const Affine& access : each.at) at.push_back(affine(access, names));
    if (each.operand < 0) {
      places += at[0];
    } else {
      const Code indices = codes_.at(node.operands[each.operand]);
      places +=
          at.empty() ? indices.text : fmt::format("{}[{}]", indices.operand(), fmt::join(at, ", "));
    }
    places += ", ";
  }
  return with_function(gather ? "read_at" : "add_at",
                       fmt::format("{}, {}, lambda {}: ({})", x[0], extents, fmt::join(names, ", "),
                                   places.substr(0, places.size() - 1)));
}

NumpyBody::Code NumpyBody::structure_code(Value value) {
  const Node& node = graph_[value];
  std::vector<std::string> x;
  for (Value operand : node.operands) x.push_back(codes_.at(operand).text);
  if (node.op == Op::reshape) {
    return {fmt::format("np.reshape({}, {})", x[0], shape(node.type.shape))};
  }
  if (node.op == Op::concat) {
    return {fmt::format("np.concatenate(({}), axis={})", fmt::join(x, ", "),
                        std::get<Along>(node.attributes).axis)};
  }
  if (node.op == Op::softmax || node.op == Op::log_softmax) {
    const auto& axes = std::get<Axes>(node.attributes).axes;
    return with_function(std::string(name(node.op)),
                         fmt::format("{}, ({},)", x[0], fmt::join(axes, ", ")));
  }
  if (node.op == Op::cumsum) {
    const auto& [axis, reverse, exclusive] = std::get<Along>(node.attributes);
    if (!reverse && !exclusive) return {fmt::format("np.cumsum({}, axis={})", x[0], axis)};
    return with_function("running_sum",
                         fmt::format("{}, {}, reverse={}, exclusive={}", x[0], axis,
                                     reverse ? "True" : "False", exclusive ? "True" : "False"));
  }
  if (node.op == Op::gather || node.op == Op::scatter_add) return by_data_code(node, x);
  if (node.op == Op::det) return {fmt::format("np.linalg.det({})", x[0])};
  if (node.op == Op::logdet) return {fmt::format("np.linalg.slogdet({})[1]", x[0])};
  if (node.op == Op::adjugate) return with_function("adjugate", x[0]);
  if (node.op == Op::inv) return with_function("inverse", x[0]);
  if (node.op == Op::cholesky) return with_function("cholesky", x[0]);
  if (node.op == Op::solve) return with_function("solve", fmt::format("{}, {}", x[0], x[1]));
  // spread
  const auto& view = std::get<View>(node.attributes);
  return with_function("add_at",
                       fmt::format("{}, {}, {}", x[0], shape(view.shape),
                                   places(view.map, graph_.type(node.operands[0]).rank())));
}

}  // namespace gradus::formula
