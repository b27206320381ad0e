#include "compiler/gradient/samples.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/gradient/adjoint.h"

namespace gradus {
namespace {

using Kind = SampleUse::Kind;

class Tracing {
 public:
  explicit Tracing(const Graph& graph) : graph_(graph) {}

  std::unordered_map<uint32_t, SampleUse> known;

  SampleUse of(Value value) const {
    const Node& node = graph_[value];
    SampleUse result;
    for (size_t k = 0; k < node.operands.size(); ++k) {
      const auto found = known.find(node.operands[k].id);
      if (found == known.end() || found->second.kind == Kind::none) continue;
      if (!adjoint::flows(graph_, value, static_cast<int>(k))) continue;
      SampleUse use = found->second;
      if (use.kind == Kind::aligned) use = through(value, static_cast<int>(k), use.axis);
      result = joined(result, use, value);
    }
    return result;
  }

 private:
  static SampleUse aligned(int axis) { return {Kind::aligned, axis, {}}; }
  static SampleUse unknown() { return {Kind::unknown, -1, {}}; }

  // Of two operands that agree, or of which one says nothing, what is known of both.
  static SampleUse joined(const SampleUse& a, const SampleUse& b, Value user) {
    if (a.kind == Kind::none || b.kind == Kind::mixed) return b;
    if (a.kind == Kind::mixed || a == b) return a;
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
};

}  // namespace

SampleUse sample_use(const Graph& graph, Value value, Value variable, int axis) {
  Tracing tracing(graph);
  tracing.known[variable.id] = {axis < 0 ? Kind::unknown : Kind::aligned, axis, {}};
  for (Value node : reachable(graph, std::span(&value, 1))) {
    if (node != variable) tracing.known[node.id] = tracing.of(node);
  }
  return tracing.known[value.id];
}

}  // namespace gradus
