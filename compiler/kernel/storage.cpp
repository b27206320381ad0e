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

bool surrounds(const Rounds& outer, const Rounds& inner) {
  return outer.first <= inner.first && inner.end <= outer.end;
}

// The kernels during which a buffer that one of them uses must be kept: all those of a loop around
// it in whose rounds the buffer lasts.
Range needed(const Plan& plan, int buffer, int kernel) {
  const int own = plan.buffers[buffer].loop;
  for (int number = 0; number < static_cast<int>(plan.loops.size()); ++number) {
    const Rounds& loop = plan.loops[number];
    if (kernel < loop.first || kernel >= loop.end) continue;
    const bool around = own >= 0 && number <= own && surrounds(loop, plan.loops[own]);
    if (!around) return {buffer, 0, loop.first, loop.end - 1};
  }
  return {buffer, 0, kernel, kernel};
}

std::vector<Range> live_ranges(const Plan& plan) {
  std::vector<Range> ranges(plan.buffers.size());
  for (int kernel = 0; kernel < static_cast<int>(plan.kernels.size()); ++kernel) {
    for (int used : used_buffers(plan.kernels[kernel])) {
      const int buffer = holder(plan, used);
      const Range here = needed(plan, buffer, kernel);
      Range& range = ranges[buffer];
      range.first = range.first < 0 ? here.first : std::min(range.first, here.first);
      range.last = std::max(range.last, here.last);
    }
  }
  std::vector<Range> found;
  for (size_t buffer = 0; buffer < ranges.size(); ++buffer) {
    const Buffer& of = plan.buffers[buffer];
    if (of.slot >= 0 || of.window) continue;
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

int holder(const Plan& plan, int buffer) {
  while (plan.buffers[buffer].window) buffer = plan.buffers[buffer].window->of;
  return buffer;
}

std::vector<int> used_buffers(const Kernel& kernel) {
  std::set<int> used;
  for (const Expr& expr : kernel.exprs) {
    if (expr.kind == Expr::Kind::load) used.insert(expr.access.buffer);
  }
  if (const auto* nest = std::get_if<Nest>(&kernel.body)) {
    stored(nest->body, used);
  } else if (const auto* of = std::get_if<LinearAlgebra>(&kernel.body)) {
    used.insert({of->a, of->result});
    if (of->b != none) used.insert(of->b);
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
