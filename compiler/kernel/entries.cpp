#include "compiler/kernel/entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace gradus::kernel {

Scalar scalar_of(Element element, Scalar real) {
  switch (element) {
    case Element::real:
      return real;
    case Element::index:
      return Scalar::i32;
    case Element::boolean:
      return Scalar::u8;
    case Element::tuple:
      break;
  }
  std::abort();
}

Scalar Entries::scalar(Value value) const { return scalar_of(graph_.type(value).element, real_); }

Entries::Key Entries::key(Value value, const Position& at) {
  Key made;
  made.reserve(1 + 4 * at.size());
  made.push_back(value.id);
  for (const Index& index : at) {
    made.push_back(static_cast<int64_t>(index.terms.size()));
    made.push_back(index.offset);
    for (const Index::Term& term : index.terms) {
      made.push_back(term.loop);
      made.push_back(term.coefficient);
    }
  }
  return made;
}

size_t Entries::Hash::operator()(const Key& key) const {
  size_t hash = 0;
  for (int64_t each : key) hash = (hash ^ static_cast<size_t>(each)) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 32);
}

ExprId Entries::add(Expr expr) {
  kernel_.exprs.push_back(std::move(expr));
  return static_cast<ExprId>(kernel_.exprs.size()) - 1;
}

void Entries::know(Value value, const Position& at, ExprId entry) {
  known_[key(value, at)] = entry;
}

bool Entries::is_loaded(Value value) const {
  const Op op = graph_[value].op;
  return op == Op::input || op == Op::param || op == Op::state || op == Op::bound ||
         op == Op::reshape || stored_.contains(value);
}

ExprId Entries::entry(Value value, const Position& at) {
  Key place = key(value, at);
  if (const auto known = known_.find(place); known != known_.end()) return known->second;
  const ExprId made = is_loaded(value) ? load(value, at) : compute(value, at);
  known_[std::move(place)] = made;
  return made;
}

ExprId Entries::load(Value value, const Position& at, bool exact, bool direct) {
  const Value holder = root(graph_, value);
  loaded_.push_back({holder, at, exact && holder == value, direct});
  Expr expr;
  expr.kind = Expr::Kind::load;
  expr.type = scalar(value);
  expr.access = {buffer_(holder), row_major(graph_.shape(value), at)};
  return add(std::move(expr));
}

ExprId Entries::compute(Value value, const Position& at) {
  const Op op = graph_[value].op;
  if (is_map(op) || op == Op::random) computed_.push_back({value, at});
  return term(value, at);
}

ExprId Entries::term(Value value, const Position& domain) {
  const Node& node = graph_[value];
  Expr expr;
  expr.type = scalar(value);
  switch (node.op) {
    case Op::constant:
      expr.literal = std::get<Literal>(node.attributes).value;
      return add(std::move(expr));
    case Op::symbol:
      expr.literal = std::get<Named>(node.attributes).value;
      return add(std::move(expr));
    case Op::size:
      expr.literal = static_cast<double>(*std::get<Extent>(node.attributes).dim.number());
      return add(std::move(expr));
    case Op::iota:
      expr.kind = Expr::Kind::position;
      expr.index = domain[0];
      return add(std::move(expr));
    case Op::view:
      return viewed(node, domain);
    case Op::gather:
      return gathered(node, domain);
    case Op::contract:
      return product(node, domain);
    case Op::random:
      return drawn(node, domain);
    case Op::spread:
    case Op::scatter_add:
      return entry(node.operands[0], domain);
    default:
      break;
  }
  if (is_reduction(node.op)) {
    // The domain has the axes that are kept first; the operand has them among those folded away.
    const std::vector<int>& axes = std::get<Axes>(node.attributes).axes;
    auto kept = domain.begin();
    auto folded = domain.begin() + node.type.rank();
    Position at;
    for (int axis = 0; axis < graph_.type(node.operands[0]).rank(); ++axis) {
      at.push_back(std::binary_search(axes.begin(), axes.end(), axis) ? *folded++ : *kept++);
    }
    return entry(node.operands[0], at);
  }
  if (!is_map(node.op)) {
    fmt::print(stderr, "kernel: no entries of {}\n", name(node.op));
    std::abort();
  }
  expr.kind = Expr::Kind::map;
  expr.op = node.op;
  for (Value operand : node.operands) {
    expr.operands.push_back(entry(operand, graph_.type(operand).rank() > 0 ? domain : Position{}));
  }
  return add(std::move(expr));
}

ExprId Entries::viewed(const Node& node, const Position& at) {
  const View& view = std::get<View>(node.attributes);
  Position inner;
  for (const Affine& access : view.map) inner.push_back(composed(access, at));
  const Value from = node.operands[0];
  if (!view.fill) return entry(from, inner);
  std::vector<Guard> guards;
  for (size_t axis = 0; axis < inner.size(); ++axis) {
    const int64_t extent = *graph_.shape(from)[axis].number();
    if (!in_range(inner[axis], extent)) guards.push_back({inner[axis], extent});
  }
  if (guards.empty()) return entry(from, inner);
  const ExprId made = load(from, inner, true, false);
  kernel_.exprs[made].literal = *view.fill;
  kernel_.exprs[made].guards = std::move(guards);
  return made;
}

