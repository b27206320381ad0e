#include <fmt/format.h>

#include "compiler/check/checker.h"

namespace gradus::checking {
// The view that an access makes of its operand, item by item.
struct Viewing {
  Shape from;
  View view = {{}, {}, std::nullopt};
  size_t axis = 0;  // of the operand: the next to be read
  // Axes of the view that are read by tensors of indices.
  struct ByData {
    int axis;
    errors::Operand indices;
    Value value;
  };
  std::vector<ByData> by_data;

  const Dim& extent() const { return from[axis]; }
  void keep() {
    view.map.push_back(Affine::axis(static_cast<int>(view.shape.size())));
    view.shape.push_back(from[axis++]);
  }
  void take(const Dim& position) {
    view.map.push_back(Affine::at(position));
    ++axis;
  }
  void slice(const Dim& low, const Dim& length, int64_t step) {
    view.map.push_back(Affine::axis(static_cast<int>(view.shape.size()), step, low));
    view.shape.push_back(length);
    ++axis;
  }
  bool changes_nothing() const {
    if (view.shape != from) return false;
    for (size_t k = 0; k < view.map.size(); ++k) {
      if (view.map[k].plain() != static_cast<int>(k)) return false;
    }
    return true;
  }
};

namespace {

// The axes that tensors of indices read give way to those of the indices, `common` in shape: where
// the first stood, or in front of all where others stand between them, as in NumPy.
Value by_indices(Graph& graph, Value x, const Viewing& viewing, const Shape& common) {
  const auto& by_data = viewing.by_data;
  const int first = by_data.front().axis;
  const bool adjacent = by_data.back().axis - first + 1 == static_cast<int>(by_data.size());
  const int place = adjacent ? first : 0;
  const int rank = static_cast<int>(common.size());
  Gathering gathering{{}, {}};
  std::vector<Value> operands;
  for (int axis = 0; axis < graph.type(x).rank(); ++axis) {
    const int next = static_cast<int>(operands.size());
    if (next == static_cast<int>(by_data.size()) || by_data[next].axis != axis) {
      const int kept = static_cast<int>(gathering.shape.size());
      gathering.from.push_back(Coordinate::affine(Affine::axis(kept < place ? kept : kept + rank)));
      gathering.shape.push_back(graph.shape(x)[axis]);
      continue;
    }
    const Shape& own = by_data[next].indices.shape;
    const int lead = rank - static_cast<int>(own.size());
    std::vector<Affine> at;
    for (int k = 0; k < static_cast<int>(own.size()); ++k) {
      const bool stretched = own[k] != common[lead + k];
      at.push_back(stretched ? Affine::at(0) : Affine::axis(place + lead + k));
    }
    operands.push_back(by_data[next].value);
    gathering.from.push_back(Coordinate::said_by(next + 1, std::move(at)));
  }
  gathering.shape.insert(gathering.shape.begin() + place, common.begin(), common.end());
  return graph.gather(x, std::move(operands), std::move(gathering));
}

// From the end where it is negative.
Dim counted(const Dim& position, const Dim& extent) {
  const auto number = position.number();
  return number && *number < 0 ? position + extent : position;
}

}  // namespace

// An entry of a list, at a place that is known; nothing where it is not.
const Thing* Checker::list_entry(const Items& list, const syntax::Subscript& x, Scope& scope) {
  const auto* place = std::get_if<syntax::ExprPtr>(&x.items[0].what);
  if (place == nullptr || x.items.size() != 1) return nullptr;
  const Thing known = evaluate(**place, scope);
  if (known.as<Known>() == nullptr) return nullptr;
  const auto count = static_cast<int64_t>(list.entries.size());
  const int64_t number = whole(known, (*place)->span);
  if (number < -count || number >= count) {
    fail(errors::index_out_of_range((*place)->span, number, count));
  }
  return &list.entries[static_cast<size_t>(number < 0 ? number + count : number)];
}

void Checker::slice(const syntax::Slice& s, Viewing& viewing, Scope& scope, Span span) {
  const Dim extent = viewing.extent();
  const int64_t step = s.step ? whole(evaluate(*s.step, scope), s.step->span) : 1;
  if (step == 0) fail(errors::bad_step(span));
  const auto bound = [&](const syntax::ExprPtr& given, const Dim& otherwise) {
    if (!given) return otherwise;
    return counted(this->extent(evaluate(*given, scope), given->span), extent);
  };
  const Dim low = bound(s.low, step > 0 ? Dim(0) : extent - Dim(1));
  const Dim high = bound(s.high, step > 0 ? extent : Dim(-1));
  const Dim reach = step > 0 ? high - low : low - high;
  const int64_t stride = step > 0 ? step : -step;
  Dim length = reach;
  if (auto number = reach.number()) {
    length = Dim(*number <= 0 ? 0 : (*number + stride - 1) / stride);
  } else if (stride != 1) {
    auto quotient = reach.divided_by(Dim(stride));
    if (!quotient) fail(errors::not_divisible(span, reach, stride));
    length = *quotient;
  }
  const auto most = extent.number();
  // An empty slice reads nothing, so its ends may be anywhere.
  require(length, fmt::format("the slice {}:{} ends before it starts", low.text(), high.text()),
          span);
  if (length != Dim(0)) {
    const Dim first = step > 0 ? low : high + Dim(1);
    const Dim end = step > 0 ? high : low + Dim(1);
    require(first, fmt::format("the slice starts at entry {} of an axis", first.text()), span);
    require(extent - end,
            fmt::format("the slice reaches entry {} of an axis of `{}`", (end - Dim(1)).text(),
                        extent.text()),
            span);
  }
  const bool falls = step < 0;
  for (const auto& [end, given] : {std::pair(low, &s.low), std::pair(high, &s.high)}) {
    const auto number = end.number();
    if (!most || !number || !*given) continue;
    // What is read lies below `low`, counted down, and from `high` on.
    const int64_t least = falls && given == &s.high ? -1 : 0;
    const int64_t largest = falls && given == &s.low ? *most - 1 : *most;
    if (*number >= least && *number <= largest) continue;
    const int64_t written = *this->extent(evaluate(**given, scope), (*given)->span).number();
    fail(errors::slice_out_of_range((*given)->span, written, *most));
  }
  viewing.slice(low, length, step);
}

// One place of an axis, or those that a tensor of indices says.
void Checker::place(const syntax::Expr& given, Viewing& viewing, const std::string& name,
                    Scope& scope) {
  const Thing thing = evaluate(given, scope);
  if (const auto* tensor = thing.as<Tensor>()) {
    if (graph().type(tensor->value).element != Element::index) {
      fail(errors::not_an_index(operand(tensor->value, given.span), graph().type(tensor->value),
                                viewing.extent()));
    }
    check_bound(tensor->value, {name, viewing.extent()}, given.span);
    viewing.by_data.push_back({static_cast<int>(viewing.view.shape.size()),
                               operand(tensor->value, given.span), tensor->value});
    viewing.keep();
    return;
  }
  const Dim extent = viewing.extent();
  const Dim written = this->extent(thing, given.span);
  const Dim position = counted(written, extent);
  const auto number = position.number();
  const auto most = extent.number();
  if (number && most && (*number < 0 || *number >= *most)) {
    fail(errors::index_out_of_range(given.span, written.number().value_or(0), *most));
  }
  require(position,
          fmt::format("there is no entry {} on an axis of `{}`", written.text(), extent.text()),
          given.span);
  require(extent - Dim(1) - position,
          fmt::format("there is no entry {} on an axis of `{}`", written.text(), extent.text()),
          given.span);
  viewing.take(position);
}

Thing Checker::access(const syntax::Subscript& x, Scope& scope, Span at) {
  const Thing accessed = part(*x.of, scope);
  if (accessed.as<Poison>() != nullptr) {
    for (const syntax::Item& item : x.items) {
      if (const auto* place = std::get_if<syntax::ExprPtr>(&item.what)) part(**place, scope);
    }
    throw Reported{};
  }
  if (const auto* list = accessed.as<Items>()) {
    if (const Thing* entry = list_entry(*list, x, scope)) return *entry;
  }
  const Value of = value(accessed, x.of->span);
  if (!calls_.empty()) {
    if (const auto entry = entry_at_arguments(x, of, scope)) return {*entry};
  }
  Viewing viewing;
  viewing.from = graph().shape(of);
  size_t read = 0;  // axes that items name
  for (const syntax::Item& item : x.items) {
    read += !std::holds_alternative<syntax::Rest>(item.what) &&
            !std::holds_alternative<syntax::NewAxis>(item.what);
  }
  if (read > viewing.from.size()) {
    fail(errors::too_many_indices(x.brackets, read, operand(of, x.of->span)));
  }
  for (const syntax::Item& item : x.items) {
    std::visit(syntax::Overloaded{
                   [&](const syntax::NewAxis&) { viewing.view.shape.emplace_back(1); },
                   [&](const syntax::Rest&) {
                     for (size_t k = read; k < viewing.from.size(); ++k) viewing.keep();
                     read = viewing.from.size();
                   },
                   [&](const syntax::Slice& s) { slice(s, viewing, scope, item.span); },
                   [&](const syntax::ExprPtr& e) { place(*e, viewing, name_of(*x.of), scope); },
               },
               item.what);
  }
  while (viewing.axis < viewing.from.size()) viewing.keep();
  (void)at;
  const Value read_part = viewing.changes_nothing() ? of : graph().view(of, viewing.view);
  if (viewing.by_data.empty()) return {Tensor{read_part}};
  errors::Operand all = viewing.by_data[0].indices;
  for (const Viewing::ByData& each : viewing.by_data) {
    all.shape = broadcast_shape(all, each.indices, each.indices.span, "indices");
  }
  return {Tensor{by_indices(graph(), read_part, viewing, all.shape)}};
}

}  // namespace gradus::checking
