#include "compiler/gradient/samples.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/gradient/adjoint.h"
#include "compiler/graph/rewrite.h"

namespace gradus {
namespace {

using Kind = SampleUse::Kind;

// In the body of a scan over the samples every entry of a value is of the round's own sample: it is
// aligned with this in place of an axis; another where it walks from the end, and of scans within
// scans each with another.
int round_axis(int depth, bool reverse) { return -2 - 2 * depth - (reverse ? 1 : 0); }

class Tracing {
 public:
  // `depth`: how many scans the roots stand in the bodies of.
  explicit Tracing(const Graph& graph, int depth = 0) : graph_(graph), depth_(depth) {}

  std::unordered_map<uint32_t, SampleUse> known;

  // Of all that the roots are made of.
  void trace(std::span<const Value> roots) {
    for (Value node : reachable(graph_, roots)) {
      if (!known.contains(node.id)) known[node.id] = of(node);
    }
  }

 private:
  SampleUse of(Value value) {
    const Node& node = graph_[value];
    if (node.op == Op::scan) {
      results_[value.id] = of_scan(value);
      return {};
    }
    if (node.op == Op::result) {
      return results_.at(node.operands[0].id)[std::get<Number>(node.attributes).number];
    }
    SampleUse result;
    for (int k = 0; k < static_cast<int>(node.operands.size()); ++k) {
      result = joined(result, moved(value, k), value);
    }
    return result;
  }

  // How a value depends on the samples by one of its operands.
  SampleUse moved(Value user, int operand) const {
    const SampleUse use = use_of(graph_[user].operands[operand]);
    if (use.kind == Kind::none || !adjoint::flows(graph_, user, operand)) return {};
    return use.kind == Kind::aligned && use.axis >= 0 ? through(user, operand, use.axis) : use;
  }

  SampleUse use_of(Value value) const {
    const auto found = known.find(value.id);
    return found == known.end() ? SampleUse{} : found->second;
  }

  // The results of a scan. What is carried may come to depend on samples that it does not begin
  // with, and on the sample of a round no other round's may.
  std::vector<SampleUse> of_scan(Value value) const {
    const auto& scan = std::get<Scan>(graph_[value].attributes);
    std::vector<SampleUse> leaves = seen_by_a_round(value, scan);
    const std::vector<Value> roots = body_of(scan);
    for (;;) {
      Tracing body(graph_, depth_ + 1);
      for (size_t k = 0; k < leaves.size(); ++k) body.known[scan.bound[k].id] = leaves[k];
      body.trace(roots);
      bool changed = false;
      std::vector<SampleUse> results;
      for (size_t k = 0; k < scan.yields.size(); ++k) {
        results.push_back(stacked(body.known.at(scan.yields[k].id), scan.stacked[k], value));
      }
      for (size_t k = 0; k < scan.next.size(); ++k) {
        SampleUse& carried = leaves[scan.sequences.size() + k];
        SampleUse next = body.known.at(scan.next[k].id);
        if (next.kind == Kind::aligned && is_round_axis(next.axis)) next = {Kind::mixed, -1, value};
        next = joined(carried, next, value);
        changed = changed || next != carried;
        carried = next;
        results.push_back(carried);
      }
      if (!changed) return results;
    }
  }

  std::vector<SampleUse> seen_by_a_round(Value value, const Scan& scan) const {
    std::vector<SampleUse> leaves;
    for (int k = 0; k < static_cast<int>(scan.bound.size()); ++k) {
      const bool flows = adjoint::flows(graph_, value, k);
      SampleUse use = flows ? use_of(graph_[value].operands[k]) : SampleUse{};
      const bool is_sequence = k < static_cast<int>(scan.sequences.size());
      if (is_sequence && use.kind == Kind::aligned && use.axis >= 0) {
        const int along = scan.sequences[k].axis;
        use.axis = use.axis == along ? round_axis(depth_, scan.sequences[k].reverse)
                                     : use.axis - (use.axis > along ? 1 : 0);
      }
      leaves.push_back(use);
    }
    return leaves;
  }

  bool is_round_axis(int axis) const {
    return axis == round_axis(depth_, false) || axis == round_axis(depth_, true);
  }

