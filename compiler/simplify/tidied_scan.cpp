#include "compiler/simplify/tidied_scan.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph/rewrite.h"
#include "compiler/simplify/scans.h"

namespace gradus::rewriting {
namespace {

// A scan taken apart, so that parts can be left out.
class Tidying {
 public:
  Tidying(Graph& graph, Value value, const std::set<int>& used) : graph_(graph) {
    const Scan& scan = std::get<Scan>(graph[value].attributes);
    const std::vector<Value>& operands = graph[value].operands;
    rounds_ = scan.rounds;
    const size_t sequences = scan.sequences.size();
    for (size_t k = 0; k < operands.size(); ++k) {
      const size_t carry = k - sequences;
      if (k < sequences) {
        sequences_.push_back({operands[k], scan.bound[k], scan.sequences[k]});
      } else if (carry < scan.next.size()) {
        carries_.push_back({operands[k], scan.bound[k], scan.next[carry],
                            static_cast<int>(scan.yields.size() + carry)});
      } else {
        outside_.push_back({operands[k], scan.bound[k]});
      }
    }
    for (size_t k = 0; k < scan.yields.size(); ++k) {
      const int number = static_cast<int>(k);
      if (used.contains(number)) yields_.push_back({scan.yields[k], scan.stacked[k], number});
    }
    used_ = used;
  }

  // What the results that are used are then, by number.
  std::map<int, Value> run() {
    replace({});
    read_constants_inside();
    carry_what_changes();
    multiply_at_once();
    yield_what_differs();
    if (rounds_ == Dim(0)) {
      no_round();
    } else if (rounds_ == Dim(1)) {
      one_round();
    } else {
      carry_what_is_read();
      rounds();
    }
    for (const auto& [number, twin] : twins_) {
      if (results_.contains(twin)) results_[number] = results_[twin];
    }
    return std::move(results_);
  }

 private:
  struct Sequence {
    Value operand;
    Value leaf;
    Along along;
  };
  struct Carry {
    Value start;
    Value leaf;
    Value next;
    int number;  // of the result
  };
  struct Outside {
    Value operand;
    Value leaf;
  };
  struct Yield {
    Value value;
    Along along;
    int number;
  };

  std::vector<Value> body() const {
    std::vector<Value> roots;
    for (const Carry& each : carries_) roots.push_back(each.next);
    for (const Yield& each : yields_) roots.push_back(each.value);
    return roots;
  }

  // Other values for leaves; and less in the rounds of the scans inside.
  void replace(const std::map<Value, Value>& leaves) {
    std::vector<Value> roots = substitute(graph_, body(), leaves);
    roots = with_less_in_rounds(graph_, roots);
    auto next = roots.begin();
    for (Carry& each : carries_) each.next = *next++;
    for (Yield& each : yields_) each.value = *next++;
  }

  // A literal, a named constant or an extent, maybe repeated.
  bool is_constant(Value value) const {
    const Node& node = graph_[value];
    if (as_broadcast(graph_, value)) return is_constant(node.operands[0]);
    return node.op == Op::constant || node.op == Op::symbol || node.op == Op::size ||
           node.op == Op::iota;
  }

  void read_constants_inside() {
    std::map<Value, Value> inside;
    std::map<Value, Value> known;  // the leaf of a value that is read already
    std::vector<Outside> kept;
    for (const Outside& each : outside_) {
      const auto [first, fresh] = known.emplace(each.operand, each.leaf);
      if (is_constant(each.operand)) {
        inside[each.leaf] = each.operand;
      } else if (!fresh) {
        inside[each.leaf] = first->second;
      } else {
        kept.push_back(each);
      }
    }
    outside_ = std::move(kept);
    if (!inside.empty()) replace(inside);
  }

  // A carry that is the same next as before is what it starts as, in all rounds.
  void carry_what_changes() {
    std::vector<Carry> kept;
    for (const Carry& each : carries_) {
      if (each.next != each.leaf && each.next != each.start) {
        kept.push_back(each);
        continue;
      }
      outside_.push_back({each.start, each.leaf});
      if (used_.contains(each.number)) results_[each.number] = each.start;
    }
    if (kept.size() == carries_.size()) return;
    carries_ = std::move(kept);
    read_constants_inside();
    carry_what_changes();
  }

  // ---- products

  // A product of what is read with what is the same in all rounds is one product for all rounds.
  void multiply_at_once() {
    std::map<Value, Value> leaves;
    for (Value value : reachable(graph_, body())) {
      if (graph_[value].op != Op::contract) continue;
      if (const auto read = at_once(value)) {
        sequences_.push_back(*read);
        leaves[value] = read->leaf;
      }
    }
    if (!leaves.empty()) replace(leaves);
  }

