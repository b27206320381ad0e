#include <string>

#include "compiler/gradient/gradient.h"
#include "compiler/gradient/scan.h"

namespace gradus::adjoint {

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
      all.push_back(tangents[k].valid() ? tangents[k]
                                        : graph.full(graph.constant(0), graph.shape(operands[k])));
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
    made.next.push_back(
        moved[k].valid() ? moved[k] : graph.full(graph.constant(0), graph.shape(scan.next[k])));
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
