#include "compiler/gradient/scan.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "compiler/gradient/adjoint.h"
#include "compiler/gradient/gradient.h"
#include "compiler/gradient/rounds.h"
#include "compiler/graph/rewrite.h"

namespace gradus::adjoint {
namespace {

Value zeros(Graph& graph, const Shape& shape) { return graph.full(graph.constant(0), shape); }

bool is_real(const Graph& graph, Value value) { return graph.type(value).element == Element::real; }

}  // namespace

std::vector<bool> active(const Graph& graph, const Scan& scan, std::vector<bool> chosen) {
  uint32_t size = 0;
  for (Value value : body_of(scan)) size = std::max(size, value.id + 1);
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<Value> leaves;
    for (size_t k = 0; k < chosen.size(); ++k) {
      if (chosen[k]) leaves.push_back(scan.bound[k]);
    }
    const std::vector<bool> depends = dependent(graph, size, leaves);
    for (size_t k = 0; k < scan.next.size(); ++k) {
      const size_t operand = scan.sequences.size() + k;
      if (chosen[operand] || !is_real(graph, scan.next[k]) || !depends[scan.next[k].id]) continue;
      chosen[operand] = true;
      changed = true;
    }
  }
  return chosen;
}

namespace {

class Backward {
 public:
  Backward(Graph& graph, Value user, const std::vector<Share>& shares,
           const std::vector<bool>& wanted, const GradientOptions& options,
           const std::map<Value, Fact>& leaves)
      : graph_(graph),
        scan_(std::get<Scan>(graph[user].attributes)),
        operands_(graph[user].operands),
        shares_(shares),
        wanted_(wanted),
        active_(active(graph, scan_, wanted)),
        options_(options),
        leaves_(leaves),
        rounds_(graph, scan_) {
    made_.rounds = scan_.rounds;
    taken_.insert(scan_.bound.begin(), scan_.bound.end());
  }

  std::vector<Share> run() {
    pull();
    carry_adjoints();
    carry_conditions();
    yield_adjoints();
    for (size_t k = first_outside(); k < operands_.size(); ++k) {
      if (!wanted_[k] || !pulled_[k].adjoint.valid()) continue;
      collect(k);
      collect_condition(k);
    }
    rounds_.save(roots(), deltas_, options_.recompute);
    return terms(backward());
  }

 private:
  size_t first_outside() const { return scan_.sequences.size() + scan_.next.size(); }
  size_t carry(size_t k) const { return scan_.sequences.size() + k; }
  Value leaf(size_t k) const { return scan_.bound[carry(k)]; }
  const Share& end(size_t k) const { return shares_[scan_.yields.size() + k]; }

  // A leaf of the backward body that is called like no other.
  Value fresh(const std::string& name, const Type& type) {
    std::string tried = name;
    Value leaf = graph_.leaf(Op::bound, tried, type);
    while (!taken_.insert(leaf).second) {
      tried += "'";
      leaf = graph_.leaf(Op::bound, tried, type);
    }
    return leaf;
  }
  std::string name_of(Value leaf) const { return std::get<Named>(graph_[leaf].attributes).name; }

  // ---- the adjoints of what the body reads

  // Of what is carried, the rounds may want nothing, all entries, or those for which a condition
  // holds that the next round has carried to them; which, is found by looking at a round anew until
  // it wants of what is carried no more than what it was asked with.
  void pull() {
    carried_.resize(scan_.next.size());
    yielded_.resize(scan_.yields.size());
    for (size_t k = 0; k < carried_.size(); ++k) {
      if (active_[carry(k)] && end(k).adjoint.valid()) carry_back(k, end(k));
    }
    for (size_t k = 0; k < yielded_.size(); ++k) {
      if (!shares_[k].adjoint.valid() || !is_real(graph_, scan_.yields[k])) continue;
      const std::string name = std::to_string(k) + ":" + name_of(scan_.bound[0]);
      const Type& type = graph_.type(scan_.yields[k]);
      yielded_[k].adjoint = fresh("δ:" + name, type);
      if (!shares_[k].condition.valid()) continue;
      const bool is_one = graph_.type(shares_[k].condition).rank() == 0;
      const Shape shape = is_one ? Shape{} : type.shape;
      yielded_[k].condition = fresh("taken:" + name, {Element::boolean, shape, 0});
    }
    while (!pulled_as_carried()) {
    }
    for (const auto* list : {&carried_, &yielded_}) {
      for (const Share& each : *list) {
        if (each.adjoint.valid()) deltas_.push_back(each.adjoint);
        if (each.condition.valid()) deltas_.push_back(each.condition);
      }
    }
  }

