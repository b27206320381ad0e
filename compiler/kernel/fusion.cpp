#include "compiler/kernel/fusion.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <ranges>
#include <utility>

#include "compiler/kernel/precedence.h"

namespace gradus::kernel {
namespace {

// A group grows to this many sweeps: generating code for more at once takes long.
constexpr size_t most_members = 48;
// And to so many where a sweep has no order with the group but inside of it: the update of a
// parameter that reads what the updates of its optimizer's states in the group overwrite.
constexpr size_t most_by_force = 2 * most_members;
// Sweeps that have nothing in common share a kernel up to so many: the fewer, the more kernels of
// the layers of a deep network are equal, and compiled once.
constexpr size_t most_strangers = 12;
// Rows are chosen so that at least this many entries are next to each other inside of them.
constexpr int64_t wide_enough = 64;
// Sweeps of at most this many entries share a kernel even where they have nothing in common.
constexpr int64_t small = 4096;

constexpr int nowhere = -1;  // no group

// What a sweep has to do with a group: it reads what the group computes, reads what the group reads
// too, or both are small.
enum class Relation : uint8_t { user, fellow, stranger };

// The groups that run before a sweep, and those that run after it.
struct Order {
  std::set<int> before;
  std::set<int> after;
};

class Fusing {
 public:
  explicit Fusing(const std::vector<Sweep>& sweeps) : sweeps_(sweeps), precedence_(sweeps.size()) {}

  Fusion run() {
    for (size_t k = 0; k < sweeps_.size(); ++k) place(static_cast<int>(k));
    return {ordered(), std::move(detached_)};
  }

 private:
  const Sweep& sweep(const Member& member) const { return sweeps_[member.sweep]; }

  // ---- what is known of the sweeps that have been placed

  // Groups that compute a value, or a part of it.
  const std::set<int>& makers(Value value) const {
    static const std::set<int> nobody;
    const auto found = makers_.find(value);
    return found == makers_.end() ? nobody : found->second;
  }

  void place(int number) {
    const Sweep& one = sweeps_[number];
    if (one.target.valid() && reads_elsewhere(one)) {
      detached_.push_back(one.value);
      return;
    }
    const Order order = order_of(one);
    auto found = place_in_group(number, order, most_members);
    if (!found && !in_order(order, nowhere)) {
      found = place_in_group(number, order, most_by_force);
      // Updates that read what each other write have no order.
      if (!found) {
        detached_.push_back(one.value);
        return;
      }
    }
    if (!found) {
      found = {static_cast<int>(groups_.size()), {}};
      groups_.push_back(seed(one));
      precedence_.add();
      found->member = first_member(number, groups_.back());
    }
    join(found->group, std::move(found->member));
  }

  // A group that the sweep may join, and as what.
  struct Place {
    int group;
    Member member;
  };
  std::optional<Place> place_in_group(int number, const Order& order, size_t most) const {
    const Sweep& one = sweeps_[number];
    for (const Relation relation : {Relation::user, Relation::fellow, Relation::stranger}) {
      const size_t limit = relation == Relation::stranger ? most_strangers : most;
      const std::set<int> candidates = related(one, relation);
      for (const int group : std::ranges::reverse_view(candidates)) {
        if (groups_[group].members.size() >= limit) continue;
        if (!gains(one, groups_[group], relation)) continue;
        if (auto member = fit(number, group, order)) return Place{group, *std::move(member)};
      }
    }
    return std::nullopt;
  }

  std::set<int> related(const Sweep& one, Relation relation) const {
    switch (relation) {
      case Relation::user:
        return makers_of_reads(one);
      case Relation::fellow:
        return alike(one);
      case Relation::stranger:
        return count(one.extents) <= small ? tiny_ : std::set<int>();
    }
    return {};
  }

  std::set<int> makers_of_reads(const Sweep& one) const {
    std::set<int> found;
    for (const Read& read : one.reads) {
      if (read.at.empty() && one.own > 0) continue;  // a number is as well loaded
      const std::set<int>& made_by = makers(read.value);
      found.insert(made_by.begin(), made_by.end());
    }
    return found;
  }

  // Groups in which a sweep goes over the same axes and reads the same.
  std::set<int> alike(const Sweep& one) const {
    std::set<int> found;
    for (const Read& read : one.reads) {
      const auto known = read_by_.find(read.value);
      if (read.at.empty() || known == read_by_.end()) continue;
      for (const auto& [group, number] : known->second) {
        const bool by_rows = read.at.size() > groups_[group].rows.size();
        if (by_rows && sweeps_[number].extents == one.extents) found.insert(group);
      }
    }
    return found;
  }

