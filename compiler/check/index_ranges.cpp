#include "compiler/check/index_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/check/errors.h"

namespace gradus::checking {
namespace {

// Whether a ≤ b for all values of the names; nothing where it depends on them.
std::optional<bool> at_most(const Dim& a, const Dim& b) {
  if ((b - a).never_negative()) return true;
  if ((a - b - Dim(1)).never_negative()) return false;
  return std::nullopt;
}

// What is known of an index so far: low ≤ index ≤ high, and which accesses say so.
struct Interval {
  Dim low;
  Dim high;
  const Bound* low_by = nullptr;
  const Bound* high_by = nullptr;
};

class Inference {
 public:
  Inference(std::vector<Index>& indices, int first, const std::vector<Bound>& bounds)
      : indices_(indices), first_(static_cast<size_t>(first)), bounds_(bounds) {}

  Inferred run() {
    inferred_.mistake = all_ranges();
    return std::move(inferred_);
  }

 private:
  std::optional<Diagnostic> all_ranges() {
    bool alone = true;
    for (;;) {
      std::map<int, Interval> found;
      for (const Bound& bound : bounds_) {
        if (alone && bound.at.terms.size() != 1) continue;
        if (auto mistake = narrow(bound, found)) return mistake;
      }
      for (const auto& [number, interval] : found) {
        if (auto mistake = settle(number, interval)) return mistake;
      }
      if (!alone && found.empty()) break;
      alone = false;
    }
    for (size_t number = first_; number < indices_.size(); ++number) {
      const Index& index = indices_[number];
      if (!index.known) return errors::unbounded_index(index.span, index.name);
    }
    return leaving();
  }

  // Narrows the range of the one unknown index of an access, if it has one.
  std::optional<Diagnostic> narrow(const Bound& bound, std::map<int, Interval>& found) {
    const Affine::Term* unknown = nullptr;
    Affine rest = Affine::at(bound.at.offset);
    for (const Affine::Term& term : bound.at.terms) {
      if (indices_[term.axis].known) {
        rest.terms.push_back(term);
      } else if (unknown != nullptr) {
        return std::nullopt;
      } else {
        unknown = &term;
      }
    }
    if (unknown == nullptr) return std::nullopt;
    // 0 ≤ c·index + rest ≤ extent − 1, for all values of the rest.
    const auto [least, largest] = reach(indices_, rest);
    const Dim top = bound.extent - Dim(1) - largest;
    const int64_t c = unknown->coefficient;
    const auto high = (c > 0 ? top : least).floored(c > 0 ? c : -c);
    const auto below = (c > 0 ? least : top).floored(c > 0 ? c : -c);
    if (!high || !below) return errors::uncertain_range(bound.span, indices_[unknown->axis].name);
    return narrow(Interval{Dim(0) - *below, *high, &bound, &bound}, unknown->axis, found);
  }

  std::optional<Diagnostic> narrow(const Interval& by, int number, std::map<int, Interval>& found) {
    const auto [place, is_first] = found.try_emplace(number, by);
    if (is_first) return std::nullopt;
    Interval& interval = place->second;
    if (by.high_by->at.plain() && interval.high_by->at.plain() &&
        by.high_by->extent != interval.high_by->extent) {
      if (meet(*by.high_by, interval)) return std::nullopt;
      if (at_most(by.high, interval.high)) {
        inferred_.warnings.push_back(errors::shorter_axis(
            by.high_by->span, indices_[number].name, {by.high_by->tensor, by.high_by->extent},
            {interval.high_by->tensor, interval.high_by->extent}, interval.high_by->span));
      }
    }
    const auto lower = at_most(by.high, interval.high);
    const auto higher = at_most(interval.low, by.low);
    if (!lower || !higher) {
      const Bound& first = lower ? *interval.low_by : *interval.high_by;
      return errors::conflicting_ranges(by.high_by->span, indices_[number].name,
                                        {by.high_by->tensor, by.high_by->extent},
                                        {first.tensor, first.extent}, first.span);
    }
    if (*lower) {
      interval.high = by.high;
      interval.high_by = by.high_by;
    }
    if (*higher) {
      interval.low = by.low;
      interval.low_by = by.low_by;
    }
    return std::nullopt;
  }

