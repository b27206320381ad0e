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

// Which operands a derivative may flow through, to the given ones or from them: what is carried is
// among them where it comes to depend on one.
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

class Backward {
 public:
  Backward(Graph& graph, Value user, const std::vector<Value>& adjoints,
           const std::vector<bool>& wanted, const GradientOptions& options)
      : graph_(graph),
        scan_(std::get<Scan>(graph[user].attributes)),
        operands_(graph[user].operands),
        adjoints_(adjoints),
        wanted_(wanted),
        active_(active(graph, scan_, wanted)),
        options_(options),
        rounds_(graph, scan_) {
    made_.rounds = scan_.rounds;
    taken_.insert(scan_.bound.begin(), scan_.bound.end());
  }

  std::vector<Value> run() {
    pull();
    carry_adjoints();
    yield_adjoints();
    for (size_t k = first_outside(); k < operands_.size(); ++k) {
      if (wanted_[k] && pulled_[k].valid()) collect(k);
    }
    rounds_.save(roots(), deltas_, options_.recompute);
    return terms(backward());
  }

 private:
  size_t first_outside() const { return scan_.sequences.size() + scan_.next.size(); }
  size_t carry(size_t k) const { return scan_.sequences.size() + k; }

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

  void pull() {
    std::vector<Value> inputs;
    std::vector<Seed> seeds;
    for (size_t k = 0; k < operands_.size(); ++k) {
      if (active_[k]) inputs.push_back(scan_.bound[k]);
    }
    carried_.resize(scan_.next.size());
    yielded_.resize(scan_.yields.size());
    for (size_t k = 0; k < scan_.next.size(); ++k) {
      if (!active_[carry(k)]) continue;
      const Value leaf = scan_.bound[carry(k)];
      carried_[k] = fresh("δ:" + name_of(leaf), graph_.type(leaf));
      seeds.push_back({scan_.next[k], carried_[k]});
    }
    for (size_t k = 0; k < scan_.yields.size(); ++k) {
      if (!adjoints_[k].valid() || !is_real(graph_, scan_.yields[k])) continue;
      const std::string name = "δ:" + std::to_string(k) + ":" + name_of(scan_.bound[0]);
      yielded_[k] = fresh(name, graph_.type(scan_.yields[k]));
      seeds.push_back({scan_.yields[k], yielded_[k]});
    }
    for (const Seed& seed : seeds) deltas_.push_back(seed.adjoint);
    const std::vector<Value> found = pullback(graph_, seeds, inputs, nullptr, options_);
    pulled_.resize(operands_.size());
    auto next = found.begin();
    for (size_t k = 0; k < operands_.size(); ++k) {
      if (active_[k]) pulled_[k] = *next++;
    }
  }

  // ---- what the backward rounds compute

  void carry_adjoints() {
    for (size_t k = 0; k < carried_.size(); ++k) {
      if (!carried_[k].valid()) continue;
      const Shape& shape = graph_.shape(carried_[k]);
      const Value end = adjoints_[scan_.yields.size() + k];
      carries_.push_back({end.valid() ? end : zeros(graph_, shape), carried_[k], {}});
      const Value before = pulled_[carry(k)];
      body_.push_back(before.valid() ? before : zeros(graph_, shape));
    }
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
      if (!wanted_[k] || !pulled_[k].valid()) continue;
      Along along = scan_.sequences[k];
      along.reverse = !along.reverse;
      yields_[k] = yield(pulled_[k], along);
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
    std::vector<Value> open = {pulled_[operand]};
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
    for (size_t k = 0; k < yielded_.size(); ++k) {
      if (!yielded_[k].valid()) continue;
      const Along& forward = scan_.stacked[k];
      operands.push_back({adjoints_[k], yielded_[k], {forward.axis, !forward.reverse, false}});
    }
    std::vector<Operand> outside;
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

  std::vector<Value> terms(Value backward) {
    std::vector<Value> made(operands_.size());
    const size_t carried = made_.yields.size();
    const auto result = [&](size_t number) {
      return graph_.result(backward, static_cast<int>(number));
    };
    for (const auto& [operand, number] : yields_) made[operand] = result(number);
    size_t next = 0;
    for (size_t k = 0; k < carried_.size(); ++k) {
      if (!carried_[k].valid()) continue;
      if (wanted_[carry(k)]) made[carry(k)] = result(carried + next);
      ++next;
    }
    const auto add = [&](size_t operand, Value term) {
      Value& sum = made[operand];
      sum = sum.valid() ? graph_.map(Op::add, {sum, term}) : term;
    };
    for (const Later& each : later_) add(each.operand, over_rounds(each, backward));
    for (const auto& [operand, number] : collected_) add(operand, result(carried + number));
    return made;
  }

  Graph& graph_;
  const Scan scan_;
  const std::vector<Value> operands_;
  const std::vector<Value>& adjoints_;  // of the results
  const std::vector<bool>& wanted_;
  const std::vector<bool> active_;
  const GradientOptions& options_;
  Rounds rounds_;

  std::set<Value> taken_;
  std::vector<Value> deltas_;   // the leaves that the forward body does not have
  std::vector<Value> carried_;  // adjoints of what is carried; invalid where none flows
  std::vector<Value> yielded_;  // adjoints of what is yielded
  std::vector<Value> pulled_;   // adjoints of what the body reads

  Scan made_;
  std::vector<Operand> carries_;
  std::vector<Value> body_;             // what the carries are next
  std::map<size_t, size_t> yields_;     // of a sequence: the number of its adjoint's yield
  std::map<size_t, size_t> collected_;  // of a value of outside: the number of a carry
  std::vector<Later> later_;
};

}  // namespace

