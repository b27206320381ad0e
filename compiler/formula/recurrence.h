#pragma once

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/formula/page.h"
#include "compiler/formula/reader.h"
#include "compiler/graph/graph.h"

namespace gradus::formula {

// Scans as recurrences: what a round computes, with the round as subscript. What is carried is hₜ
// on entry to the round of place t, and its adjoint δₜ; names of the model file inside of a scan
// are written by their last part.
class Recurrences {
 public:
  // `define` writes the equation of a value that has a name, and what that needs, before it is
  // used. `file` is the model's, whose names need no equations.
  Recurrences(Graph& graph, Names& names, Reader& reader, std::function<void(Page&, Value)> define,
              std::optional<uint32_t> file)
      : graph_(graph), names_(names), reader_(reader), define_(std::move(define)), file_(file) {}

  // Looks at the scans that the roots need, the loss's own ones too: what is called by a name that
  // nothing else there has is written by that name.
  void survey(std::span<const Value> roots, Value loss);

  // The equations of a scan's result that is called `name`: `name[:, t] = …` for each round, or
  // what is carried out of the last.
  void write(Page& page, Value result, const Expr& name);

  // Whether a value is a contraction over the rounds of a scan too, one factor of which is what is
  // carried into them: then it is written as Σₜ of a product in which all factors are of round t,
  // and what is carried needs no name for all rounds together.
  bool is_sum_over_rounds(Value value) const { return summed_round(value) >= 0; }
  // What the names of the model file in bodies of scans that were written print as.
  std::map<std::string, std::string> printed() const;
  Equation sum_over_rounds(Page& page, Value value, const Expr& left);

 private:
  // The rounds that equations are written for.
  struct Round {
    Value scan;
    Expr index;
    int direction = 1;
    std::vector<std::pair<Value, std::optional<Expr>>> named;  // and what they were called before
  };

  void survey(std::span<const Value> roots, std::vector<Value>& within);
  int summed_round(Value value) const;
  bool is_carried_in(Value result, int axis) const;
  const Scan& scan_of(Value value) const { return std::get<Scan>(graph_[value].attributes); }
  static int direction_of(const Scan& scan);
  bool is_adjoint(Value leaf) const;
  bool is_derived(Value leaf) const;
  bool is_of_model(Value value) const;
  bool is_called(Value value) const;
  static Expr part_at(const Expr& name, int axis, const Expr& place);
  Expr moved(const Expr& place, int by) const;
  Expr at(const Symbol& symbol, std::span<const Expr> places) const;
  // With the rounds that the scan is within before the place.
  Expr at(Value scan, const Symbol& symbol, const Expr& place) const;
  std::vector<const Round*> around(Value scan) const;
  Round* round_of(Value value);
  bool reads_round(Value value, Value scan) const;
  bool has_equations(Value leaf) const;
  bool is_several(const std::string& name) const;
  // What a carry computes: what its rounds read, and from where; the same for the same.
  using Signature = std::vector<uint32_t>;
  Signature signature(Value scan, size_t carry, std::span<const Value> within) const;
  Signature signature(Value scan, size_t carry) const;
  Symbol symbol(Value scan, size_t carry);
  Symbol symbol(const std::string& name);

  // Names what the roots read in a round.
  Round& enter(Page& page, Value scan, std::span<const Value> roots);
  void leave(const Round& round);
  void give(Round& round, Value value, const Expr& name);
  void give_number(Round& round, Value value);
  void add_within(Page& page, Round& round, Value value);
  std::optional<Symbol> known_as(const Equation& equation, const Symbol& symbol);
  Expr name_within(Page& page, Round& round, Value value);
  void name_results(Page& page, Round& round, std::span<const Value> roots);
  std::optional<Expr> called(Page& page, const Round& round, Value value);
  std::optional<Value> repeated(Value sequence, int axis);
  Expr element(Page& page, Value sequence, const Along& along, const Expr& place);
  Expr of_round(Page& page, Value scan, Value value, const Expr& place);
  Expr carried(const Round& round, size_t carry, int steps);
  std::vector<size_t> carries_of(Value scan, std::span<const Value> roots);
  Expr place_of(const Round& round, bool reverse) const;
  Expr outside(Page& page, Value value);
  Equation equation_of(Page& page, Round& round, const Expr& left, Value value);
  void add_starts(Page& page, const Round& round, std::span<const size_t> carries);
  void add_rounds(Page& page, Round& round, std::span<const size_t> carries, Value wanted,
                  const Expr& called);
  void write_final(Page& page, Value scan, size_t carry, const Expr& name);
  std::optional<Symbol> symbol_of(Value scan, size_t yield, const Expr& called);
  void write_yield(Page& page, Value scan, size_t yield, const Expr& name);
  Round& write_rounds(Page& page, Value scan, Value root, const Symbol* called = nullptr);
  std::vector<Expr> range_of(const Round& round) const;
  std::vector<Expr> ranges_around(Value scan, const Round* own = nullptr) const;

  Graph& graph_;
  Names& names_;
  Reader& reader_;
  std::function<void(Page&, Value)> define_;
  std::optional<uint32_t> file_;
  std::list<Round> open_;        // the rounds that are entered, the outermost first
  std::set<std::string> bound_;  // names of what bodies read
  std::map<std::string, std::set<Value>> called_;       // values of bodies by their names
  std::map<std::string, std::set<Signature>> carried_;  // what is carried, by names of leaves
  std::map<std::string, std::set<std::string>> alike_;  // names, by their last part
  std::set<std::string> inner_;                         // adjoints that the loss is made of
  std::map<std::pair<std::string, Signature>, Symbol> symbols_;  // of names in bodies
  std::map<std::pair<Value, Value>, Symbol> auxiliary_;          // of a value of a scan's body
  std::map<std::string, Symbol> said_;  // right sides, and what they are called
  std::set<Signature> written_;         // carries
};

}  // namespace gradus::formula
