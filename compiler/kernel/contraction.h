#pragma once

#include <optional>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::kernel {

// A factor of a contraction in memory: entry (index 0, index 1, …) of the contraction lies at
// offset + Σ stride · index of the value.
struct Factor {
  Value value;  // stored, or a leaf
  int64_t offset = 0;
  std::vector<int64_t> strides;  // one for each index of the contraction
};

// A contraction as Σ_k a[batch, m, k] · b[batch, k, n]: the roles of its indices. There may be more
// than one m or n; k stands for one index, or for several that are one in both factors.
struct Match {
  Factor a;
  Factor b;
  std::vector<int> batch;
  std::vector<int> m;
  std::vector<int> n;
  int64_t k = 1;
  int64_t a_k = 0;  // strides
  int64_t b_k = 0;
};

// Where a factor of a contraction over so many indices, accessed so, has its entries.
Factor factor_of(const Graph& graph, Value value, const std::vector<Affine>& accesses, int indices);

// The roles, where the contraction has two factors with plain accesses and is large enough for a
// kernel of its own to pay: it has at least `least_products`.
std::optional<Match> match(const Graph& graph, Value contraction, int64_t least_products);

// The value that holds the entries of a factor: views without a fill and reshapes are looked
// through where what is read stays an affine function of the indices.
Value whole_of(const Graph& graph, Value factor);

}  // namespace gradus::kernel
