#include "compiler/kernel/storage.h"

#include <algorithm>
#include <set>

namespace gradus::kernel {
namespace {

constexpr int64_t alignment = 64;

struct Range {
  int buffer = 0;
  int64_t bytes = 0;
  int first = -1;  // kernels
  int last = -1;
};

void stored(const std::vector<Statement>& body, std::set<int>& into) {
  for (const Statement& statement : body) {
    if (const auto* store = std::get_if<Store>(&statement)) into.insert(store->access.buffer);
    if (const auto* loop = std::get_if<Loop>(&statement)) stored(loop->body, into);
  }
}

std::vector<Range> live_ranges(const Plan& plan) {
  std::vector<Range> ranges(plan.buffers.size());
  for (int kernel = 0; kernel < static_cast<int>(plan.kernels.size()); ++kernel) {
    for (int buffer : used_buffers(plan.kernels[kernel])) {
      if (ranges[buffer].first < 0) ranges[buffer].first = kernel;
      ranges[buffer].last = kernel;
    }
  }
  std::vector<Range> found;
  for (size_t buffer = 0; buffer < ranges.size(); ++buffer) {
    const Buffer& of = plan.buffers[buffer];
    if (of.slot >= 0) continue;
    Range range = ranges[buffer];
    range.buffer = static_cast<int>(buffer);
    range.bytes = (of.size * bytes(of.type) + alignment - 1) / alignment * alignment;
    found.push_back(range);
  }
  return found;
}

}  // namespace

int64_t bytes(Scalar type) {
  switch (type) {
    case Scalar::f64:
      return 8;
    case Scalar::f32:
    case Scalar::i32:
      return 4;
    case Scalar::u8:
      return 1;
  }
  return 0;
}

std::vector<int> used_buffers(const Kernel& kernel) {
  std::set<int> used;
  for (const Expr& expr : kernel.exprs) {
    if (expr.kind == Expr::Kind::load) used.insert(expr.access.buffer);
  }
  if (const auto* nest = std::get_if<Nest>(&kernel.body)) {
    stored(nest->body, used);
  } else {
    const auto& contraction = std::get<Contraction>(kernel.body);
    used.insert(contraction.a.buffer);
    used.insert(contraction.b.buffer);
    for (const Store& store : contraction.epilogue) used.insert(store.access.buffer);
  }
  return {used.begin(), used.end()};
}

void place_buffers(Plan& plan) {
  std::vector<Range> ranges = live_ranges(plan);
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const Range& a, const Range& b) { return a.bytes > b.bytes; });
  std::vector<const Range*> placed;  // by offset
  plan.arena_bytes = 0;
  for (const Range& range : ranges) {
    int64_t offset = 0;
    for (const Range* other : placed) {
      if (other->last < range.first || range.last < other->first) continue;
      const int64_t begin = plan.buffers[other->buffer].offset;
      if (begin >= offset + range.bytes) break;
      offset = std::max(offset, begin + other->bytes);
    }
    plan.buffers[range.buffer].offset = offset;
    plan.arena_bytes = std::max(plan.arena_bytes, offset + range.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &range,
                                   [&](const Range* a, const Range* b) {
                                     return plan.buffers[a->buffer].offset <
                                            plan.buffers[b->buffer].offset;
                                   }),
                  &range);
  }
}

}  // namespace gradus::kernel
