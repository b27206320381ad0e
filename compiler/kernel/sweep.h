#pragma once

#include <map>
#include <optional>
#include <vector>

#include "compiler/graph/function.h"
#include "compiler/kernel/indices.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/planner.h"
#include "compiler/kernel/values.h"

// What is computed by loops of its own, and what is computed where it is used.
namespace gradus::kernel {

// A stored value, or a leaf, that a sweep loads.
struct Read {
  Value value;
  Position at;        // its indices, in terms of the sweep's axes
  bool exact = true;  // false where a place is not known: gathered, or of another shape
  // Whether the value may be taken from where it is computed; a load under a guard may not.
  bool direct = true;
};

// Where entries are written, beside the value's own memory: as a tensor of `shape`, which has one
// more axis than the value where `axis` is one; there they are at 0.
struct Output {
  int buffer = 0;
  Shape shape;
  int axis = -1;
};

// One value computed entry by entry, in loops over its axes and those that are folded away.
struct Sweep {
  enum class Kind : uint8_t {
    map,          // each entry by itself
    fold,         // a reduction, or a contraction as plain loops
    contraction,  // a contraction of two factors that the code generator has a kernel for
    scatter,      // zeros, then entries added: spread and scatter_add
    scan,         // a loop of kernels, which its body becomes
    matrices,     // linear algebra, which the runtime does
  };
  Kind kind = Kind::map;
  Value value;
  // Whether the value is computed elsewhere too and only written here: results that are leaves,
  // right sides of updates, parts of a concatenation.
  bool copy = false;
  std::vector<int64_t> extents;  // the value's own axes, then those folded away
  int own = 0;
  Fold how = Fold::sum;  // of a fold

  // Where the entries go, beside the value's own memory.
  std::vector<Output> outputs;
  Value into;    // a value of the same shape, in whose memory they are
  Value target;  // the leaf that is updated, if one is
  Value whole;   // the concatenation that they are a part of, if they are
  int axis = 0;  // of `whole`, from `offset` on
  int64_t offset = 0;

  std::vector<Read> reads;
  std::vector<Value> results;  // of a scan: what it computes, also where its carries are
};

class KnownReads;  // entries.h

// The results of each scan, by number.
using Results = std::map<Value, std::vector<Value>>;

// The value that holds the entries: a reshape shares the memory of what it reshapes.
Value root(const Graph& graph, Value value);

// A reduction's fold.
Fold fold_of(Op op);

// Values that are computed in sweeps of their own, however often they are used: reductions,
// contractions, concatenations, scatters and linear algebra, what these, views with a fill,
// reshapes and gathers need to have in memory, and what is compared with its own extremum.
ValueSet must_store(const Graph& graph, const Function& function, const Options& options);

// One sweep for each stored value, in an order in which each stands behind what it reads; then one
// for each result that is not such a value; then one for each update. `outputs` are where the
// results go, in order; `reads` are what is known of sweeps with less stored.
std::vector<Sweep> sweeps(const Graph& graph, const Function& function, const ValueSet& stored,
                          const std::vector<Output>& outputs, const Results& results,
                          KnownReads& reads, const Options& options);

}  // namespace gradus::kernel