  std::optional<Sequence> at_once(Value value) {
    const Node& node = graph_[value];
    const auto& each = std::get<Contraction>(node.attributes);
    const Sequence* first = nullptr;
    bool any_outside = false;
    for (Value factor : node.operands) {
      const Sequence* read = sequence(factor);
      if (read == nullptr && varies(factor)) return std::nullopt;
      any_outside = any_outside || read == nullptr;
      if (first == nullptr) first = read;
    }
    // Without a sum there is more to store than to compute.
    const bool sums = each.free < static_cast<int>(each.extents.size());
    if (first == nullptr || !any_outside || !sums) return std::nullopt;
    const int at = std::min(first->along.axis, each.free);
    Contraction all{each.extents, each.free + 1, {}};
    all.extents.insert(all.extents.begin() + at, rounds_);
    std::vector<Value> factors;
    for (size_t k = 0; k < node.operands.size(); ++k) {
      std::vector<Affine> access = each.accesses[k];
      for (Affine& one : access) {
        for (Affine::Term& term : one.terms) term.axis += term.axis >= at ? 1 : 0;
      }
      const Sequence* read = sequence(node.operands[k]);
      if (read != nullptr) {
        const bool opposite = read->along.reverse != first->along.reverse;
        access.insert(access.begin() + read->along.axis,
                      opposite ? Affine::axis(at, -1, rounds_ - Dim(1)) : Affine::axis(at));
      }
      factors.push_back(read == nullptr ? outside(node.operands[k]) : read->operand);
      all.accesses.push_back(std::move(access));
    }
    const Along along{at, first->along.reverse, false};
    return Sequence{graph_.contract(std::move(factors), std::move(all)), leaf_for(value), along};
  }

  const Sequence* sequence(Value leaf) const {
    const auto found = std::find_if(sequences_.begin(), sequences_.end(),
                                    [&](const Sequence& each) { return each.leaf == leaf; });
    return found == sequences_.end() ? nullptr : &*found;
  }

  // Called as the value, or after what it is made of.
  Value leaf_for(Value value) const {
    std::string name(graph_.name(value));
    if (name.empty()) {
      for (Value factor : graph_[value].operands) {
        if (graph_[factor].op != Op::bound) continue;
        name += (name.empty() ? "" : "·") + std::get<Named>(graph_[factor].attributes).name;
      }
    }
    Value leaf = graph_.leaf(Op::bound, name, graph_.type(value));
    while (is_bound(leaf)) {
      name += "'";
      leaf = graph_.leaf(Op::bound, name, graph_.type(value));
    }
    if (const Provenance* from = graph_.provenance(value)) graph_.set_provenance(leaf, *from);
    return leaf;
  }

  bool is_bound(Value leaf) const {
    const auto is = [&](const auto& each) { return each.leaf == leaf; };
    return std::any_of(sequences_.begin(), sequences_.end(), is) ||
           std::any_of(carries_.begin(), carries_.end(), is) ||
           std::any_of(outside_.begin(), outside_.end(), is);
  }

  // ---- yields

  // A yield that is the same in all rounds is repeated outside; one that was read stays as it is.
  void yield_what_differs() {
    std::vector<Yield> kept;
    for (const Yield& each : yields_) {
      const auto twin = std::find_if(kept.begin(), kept.end(), [&](const Yield& one) {
        return one.value == each.value && one.along == each.along;
      });
      if (twin != kept.end()) {
        twins_[each.number] = twin->number;
        continue;
      }
      const auto read = std::find_if(
          sequences_.begin(), sequences_.end(),
          [&](const Sequence& one) { return one.leaf == each.value && one.along == each.along; });
      if (read != sequences_.end()) {
        results_[each.number] = read->operand;
      } else if (!varies(each.value)) {
        results_[each.number] = repeated(outside(each.value), each.along.axis);
      } else {
        kept.push_back(each);
      }
    }
    yields_ = std::move(kept);
  }

  bool varies(Value value) const {
    const std::vector<Value> all = reachable(graph_, std::span(&value, 1));
    return std::any_of(all.begin(), all.end(), [&](Value leaf) {
      return graph_[leaf].op == Op::bound &&
             std::none_of(outside_.begin(), outside_.end(),
                          [&](const Outside& each) { return each.leaf == leaf; });
    });
  }

  Value outside(Value value) const {
    std::map<Value, Value> known;
    for (const Outside& each : outside_) known[each.leaf] = each.operand;
    return substitute(graph_, std::span(&value, 1), known)[0];
  }

  Value repeated(Value value, int axis) const {
    const Type type = stacked_type(graph_.type(value), rounds_, axis);
    std::vector<int> axes;
    for (int k = 0; k < type.rank(); ++k) {
      if (k != axis) axes.push_back(k);
    }
    return graph_.broadcast(value, type.shape, axes);
  }

