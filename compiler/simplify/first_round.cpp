#include "compiler/simplify/first_round.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "compiler/graph/rewrite.h"

namespace gradus::rewriting {
namespace {

bool is_zero(const Graph& graph, Value value) {
  while (graph[value].op == Op::view && !std::get<View>(graph[value].attributes).fill) {
    value = graph[value].operands[0];
  }
  const auto* literal = std::get_if<Literal>(&graph[value].attributes);
  return graph[value].op == Op::constant && literal->value == 0;
}

// The entry of the first round, in the shape of an entry, where all the others are 0.
std::optional<Value> first_alone(Graph& graph, Value sequence, const Along& along,
                                 const Dim& rounds) {
  const auto* view = std::get_if<View>(&graph[sequence].attributes);
  if (graph[sequence].op != Op::view || view->fill != 0.0) return std::nullopt;
  const Value x = graph[sequence].operands[0];
  const Shape shape = graph.shape(x);
  const Dim first = along.reverse ? rounds - Dim(1) : Dim(0);
  View entry{view->shape, {}, std::nullopt};
  entry.shape.erase(entry.shape.begin() + along.axis);
  std::set<int> read;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    const Affine& access = view->map[axis];
    if (access.terms.size() != 1 || access.terms[0].coefficient != 1) return std::nullopt;
    const int from = access.terms[0].axis;
    const bool is_scanned = from == along.axis;
    const bool is_there = is_scanned ? shape[axis] == Dim(1) && access.offset == Dim(0) - first
                                     : shape[axis] == view->shape[from] && access.offset == Dim(0);
    if (!is_there || !read.insert(from).second) return std::nullopt;
    entry.map.push_back(is_scanned ? Affine::at(0) : Affine::axis(from - (from > along.axis)));
  }
  if (!read.contains(along.axis)) return std::nullopt;
  return graph.view(x, std::move(entry));
}

// The carry that a sequence's entry is added to, and the sum, where neither is read elsewhere.
struct Added {
  size_t carry = 0;
  Value sum;
};

std::optional<Added> added_to(const Graph& graph, const Scan& scan, Value leaf) {
  const std::vector<Value> body = body_of(scan);
  Value sum;
  Value other;
  std::map<Value, int> reads;
  for (Value root : body) ++reads[root];
  for (Value value : reachable(graph, body)) {
    for (Value operand : graph[value].operands) {
      ++reads[operand];
      if (operand == leaf) sum = value;
    }
  }
  if (!sum.valid() || reads[leaf] != 1 || graph[sum].op != Op::add) return std::nullopt;
  for (Value operand : graph[sum].operands) other = operand == leaf ? other : operand;
  const auto first = scan.bound.begin() + static_cast<std::ptrdiff_t>(scan.sequences.size());
  const auto last = first + scan.carries;
  const auto found = std::find(first, last, other);
  if (found == last || reads[other] != 1) return std::nullopt;
  return Added{static_cast<size_t>(found - first), sum};
}

// The scan with the sequence's first entry as the carry's start.
Value restarted(Graph& graph, Value value, size_t sequence, const Added& added, Value start) {
  Scan scan = std::get<Scan>(graph[value].attributes);
  std::vector<Value> operands = graph[value].operands;
  const size_t carry = scan.sequences.size() + added.carry;
  const std::map<Value, Value> sum_is_carry = {{added.sum, scan.bound[carry]}};
  operands[carry] = start;
  const std::vector<Value> body = substitute(graph, body_of(scan), sum_is_carry);
  scan = with_body(std::move(scan), body);
  const auto gone = static_cast<std::ptrdiff_t>(sequence);
  operands.erase(operands.begin() + gone);
  scan.bound.erase(scan.bound.begin() + gone);
  scan.sequences.erase(scan.sequences.begin() + gone);
  return graph.scan(std::move(operands), std::move(scan));
}

std::map<int, Value> results_of(const Graph& graph, std::span<const Value> roots, Value scan) {
  std::map<int, Value> found;
  for (Value value : reachable(graph, roots)) {
    const Node& node = graph[value];
    if (node.op != Op::result || node.operands[0] != scan) continue;
    found[std::get<Number>(node.attributes).number] = value;
  }
  return found;
}

}  // namespace

std::map<Value, Value> first_round_in_start(Graph& graph, std::span<const Value> roots) {
  for (Value value : reachable(graph, roots)) {
    if (graph[value].op != Op::scan) continue;
    const Scan scan = std::get<Scan>(graph[value].attributes);
    const std::vector<Value> operands = graph[value].operands;
    for (size_t k = 0; k < scan.sequences.size(); ++k) {
      const auto entry = first_alone(graph, operands[k], scan.sequences[k], scan.rounds);
      const auto added = entry ? added_to(graph, scan, scan.bound[k]) : std::nullopt;
      if (!added || !is_zero(graph, operands[scan.sequences.size() + added->carry])) continue;
      const std::map<int, Value> results = results_of(graph, roots, value);
      // Without any rounds what comes out is what goes in.
      const int number = static_cast<int>(scan.yields.size() + added->carry);
      const bool has_rounds = (scan.rounds - Dim(1)).never_negative();
      if (results.contains(number) && !has_rounds) continue;
      const Value made = restarted(graph, value, k, *added, *entry);
      std::map<Value, Value> changed;
      for (const auto& [at, before] : results) {
        changed[before] = graph.result(made, at);
        const Provenance* name = graph.provenance(before);
        if (name != nullptr) graph.set_provenance(changed[before], *name);
      }
      return changed;
    }
  }
  return {};
}

}  // namespace gradus::rewriting
