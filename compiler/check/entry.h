#pragma once

#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "grammar/diagnostic.h"

namespace gradus::checking {

// An index of index notation: it takes the values low, low + 1, … low + extent − 1. Indices are
// numbered through a program; those that an equation has on its left come before those it binds.
struct Index {
  std::string name;
  Span span;  // where it is introduced
  bool free = false;
  bool ranged = false;  // `where` says its range
  bool known = false;   // the range is
  Dim low;
  Dim extent;
};

// A scalar that depends on indices: the entry of a value at places that are affine in the values of
// indices, one for each axis; `Affine::Term::axis` is the number of an index.
struct Entry {
  Value of;
  std::vector<Affine> at;
};

}  // namespace gradus::checking