  // ---- as many rounds as there are

  // Nothing is in what is yielded, whatever it would be made of.
  void no_round() {
    for (const Carry& each : carries_) {
      if (used_.contains(each.number)) results_[each.number] = each.start;
    }
    for (const Yield& each : yields_) {
      if (const Value made = empty(each); made.valid()) results_[each.number] = made;
    }
  }

  // Invalid for indices, of which there is no value without a tensor to read it from.
  Value empty(const Yield& each) const {
    const Type type = stacked_type(graph_.type(each.value), rounds_, each.along.axis);
    if (type.element == Element::boolean) return graph_.full(graph_.boolean(false), type.shape);
    const Value zeros = graph_.full(graph_.constant(0), type.shape);
    return type.element == Element::real ? zeros : Value{};
  }

  void one_round() {
    std::map<Value, Value> first;
    for (const Sequence& each : sequences_) {
      const Type type = graph_.type(each.leaf);
      View view{type.shape, {}, std::nullopt};
      for (int k = 0; k <= type.rank(); ++k) {
        view.map.push_back(k == each.along.axis ? Affine::at(0)
                                                : Affine::axis(k - (k > each.along.axis ? 1 : 0)));
      }
      first[each.leaf] = graph_.view(each.operand, std::move(view));
    }
    for (const Carry& each : carries_) first[each.leaf] = each.start;
    for (const Outside& each : outside_) first[each.leaf] = each.operand;
    const std::vector<Value> made = substitute(graph_, body(), first);
    for (size_t k = 0; k < carries_.size(); ++k) {
      if (used_.contains(carries_[k].number)) results_[carries_[k].number] = made[k];
    }
    for (size_t k = 0; k < yields_.size(); ++k) {
      results_[yields_[k].number] = repeated(made[carries_.size() + k], yields_[k].along.axis);
    }
  }

  // A carry is needed where a result is, or what another needed one is next.
  void carry_what_is_read() {
    std::set<int> needed;
    for (bool changed = true; changed;) {
      changed = false;
      std::vector<Value> roots;
      for (const Yield& each : yields_) roots.push_back(each.value);
      for (const Carry& each : carries_) {
        if (needed.contains(each.number)) roots.push_back(each.next);
      }
      const std::vector<Value> read = reachable(graph_, roots);
      for (const Carry& each : carries_) {
        const bool is_read = std::binary_search(read.begin(), read.end(), each.leaf);
        if (!is_read && !used_.contains(each.number)) continue;
        changed = needed.insert(each.number).second || changed;
      }
    }
    std::erase_if(carries_, [&](const Carry& each) { return !needed.contains(each.number); });
  }

  void rounds() {
    const std::vector<Value> read = reachable(graph_, body());
    const auto is_read = [&](Value leaf) {
      return std::binary_search(read.begin(), read.end(), leaf);
    };
    Scan made;
    made.rounds = rounds_;
    std::vector<Value> operands;
    const auto add = [&](Value operand, Value leaf) {
      operands.push_back(operand);
      made.bound.push_back(leaf);
    };
    for (const Sequence& each : sequences_) {
      if (!is_read(each.leaf)) continue;
      made.sequences.push_back(each.along);
      add(each.operand, each.leaf);
    }
    for (const Carry& each : carries_) add(each.start, each.leaf);
    for (const Outside& each : outside_) {
      if (is_read(each.leaf)) add(each.operand, each.leaf);
    }
    made.carries = static_cast<int>(carries_.size());
    for (const Carry& each : carries_) made.next.push_back(each.next);
    for (const Yield& each : yields_) {
      made.yields.push_back(each.value);
      made.stacked.push_back(each.along);
    }
    if (carries_.empty() && yields_.empty()) return;
    const Value scan = graph_.scan(std::move(operands), std::move(made));
    int number = 0;
    for (const Yield& each : yields_) results_[each.number] = graph_.result(scan, number++);
    for (const Carry& each : carries_) {
      const Value result = graph_.result(scan, number++);
      if (used_.contains(each.number)) results_[each.number] = result;
    }
  }

  Graph& graph_;
  Dim rounds_;
  std::vector<Sequence> sequences_;
  std::vector<Carry> carries_;
  std::vector<Outside> outside_;
  std::vector<Yield> yields_;  // that are used
  std::set<int> used_;
  std::map<int, Value> results_;
  std::map<int, int> twins_;  // of a yield, an equal one
};

}  // namespace

std::map<int, Value> tidied_scan(Graph& graph, Value scan, const std::set<int>& used) {
  return Tidying(graph, scan, used).run();
}

}  // namespace gradus::rewriting