std::vector<Value> of_scan(Graph& graph, Value scan, const std::vector<Value>& adjoints,
                           const std::vector<bool>& wanted, const GradientOptions& options) {
  return Backward(graph, scan, adjoints, wanted, options).run();
}

std::vector<Value> moved_scan(Graph& graph, Value user, const std::vector<Value>& tangents) {
  const Scan scan = std::get<Scan>(graph[user].attributes);
  const std::vector<Value> operands = graph[user].operands;
  const size_t sequences = scan.sequences.size();
  const size_t outside = sequences + scan.next.size();
  std::vector<bool> moves;
  for (Value tangent : tangents) moves.push_back(tangent.valid());
  moves = active(graph, scan, moves);

  // Tangents stand behind what moves along them, in each of the three kinds of operands.
  Scan made = scan;
  made.yields.clear();
  made.stacked.clear();
  made.bound.clear();
  std::vector<Value> all;
  std::vector<Value> leaves;
  std::vector<Value> along;
  const auto add = [&](size_t from, size_t to) {
    all.insert(all.end(), operands.begin() + from, operands.begin() + to);
    made.bound.insert(made.bound.end(), scan.bound.begin() + from, scan.bound.begin() + to);
    for (size_t k = from; k < to; ++k) {
      if (!moves[k]) continue;
      const std::string& name = std::get<Named>(graph[scan.bound[k]].attributes).name;
      const Value leaf = graph.leaf(Op::bound, "τ:" + name, graph.type(scan.bound[k]));
      all.push_back(tangents[k].valid() ? tangents[k] : zeros(graph, graph.shape(operands[k])));
      made.bound.push_back(leaf);
      leaves.push_back(scan.bound[k]);
      along.push_back(leaf);
      if (k < sequences) made.sequences.push_back(scan.sequences[k]);
    }
  };
  add(0, sequences);
  add(sequences, outside);
  add(outside, operands.size());

  const std::vector<Value> moved = pushforward(graph, body_of(scan), leaves, along);
  std::vector<int> numbers(scan.yields.size() + scan.next.size(), -1);
  for (size_t k = 0; k < scan.yields.size(); ++k) {
    const Value tangent = moved[scan.next.size() + k];
    if (!tangent.valid()) continue;
    numbers[k] = static_cast<int>(made.yields.size());
    made.yields.push_back(tangent);
    made.stacked.push_back(scan.stacked[k]);
  }
  for (size_t k = 0; k < scan.next.size(); ++k) {
    if (!moves[sequences + k]) continue;
    numbers[scan.yields.size() + k] = static_cast<int>(made.yields.size() + made.next.size());
    made.next.push_back(moved[k].valid() ? moved[k] : zeros(graph, graph.shape(scan.next[k])));
  }
  made.carries = static_cast<int>(made.next.size());
  const Value scanned = graph.scan(std::move(all), std::move(made));
  std::vector<Value> results;
  for (int number : numbers) {
    results.push_back(number < 0 ? Value{} : graph.result(scanned, number));
  }
  return results;
}

}  // namespace gradus::adjoint