  // What rounds yield, with the rounds along an axis. One that walks the other way than the samples
  // it sees puts them where others were.
  SampleUse stacked(SampleUse use, const Along& along, Value scan) const {
    if (use.kind != Kind::aligned) return use;
    if (is_round_axis(use.axis)) {
      if (use.axis != round_axis(depth_, along.reverse)) return {Kind::mixed, -1, scan};
      use.axis = along.axis;
    } else if (use.axis >= along.axis) {
      ++use.axis;
    }
    return use;
  }

  static SampleUse aligned(int axis) { return {Kind::aligned, axis, {}}; }
  static SampleUse unknown() { return {Kind::unknown, -1, {}}; }

  // Of two operands that agree, or of which one says nothing, what is known of both.
  static SampleUse joined(const SampleUse& a, const SampleUse& b, Value user) {
    if (a.kind == Kind::none || b.kind == Kind::mixed) return b;
    if (b.kind == Kind::none || a.kind == Kind::mixed || a == b) return a;
    if (a.kind == Kind::unknown || b.kind == Kind::unknown) return unknown();
    return {Kind::mixed, -1, user};
  }

  // The samples of an operand lie along `axis`: how the user's depend on them.
  SampleUse through(Value user, int operand, int axis) const {
    const Node& node = graph_[user];
    const SampleUse mixed{Kind::mixed, -1, user};
    if (is_map(node.op)) return aligned(axis);
    if (is_reduction(node.op)) return reduced(node, axis, mixed);
    if (is_linear_algebra(node.op)) {
      return axis < graph_.type(node.operands[0]).rank() - 2 ? aligned(axis) : mixed;
    }
    switch (node.op) {
      case Op::view:
        return viewed(std::get<View>(node.attributes).map[axis], mixed);
      case Op::reshape:
        return reshaped(graph_.shape(node.operands[0]), node.type.shape, axis);
      case Op::contract:
        return contracted(std::get<Contraction>(node.attributes), operand, axis, mixed);
      case Op::softmax:
      case Op::log_softmax: {
        const auto& axes = std::get<Axes>(node.attributes).axes;
        return std::binary_search(axes.begin(), axes.end(), axis) ? mixed : aligned(axis);
      }
      case Op::concat:
        return std::get<Along>(node.attributes).axis == axis ? unknown() : aligned(axis);
      case Op::cumsum:
        return std::get<Along>(node.attributes).axis == axis ? mixed : aligned(axis);
      case Op::gather:
        return gathered(std::get<Gathering>(node.attributes), operand, axis, mixed);
      default:
        return unknown();
    }
  }

  static SampleUse reduced(const Node& node, int axis, const SampleUse& mixed) {
    const auto& axes = std::get<Axes>(node.attributes).axes;
    if (std::binary_search(axes.begin(), axes.end(), axis)) return mixed;
    const auto before = std::lower_bound(axes.begin(), axes.end(), axis) - axes.begin();
    return aligned(axis - static_cast<int>(before));
  }

  static SampleUse viewed(const Affine& access, const SampleUse& mixed) {
    if (const auto plain = access.plain()) return aligned(*plain);
    return mixed;
  }

  // An axis that is neither cut nor merged has as many entries before it as before.
  static SampleUse reshaped(const Shape& from, const Shape& to, int axis) {
    const Dim before = size_of({from.begin(), from.begin() + axis});
    for (size_t k = 0; k < to.size(); ++k) {
      if (to[k] != from[axis] || size_of({to.begin(), to.begin() + k}) != before) continue;
      return aligned(static_cast<int>(k));
    }
    return unknown();
  }

  static SampleUse contracted(const Contraction& contraction, int operand, int axis,
                              const SampleUse& mixed) {
    const auto index = contraction.accesses[operand][axis].plain();
    if (!index || *index >= contraction.free) return mixed;
    return aligned(*index);
  }

  static SampleUse gathered(const Gathering& gathering, int operand, int axis,
                            const SampleUse& mixed) {
    if (operand != 0) return unknown();
    const Coordinate& from = gathering.from[axis];
    return from.operand < 0 ? viewed(from.at[0], mixed) : mixed;
  }

  const Graph& graph_;
  int depth_;
  std::unordered_map<uint32_t, std::vector<SampleUse>> results_;  // of scans
};

}  // namespace

SampleUse sample_use(const Graph& graph, Value value, Value variable, int axis) {
  Tracing tracing(graph);
  tracing.known[variable.id] = {axis < 0 ? Kind::unknown : Kind::aligned, axis, {}};
  tracing.trace(std::span(&value, 1));
  return tracing.known.at(value.id);
}

}  // namespace gradus
