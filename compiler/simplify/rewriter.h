#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/graph/derivation.h"
#include "compiler/graph/facts.h"
#include "compiler/graph/graph.h"
#include "compiler/simplify/forms.h"
#include "compiler/simplify/rule.h"
#include "compiler/simplify/symmetry.h"

namespace gradus::rewriting {

// Brings values of a graph to normal form, bottom up, each once: operands first, then rules at the
// root until none applies. The result of a rule has new nodes only above the old operands, which
// are normal already, so the work is about linear in the size of the graph.
class Rewriter {
 public:
  Rewriter(Graph& graph, Stage stage, Derivation* log);

  Graph& graph;
  Facts facts;
  Symmetry symmetry;
  std::unordered_map<uint32_t, Product> products;  // what `product_of` found out

  // No rule applies at these values' roots as they stand, which the caller knows.
  void settle(std::span<const Value> values);

  // The normal form of a value; of the same type.
  Value normal(Value value);
  // Normal forms of the roots; operands before users, so that no recursion is deep.
  std::vector<Value> normal(std::span<const Value> roots);

  bool is_named(Value value) const { return !graph.name(value).empty(); }
  const Node& operator[](Value value) const { return graph[value]; }
  Op op(Value value) const { return graph[value].op; }
  const Shape& shape(Value value) const { return graph.shape(value); }
  int rank(Value value) const { return graph.type(value).rank(); }
  Value operand(Value value, int k = 0) const { return graph[value].operands[k]; }
  // The number, where the value is a literal.
  std::optional<double> literal(Value value) const;

  bool is_active(const Rule& rule) const { return rule.stage <= stage_; }
  // Whether only what the user wrote is looked at, and no derivative.
  bool is_recognising() const { return stage_ == Stage::recognise; }
  bool is_logging() const { return log_ != nullptr; }
  // A step inside a rule that takes several.
  void record(const Rule& rule, Value before, Value after);

 private:
  Value with_normal_operands(Value value);
  Value rewritten(Value value);
  Value checked(const Rule& rule, Value before, Value after);
  void inherit_name(Value from, Value to);
  void remember(Value value, Value normal);

  Stage stage_;
  Derivation* log_;
  std::vector<Value> normal_;  // by number; invalid where not yet known
  std::vector<bool> open_;     // by number: that are being rewritten
  std::vector<bool> settled_;  // by number
  size_t steps_ = 0;
};

}  // namespace gradus::rewriting