  void carry_back(size_t k, const Share& share) {
    Share& made = carried_[k];
    const Type& type = graph_.type(leaf(k));
    if (!made.adjoint.valid()) made.adjoint = fresh("δ:" + name_of(leaf(k)), type);
    if (!share.condition.valid()) return;
    made.condition = fresh("taken:" + name_of(leaf(k)), {Element::boolean, type.shape, 0});
  }

  bool pulled_as_carried() {
    std::vector<Seed> seeds;
    for (size_t k = 0; k < carried_.size(); ++k) {
      if (carried_[k].adjoint.valid()) seeds.push_back({scan_.next[k], carried_[k]});
    }
    for (size_t k = 0; k < yielded_.size(); ++k) {
      if (yielded_[k].adjoint.valid()) seeds.push_back({scan_.yields[k], yielded_[k]});
    }
    std::vector<Value> inputs;
    for (size_t k = 0; k < operands_.size(); ++k) {
      if (active_[k]) inputs.push_back(scan_.bound[k]);
    }
    const std::vector<Share> found = pullback(graph_, seeds, inputs, nullptr, options_, leaves_);
    pulled_.assign(operands_.size(), {});
    auto next = found.begin();
    for (size_t k = 0; k < operands_.size(); ++k) {
      if (active_[k]) pulled_[k] = *next++;
    }
    bool as_carried = true;
    for (size_t k = 0; k < carried_.size(); ++k) {
      const Share& wanted = pulled_[carry(k)];
      const bool is_new = wanted.adjoint.valid() && !carried_[k].adjoint.valid();
      if (!is_new && (!wanted.condition.valid() || carried_[k].condition.valid())) continue;
      carry_back(k, wanted);
      as_carried = false;
    }
    return as_carried;
  }

  // ---- what the backward rounds compute

  void carry_adjoints() {
    for (size_t k = 0; k < carried_.size(); ++k) {
      if (!carried_[k].adjoint.valid()) continue;
      const Shape& shape = graph_.shape(leaf(k));
      const Value last = end(k).adjoint;
      carries_.push_back({last.valid() ? last : zeros(graph_, shape), carried_[k].adjoint, {}});
      const Value before = pulled_[carry(k)].adjoint;
      body_.push_back(before.valid() ? before : zeros(graph_, shape));
    }
  }

  void carry_conditions() {
    for (size_t k = 0; k < carried_.size(); ++k) {
      if (!carried_[k].condition.valid()) continue;
      conditions_[carry(k)] = carries_.size();
      const Shape& shape = graph_.shape(leaf(k));
      carries_.push_back({whole(end(k), shape), carried_[k].condition, {}});
      body_.push_back(whole(pulled_[carry(k)], shape));
    }
  }

  // The condition of a share as one of a shape: what has no adjoint is not wanted.
  Value whole(const Share& share, const Shape& shape) {
    Value condition = share.condition;
    if (!condition.valid()) {
      const Value one = graph_.constant(1);
      condition = graph_.map(share.adjoint.valid() ? Op::eq : Op::ne, {one, one});
    }
    return graph_.broadcast(condition, shape);
  }

  // What a carry of the backward scan collects: the number of its result.
  void accumulate(size_t operand, Value term) {
    const Value leaf = fresh("Σ:" + name_of(scan_.bound[operand]), graph_.type(term));
    deltas_.push_back(leaf);
    collected_[operand] = carries_.size();
    carries_.push_back({zeros(graph_, graph_.shape(term)), leaf, {}});
    body_.push_back(graph_.map(Op::add, {leaf, term}));
  }

  void yield_adjoints() {
    for (size_t k = 0; k < scan_.sequences.size(); ++k) {
      if (!wanted_[k] || !pulled_[k].adjoint.valid()) continue;
      Along along = scan_.sequences[k];
      along.reverse = !along.reverse;
      yields_[k] = yield(pulled_[k].adjoint, along);
      if (!pulled_[k].condition.valid()) continue;
      conditions_[k] = yield(whole(pulled_[k], graph_.shape(scan_.bound[k])), along);
    }
  }

  size_t yield(Value value, const Along& along) {
    made_.yields.push_back(value);
    made_.stacked.push_back(along);
    return made_.yields.size() - 1;
  }

  // ---- the adjoints of what all rounds read

