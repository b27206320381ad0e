#include "compiler/formula/recurrence.h"

#include <algorithm>

#include "compiler/formula/usage.h"

namespace gradus::formula {
namespace {

// The left side of an equation for one place of what is stacked along an axis: `name[:, t]` is
// `part`, or with the indices that it has.
Expr stacked_left(const Expr& left, const Expr& name, const Expr& part, int axis,
                  const Expr& place) {
  if (!left.is(Kind::entry)) return part;
  std::vector<Expr> indices(left->parts.begin() + 1, left->parts.end());
  indices.insert(indices.begin() + axis, place);
  return entry(name, std::move(indices));
}

}  // namespace

// Places go up where the first sequence is read from its beginning.
int Recurrences::direction_of(const Scan& scan) {
  return !scan.sequences.empty() && scan.sequences[0].reverse ? -1 : 1;
}

std::vector<Expr> Recurrences::range_of(const Round& round) const {
  const Expr last = sum({reader_.dim(scan_of(round.scan).rounds), number(-1)});
  if (round.direction > 0) return {round.index, number(0), last};
  return {round.index, last, number(0)};
}

// The ranges of the rounds that a scan is within, and its own where it is in them.
std::vector<Expr> Recurrences::ranges_around(Value scan, const Round* own) const {
  std::vector<Expr> ranges;
  std::vector<const Round*> rounds = around(scan);
  if (own != nullptr) rounds.push_back(own);
  for (const Round* round : rounds) {
    for (const Expr& each : range_of(*round)) ranges.push_back(each);
  }
  return ranges;
}

// The carries with equations that the roots depend on and that have none yet.
std::vector<size_t> Recurrences::carries_of(Value value, std::span<const Value> roots) {
  const Scan& scan = scan_of(value);
  std::vector<Value> all(roots.begin(), roots.end());
  std::set<size_t> found;
  for (bool changed = true; changed;) {
    changed = false;
    const std::vector<Value> read = reachable(graph_, all);
    for (size_t k = 0; k < scan.next.size(); ++k) {
      const Value leaf = scan.bound[scan.sequences.size() + k];
      const bool needed = has_equations(leaf) && std::binary_search(read.begin(), read.end(), leaf);
      if (!needed || !found.insert(k).second) continue;
      all.push_back(scan.next[k]);
      changed = true;
    }
  }
  std::erase_if(found, [&](size_t k) { return !written_.insert(signature(value, k)).second; });
  return {found.begin(), found.end()};
}

void Recurrences::add_starts(Page& page, const Round& round, std::span<const size_t> carries) {
  const Scan& scan = scan_of(round.scan);
  const Expr first = range_of(round)[1];
  for (size_t carry : carries) {
    const size_t operand = scan.sequences.size() + carry;
    const Value leaf = scan.bound[operand];
    const Expr place = is_adjoint(leaf) ? moved(first, -round.direction) : first;
    const Value start = graph_[round.scan].operands[operand];
    // What it needs a name for in it has its equation before.
    Equation equation = reader_.equation(at(round.scan, symbol(round.scan, carry), place), start);
    equation.rounds = ranges_around(round.scan);
    if (!is_constant(graph_, start) && round_of(start) == nullptr) define_(page, start);
    page.emplace_back(std::move(equation));
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
    give(round, part, at(round.scan, symbol, round.index));
    auxiliary_.emplace(std::pair(round.scan, part), symbol);
    page.emplace_back(equation_of(page, round, reader_.name_of(part), part));
  }
  if (!parts.empty()) equation = reader_.equation(left, value);
  equation.rounds = ranges_around(round.scan, &round);
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
  name_results(page, round, roots);
  const auto is_named = [&](Value value) { return reader_.is_named(value); };
  const auto is_delta = [](Value) { return false; };
  for (Value value : worth_a_name(graph_, roots, is_named, is_delta, false)) {
    if (std::find(roots.begin(), roots.end(), value) != roots.end()) continue;
    if (graph_[value].op == Op::scan) continue;
    add_within(page, round, value);
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
Recurrences::Round& Recurrences::write_rounds(Page& page, Value scan, Value root,
                                              const Symbol* called) {
  const std::vector<size_t> carries = carries_of(scan, std::span(&root, 1));
  std::vector<Value> roots = {root};
  for (size_t carry : carries) roots.push_back(scan_of(scan).next[carry]);
  Round& round = enter(page, scan, roots);
  add_starts(page, round, carries);
  add_rounds(page, round, carries, root,
             called == nullptr ? Expr() : at(*called, {&round.index, 1}));
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
    Round& round = write_rounds(page, value, term);
    Equation equation = equation_of(page, round, called, term);
    equation.rounds = ranges_around(value);
    const Expr over = range(round.index, reader_.dim(scan.rounds));
    for (Expr& side : equation.right) side = big("Σ", side, {over});
    page.emplace_back(std::move(equation));
    return leave(round);
  }
  // Also where it is of the model file: then its rounds are known.
  Round& round = write_rounds(page, value, is_derived(leaf) ? leaf : scan.next[carry]);
  const Expr last = range_of(round)[2];
  const Expr place = is_adjoint(leaf) ? last : moved(last, round.direction);
  page.emplace_back(
      Equation{called, {at(value, symbol(value, carry), place)}, ranges_around(value)});
  leave(round);
}

// The symbol of what a scan yields, without the rounds that the scan is within.
std::optional<Symbol> Recurrences::symbol_of(Value scan, size_t yield, const Expr& called) {
  const std::vector<const Round*> rounds = around(scan);
  if (rounds.empty()) return called->symbol;
  const Value result = graph_.result(scan, static_cast<int>(yield));
  const auto known = auxiliary_.find(std::pair(rounds.back()->scan, result));
  return known == auxiliary_.end() ? std::nullopt : std::optional(known->second);
}

void Recurrences::write_yield(Page& page, Value value, size_t yield, const Expr& called) {
  const Value yielded = scan_of(value).yields[yield];
  const Along along = scan_of(value).stacked[yield];
  const bool is_plain = called.is(Kind::name) && called->symbol.owners.empty();
  const bool in_order = along.reverse == (direction_of(scan_of(value)) < 0);
  Round& round =
      write_rounds(page, value, yielded, is_plain && in_order ? &called->symbol : nullptr);
  const Expr place = place_of(round, along.reverse);
  const auto symbol = is_plain && in_order ? symbol_of(value, yield, called) : std::nullopt;
  if (symbol) auxiliary_.emplace(std::pair(value, yielded), *symbol);
  if (reader_.is_named(yielded) && is_plain &&
      reader_.name_of(yielded) == at(called->symbol, {&place, 1})) {
    // It was written as a value of the round; the axis that it is stacked along is said too.
    const Expr own = at(called->symbol, {&place, 1});
    const Expr part = part_at(called, along.axis, place);
    for (Line& line : page) {
      auto* written = std::get_if<Equation>(&line);
      if (written == nullptr || along.axis == 0) continue;
      const Expr& left = written->left;
      const bool is_its = left == own || (left.is(Kind::entry) && left[0] == own);
      if (is_its) written->left = stacked_left(left, called, part, along.axis, place);
    }
    return leave(round);
  }
  Equation equation = equation_of(page, round, called, yielded);
  equation.left =
      stacked_left(equation.left, called, part_at(called, along.axis, place), along.axis, place);
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
