#pragma once

#include <map>
#include <set>
#include <vector>

#include "compiler/kernel/sweep.h"

// Which sweeps share a kernel.
namespace gradus::kernel {

// Loops inside the rows of a group, one in the other; none where its sweeps have no further axes.
struct Stage {
  std::vector<int64_t> extents;
};

// A sweep in a group: its axes are the rows, in the order `rows`, and the others the stage's loops.
struct Member {
  int sweep = 0;
  std::vector<int> rows;   // for each row loop of the group, the sweep's axis
  std::vector<int> inner;  // for each loop of the stage
  int stage = 0;
  // What it loads when it is computed: also for what it takes from other members, which are
  // computed only where they are used.
  std::vector<Read> reads;
};

// A kernel to be: for each row, one stage after the other. What a member computes in a row is read
// by later members in that row alone. A contraction is the first member of its group; the others
// are its epilogue. A scatter, a scan and linear algebra are alone.
struct Group {
  Sweep::Kind kind = Sweep::Kind::map;  // map and fold are both a nest of loops
  std::vector<int64_t> rows;
  std::vector<Stage> stages;
  std::vector<Member> members;
  std::set<int> after;  // groups that run before this one
};

// Puts each sweep into a group, in the sweeps' order: into one that computes what it reads, or that
// reads the same, where the order of all reads and writes allows it; else into a new one. A right
// side of an update that reads places of the target other than its own comes back in `detached`:
// it must be stored first.
struct Fusion {
  std::vector<Group> groups;  // in an order in which they can run
  std::vector<Value> detached;
};
Fusion fuse(const std::vector<Sweep>& sweeps);

}  // namespace gradus::kernel
