// The module: its functions, and what they read.

#include "compiler/formula/numpy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace gradus::formula {
namespace {

constexpr std::string_view prologue = R"(import math

import numpy as np


def dtype_of(params, inputs):
    """The type to compute in: that of the real arrays."""
    types = [np.asarray(a).dtype for a in (*params.values(), *inputs.values())]
    reals = [t for t in types if t.kind == "f"]
    return np.result_type(*reals) if reals else np.dtype(np.float64)
)";

// Python's words, and names that the module uses itself.
constexpr std::string_view reserved[] = {
    "False",     "None",        "True",      "and",         "as",          "assert",   "async",
    "await",     "break",       "class",     "continue",    "def",         "del",      "elif",
    "else",      "except",      "finally",   "for",         "from",        "global",   "if",
    "import",    "in",          "is",        "lambda",      "nonlocal",    "not",      "or",
    "pass",      "raise",       "return",    "try",         "while",       "with",     "yield",
    "np",        "math",        "params",    "inputs",      "dtype",       "loss",     "gradients",
    "slice",     "zip",         "tuple",     "sum",         "erf",         "lgamma",   "sigmoid",
    "softmax",   "div0",        "polygamma", "log_softmax", "running_sum", "read_at",  "add_at",
    "logsumexp", "scatter_add", "dtype_of",  "inverse",     "solve",       "cholesky", "ratio",
    "adjugate"};

std::string function(std::string_view name, std::string_view words, const NumpyBody& body,
                     const std::string& result) {
  std::string out = fmt::format(
      "\n\n@np.errstate(all=\"ignore\")\ndef {}(params, inputs):\n    \"\"\"{}\"\"\"\n"
      "    dtype = dtype_of(params, inputs)\n",
      name, words);
  for (const std::string& statement : body.statements()) out += "    " + statement + "\n";
  return out + "    return " + result + "\n";
}

}  // namespace

NumpyBody::NumpyBody(const Graph& graph) : graph_(graph) {
  for (std::string_view word : reserved) taken_.emplace(word);
}

std::string NumpyBody::identifier(std::string_view name) {
  std::string out;
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool fits = byte >= 0x80 || std::isalnum(byte) != 0 || c == '_';
    out += fits ? c : '_';
  }
  while (!taken_.insert(out).second) out += '_';
  return out;
}

std::string NumpyBody::dim(const Dim& dim) const {
  for (const std::string& name : dim.names()) {
    if (dims_.count(name) > 0) continue;
    fmt::print(stderr, "gradus: internal error: no leaf tells the size `{}`\n", name);
    std::abort();
  }
  std::string out;
  for (const auto& [monomial, coefficient] : dim.terms()) {
    std::vector<std::string> factors;
    if (coefficient != 1 || monomial.empty()) factors.push_back(fmt::format("{}", coefficient));
    for (const std::string& name : monomial) factors.push_back(dims_.at(name));
    if (!out.empty()) out += " + ";
    out += fmt::format("{}", fmt::join(factors, " * "));
  }
  return out.empty() ? "0" : out;
}

std::string NumpyBody::shape(const Shape& shape) const {
  std::vector<std::string> dims;
  for (const Dim& extent : shape) dims.push_back(dim(extent));
  return fmt::format("({}{})", fmt::join(dims, ", "), dims.size() == 1 ? "," : "");
}

void NumpyBody::read_leaves(std::span<const Value> values) {
  for (Value value : values) {
    const Node& node = graph_[value];
    if (node.op != Op::input && node.op != Op::param && node.op != Op::state) continue;
    const std::string& name = std::get<Named>(node.attributes).name;
    const std::string own = identifier(name);
    const std::string_view from = node.op == Op::input ? "inputs" : "params";
    const std::string_view type = node.type.element == Element::real    ? ", dtype"
                                  : node.type.element == Element::index ? ""
                                                                        : ", bool";
    statements_.push_back(fmt::format("{} = np.asarray({}[\"{}\"]{})", own, from, name, type));
    codes_[value] = {own};
  }
}

// Sizes are those of the leaves that are read; where none of these tells, of any leaf.
void NumpyBody::read_sizes(std::span<const Value> values) {
  for (Value value : values) {
    if (is_leaf(graph_[value].op)) read_sizes_of(value);
  }
  for (uint32_t id = 0; id < graph_.size(); ++id) {
    if (is_leaf(graph_[Value{id}].op)) read_sizes_of(Value{id});
  }
}

