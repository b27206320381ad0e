#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/formula/sheet.h"

namespace gradus::formula {

// The walk from the loss to each derivative that is asked for: the definitions forward, the chain
// of factors for each path, each factor's own derivative, their product, every simplification by
// name, the result. What is nearest to the loss comes first, and what was said once is not
// repeated.
class Walk {
 public:
  Walk(Graph& graph, const Subject& subject, std::span<const Wanted> wanted, Sheet& sheet);

  Page page();

 private:
  // From a definition (or the loss) to one that it is written with, or to the variable.
  struct Edge {
    Value user;
    Value operand;
    friend auto operator<=>(const Edge&, const Edge&) = default;
  };
  using Path = std::vector<Edge>;

  void add_forward();
  void add_forward(Value value);
  void add_walk_to(const Wanted& wanted);
  void add_chain(const Wanted& wanted, const std::vector<Path>& paths);
  Expr chain(const Path& path);
  // About how many symbols its definition is written with.
  int length(Value value) const;
  void name_parts_if_long(Value value);
  void add_factor(const Edge& edge, bool is_one_of_several);
  void add_simplification(const Wanted& wanted);

  // The definitions that a value is written with, and the variable if it is among them.
  std::vector<Value> reads(Value user, Value variable) const;
  std::vector<Path> paths_to(Value variable) const;
  bool is_definition(Value value) const { return names_.count(value) > 0; }
  Expr name(Value value) const { return sheet_.reader().name_of(value); }
  bool has_name(Value value) const { return sheet_.reader().is_named(value); }
  Expr adjoint(Value value) const;

  // The user with leaves in place of what it reads: so that what else it is made of counts as
  // independent of the operand.
  struct Alone {
    Value user;
    Value operand;
  };
  Alone alone(const Edge& edge);
  // The factor's derivative; as a function of the adjoint of the user where it is no product with
  // one number an entry.
  struct Factor {
    Value value;
    bool is_pullback = false;
  };
  Factor differentiated(const Edge& edge, const Alone& alone);
  bool is_elementwise(const Alone& alone) const;

  Graph& graph_;
  const Subject& subject_;
  std::vector<Wanted> wanted_;
  Sheet& sheet_;
  std::map<Value, std::string> names_;  // of the definitions and the loss
  std::vector<Value> order_;            // those that the loss needs, in order
  Page page_;
  std::set<Edge> told_;
  std::set<std::string> steps_told_;
};

}  // namespace gradus::formula
