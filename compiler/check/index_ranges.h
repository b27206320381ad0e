#pragma once

#include <optional>
#include <vector>

#include "compiler/check/entry.h"
#include "compiler/check/program.h"

namespace gradus::checking {

// One axis of an access in an index equation: 0 ≤ at < extent, over the values of indices.
struct Bound {
  Affine at;
  Dim extent;
  Span span;             // of what is written there
  std::string tensor;    // that is accessed, in messages
  bool guarded = false;  // in a branch of `if`, in an equation with `where`: it may be left
};

// Gives every index that has none the largest range that keeps all accesses in bounds: first those
// that stand alone in an access, then the one unknown of an access with several. A free index
// starts at 0. The mistake, if there is one: an index without a bound, bounds that can not be
// compared, an access that leaves its tensor.
//
// Where an index stands alone on axes of different extents it runs over the shorter, and `warnings`
// say so; where one is a dimension that the data bind and the other a number, the dimension must be
// that number, which is added to `requirements`.
//
// What depends on sizes that only the data tell, and is not wrong for all of them, is among the
// `conditions`: that a range is not empty, that an access stays within its tensor.
struct Inferred {
  std::optional<Diagnostic> mistake;
  std::vector<Diagnostic> warnings;
  std::vector<Requirement> requirements;
  std::vector<Condition> conditions;
};
// Of the indices numbered from `first` on.
Inferred infer_ranges(std::vector<Index>& indices, int first, const std::vector<Bound>& bounds);

// The least and the largest value of an access, where its indices have ranges and values.
struct Reach {
  Dim least;
  Dim largest;
};
Reach reach(const std::vector<Index>& indices, const Affine& at);
// Whether it is plain to see that the access stays within 0 … extent.
bool stays_within(const std::vector<Index>& indices, const Affine& at, const Dim& extent);

}  // namespace gradus::checking