void NumpyBody::read_sizes_of(Value leaf) {
  const Node& node = graph_[leaf];
  const auto* named = std::get_if<Named>(&node.attributes);
  if (named == nullptr || node.op == Op::symbol || node.op == Op::bound) return;
  for (size_t axis = 0; axis < node.type.shape.size(); ++axis) {
    // c·name + d, whose name is not known yet.
    const Dim& extent = node.type.shape[axis];
    const auto names = extent.names();
    if (names.size() != 1 || dims_.count(names[0]) > 0) continue;
    const Dim rest = extent.substituted(names[0], 0);
    const auto coefficient = (extent - rest).divided_by(Dim::named(names[0]));
    if (!coefficient || !coefficient->number()) continue;
    const std::string own = dims_[names[0]] = identifier(names[0]);
    const bool is_read = codes_.count(leaf) > 0;
    const std::string_view from = node.op == Op::input ? "inputs" : "params";
    std::string size = is_read ? fmt::format("{}.shape[{}]", codes_[leaf].text, axis)
                               : fmt::format("np.shape({}[\"{}\"])[{}]", from, named->name, axis);
    if (rest != Dim(0)) size = fmt::format("({} - {})", size, dim(rest));
    if (*coefficient != Dim(1)) size = fmt::format("{} // {}", size, dim(*coefficient));
    statements_.push_back(fmt::format("{} = {}", own, size));
  }
}

std::vector<std::string> NumpyBody::write(std::span<const Value> roots) {
  const std::vector<Value> values = reachable(graph_, roots);
  read_leaves(values);
  read_sizes(values);
  return write_values(roots);
}

std::vector<std::string> NumpyBody::write_values(std::span<const Value> roots) {
  const std::vector<Value> values = reachable(graph_, roots);
  std::map<Value, int> uses;
  for (Value value : values) {
    for (Value operand : graph_[value].operands) ++uses[operand];
  }
  std::map<Value, std::vector<Code>> results;  // of scans
  for (Value value : values) {
    const Op op = graph_[value].op;
    if (codes_.count(value) > 0) continue;
    if (op == Op::scan) {
      results[value] = scan_code(value);
      continue;
    }
    if (op == Op::result) {
      const int number = std::get<Number>(graph_[value].attributes).number;
      codes_[value] = results.at(graph_[value].operands[0])[number];
      continue;
    }
    Code written = code(value);
    const std::string_view given = graph_.name(value);
    if (!is_leaf(op) && (uses[value] > 1 || !given.empty() || written.text.size() > 60)) {
      const std::string own =
          identifier(given.empty() ? fmt::format("t{}", ++temporaries_) : std::string(given));
      state(fmt::format("{} = {}", own, written.text));
      written = {own};
    }
    codes_[value] = std::move(written);
  }
  std::vector<std::string> written;
  for (Value root : roots) written.push_back(codes_.at(root).text);
  return written;
}

std::string numpy_module(const Graph& graph, const Definition& loss,
                         std::span<const Definition> gradients) {
  NumpyBody forward(graph);
  const std::string value = forward.write(std::span(&loss.value, 1))[0];

  NumpyBody backward(graph);
  std::vector<Value> roots;
  for (const Definition& gradient : gradients) roots.push_back(gradient.value);
  const std::vector<std::string> values = backward.write(roots);
  std::string entries = "{\n";
  for (size_t k = 0; k < values.size(); ++k) {
    entries += fmt::format("        \"{}\": np.array({}, dtype),\n", gradients[k].name, values[k]);
  }

  std::set<std::string> functions = forward.functions();
  functions.insert(backward.functions().begin(), backward.functions().end());
  std::map<std::string, double> constants = forward.constants();
  constants.insert(backward.constants().begin(), backward.constants().end());

  std::string out = fmt::format(
      "\"\"\"The loss {} and its gradients, derived by gradus.\n\nparams and inputs are dicts of "
      "NumPy arrays under the names of the model file.\n\"\"\"\n\n",
      loss.name);
  out += prologue;
  out += numpy_functions(functions);
  if (!constants.empty()) out += "\n\n";
  for (const auto& [name, number] : constants) out += fmt::format("{} = {}\n", name, number);
  out += function("loss", fmt::format("{}, a number.", loss.name), forward,
                  fmt::format("dtype.type({})", value));
  out += function("gradients", fmt::format("The derivatives of {}, by name.", loss.name), backward,
                  entries + "    }");
  return out;
}

}  // namespace gradus::formula
