#include "compiler/kernel/emissions.h"

#include <algorithm>

namespace gradus::kernel {
namespace {

bool same_outputs(const Output& a, const Output& b) {
  return a.buffer == b.buffer && a.axis == b.axis;
}

// Whether two sweeps over one graph compute the same to the same places.
bool same(const Sweep& a, const Sweep& b) {
  return a.value == b.value && a.copy == b.copy && a.target == b.target && a.into == b.into &&
         a.whole == b.whole && a.axis == b.axis && a.offset == b.offset &&
         std::equal(a.outputs.begin(), a.outputs.end(), b.outputs.begin(), b.outputs.end(),
                    same_outputs);
}

bool same(const Stage& a, const Stage& b) { return a.extents == b.extents; }

}  // namespace

Emissions::First Emissions::first(const std::vector<Sweep>& sweeps, const Group& group) {
  const Sweep& one = sweeps[group.members[0].sweep];
  return {one.whole.valid() ? one.whole : one.value, one.copy,
          one.target.valid() ? one.target : one.into};
}

void Emissions::emit(const ValueSet& stored, const std::vector<Sweep>& sweeps,
                     const std::vector<Group>& groups) {
  std::vector<Emitted> made;
  made.reserve(groups.size());
  for (const Group& group : groups) {
    Emitted* before = known(stored, sweeps, group);
    made.push_back(before != nullptr ? std::move(*before)
                                     : kernel::emit(graph_, stored, real_, sweeps, group, buffer_));
  }
  made_ = std::move(made);
  sweeps_ = sweeps;
  groups_ = groups;
  numbers_.clear();
  for (size_t k = 0; k < groups.size(); ++k) numbers_[first(sweeps, groups[k])] = k;
}

// What was made of an equal group last time, if it would be the same now.
Emitted* Emissions::known(const ValueSet& stored, const std::vector<Sweep>& sweeps,
                          const Group& group) {
  const auto number = numbers_.find(first(sweeps, group));
  if (number == numbers_.end()) return nullptr;
  const Group& before = groups_[number->second];
  const auto same_members = [&](const Member& a, const Member& b) {
    return a.rows == b.rows && a.inner == b.inner && a.stage == b.stage &&
           same(sweeps[a.sweep], sweeps_[b.sweep]);
  };
  const bool equal =
      group.kind == before.kind && group.rows == before.rows &&
      std::equal(group.stages.begin(), group.stages.end(), before.stages.begin(),
                 before.stages.end(), [](const Stage& a, const Stage& b) { return same(a, b); }) &&
      std::equal(group.members.begin(), group.members.end(), before.members.begin(),
                 before.members.end(), same_members);
  Emitted& made = made_[number->second];
  const bool is_stale =
      std::any_of(made.computed.begin(), made.computed.end(),
                  [&](const Computed& each) { return stored.contains(each.value); });
  return equal && !is_stale ? &made : nullptr;
}

}  // namespace gradus::kernel
