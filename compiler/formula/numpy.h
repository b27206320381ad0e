#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/formula/derive.h"
#include "compiler/graph/graph.h"

namespace gradus::formula {

// A Python module over NumPy and math with `loss(params, inputs)` and `gradients(params, inputs)`;
// both take dicts of arrays under the names of the file. `gradients`: of the wanted, in order.
std::string numpy_module(const Graph& graph, const Definition& loss,
                         std::span<const Definition> gradients);

// Writes nodes as Python, operands first: a statement for what is used twice, is named or would
// make a long line, else an expression within its user's.
class NumpyBody {
 public:
  explicit NumpyBody(const Graph& graph);

  // Adds statements for the roots; their expressions.
  std::vector<std::string> write(std::span<const Value> roots);

  // The statements, without indent: sizes first.
  const std::vector<std::string>& statements() const { return statements_; }
  // The functions of the module that they call (see numpy_functions).
  const std::set<std::string>& functions() const { return functions_; }
  // The named constants that they read, by their identifiers.
  const std::map<std::string, double>& constants() const { return constants_; }

 private:
  // Python code, and whether it may be an operand without parentheses.
  struct Code {
    std::string text;
    bool atomic = true;
    std::string operand() const { return atomic ? text : "(" + text + ")"; }
  };

  std::string identifier(std::string_view name);
  std::string dim(const Dim& dim) const;
  std::string shape(const Shape& shape) const;
  std::string affine(const Affine& access, const std::vector<std::string>& indices) const;

  std::vector<std::string> write_values(std::span<const Value> roots);
  void state(const std::string& statement) { statements_.push_back(indent_ + statement); }
  void read_leaves(std::span<const Value> values);
  void read_sizes(std::span<const Value> values);
  void read_sizes_of(Value leaf);

  Code code(Value value);
  Code map_code(Value value);
  Code leaf_code(Value value);
  Code view_code(Value value, bool repeat);
  Code contract_code(Value value);
  Code reduce_code(Value value);
  Code by_data_code(const Node& node, const std::vector<std::string>& x);
  Code structure_code(Value value);
  std::vector<Code> scan_code(Value value);
  std::string round_of(const Along& along, int rank, const std::string& round,
                       const std::string& rounds) const;
  std::string type_code(Element element) const;
  Code with_function(const std::string& function, const std::string& arguments);
  // Basic indexing: `[:, None, 2:5]`; empty where the view needs more.
  std::string subscript(const View& view, const Shape& from) const;
  std::string places(const std::vector<Affine>& map, int indices) const;
  bool is_repeated(Value value) const;

  const Graph& graph_;
  std::set<std::string> taken_;
  std::map<std::string, std::string> dims_;  // identifiers of dimension names
  std::map<Value, Code> codes_;
  std::vector<std::string> statements_;
  std::string indent_;  // of a loop
  int temporaries_ = 0;
  std::set<std::string> functions_;
  std::map<std::string, double> constants_;
};

// The functions of this file that the names need, in an order in which they can be defined.
std::string numpy_functions(const std::set<std::string>& names);

}  // namespace gradus::formula