  // The sum over the rounds of a term: a contraction of matrices is one contraction over all
  // rounds afterwards, unless memory is dear; what remains is added up from round to round.
  void collect(size_t operand) {
    Value rest;
    std::vector<Value> open = {pulled_[operand].adjoint};
    while (!open.empty()) {
      const Value term = open.back();
      open.pop_back();
      const Node& node = graph_[term];
      if (node.op == Op::add && graph_.shape(node.operands[0]) == node.type.shape &&
          graph_.shape(node.operands[1]) == node.type.shape) {
        open.push_back(node.operands[1]);
        open.push_back(node.operands[0]);
      } else if (node.op == Op::contract && node.type.rank() >= 2 && !options_.recompute) {
        contract(operand, term);
      } else {
        rest = rest.valid() ? graph_.map(Op::add, {rest, term}) : term;
      }
    }
    if (rest.valid()) accumulate(operand, rest);
  }

  // Wanted of what all rounds read is what some round wants of it.
  void collect_condition(size_t operand) {
    if (!pulled_[operand].condition.valid()) return;
    const Shape& shape = graph_.shape(scan_.bound[operand]);
    const Type type{Element::boolean, shape, 0};
    const Value leaf = fresh("taken:" + name_of(scan_.bound[operand]), type);
    deltas_.push_back(leaf);
    conditions_[operand] = carries_.size();
    carries_.push_back({whole({}, shape), leaf, {}});
    body_.push_back(graph_.map(Op::logical_or, {leaf, whole(pulled_[operand], shape)}));
  }

  // A contraction for after the loop: of each factor, how all rounds have it.
  struct Factor {
    Value outside;        // known already, or
    int yield = -1;       // what the backward rounds yield, in the order of the forward rounds, or
    Value saved;          // what the forward rounds computed
    bool varies = false;  // by round
  };
  struct Later {
    size_t operand;
    Value term;
    std::vector<Factor> factors;
  };

  void contract(size_t operand, Value term) {
    Later later{operand, term, {}};
    for (Value factor : graph_[term].operands) {
      Factor made;
      if (depends_on(factor, deltas_)) {
        Along along = rounds_.place(factor);
        along.reverse = !along.reverse;
        made.yield = static_cast<int>(yield(factor, along));
        made.varies = true;
      } else if (rounds_.varies(factor)) {
        rounds_.keep(factor);
        made.saved = factor;
        made.varies = true;
      } else {
        made.outside = rounds_.outside(factor, operands_);
      }
      later.factors.push_back(made);
    }
    later_.push_back(std::move(later));
  }

  bool depends_on(Value value, const std::vector<Value>& leaves) const {
    for (Value each : reachable(graph_, std::span(&value, 1))) {
      if (std::find(leaves.begin(), leaves.end(), each) != leaves.end()) return true;
    }
    return false;
  }

  // Σ over the rounds and the indices that were summed already.
  Value over_rounds(const Later& later, Value backward) {
    const Contraction each = std::get<Contraction>(graph_[later.term].attributes);
    Contraction all{each.extents, each.free, {}};
    all.extents.insert(all.extents.begin() + each.free, scan_.rounds);
    std::vector<Value> values;
    for (size_t k = 0; k < later.factors.size(); ++k) {
      std::vector<Affine> access = each.accesses[k];
      for (Affine& one : access) {
        for (Affine::Term& term : one.terms) term.axis += term.axis >= each.free ? 1 : 0;
      }
      const Factor& factor = later.factors[k];
      Rounds::Stack stack{factor.outside, {}};
      if (factor.yield >= 0) {
        const Value yielded = made_.yields[static_cast<size_t>(factor.yield)];
        stack = {graph_.result(backward, factor.yield), rounds_.place(yielded)};
      }
      if (factor.saved.valid()) stack = rounds_.stack(factor.saved, operands_);
      if (factor.varies) {
        const bool opposite = stack.along.reverse != rounds_.place(later.term).reverse;
        const Affine round =
            opposite ? Affine::axis(each.free, -1, scan_.rounds - Dim(1)) : Affine::axis(each.free);
        access.insert(access.begin() + stack.along.axis, round);
      }
      values.push_back(stack.all);
      all.accesses.push_back(std::move(access));
    }
    return graph_.contract(std::move(values), std::move(all));
  }

  // ---- the backward scan

  struct Operand {
    Value value;
    Value leaf;
    Along along;
  };

