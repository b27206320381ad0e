#include "compiler/formula/recurrence.h"

#include <algorithm>
#include <ranges>

#include "compiler/formula/notation.h"
#include "compiler/formula/usage.h"
#include "compiler/graph/access.h"
#include "compiler/graph/rewrite.h"

namespace gradus::formula {
namespace {

Expr part_at(const Expr& name, int axis, const Expr& place) {
  std::vector<Expr> indices(static_cast<size_t>(axis), slice({}, {}, {}));
  indices.push_back(place);
  return entry(name, std::move(indices));
}

}  // namespace

// Places go up where the first sequence is read from its beginning.
int Recurrences::direction_of(const Scan& scan) {
  return !scan.sequences.empty() && scan.sequences[0].reverse ? -1 : 1;
}

// A round may be written while another is that reads the same leaves: names are of the inner one.
void Recurrences::give(Round& round, Value value, const Expr& name) {
  round.named.emplace_back(value, reader_.take_name(value));
  reader_.give_name(value, name, 0);
}

// A value of outside by its name, which it gets where it has none.
Expr Recurrences::outside(Page& page, Value value) {
  if (is_constant(graph_, value)) {
    if (const auto constant = reader_.whole(value)) return *constant;
  }
  if (!reader_.is_named(value)) reader_.give_auxiliary_name(value);
  define_(page, value);
  return reader_.name_of(value);
}

// What all places along an axis of a sequence have, where they have the same.
std::optional<Value> Recurrences::repeated(Value sequence, int axis) {
  const Node node = graph_[sequence];
  const auto* view = std::get_if<View>(&node.attributes);
  if (node.op != Op::view || view->fill || uses(view->map, axis)) return std::nullopt;
  View one = *view;
  one.shape.erase(one.shape.begin() + axis);
  for (Affine& access : one.map) {
    for (Affine::Term& term : access.terms) term.axis -= term.axis > axis ? 1 : 0;
  }
  if (one.shape == graph_.shape(node.operands[0]) && one.map.size() == one.shape.size()) {
    const auto is_plain = [&](int k) { return one.map[static_cast<size_t>(k)].plain() == k; };
    const auto axes = std::views::iota(0, static_cast<int>(one.map.size()));
    if (std::ranges::all_of(axes, is_plain)) return node.operands[0];
  }
  return graph_.view(node.operands[0], std::move(one));
}

// An entry of a sequence.
Expr Recurrences::element(Page& page, Value sequence, const Along& along, const Expr& place) {
  const Node& node = graph_[sequence];
  if (!reader_.is_named(sequence) && node.op == Op::result) {
    const Scan& scan = scan_of(node.operands[0]);
    const auto number = static_cast<size_t>(std::get<Number>(node.attributes).number);
    if (number < scan.yields.size() && scan.stacked[number].axis == along.axis) {
      return of_round(page, node.operands[0], scan.yields[number], place);
    }
  }
  if (!reader_.is_named(sequence)) {
    if (const auto same = repeated(sequence, along.axis)) return outside(page, *same);
  }
  const bool is_line = graph_.type(sequence).rank() == 1;
  if (is_constant(graph_, sequence) && is_line) return reader_.at(sequence, {place});
  const Expr name = outside(page, sequence);
  const bool is_plain = name.is(Kind::name) && name->symbol.owners.empty();
  return is_plain ? at(name->symbol, place) : part_at(name, along.axis, place);
}

// What a round of another scan computed.
Expr Recurrences::of_round(Page& page, Value scan, Value value, const Expr& place) {
  const Scan& of = scan_of(scan);
  const int direction = direction_of(of);
  for (size_t k = 0; k < of.bound.size(); ++k) {
    if (of.bound[k] != value) continue;
    if (k < of.sequences.size()) {
      return element(page, graph_[scan].operands[k], of.sequences[k], place);
    }
    const std::string& name = std::get<Named>(graph_[value].attributes).name;
    return at(symbol(name), is_adjoint(value) ? moved(place, -direction) : place);
  }
  for (size_t k = 0; k < of.next.size(); ++k) {
    if (of.next[k] != value) continue;
    const Value leaf = of.bound[of.sequences.size() + k];
    const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
    return at(symbol(name), is_adjoint(leaf) ? place : moved(place, direction));
  }
  if (is_called(value)) return at(symbol(std::string(graph_.name(value))), place);
  const std::pair key(scan, value);
  if (!auxiliary_.contains(key)) {
    const Symbol symbol = names_.fresh_numbered("u");
    Round round = write_rounds(page, scan, value, &symbol);
    if (!reader_.is_named(value)) {
      page.emplace_back(equation_of(page, round, at(symbol, round.index), value));
    }
    leave(round);
    auxiliary_.emplace(key, symbol);
  }
  return at(auxiliary_.at(key), place);
}

// The place of a sequence that the round is about.
Expr Recurrences::place_of(const Round& round, bool reverse) const {
  if (reverse == (round.direction < 0)) return round.index;
  const Expr last = sum({reader_.dim(scan_of(round.scan).rounds), number(-1)});
  return sum({last, negative(round.index)});
}

Recurrences::Round Recurrences::enter(Page& page, Value value, std::span<const Value> roots) {
  const Scan scan = scan_of(value);
  const std::vector<Value> operands = graph_[value].operands;
  const std::vector<Value> read = reachable(graph_, roots);
  // What it reads has its equations before an index is taken for this one.
  for (size_t k = 0; k < scan.sequences.size(); ++k) {
    if (!std::binary_search(read.begin(), read.end(), scan.bound[k])) continue;
    element(page, operands[k], scan.sequences[k], number(0));
  }
  Round round{value, reader_.take_index(scan.rounds), direction_of(scan), {}};
  for (size_t k = 0; k < operands.size(); ++k) {
    const size_t carry = k - scan.sequences.size();
    const Value leaf = scan.bound[k];
    if (!std::binary_search(read.begin(), read.end(), leaf)) continue;
    if (k < scan.sequences.size()) {
      const Along& along = scan.sequences[k];
      give(round, leaf, element(page, operands[k], along, place_of(round, along.reverse)));
    } else if (carry < scan.next.size()) {
      give(round, leaf, carried(round, carry, 0));
    } else {
      give(round, leaf, outside(page, operands[k]));
    }
  }
  // Named values of the body too.
  for (Value each : read) {
    if (graph_.name(each).empty() || is_leaf(graph_[each].op)) continue;
    if (const auto name = called(page, round, each)) give(round, each, *name);
  }
  // And those that have an equation by now.
  for (Value each : read) {
    const auto known = auxiliary_.find(std::pair(value, each));
    if (known == auxiliary_.end() || reader_.is_named(each)) continue;
    give(round, each, at(known->second, round.index));
  }
  return round;
}

void Recurrences::leave(Round& round) {
  for (const auto& [value, name] : std::views::reverse(round.named)) {
    reader_.take_name(value);
    if (name) reader_.give_name(value, *name, 0);
  }
  reader_.give_back_index(round.index);
}

// The model file's name of a value in a round.
std::optional<Expr> Recurrences::called(Page& page, const Round& round, Value value) {
  const Scan scan = scan_of(round.scan);
  const auto next = std::find(scan.next.begin(), scan.next.end(), value);
  if (next != scan.next.end()) {
    return carried(round, static_cast<size_t>(next - scan.next.begin()), 1);
  }
  if (is_called(value)) return at(symbol(std::string(graph_.name(value))), round.index);
  // What another scan, whose rounds these ones read, carries out of a round.
  const std::vector<Value> operands = graph_[round.scan].operands;
  for (size_t k = 0; k < scan.sequences.size(); ++k) {
    const Node& read = graph_[operands[k]];
    if (read.op != Op::result) continue;
    const Value other = read.operands[0];
    const std::vector<Value>& carried = scan_of(other).next;
    if (std::find(carried.begin(), carried.end(), value) == carried.end()) continue;
    return of_round(page, other, value, place_of(round, scan.sequences[k].reverse));
  }
  return std::nullopt;
}

// What is carried into a round, or with a step out of it.
Expr Recurrences::carried(const Round& round, size_t carry, int steps) {
  const Scan& scan = scan_of(round.scan);
  const Value leaf = scan.bound[scan.sequences.size() + carry];
  const int ahead = is_adjoint(leaf) ? steps - 1 : steps;
  const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
  return at(symbol(name), moved(round.index, ahead * round.direction));
}

std::vector<Expr> Recurrences::range_of(const Round& round) const {
  const Expr last = sum({reader_.dim(scan_of(round.scan).rounds), number(-1)});
  if (round.direction > 0) return {round.index, number(0), last};
  return {round.index, last, number(0)};
}

// The carries, of those that derivatives made or layers of other files have, that the roots depend
// on and that have no equation yet.
std::vector<size_t> Recurrences::carries_of(Value value, std::span<const Value> roots) {
  const Scan& scan = scan_of(value);
  std::vector<Value> all(roots.begin(), roots.end());
  std::set<size_t> found;
  for (bool changed = true; changed;) {
    changed = false;
    const std::vector<Value> read = reachable(graph_, all);
    for (size_t k = 0; k < scan.next.size(); ++k) {
      const Value leaf = scan.bound[scan.sequences.size() + k];
      const bool needed = (is_derived(leaf) || !is_of_model(leaf)) &&
                          std::binary_search(read.begin(), read.end(), leaf);
      if (!needed || !found.insert(k).second) continue;
      all.push_back(scan.next[k]);
      changed = true;
    }
  }
  std::erase_if(found, [&](size_t k) { return !written_.emplace(value, k).second; });
  return {found.begin(), found.end()};
}

void Recurrences::add_starts(Page& page, const Round& round, std::span<const size_t> carries) {
  const Scan& scan = scan_of(round.scan);
  const Expr first = range_of(round)[1];
  for (size_t carry : carries) {
    const size_t operand = scan.sequences.size() + carry;
    const Value leaf = scan.bound[operand];
    const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
    const Expr place = is_adjoint(leaf) ? moved(first, -round.direction) : first;
    const Value start = graph_[round.scan].operands[operand];
    if (!is_constant(graph_, start)) define_(page, start);
    page.emplace_back(reader_.equation(at(symbol(name), place), start));
  }
}

// The equation of a value in each round. What must be written as a whole to be used in it, and can
// only be written entry by entry, has its equation before.
Equation Recurrences::equation_of(Page& page, Round& round, const Expr& left, Value value) {
  for (Value made : reader_.take_new_auxiliaries()) round.named.emplace_back(made, std::nullopt);
  Equation equation = reader_.equation(left, value);
  const std::vector<Value> parts = reader_.take_new_auxiliaries();
  for (Value part : parts) {
    const Symbol symbol = reader_.name_of(part)->symbol;
    reader_.take_name(part);
    give(round, part, at(symbol, round.index));
    auxiliary_.emplace(std::pair(round.scan, part), symbol);
    page.emplace_back(equation_of(page, round, reader_.name_of(part), part));
  }
  if (!parts.empty()) equation = reader_.equation(left, value);
  equation.rounds = range_of(round);
  return equation;
}

// What is worth a name of its own in a round, and what is carried out of it. What is wanted of the
// round has its equation before, as `called`, where what is carried is made of it.
void Recurrences::add_rounds(Page& page, Round& round, std::span<const size_t> carries,
                             Value wanted, const Expr& called) {
  const Scan& scan = scan_of(round.scan);
  std::vector<Value> roots;
  for (size_t carry : carries) roots.push_back(scan.next[carry]);
  if (wanted.valid()) roots.push_back(wanted);
  const auto add = [&](const Expr& left, Value value) {
    page.emplace_back(equation_of(page, round, left, value));
  };
  const auto name_within = [&](Value value) {
    const Symbol symbol = names_.fresh_numbered("u");
    give(round, value, at(symbol, round.index));
    auxiliary_.emplace(std::pair(round.scan, value), symbol);
  };
  for (Value value : reachable(graph_, roots)) {
    if (graph_[value].op != Op::result || reader_.is_named(value)) continue;
    name_within(value);
    write(page, value, reader_.name_of(value));
  }
  const auto is_named = [&](Value value) { return reader_.is_named(value); };
  const auto is_delta = [](Value) { return false; };
  for (Value value : worth_a_name(graph_, roots, is_named, is_delta, false)) {
    if (std::find(roots.begin(), roots.end(), value) != roots.end()) continue;
    if (graph_[value].op == Op::scan) continue;
    name_within(value);
    add(reader_.name_of(value), value);
  }
  const std::vector<Value> next(roots.begin(), roots.begin() + static_cast<long>(carries.size()));
  const std::vector<Value> read = reachable(graph_, next);
  const bool is_read = wanted.valid() && !is_leaf(graph_[wanted].op) &&
                       std::binary_search(read.begin(), read.end(), wanted) &&
                       std::find(next.begin(), next.end(), wanted) == next.end();
  if (called.valid() && is_read && !reader_.is_named(wanted)) {
    give(round, wanted, called);
    add(called, wanted);
  }
  for (size_t k = 0; k < carries.size(); ++k) {
    const Expr left = carried(round, carries[k], 1);
    // A result of a scan inside has its equations already; what all rounds keep has its name.
    const bool is_result = graph_[roots[k]].op == Op::result;
    const bool is_kept = is_leaf(graph_[roots[k]].op);
    const auto own = is_result || is_kept ? std::nullopt : reader_.take_name(roots[k]);
    add(left, roots[k]);
    if (own) reader_.give_name(roots[k], *own, 0);
  }
}

// Enters a round, with the equations of what is carried and is needed for the root, which may be
// called by this symbol with the round behind it.
Recurrences::Round Recurrences::write_rounds(Page& page, Value scan, Value root,
                                             const Symbol* called) {
  const std::vector<size_t> carries = carries_of(scan, std::span(&root, 1));
  std::vector<Value> roots = {root};
  for (size_t carry : carries) roots.push_back(scan_of(scan).next[carry]);
  Round round = enter(page, scan, roots);
  add_starts(page, round, carries);
  add_rounds(page, round, carries, root, called == nullptr ? Expr() : at(*called, round.index));
  return round;
}

// What is carried out of the last round; a sum over the rounds where it is one.
void Recurrences::write_final(Page& page, Value value, size_t carry, const Expr& called) {
  const Scan scan = scan_of(value);
  const size_t operand = scan.sequences.size() + carry;
  const Value leaf = scan.bound[operand];
  const Node& next = graph_[scan.next[carry]];
  const bool adds = next.op == Op::add && (next.operands[0] == leaf || next.operands[1] == leaf);
  const std::string name = std::get<Named>(graph_[leaf].attributes).name;
  if (name.starts_with("Σ:") && adds && is_constant(graph_, graph_[value].operands[operand])) {
    const Value term = next.operands[next.operands[0] == leaf ? 1 : 0];
    Round round = write_rounds(page, value, term);
    Equation equation = equation_of(page, round, called, term);
    equation.rounds.clear();
    const Expr over = range(round.index, reader_.dim(scan.rounds));
    for (Expr& side : equation.right) side = big("Σ", side, {over});
    page.emplace_back(std::move(equation));
    return leave(round);
  }
  // Also where it is of the model file: then its rounds are known.
  Round round = write_rounds(page, value, is_derived(leaf) ? leaf : scan.next[carry]);
  const Expr last = range_of(round)[2];
  const Expr place = is_adjoint(leaf) ? last : moved(last, round.direction);
  page.emplace_back(Equation{called, {at(symbol(name), place)}});
  leave(round);
}

void Recurrences::write_yield(Page& page, Value value, size_t yield, const Expr& called) {
  const Value yielded = scan_of(value).yields[yield];
  const Along along = scan_of(value).stacked[yield];
  const bool is_plain = called.is(Kind::name) && called->symbol.owners.empty();
  const bool in_order = along.reverse == (direction_of(scan_of(value)) < 0);
  Round round =
      write_rounds(page, value, yielded, is_plain && in_order ? &called->symbol : nullptr);
  const Expr place = place_of(round, along.reverse);
  if (is_plain && in_order) auxiliary_.emplace(std::pair(value, yielded), called->symbol);
  if (reader_.is_named(yielded) && is_plain &&
      reader_.name_of(yielded) == at(called->symbol, place)) {
    return leave(round);
  }
  Equation equation = equation_of(page, round, called, yielded);
  if (equation.left.is(Kind::entry)) {
    std::vector<Expr> indices(equation.left->parts.begin() + 1, equation.left->parts.end());
    indices.insert(indices.begin() + along.axis, place);
    equation.left = entry(called, std::move(indices));
  } else {
    equation.left = part_at(called, along.axis, place);
  }
  page.emplace_back(std::move(equation));
  leave(round);
}

void Recurrences::write(Page& page, Value result, const Expr& called) {
  const Value value = graph_[result].operands[0];
  const auto number = static_cast<size_t>(std::get<Number>(graph_[result].attributes).number);
  const size_t yields = scan_of(value).yields.size();
  if (number < yields) {
    write_yield(page, value, number, called);
  } else {
    write_final(page, value, number - yields, called);
  }
}

}  // namespace gradus::formula
