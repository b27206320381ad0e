#pragma once

#include <unordered_map>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus {

// Which values are matrices A with A' = A, found in how they are computed: X·X', sums and functions
// of such entry by entry, their inverses, and whatever else reads the same with its last two axes
// exchanged, as exp(−Σₖ(xᵢₖ − xⱼₖ)²) does. In real arithmetic: what is computed may differ in the
// last bits. A parameter or an input is never known to be symmetric.
class Symmetry {
 public:
  explicit Symmetry(const Graph& graph) : graph_(graph) {}

  // Of the last two axes; false for values that have fewer.
  bool operator[](Value value);

 private:
  // Axes p and q of a value exchanged.
  struct Swap {
    int p;
    int q;
  };

  bool is_mirror(Value a, Value b, Swap axes, int depth);
  bool is_reverse(Value a, Value b, Swap axes, int depth);
  bool are_mirrors(const Node& a, const Node& b, Swap axes, int depth);
  bool is_mirror_of_view(const Node& a, const Node& b, Swap axes, int depth);
  bool is_mirror_of_sum(const Node& a, const Node& b, Swap axes, int depth);
  bool is_mirror_of_contraction(Value a, Value b, Swap axes);
  bool reads_the_same(Value value, const std::vector<Affine>& a, const std::vector<Affine>& b);
  bool is_transpose_of(Value turned, Value x, Swap axes) const;

  struct Factors;
  void open(Value value, const std::vector<Affine>& at, Factors& out) const;
  Factors factors_of(Value value) const;
  bool have_the_same_factors(const Factors& a, const Factors& b, const std::vector<Affine>& by);

  const Graph& graph_;
  std::unordered_map<uint32_t, bool> known_;
};

}  // namespace gradus