  // An axis that the data bind beside one of a number of entries.
  bool meet(const Bound& bound, Interval& interval) {
    const auto name = bound.extent.name() ? bound.extent.name() : interval.high_by->extent.name();
    const auto number =
        bound.extent.number() ? bound.extent.number() : interval.high_by->extent.number();
    if (!name || !number || *name == "batch" || *number <= 1) return false;
    inferred_.requirements.push_back({*name, *number, bound.span});
    interval.high = Dim(*number - 1);
    if (bound.extent.number()) interval.low_by = interval.high_by = &bound;
    return true;
  }

  std::optional<Diagnostic> settle(int number, Interval interval) {
    Index& index = indices_[number];
    if (index.free) {
      if (at_most(interval.low, 0) != true) {
        return errors::starts_out_of_bounds(interval.low_by->span, index.name, interval.low,
                                            interval.low_by->tensor);
      }
      interval.low = 0;
    }
    index.low = interval.low;
    index.extent = interval.high - interval.low + Dim(1);
    index.known = true;
    const Bound& by = *interval.high_by;
    const Dim reach = by.extent - Dim(1) - interval.high + index.low;
    if (index.extent.number().value_or(0) < 0) {
      return errors::empty_range(by.span, index.name, {by.tensor, by.extent}, reach);
    }
    if (index.extent == Dim(0) && by.extent.number().value_or(0) > 0) {
      inferred_.warnings.push_back(
          errors::nothing_in_range(by.span, index.name, {by.tensor, by.extent}, reach));
    }
    inferred_.conditions.push_back({index.extent,
                                    fmt::format("no value of `{}` keeps an access within `{}`",
                                                index.name, interval.high_by->tensor),
                                    interval.high_by->span});
    return std::nullopt;
  }

  // An access that leaves its tensor where it may not.
  std::optional<Diagnostic> leaving() {
    for (const Bound& bound : bounds_) {
      if (bound.guarded || stays_within(indices_, bound.at, bound.extent)) continue;
      const auto [least, largest] = reach(indices_, bound.at);
      const Dim room = bound.extent - Dim(1) - largest;
      if ((Dim(-1) - least).never_negative() || (Dim(-1) - room).never_negative()) {
        return errors::access_leaves(bound.span, bound.tensor, bound.extent, least, largest);
      }
      const std::string otherwise = fmt::format("an access runs from {} to {} on an axis of `{}`",
                                                least.text(), largest.text(), bound.extent.text());
      inferred_.conditions.push_back({least, otherwise, bound.span});
      inferred_.conditions.push_back({room, otherwise, bound.span});
    }
    return std::nullopt;
  }

  std::vector<Index>& indices_;
  size_t first_;
  const std::vector<Bound>& bounds_;
  Inferred inferred_;
};

}  // namespace

Reach reach(const std::vector<Index>& indices, const Affine& at) {
  Reach result{at.offset, at.offset};
  for (const auto& [number, coefficient] : at.terms) {
    const Index& index = indices[number];
    const Dim first = Dim(coefficient) * index.low;
    const Dim last = Dim(coefficient) * (index.low + index.extent - Dim(1));
    result.least = result.least + (coefficient > 0 ? first : last);
    result.largest = result.largest + (coefficient > 0 ? last : first);
  }
  return result;
}

bool stays_within(const std::vector<Index>& indices, const Affine& at, const Dim& extent) {
  for (const Affine::Term& term : at.terms) {
    if (indices[term.axis].extent == Dim(0)) return true;
  }
  const auto [least, largest] = reach(indices, at);
  return least.never_negative() && (extent - Dim(1) - largest).never_negative();
}

Inferred infer_ranges(std::vector<Index>& indices, int first, const std::vector<Bound>& bounds) {
  return Inference(indices, first, bounds).run();
}

}  // namespace gradus::checking
