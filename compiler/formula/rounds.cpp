#include "compiler/formula/rounds.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace gradus::formula {
namespace {

// Fewer rounds are as well written one by one.
constexpr int least_rounds = 3;

// Calls visit(symbol) for each name.
void each_name(const Expr& x, const std::function<void(const Symbol&)>& visit) {
  if (!x.valid()) return;
  if (x.is(Kind::name)) visit(x->symbol);
  for (const Expr& part : x->parts) each_name(part, visit);
}

Expr renamed(const Expr& x, const std::function<Symbol(const Symbol&)>& change) {
  if (!x.valid()) return x;
  Expr::Node node = *x.operator->();
  if (x.is(Kind::name)) node.symbol = change(node.symbol);
  for (Expr& part : node.parts) part = renamed(part, change);
  return Expr(std::move(node));
}

// The number in `[3]`.
std::optional<int> number_in(const std::string& index) {
  int number = 0;
  if (index.size() < 3 || index.front() != '[' || index.back() != ']') return std::nullopt;
  const char* end = index.data() + index.size() - 1;
  const auto [rest, error] = std::from_chars(index.data() + 1, end, number);
  return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

// The outermost part of a name that has a round, `y[3]` in `y[3].h.W`.
Symbol* part_in_round(Symbol& symbol) {
  for (Symbol& owner : symbol.owners) {
    if (number_in(owner.index)) return &owner;
  }
  return number_in(symbol.index) ? &symbol : nullptr;
}

std::optional<int> round_of(Symbol symbol) {
  const Symbol* part = part_in_round(symbol);
  return part == nullptr ? std::nullopt : number_in(part->index);
}

// The name with this behind it, as its round.
Symbol in_round(Symbol symbol, const std::string& round) {
  symbol.index = "[" + round + "]";
  symbol.latex_index = symbol.index;
  const size_t minus = round.find("−");
  if (minus != std::string::npos) {
    symbol.latex_index.replace(1 + minus, std::string_view("−").size(), "-");
  }
  return symbol;
}

// The name with something else for its round.
Symbol with_round(Symbol symbol, const std::string& round) {
  if (Symbol* part = part_in_round(symbol)) *part = in_round(std::move(*part), round);
  return symbol;
}

// What an equation is for: the name left of the sign, or what the derivative is by.
const Symbol* subject(const Equation& equation) {
  Expr left = equation.left;
  if (left.is(Kind::entry)) left = left[0];
  if (left.is(Kind::derivative)) left = left[1];
  return left.is(Kind::name) ? &left->symbol : nullptr;
}

bool is_derivative(const Equation& equation) {
  return equation.left.is(Kind::derivative) ||
         (equation.left.is(Kind::entry) && equation.left[0].is(Kind::derivative));
}

class Folding {
 public:
  explicit Folding(const Page& page) : page_(page) {
    for (size_t k = 0; k < page.size(); ++k) {
      const auto* equation = std::get_if<Equation>(&page[k]);
      if (equation == nullptr) continue;
      each_name(equation->left, [&](const Symbol& symbol) { letters_.insert(text(symbol)); });
      for (const Expr& side : equation->right) {
        each_name(side, [&](const Symbol& symbol) { letters_.insert(text(symbol)); });
      }
      const Symbol* of = subject(*equation);
      if (of == nullptr || is_derivative(*equation)) continue;
      // What has rounds of its own already, or is defined piece by piece, is not looked at.
      const bool is_first = defined_.insert(text(*of)).second;
      if (is_first && equation->rounds.empty()) {
        auxiliaries_[text(*of)] = k;
      } else {
        auxiliaries_.erase(text(*of));
      }
    }
  }

  Page run() {
    for (const auto& [like, lines] : derivatives_by_round()) {
      if (static_cast<int>(lines.size()) >= least_rounds) fold(lines);
    }
    while (!waiting_.empty()) {
      const int family = waiting_.front();
      waiting_.pop_front();
      fold(definitions_of(family));
    }
    return written();
  }

 private:
  // An auxiliary value as the one of a round.
  struct Place {
    int family = 0;
    int round = 0;
  };
  using Lines = std::map<int, size_t>;  // by round
  // Lines of these rounds that are written as one.
  struct Run {
    int first = 0;  // as they stand in the page
    int last = 0;
    std::map<int, size_t> lines;
  };

  const Equation& equation(size_t line) const { return std::get<Equation>(page_[line]); }

  // The lines ∂J/∂y[3].h.W, ∂J/∂y[2].h.W … together.
  std::map<std::string, Lines> derivatives_by_round() const {
    std::map<std::string, Lines> found;
    for (size_t k = 0; k < page_.size(); ++k) {
      const auto* one = std::get_if<Equation>(&page_[k]);
      if (one == nullptr || !one->rounds.empty() || !is_derivative(*one)) continue;
      const Symbol* of = subject(*one);
      if (of == nullptr) continue;
      if (const auto round = round_of(*of)) found[text(with_round(*of, ""))][*round] = k;
    }
    return found;
  }

  Lines definitions_of(int family) const {
    Lines lines;
    for (const auto& [round, name] : families_[family]) {
      const auto line = auxiliaries_.find(name);
      if (line != auxiliaries_.end()) lines[round] = line->second;
    }
    return lines;
  }

  // ---- what corresponds to what

  // Folds the longest run of rounds whose equations correspond.
  void fold(const Lines& lines) {
    Run best;
    for (const auto& [start, line] : lines) {
      if (done_.contains(line) || (!best.lines.empty() && start <= best.last)) continue;
      const State before = state();
      Run run{start, start, {{start, line}}};
      for (auto next = lines.find(start + 1);
           next != lines.end() && next->first == run.last + 1 && !done_.contains(next->second) &&
           corresponds(line, start, next->second, next->first);
           ++next) {
        run.last = next->first;
        run.lines.insert(*next);
      }
      restore(before);
      if (run.lines.size() > best.lines.size()) best = run;
    }
    if (best.lines.size() < 2) return;
    const auto& [start, line] = *best.lines.begin();
    for (const auto& [round, other] : best.lines) {
      if (round != start) corresponds(line, start, other, round);
      done_.insert(other);
    }
    runs_.push_back(std::move(best));
  }

  // Whether two equations say the same of two rounds; auxiliary values that correspond are then
  // known to.
  bool corresponds(size_t a, int round_a, size_t b, int round_b) {
    const State before = state();
    const Equation& one = equation(a);
    const Equation& other = equation(b);
    bool same =
        one.right.size() == other.right.size() && same_in(one.left, round_a, other.left, round_b);
    for (size_t k = 0; same && k < one.right.size(); ++k) {
      same = same_in(one.right[k], round_a, other.right[k], round_b);
    }
    if (!same) restore(before);
    return same;
  }

  bool same_in(const Expr& a, int round_a, const Expr& b, int round_b) {
    if (!a.valid() || !b.valid()) return a.valid() == b.valid();
    if (a->kind != b->kind || a->value != b->value || a->word != b->word || a->words != b->words ||
        a->parts.size() != b->parts.size()) {
      return false;
    }
    if (a.is(Kind::name)) return same_names(a->symbol, round_a, b->symbol, round_b);
    for (size_t k = 0; k < a->parts.size(); ++k) {
      if (!same_in(a[k], round_a, b[k], round_b)) return false;
    }
    return true;
  }

  bool same_names(const Symbol& a, int round_a, const Symbol& b, int round_b) {
    const std::string printed_a = text(a);
    const std::string printed_b = text(b);
    if (auxiliaries_.contains(printed_a) && auxiliaries_.contains(printed_b)) {
      return same_values(printed_a, round_a, printed_b, round_b);
    }
    const auto index_a = round_of(a);
    const auto index_b = round_of(b);
    if (index_a && index_b && *index_a - round_a == *index_b - round_b) {
      return with_round(a, "") == with_round(b, "");
    }
    return printed_a == printed_b && !index_a;
  }

  bool same_values(const std::string& a, int round_a, const std::string& b, int round_b) {
    const auto place_a = places_.find(a);
    const auto place_b = places_.find(b);
    if (a == b) {
      if (place_a != places_.end()) return false;
      if (fixed_.insert(a).second) changes_.push_back(a);
      return true;
    }
    if (place_a == places_.end() && place_b == places_.end()) {
      families_.emplace_back();
      const int family = static_cast<int>(families_.size()) - 1;
      waiting_.push_back(family);
      return put(a, {family, round_a}) && put(b, {family, round_b});
    }
    if (place_a == places_.end()) {
      return put(a, {place_b->second.family, place_b->second.round + round_a - round_b});
    }
    if (place_b == places_.end()) {
      return put(b, {place_a->second.family, place_a->second.round + round_b - round_a});
    }
    return place_a->second.family == place_b->second.family &&
           place_a->second.round - place_b->second.round == round_a - round_b;
  }

  bool put(const std::string& name, Place place) {
    if (fixed_.contains(name)) return false;
    if (!families_[place.family].emplace(place.round, name).second) return false;
    places_[name] = place;
    changes_.push_back(name);
    return true;
  }

  struct State {
    size_t changes;
    size_t families;
  };
  State state() const { return {changes_.size(), families_.size()}; }
  void restore(const State& state) {
    for (; changes_.size() > state.changes; changes_.pop_back()) {
      const auto place = places_.find(changes_.back());
      if (place == places_.end()) {
        fixed_.erase(changes_.back());
      } else {
        families_[place->second.family].erase(place->second.round);
        places_.erase(place);
      }
    }
    families_.resize(state.families);
    std::erase_if(waiting_, [&](int family) { return family >= static_cast<int>(state.families); });
  }

  // ---- what is written

  Page written() {
    if (std::none_of(runs_.begin(), runs_.end(), [](const Run& run) {
          return static_cast<int>(run.lines.size()) >= least_rounds;
        })) {
      return page_;
    }
    std::map<size_t, const Run*> place_of;
    std::set<size_t> lines;
    for (const Run& run : runs_) {
      // Values stand where the first round needs them, derivatives where the last has them.
      const auto [low, high] = std::minmax(run.lines.at(run.first), run.lines.at(run.last));
      place_of[is_derivative(equation(low)) ? high : low] = &run;
      for (const auto& [round, line] : run.lines) lines.insert(line);
    }
    Page made;
    for (size_t k = 0; k < page_.size(); ++k) {
      const auto run = place_of.find(k);
      if (run != place_of.end()) {
        made.emplace_back(once(*run->second));
      } else if (lines.contains(k)) {
        continue;
      } else if (const auto* one = std::get_if<Equation>(&page_[k])) {
        made.emplace_back(of_its_round(*one));
      } else {
        made.push_back(page_[k]);
      }
    }
    return made;
  }

  // A letter for the round that stands for nothing else.
  std::string letter() const {
    for (const char* each : {"l", "r", "t", "s", "q", "p"}) {
      if (!letters_.contains(each)) return each;
    }
    std::string made = "l";
    while (letters_.contains(made)) made += "'";
    return made;
  }

  // An auxiliary value is called after the first of its family in the page.
  Symbol called(const Symbol& symbol, const std::function<std::string(int)>& round) const {
    const auto place = places_.find(text(symbol));
    if (place == places_.end()) return symbol;
    Symbol made = *subject(equation(first_of(place->second.family)));
    return in_round(std::move(made), round(place->second.round));
  }

  size_t first_of(int family) const {
    size_t first = page_.size();
    for (const auto& [round, name] : families_[family]) {
      first = std::min(first, auxiliaries_.at(name));
    }
    return first;
  }

  Equation with_names(const Equation& one,
                      const std::function<Symbol(const Symbol&)>& change) const {
    Equation made = one;
    made.left = renamed(one.left, change);
    for (Expr& side : made.right) side = renamed(side, change);
    return made;
  }

  Equation of_its_round(const Equation& one) const {
    return with_names(one, [&](const Symbol& symbol) {
      return called(symbol, [](int round) { return std::to_string(round); });
    });
  }

  // The equation of the run's first line in the page, with `l` for its round.
  Equation once(const Run& run) const {
    const bool falls = run.lines.at(run.last) < run.lines.at(run.first);
    const int from = falls ? run.last : run.first;
    const std::string l = letter();
    const auto shifted = [&](int round) -> std::string {
      const int by = round - from;
      return by == 0 ? l : l + (by > 0 ? " + " : " − ") + std::to_string(std::abs(by));
    };
    Equation made = with_names(equation(run.lines.at(from)), [&](const Symbol& symbol) {
      if (places_.contains(text(symbol))) return called(symbol, shifted);
      const auto round = round_of(symbol);
      return round ? with_round(symbol, shifted(*round)) : symbol;
    });
    made.rounds = {word(l), number(from), number(falls ? run.first : run.last)};
    return made;
  }

  const Page& page_;
  std::set<std::string> letters_;  // all names, as printed
  std::set<std::string> defined_;
  std::map<std::string, size_t> auxiliaries_;  // lines, by the name that they define
  std::map<std::string, Place> places_;
  std::set<std::string> fixed_;       // auxiliary values that are the same for all rounds
  std::vector<std::string> changes_;  // names that were given places, or fixed, in order
  std::vector<std::map<int, std::string>> families_;  // names by round
  std::deque<int> waiting_;  // families whose definitions are to be looked at
  std::vector<Run> runs_;
  std::set<size_t> done_;
};

}  // namespace

Page with_rounds_once(const Page& page) { return Folding(page).run(); }

}  // namespace gradus::formula
