#include "compiler/kernel/contraction.h"

#include <algorithm>
#include <numeric>

#include "compiler/kernel/indices.h"
#include "compiler/kernel/sweep.h"

namespace gradus::kernel {
namespace {

bool is_rearranged(const Node& node) {
  return node.op == Op::view && !std::get<View>(node.attributes).fill;
}

// One index in place of several that are one in both factors: the strides of the last.
bool merge_sums(Match& made, const std::vector<int>& sums, const std::vector<int64_t>& extents) {
  made.a_k = made.a.strides[sums.back()];
  made.b_k = made.b.strides[sums.back()];
  made.k = extents[sums.back()];
  for (size_t i = sums.size() - 1; i-- > 0;) {
    const int outer = sums[i];
    if (made.a.strides[outer] != made.k * made.a_k || made.b.strides[outer] != made.k * made.b_k) {
      return false;
    }
    made.k *= extents[outer];
  }
  return true;
}

}  // namespace

Value whole_of(const Graph& graph, Value factor) {
  while (is_rearranged(graph[factor])) factor = graph[factor].operands[0];
  return root(graph, factor);
}

Factor factor_of(const Graph& graph, Value value, const std::vector<Affine>& accesses,
                 int indices) {
  Position loops;
  for (int index = 0; index < indices; ++index) loops.push_back(loop_index(index));
  const auto through = [](const std::vector<Affine>& map, const Position& at) {
    Position inner;
    for (const Affine& access : map) inner.push_back(composed(access, at));
    return inner;
  };
  Position at = through(accesses, loops);
  while (is_rearranged(graph[value])) {
    at = through(std::get<View>(graph[value].attributes).map, at);
    value = graph[value].operands[0];
  }
  const Index place = row_major(graph.shape(value), at);
  Factor made{root(graph, value), place.offset, {}};
  for (int index = 0; index < indices; ++index) made.strides.push_back(coefficient(place, index));
  return made;
}

std::optional<Match> match(const Graph& graph, Value contraction, int64_t least_products) {
  const Node& node = graph[contraction];
  const auto& of = std::get<gradus::Contraction>(node.attributes);
  const std::vector<int64_t> extents = numbers(of.extents);
  if (node.operands.size() != 2 || count(extents) < least_products) return std::nullopt;

  const int indices = static_cast<int>(extents.size());
  Match made;
  made.a = factor_of(graph, node.operands[0], of.accesses[0], indices);
  made.b = factor_of(graph, node.operands[1], of.accesses[1], indices);
  std::vector<int> sums;
  for (int index = 0; index < indices; ++index) {
    const bool free = index < of.free;
    if (extents[index] == 1) {  // a loop that only the epilogue sees
      if (free) made.batch.push_back(index);
      continue;
    }
    const bool in_a = made.a.strides[index] != 0;
    const bool in_b = made.b.strides[index] != 0;
    if (in_a && in_b) {
      (free ? made.batch : sums).push_back(index);
    } else if (!free || (!in_a && !in_b)) {
      return std::nullopt;
    } else {
      (in_a ? made.m : made.n).push_back(index);
    }
  }
  if (made.m.empty() || made.n.empty() || sums.empty()) return std::nullopt;
  // The result's last axis is a column of b's, so that rows are stored in one go.
  if (made.m.back() > made.n.back()) {
    std::swap(made.a, made.b);
    std::swap(made.m, made.n);
  }
  // In the order of memory.
  std::stable_sort(sums.begin(), sums.end(),
                   [&](int i, int j) { return made.a.strides[i] > made.a.strides[j]; });
  if (!merge_sums(made, sums, extents)) return std::nullopt;
  return made;
}

}  // namespace gradus::kernel