  std::vector<Value> roots() const {
    std::vector<Value> all = body_;
    all.insert(all.end(), made_.yields.begin(), made_.yields.end());
    return all;
  }

  Value backward() {
    const std::vector<Value> roots = rounds_.with_saved(this->roots());
    std::vector<Operand> operands;
    std::vector<Operand> outside;
    for (size_t k = 0; k < yielded_.size(); ++k) {
      if (!yielded_[k].adjoint.valid()) continue;
      const Along backward{scan_.stacked[k].axis, !scan_.stacked[k].reverse, false};
      operands.push_back({shares_[k].adjoint, yielded_[k].adjoint, backward});
      if (!yielded_[k].condition.valid()) continue;
      const Operand condition{shares_[k].condition, yielded_[k].condition, backward};
      const bool is_one = graph_.type(condition.value).rank() == 0;
      (is_one ? outside : operands).push_back(condition);
    }
    for (Value leaf : reachable(graph_, roots)) {
      if (graph_[leaf].op != Op::bound) continue;
      if (const auto read = rounds_.sequence(leaf, operands_)) {
        operands.push_back({read->all, leaf, {read->along.axis, !read->along.reverse, false}});
        continue;
      }
      const auto known = std::find(scan_.bound.begin(), scan_.bound.end(), leaf);
      if (known == scan_.bound.end()) continue;  // an adjoint
      outside.push_back({operands_[known - scan_.bound.begin()], leaf, {}});
    }
    for (const Operand& each : operands) made_.sequences.push_back(each.along);
    operands.insert(operands.end(), carries_.begin(), carries_.end());
    operands.insert(operands.end(), outside.begin(), outside.end());
    std::vector<Value> values;
    for (const Operand& each : operands) {
      values.push_back(each.value);
      made_.bound.push_back(each.leaf);
    }
    made_.carries = static_cast<int>(carries_.size());
    made_.next.resize(carries_.size());
    return graph_.scan(std::move(values), with_body(made_, roots));
  }

  std::vector<Share> terms(Value backward) {
    std::vector<Share> made(operands_.size());
    const size_t carried = made_.yields.size();
    const auto result = [&](size_t number) {
      return graph_.result(backward, static_cast<int>(number));
    };
    for (const auto& [operand, number] : yields_) made[operand].adjoint = result(number);
    size_t next = 0;
    for (size_t k = 0; k < carried_.size(); ++k) {
      if (!carried_[k].adjoint.valid()) continue;
      if (wanted_[carry(k)]) made[carry(k)].adjoint = result(carried + next);
      ++next;
    }
    const auto add = [&](size_t operand, Value term) {
      Value& sum = made[operand].adjoint;
      sum = sum.valid() ? graph_.map(Op::add, {sum, term}) : term;
    };
    for (const Later& each : later_) add(each.operand, over_rounds(each, backward));
    for (const auto& [operand, number] : collected_) add(operand, result(carried + number));
    for (const auto& [operand, number] : conditions_) {
      const bool is_yielded = operand < scan_.sequences.size();
      made[operand].condition = result(is_yielded ? number : carried + number);
    }
    return made;
  }

  Graph& graph_;
  const Scan scan_;
  const std::vector<Value> operands_;
  const std::vector<Share>& shares_;  // of the results
  const std::vector<bool>& wanted_;
  const std::vector<bool> active_;
  const GradientOptions& options_;
  const std::map<Value, Fact>& leaves_;
  Rounds rounds_;

  std::set<Value> taken_;
  std::vector<Value> deltas_;   // the leaves that the forward body does not have
  std::vector<Share> carried_;  // leaves for what is carried; invalid where no adjoint flows
  std::vector<Share> yielded_;  // leaves for what is yielded
  std::vector<Share> pulled_;   // of what the body reads

  Scan made_;
  std::vector<Operand> carries_;
  std::vector<Value> body_;              // what the carries are next
  std::map<size_t, size_t> yields_;      // of a sequence: the number of its adjoint's yield
  std::map<size_t, size_t> collected_;   // of a value of outside: the number of a carry
  std::map<size_t, size_t> conditions_;  // of a sequence: the number of a yield; else of a carry
  std::vector<Later> later_;
};

}  // namespace

std::vector<Share> of_scan(Graph& graph, Value scan, const std::vector<Share>& shares,
                           const std::vector<bool>& wanted, const GradientOptions& options,
                           const std::map<Value, Fact>& leaves) {
  return Backward(graph, scan, shares, wanted, options, leaves).run();
}

}  // namespace gradus::adjoint
