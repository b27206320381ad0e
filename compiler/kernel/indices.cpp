#include "compiler/kernel/indices.h"

#include <algorithm>
#include <functional>

namespace gradus::kernel {

Index loop_index(int loop) { return {{{loop, 1}}, 0}; }

std::optional<int> plain(const Index& index) {
  if (index.terms.size() != 1 || index.terms[0].coefficient != 1 || index.offset != 0) {
    return std::nullopt;
  }
  return index.terms[0].loop;
}

int64_t coefficient(const Index& index, int loop) {
  for (const Index::Term& term : index.terms) {
    if (term.loop == loop) return term.coefficient;
  }
  return 0;
}

void add(Index& sum, const Index& index, int64_t scale) {
  sum.offset += scale * index.offset;
  for (const Index::Term& term : index.terms) {
    auto place = std::find_if(sum.terms.begin(), sum.terms.end(),
                              [&](const Index::Term& other) { return other.loop >= term.loop; });
    if (place == sum.terms.end() || place->loop != term.loop) {
      place = sum.terms.insert(place, {term.loop, 0});
    }
    place->coefficient += scale * term.coefficient;
    if (place->coefficient == 0) sum.terms.erase(place);
  }
}

Index composed(const Affine& access, const Position& at) {
  Index made;
  made.offset = *access.offset.number();
  for (const Affine::Term& term : access.terms) add(made, at[term.axis], term.coefficient);
  return made;
}

std::vector<int64_t> numbers(const Shape& shape) {
  std::vector<int64_t> extents;
  for (const Dim& extent : shape) extents.push_back(*extent.number());
  return extents;
}

int64_t count(const std::vector<int64_t>& extents) {
  int64_t product = 1;
  for (int64_t extent : extents) product *= extent;
  return product;
}

std::vector<int64_t> strides(const Shape& shape) {
  std::vector<int64_t> steps(shape.size(), 1);
  for (size_t k = shape.size(); k-- > 1;) steps[k - 1] = steps[k] * *shape[k].number();
  return steps;
}

Index row_major(const Shape& shape, const Position& at) {
  const std::vector<int64_t> steps = strides(shape);
  Index made;
  for (size_t k = 0; k < shape.size(); ++k) add(made, at[k], steps[k]);
  return made;
}

namespace {

using Visit = std::function<void(Index&)>;

void each_index(std::vector<Statement>& body, const Visit& visit) {
  for (Statement& statement : body) {
    if (auto* store = std::get_if<Store>(&statement)) visit(store->access.index);
    if (auto* loop = std::get_if<Loop>(&statement)) each_index(loop->body, visit);
  }
}

void each_index(Kernel& kernel, const Visit& visit) {
  for (Expr& expr : kernel.exprs) {
    if (expr.kind == Expr::Kind::position) visit(expr.index);
    if (expr.kind != Expr::Kind::load) continue;
    visit(expr.access.index);
    for (Guard& guard : expr.guards) visit(guard.index);
  }
  if (auto* nest = std::get_if<Nest>(&kernel.body)) {
    each_index(nest->body, visit);
  } else if (auto* of = std::get_if<Contraction>(&kernel.body)) {
    for (Store& store : of->epilogue) visit(store.access.index);
  }
}

}  // namespace

bool merge_loops(Kernel& kernel, int outer, int inner) {
  const int64_t extent = kernel.loops[inner];
  bool possible = extent > 0 && kernel.loops[outer] > 0;
  each_index(kernel, [&](Index& index) {
    possible = possible && coefficient(index, outer) == extent * coefficient(index, inner);
  });
  if (!possible) return false;
  each_index(kernel, [&](Index& index) {
    std::erase_if(index.terms, [&](const Index::Term& term) { return term.loop == outer; });
  });
  kernel.loops[inner] = extent * kernel.loops[outer];
  kernel.loops[outer] = 1;
  return true;
}

}  // namespace gradus::kernel
