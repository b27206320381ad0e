// What rounds read, and rounds as they are entered and left.

#include <algorithm>
#include <ranges>

#include "compiler/formula/notation.h"
#include "compiler/formula/recurrence.h"
#include "compiler/graph/access.h"

namespace gradus::formula {

// The part of a tensor at a place of one axis.
Expr Recurrences::part_at(const Expr& name, int axis, const Expr& place) {
  std::vector<Expr> indices(static_cast<size_t>(axis), slice({}, {}, {}));
  indices.push_back(place);
  return entry(name, std::move(indices));
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
  if (!reader_.is_named(value)) {
    if (Round* round = round_of(value)) return name_within(page, *round, value);
    reader_.give_auxiliary_name(value);
  }
  define_(page, value);
  return reader_.name_of(value);
}

// A new name for a value of a round, with its equation.
Expr Recurrences::name_within(Page& page, Round& round, Value value) {
  name_results(page, round, std::span(&value, 1));
  if (!reader_.is_named(value)) add_within(page, round, value);
  return reader_.name_of(value);
}

// One that another value has where the equations say the same.
void Recurrences::add_within(Page& page, Round& round, Value value) {
  give_number(round, value);
  Symbol& symbol = auxiliary_.at(std::pair(round.scan, value));
  Equation equation = equation_of(page, round, reader_.name_of(value), value);
  if (const auto same = known_as(equation, symbol)) {
    reader_.take_name(value);
    reader_.give_name(value, at(round.scan, *same, round.index), 0);
    symbol = *same;
  } else {
    page.emplace_back(std::move(equation));
  }
}

// The symbol of an equation before that says the same of another name, which is free then.
std::optional<Symbol> Recurrences::known_as(const Equation& equation, const Symbol& symbol) {
  std::string said;
  const Expr& left = equation.left;
  for (size_t k = 1; left.is(Kind::entry) && k < left->parts.size(); ++k) {
    said += text(left[k]) + ",";
  }
  for (const Expr& side : equation.right) said += "=" + text(side);
  for (size_t k = 0; k < equation.rounds.size(); k += 3) {
    const auto [low, high] =
        std::minmax({text(equation.rounds[k + 1]), text(equation.rounds[k + 2])});
    for (const std::string& each : {text(equation.rounds[k]), low, high}) {
      said.append(";").append(each);
    }
  }
  const auto [known, is_new] = said_.emplace(said, symbol);
  if (is_new) return std::nullopt;
  names_.give_back(symbol);
  return known->second;
}

// The same for the results of scans that a round goes through.
void Recurrences::name_results(Page& page, Round& round, std::span<const Value> roots) {
  for (Value value : reachable(graph_, roots)) {
    if (graph_[value].op != Op::result || reader_.is_named(value)) continue;
    give_number(round, value);
    write(page, value, reader_.name_of(value));
  }
}

void Recurrences::give_number(Round& round, Value value) {
  const Symbol symbol = names_.fresh_numbered("u");
  give(round, value, at(round.scan, symbol, round.index));
  auxiliary_.emplace(std::pair(round.scan, value), symbol);
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
  return is_plain ? at(name->symbol, {&place, 1}) : part_at(name, along.axis, place);
}

// What a round of another scan computed.
Expr Recurrences::of_round(Page& page, Value scan, Value value, const Expr& place) {
  const Scan& of = scan_of(scan);
  const int direction = direction_of(of);
  const auto read = std::find(of.bound.begin(), of.bound.end(), value);
  const auto next = std::find(of.next.begin(), of.next.end(), value);
  const auto number = static_cast<size_t>(read - of.bound.begin());
  if (number < of.sequences.size()) {
    return element(page, graph_[scan].operands[number], of.sequences[number], place);
  }
  if (read != of.bound.end() || next != of.next.end()) {
    const bool is_before = read != of.bound.end();
    const size_t carry =
        is_before ? number - of.sequences.size() : static_cast<size_t>(next - of.next.begin());
    if (carry < of.next.size()) {
      const Value leaf = of.bound[of.sequences.size() + carry];
      if (has_equations(leaf)) leave(write_rounds(page, scan, leaf));
      const int steps = (is_before ? 0 : 1) - (is_adjoint(leaf) ? 1 : 0);
      return at(scan, symbol(scan, carry), moved(place, steps * direction));
    }
  }
  if (is_called(value)) return at(scan, symbol(std::string(graph_.name(value))), place);
  const std::pair key(scan, value);
  if (!auxiliary_.contains(key)) {
    const Symbol symbol = names_.fresh_numbered("u");
    Round& round = write_rounds(page, scan, value, &symbol);
    if (!reader_.is_named(value)) {
      Equation equation = equation_of(page, round, at(scan, symbol, round.index), value);
      const auto same = known_as(equation, symbol);
      if (!same) page.emplace_back(std::move(equation));
      auxiliary_.emplace(key, same.value_or(symbol));
    }
    leave(round);
    auxiliary_.emplace(key, symbol);
  }
  return at(scan, auxiliary_.at(key), place);
}

// The place of a sequence that the round is about.
Expr Recurrences::place_of(const Round& round, bool reverse) const {
  if (reverse == (round.direction < 0)) return round.index;
  const Expr last = sum({reader_.dim(scan_of(round.scan).rounds), number(-1)});
  return sum({last, negative(round.index)});
}

Recurrences::Round& Recurrences::enter(Page& page, Value value, std::span<const Value> roots) {
  const Scan scan = scan_of(value);
  const std::vector<Value> operands = graph_[value].operands;
  const std::vector<Value> read = reachable(graph_, roots);
  // What it reads has its equations before an index is taken for this one.
  for (const bool is_carried : {false, true}) {  // the latter is then written with the former
    for (size_t k = 0; k < scan.sequences.size(); ++k) {
      if (!std::binary_search(read.begin(), read.end(), scan.bound[k])) continue;
      if (is_carried_in(operands[k], scan.sequences[k].axis) != is_carried) continue;
      element(page, operands[k], scan.sequences[k], number(0));
    }
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
    give(round, each, at(value, known->second, round.index));
  }
  open_.push_back(std::move(round));
  return open_.back();
}

// The round that was entered last.
void Recurrences::leave(const Round& round) {
  for (const auto& [value, name] : std::views::reverse(round.named)) {
    reader_.take_name(value);
    if (name) reader_.give_name(value, *name, 0);
  }
  reader_.give_back_index(round.index);
  open_.pop_back();
}

// The model file's name of a value in a round.
std::optional<Expr> Recurrences::called(Page& page, const Round& round, Value value) {
  const Scan scan = scan_of(round.scan);
  const auto next = std::find(scan.next.begin(), scan.next.end(), value);
  if (next != scan.next.end()) {
    return carried(round, static_cast<size_t>(next - scan.next.begin()), 1);
  }
  if (is_called(value)) {
    return at(round.scan, symbol(std::string(graph_.name(value))), round.index);
  }
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
  return at(round.scan, symbol(round.scan, carry), moved(round.index, ahead * round.direction));
}

}  // namespace gradus::formula
