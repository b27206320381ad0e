#include <fmt/format.h>

#include "compiler/check/checker.h"

namespace gradus::checking {
namespace {

// The view that an access makes of its operand, item by item.
struct Viewing {
  Shape from;
  View view = {{}, {}, std::nullopt};
  size_t axis = 0;  // of the operand: the next to be read
  // A gather replaces this axis of the view by those of the indices.
  int gathered = -1;
  Value indices;

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

// From the end where it is negative.
Dim counted(const Dim& position, const Dim& extent) {
  const auto number = position.number();
  return number && *number < 0 ? position + extent : position;
}

}  // namespace

Thing Checker::access(const syntax::Subscript& x, Scope& scope, Span at) {
  const Value of = value(evaluate(*x.of, scope), x.of->span);
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
  const auto slice = [&](const syntax::Slice& s, Span span) {
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
    for (const Dim& end : {low, high}) {
      const auto number = end.number();
      if (most && number && (*number < -1 || *number > *most)) {
        fail(errors::index_out_of_range(span, *number, *most));
      }
    }
    viewing.slice(low, length, step);
  };
  const auto index = [&](const syntax::Expr& given) {
    const Thing thing = evaluate(given, scope);
    if (const auto* tensor = thing.as<Tensor>()) {
      if (graph().type(tensor->value).element != Element::index) {
        fail(errors::not_an_index(given.span, graph().type(tensor->value)));
      }
      if (viewing.gathered >= 0) fail(errors::not_supported(given.span, "a second index tensor"));
      viewing.gathered = static_cast<int>(viewing.view.shape.size());
      viewing.indices = tensor->value;
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
  };
  for (const syntax::Item& item : x.items) {
    std::visit(syntax::Overloaded{
                   [&](const syntax::NewAxis&) { viewing.view.shape.emplace_back(1); },
                   [&](const syntax::Rest&) {
                     for (size_t k = read; k < viewing.from.size(); ++k) viewing.keep();
                     read = viewing.from.size();
                   },
                   [&](const syntax::Slice& s) { slice(s, item.span); },
                   [&](const syntax::ExprPtr& e) { index(*e); },
               },
               item.what);
  }
  while (viewing.axis < viewing.from.size()) viewing.keep();
  (void)at;
  Value result = viewing.changes_nothing() ? of : graph().view(of, viewing.view);
  if (viewing.gathered >= 0) result = graph().gather(result, viewing.indices, viewing.gathered);
  return {Tensor{result}};
}

}  // namespace gradus::checking