  // An update that reads its target where it does not write it would read new entries.
  static bool reads_elsewhere(const Sweep& one) {
    return std::any_of(one.reads.begin(), one.reads.end(), [&](const Read& read) {
      return read.value == one.target && !is_identity(one, read);
    });
  }

  static bool is_identity(const Sweep& one, const Read& read) {
    if (!read.exact || !read.direct || static_cast<int>(read.at.size()) != one.own) return false;
    for (int axis = 0; axis < one.own; ++axis) {
      if (plain(read.at[axis]) != axis) return false;
    }
    return true;
  }

  static bool is_alone(Sweep::Kind kind) {
    return kind == Sweep::Kind::scatter || kind == Sweep::Kind::scan ||
           kind == Sweep::Kind::matrices;
  }

  Group seed(const Sweep& one) const {
    Group made;
    made.kind = one.kind;
    if (one.kind == Sweep::Kind::contraction || is_alone(one.kind)) return made;
    int rows = one.own;
    if (one.kind == Sweep::Kind::map) {
      int64_t inside = 1;
      while (rows > 0 && inside < wide_enough) inside *= one.extents[--rows];
    }
    made.rows.assign(one.extents.begin(), one.extents.begin() + rows);
    return made;
  }

  Member first_member(int number, const Group& group) const {
    Member made;
    made.sweep = number;
    made.reads = sweeps_[number].reads;
    for (size_t row = 0; row < group.rows.size(); ++row) made.rows.push_back(static_cast<int>(row));
    return with_inner(made);
  }

  Member with_inner(Member member) const {
    const Sweep& one = sweep(member);
    member.inner.clear();
    for (int axis = 0; axis < static_cast<int>(one.extents.size()); ++axis) {
      if (std::find(member.rows.begin(), member.rows.end(), axis) == member.rows.end()) {
        member.inner.push_back(axis);
      }
    }
    return member;
  }

  std::vector<int64_t> inner_extents(const Member& member) const {
    std::vector<int64_t> extents;
    for (int axis : member.inner) extents.push_back(sweep(member).extents[axis]);
    return extents;
  }

  // ---- whether a sweep gains by a group

  bool gains(const Sweep& one, const Group& group, Relation relation) const {
    if (one.kind == Sweep::Kind::contraction || is_alone(one.kind) || is_alone(group.kind)) {
      return false;
    }
    if (group.kind == Sweep::Kind::contraction && one.kind != Sweep::Kind::map) return false;
    // Many entries are cut among threads by rows.
    const bool large = count(one.extents) > small;
    if (group.kind != Sweep::Kind::contraction && group.rows.empty() && one.own > 1 && large) {
      return false;
    }
    if (relation == Relation::user) {
      return std::any_of(one.reads.begin(), one.reads.end(),
                         [&](const Read& read) { return maker_in(group, read.value) != nullptr; });
    }
    return group.kind != Sweep::Kind::contraction;
  }

  static bool defines(const Sweep& one, Value value) {
    return (one.value == value && !one.copy) || one.whole == value || one.into == value;
  }

  // ---- whether a sweep may join a group

  std::optional<Member> fit(int number, int group, const Order& order) const {
    if (!in_order(order, group)) return std::nullopt;
    const auto rows = matched_rows(number, group);
    if (!rows) return std::nullopt;
    Member member;
    member.sweep = number;
    member.rows = *rows;
    member = with_inner(std::move(member));
    if (groups_[group].kind == Sweep::Kind::contraction) {
      if (!member.inner.empty()) return std::nullopt;
    } else if (sweeps_[number].kind == Sweep::Kind::fold &&
               static_cast<int>(member.rows.size()) != sweeps_[number].own) {
      return std::nullopt;
    }
    member.reads = reads_within(sweeps_[number], groups_[group]);
    return staged(std::move(member), group);
  }

  // Its reads, and those of the members whose entries it takes.
  std::vector<Read> reads_within(const Sweep& one, const Group& group) const {
    std::vector<Read> all = one.reads;
    for (const Read& read : one.reads) {
      const Member* maker = maker_in(group, read.value);
      if (maker == nullptr || sweep(*maker).kind != Sweep::Kind::map) continue;
      for (Read inherited : maker->reads) {
        inherited.exact = inherited.exact && read.exact;
        for (Index& index : inherited.at) {
          const Index there = std::exchange(index, {{}, index.offset});
          for (const Index::Term& term : there.terms) {
            if (read.exact) add(index, read.at[term.loop], term.coefficient);
          }
        }
        all.push_back(std::move(inherited));
      }
    }
    return all;
  }