// Whether it is so in all iterations of the loops.
bool Entries::in_range(const Index& index, int64_t extent) const {
  int64_t least = index.offset;
  int64_t most = index.offset;
  for (const Index::Term& term : index.terms) {
    const int64_t reach = term.coefficient * (kernel_.loops[term.loop] - 1);
    (reach < 0 ? least : most) += reach;
  }
  return least >= 0 && most < extent;
}

ExprId Entries::gathered(const Node& node, const Position& at) {
  const Value table = node.operands[0];
  const ByData access = by_data(node, graph_.shape(table), at);
  const ExprId made = load(table, access.at, false, false);
  kernel_.exprs[made].access.by_data = access.places;
  return made;
}

Entries::ByData Entries::by_data(const Node& node, const Shape& shape, const Position& at) {
  const auto& gathering = std::get<Gathering>(node.attributes);
  const std::vector<int64_t> steps = strides(shape);
  ByData made;
  for (size_t axis = 0; axis < gathering.from.size(); ++axis) {
    const auto& [operand, accesses] = gathering.from[axis];
    Position inner;
    for (const Affine& access : accesses) inner.push_back(composed(access, at));
    if (operand < 0) {
      made.at.push_back(inner[0]);
    } else {
      made.at.emplace_back();
      made.places.push_back({entry(node.operands[operand], inner), steps[axis]});
    }
  }
  return made;
}

ExprId Entries::product(const Node& node, const Position& domain) {
  const auto& of = std::get<gradus::Contraction>(node.attributes);
  ExprId made = none;
  for (size_t factor = 0; factor < node.operands.size(); ++factor) {
    Position at;
    for (const Affine& access : of.accesses[factor]) at.push_back(composed(access, domain));
    const ExprId next = entry(node.operands[factor], at);
    if (made == none) {
      made = next;
      continue;
    }
    Expr expr;
    expr.kind = Expr::Kind::map;
    expr.type = real_;
    expr.op = Op::mul;
    expr.operands = {made, next};
    made = add(std::move(expr));
  }
  return made;
}

ExprId Entries::drawn(const Node& node, const Position& domain) {
  const Draw& draw = std::get<Draw>(node.attributes);
  Expr place;
  place.kind = Expr::Kind::position;
  place.type = Scalar::i32;
  place.index = row_major(draw.shape, domain);
  Expr first_round;
  first_round.type = Scalar::i32;
  Expr expr;
  expr.kind = Expr::Kind::random;
  expr.type = real_;
  expr.number = draw.site;
  expr.draw = draw.kind;
  const std::vector<Value>& by = node.operands;  // the step, the seed, the round
  expr.operands = {add(std::move(place)),
                   by.size() > 3 ? entry(by[3], {}) : add(std::move(first_round))};
  for (size_t k = 0; k < 3; ++k) expr.operands.push_back(entry(by[k], {}));
  return add(std::move(expr));
}

const std::vector<Read>& KnownReads::of(const Graph& graph, const ValueSet& stored,
                                        const Sweep& sweep) {
  const auto [place, fresh] = known_.try_emplace({sweep.value, sweep.copy});
  Reads& known = place->second;
  const bool is_stale = std::any_of(known.computed.begin(), known.computed.end(),
                                    [&](Value value) { return stored.contains(value); });
  if (fresh || is_stale) known = found(graph, stored, sweep);
  return known.loaded;
}

KnownReads::Reads KnownReads::found(const Graph& graph, const ValueSet& stored,
                                    const Sweep& sweep) {
  Reads made;
  if (sweep.kind == Sweep::Kind::matrices) {
    for (Value operand : graph[sweep.value].operands) {
      made.loaded.push_back({root(graph, operand), {}, false, false});
    }
    return made;
  }
  Kernel scratch;
  scratch.loops = sweep.extents;
  Entries entries(graph, stored, Scalar::f64, scratch, [](Value) { return 0; });
  Position domain;
  for (size_t axis = 0; axis < sweep.extents.size(); ++axis) {
    domain.push_back(loop_index(static_cast<int>(axis)));
  }
  if (sweep.copy) {
    entries.entry(sweep.value, domain);
  } else {
    entries.term(sweep.value, domain);
    if (graph[sweep.value].op == Op::scatter_add) {
      entries.by_data(graph[sweep.value], graph.shape(sweep.value), domain);
    }
  }
  made.loaded = entries.loaded();
  for (const Entries::Place& each : entries.computed()) made.computed.push_back(each.value);
  return made;
}

}  // namespace gradus::kernel
