#include "compiler/kernel/storage.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "compiler/kernel/accesses.h"

namespace gradus::kernel {
namespace {

constexpr int64_t alignment = 64;

struct Range {
  int buffer = 0;
  int64_t bytes = 0;
  int first = -1;  // kernels
  int last = -1;
};

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
  std::vector<int> used;
  each_buffer(kernel, [&](int buffer, Use) { used.push_back(buffer); });
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  return used;
}

namespace {

// Takes out the stores to buffers that are not kept.
void drop_stores(std::vector<Statement>& body, const std::vector<bool>& kept) {
  std::erase_if(body, [&](Statement& statement) {
    if (auto* loop = std::get_if<Loop>(&statement)) drop_stores(loop->body, kept);
    const auto* store = std::get_if<Store>(&statement);
    return store != nullptr && !kept[store->access.buffer];
  });
}

void drop_stores(Kernel& kernel, const std::vector<bool>& kept) {
  if (auto* nest = std::get_if<Nest>(&kernel.body)) drop_stores(nest->body, kept);
  if (auto* of = std::get_if<Contraction>(&kernel.body)) {
    std::erase_if(of->epilogue, [&](const Store& store) { return !kept[store.access.buffer]; });
  }
}

// Those that somebody reads: a kernel, or the caller; and those that a call of the runtime writes.
std::vector<bool> read_buffers(const Plan& plan) {
  std::vector<bool> kept(plan.buffers.size());
  for (size_t k = 0; k < kept.size(); ++k) {
    const Buffer& buffer = plan.buffers[k];
    if (buffer.slot >= 0) kept[k] = true;
    if (buffer.window) kept[k] = kept[holder(plan, static_cast<int>(k))] = true;
  }
  for (const Kernel& kernel : plan.kernels) {
    const bool is_call = std::holds_alternative<LinearAlgebra>(kernel.body);
    each_buffer(kernel, [&](int buffer, Use use) {
      if (use == Use::read || is_call) kept[buffer] = true;
    });
  }
  return kept;
}

}  // namespace

void drop_unread_buffers(Plan& plan) {
  const std::vector<bool> kept = read_buffers(plan);
  std::vector<int> numbers;
  std::vector<Buffer> buffers;
  for (size_t k = 0; k < kept.size(); ++k) {
    numbers.push_back(static_cast<int>(buffers.size()));
    if (kept[k]) buffers.push_back(std::move(plan.buffers[k]));
  }
  for (Buffer& buffer : buffers) {
    if (buffer.window) buffer.window->of = numbers[buffer.window->of];
  }
  plan.buffers = std::move(buffers);
  for (Kernel& kernel : plan.kernels) {
    drop_stores(kernel, kept);
    each_buffer(kernel, [&](int& buffer, Use) { buffer = numbers[buffer]; });
  }
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