  // The sweep's axes that the group's rows run over: as a value of the group is read, else the
  // first ones.
  std::optional<std::vector<int>> matched_rows(int number, int group) const {
    const Sweep& one = sweeps_[number];
    const Group& into = groups_[group];
    const size_t wanted = row_count(into);
    std::vector<int> rows;
    for (const Read& read : one.reads) {
      const Member* maker = maker_in(into, read.value);
      if (maker == nullptr) continue;
      if (!read.exact) return std::nullopt;
      for (int axis : maker->rows) {
        const auto loop = plain(read.at[axis]);
        if (!loop || *loop >= one.own) return std::nullopt;
        rows.push_back(*loop);
      }
      break;
    }
    if (rows.empty()) {
      for (size_t row = 0; row < wanted; ++row) rows.push_back(static_cast<int>(row));
    }
    std::set<int> distinct(rows.begin(), rows.end());
    if (rows.size() != wanted || distinct.size() != wanted || static_cast<int>(wanted) > one.own) {
      return std::nullopt;
    }
    for (size_t row = 0; row < wanted; ++row) {
      if (one.extents[rows[row]] != row_extent(into, row)) return std::nullopt;
    }
    return rows;
  }

  // The rows of a contraction are the entries of its result.
  size_t row_count(const Group& group) const {
    return group.kind == Sweep::Kind::contraction ? sweep(group.members[0]).own : group.rows.size();
  }
  int64_t row_extent(const Group& group, size_t row) const {
    return group.kind == Sweep::Kind::contraction ? sweep(group.members[0]).extents[row]
                                                  : group.rows[row];
  }

  const Member* maker_in(const Group& group, Value value) const {
    for (const Member& member : group.members) {
      if (defines(sweep(member), value)) return &member;
    }
    return nullptr;
  }

  Order order_of(const Sweep& one) const {
    Order order;
    if (one.target.valid()) order.before = readers(one.target);
    for (const Read& read : one.reads) {
      const std::set<int>& made_by = makers(read.value);
      order.before.insert(made_by.begin(), made_by.end());
      const auto writer = writers_.find(read.value);
      if (writer != writers_.end()) order.after.insert(writer->second);
    }
    return order;
  }

  // Whether, with the sweep in it, no group would have to run both before and after another.
  bool in_order(const Order& order, int group) const {
    for (int earlier : order.before) {
      if (earlier == group) continue;
      if (group != nowhere && precedence_.runs_after(earlier, group)) return false;
      for (int later : order.after) {
        if (later != group && precedence_.runs_after(earlier, later)) return false;
      }
    }
    return std::none_of(order.after.begin(), order.after.end(), [&](int later) {
      return later != group && group != nowhere && precedence_.runs_after(group, later);
    });
  }

  void run_after(int later, int earlier) {
    groups_[later].after.insert(earlier);
    precedence_.run_after(later, earlier);
  }

  std::set<int> readers(Value value) const {
    const auto found = readers_.find(value);
    return found == readers_.end() ? std::set<int>() : found->second;
  }

  // How two members of a group meet at a value, by what one writes at its own axes and the other
  // reads.
  enum class Meeting : uint8_t { elsewhere, same_row, same_entry };
  Meeting meet(const Member& writer, const Member& reader, const Read& read) const {
    if (!read.exact || sweep(writer).whole.valid() || sweep(writer).into.valid()) {
      return Meeting::elsewhere;
    }
    for (size_t row = 0; row < writer.rows.size(); ++row) {
      if (plain(read.at[writer.rows[row]]) != reader.rows[row]) return Meeting::elsewhere;
    }
    if (!read.direct) return Meeting::same_row;
    if (sweep(writer).kind == Sweep::Kind::fold) {
      return reader.inner.empty() && writer.inner.empty() ? Meeting::same_entry : Meeting::same_row;
    }
    if (writer.inner.size() != reader.inner.size()) return Meeting::same_row;
    for (size_t loop = 0; loop < writer.inner.size(); ++loop) {
      if (plain(read.at[writer.inner[loop]]) != reader.inner[loop]) return Meeting::same_row;
    }
    return Meeting::same_entry;
  }

