#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/check/index_ranges.h"
#include "compiler/check/thing.h"

namespace gradus::checking {

// `where name in low..low + extent`, of the statement at hand.
struct GivenRange {
  std::string name;
  Span span;
  Dim low;
  Dim extent;
  bool used = false;  // an index has that name
};

// An equation in index notation while it is checked: `y[i] = …`, or a reduction over indices that
// stands in an ordinary expression.
struct Equation {
  Scope* scope = nullptr;  // of the statement
  int first = 0;           // of its indices
  // The indices in sight and their numbers; later ones hide earlier ones.
  std::vector<std::pair<std::string, int>> names;
  std::vector<int> rest;  // the indices that `..` stands for
  std::map<const syntax::Reduction*, std::vector<int>> bound;
  std::map<const syntax::Expr*, Thing> without;  // what depends on no index, evaluated once
  std::vector<Bound> bounds;
  std::set<const syntax::Subscript*> guarded;  // accesses that may leave their tensors
};

// Gives a variable another value as long as it lives.
template <typename T>
class Within {
 public:
  Within(T& variable, T value) : variable_(variable), before_(variable) { variable_ = value; }
  ~Within() { variable_ = before_; }
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;

 private:
  T& variable_;
  T before_;
};

}  // namespace gradus::checking