  // The earliest stage that the member can be in, or none.
  std::optional<Member> staged(Member member, int group) const {
    const Group& into = groups_[group];
    const Sweep& one = sweep(member);
    const bool contraction = into.kind == Sweep::Kind::contraction;
    int first = 0;                                    // stages that are late enough
    int last = static_cast<int>(into.stages.size());  // and early enough
    bool before_updates = false;                      // whether it stands before others, and behind
    bool after_reads = false;
    for (const Member& other : into.members) {
      for (const Read& read : member.reads) {
        if (defines(sweep(other), read.value)) {
          const Meeting how =
              contraction ? entry_of_contraction(one, read) : meet(other, member, read);
          if (how == Meeting::elsewhere) return std::nullopt;
          const bool later = how == Meeting::same_row || sweep(other).kind == Sweep::Kind::fold;
          first = std::max(first, other.stage + (later ? 1 : 0));
        }
        if (sweep(other).target.valid() && sweep(other).target == read.value) {
          if (!meets_at_entry(contraction, other, member, read, last, first, false)) {
            return std::nullopt;
          }
          before_updates = true;
        }
      }
      if (!one.target.valid()) continue;
      for (const Read& read : other.reads) {
        if (read.value != one.target) continue;
        if (!meets_at_entry(contraction, member, other, read, last, first, true)) {
          return std::nullopt;
        }
        after_reads = true;
      }
    }
    // Two updates that read each other's old entries have no order.
    if (before_updates && after_reads) return std::nullopt;
    if (contraction) return member;
    const std::vector<int64_t> extents = inner_extents(member);
    for (int stage = first; stage <= last; ++stage) {
      member.stage = stage;
      if (stage == static_cast<int>(into.stages.size())) return member;
      if (into.stages[stage].extents == extents) return member;
    }
    return std::nullopt;
  }

  static Meeting entry_of_contraction(const Sweep& one, const Read& read) {
    return is_identity(one, read) ? Meeting::same_entry : Meeting::elsewhere;
  }

  // An update and a read of its old entries in one group: at the same entry they may share a stage,
  // in the same row the read is in an earlier one.
  bool meets_at_entry(bool contraction, const Member& update, const Member& reader,
                      const Read& read, int& last, int& first, bool placing_update) const {
    const Meeting how =
        contraction ? entry_of_contraction(sweep(reader), read) : meet(update, reader, read);
    if (how == Meeting::elsewhere) return false;
    if (contraction) return sweep(reader).kind == Sweep::Kind::map;
    const int apart = how == Meeting::same_row || sweep(reader).kind == Sweep::Kind::fold ? 1 : 0;
    if (placing_update) {
      first = std::max(first, reader.stage + apart);
    } else {
      last = std::min(last, update.stage - apart);
    }
    return true;
  }

  // ---- placing

  void join(int number, Member member) {
    Group& group = groups_[number];
    const Sweep& one = sweep(member);
    for (const Read& read : one.reads) {
      for (int maker : makers(read.value)) {
        if (maker != number) run_after(number, maker);
      }
      readers_[read.value].insert(number);
      read_by_[read.value].emplace_back(number, member.sweep);
      const auto writer = writers_.find(read.value);
      if (writer != writers_.end() && writer->second != number) {
        run_after(writer->second, number);
      }
    }
    if (!one.copy) makers_[one.value].insert(number);
    if (one.whole.valid()) makers_[one.whole].insert(number);
    if (one.into.valid()) makers_[one.into].insert(number);
    for (Value result : one.results) makers_[result].insert(number);
    if (one.target.valid()) {
      writers_[one.target] = number;
      for (int reader : readers(one.target)) {
        if (reader != number) run_after(number, reader);
      }
    }
    if (member.stage == static_cast<int>(group.stages.size())) {
      group.stages.push_back({inner_extents(member)});
    }
    const bool is_nest = group.kind == Sweep::Kind::map || group.kind == Sweep::Kind::fold;
    if (!is_nest || !group.rows.empty() || count(one.extents) > small) {
      tiny_.erase(number);
    } else if (group.members.empty()) {
      tiny_.insert(number);
    }
    group.members.push_back(std::move(member));
  }

  // The groups so that each stands behind those it runs after; else in the order they were made.
  std::vector<Group> ordered() {
    std::vector<int> order;
    std::vector<bool> done(groups_.size(), false);
    const std::function<void(int)> visit = [&](int group) {
      if (done[group]) return;
      done[group] = true;
      for (int before : groups_[group].after) visit(before);
      order.push_back(group);
    };
    for (int group = 0; group < static_cast<int>(groups_.size()); ++group) visit(group);
    std::vector<Group> made;
    made.reserve(order.size());
    for (int group : order) made.push_back(std::move(groups_[group]));
    return made;
  }

  const std::vector<Sweep>& sweeps_;
  std::vector<Group> groups_;
  Precedence precedence_;  // of the groups
  std::vector<Value> detached_;
  std::map<Value, std::set<int>> makers_;
  std::map<Value, std::set<int>> readers_;
  std::map<Value, int> writers_;
  std::map<Value, std::vector<std::pair<int, int>>> read_by_;  // groups, and sweeps in them
  std::set<int> tiny_;  // groups without rows, of small sweeps alone
};

}  // namespace

Fusion fuse(const std::vector<Sweep>& sweeps) { return Fusing(sweeps).run(); }

}  // namespace gradus::kernel
