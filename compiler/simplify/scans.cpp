#include "compiler/simplify/scans.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "compiler/graph/rewrite.h"
#include "compiler/simplify/first_round.h"
#include "compiler/simplify/tidied_scan.h"

namespace gradus::rewriting {
namespace {

const Scan& scan_of(const Graph& graph, Value value) {
  return std::get<Scan>(graph[value].attributes);
}

std::vector<Value> scans_of(const Graph& graph, std::span<const Value> roots) {
  std::vector<Value> found;
  for (Value value : reachable(graph, roots)) {
    if (graph[value].op == Op::scan) found.push_back(value);
  }
  return found;
}

// ---- two scans as one

// What an operand of a scan is to its body.
struct Reading {
  Value operand;
  Along along;
  int kind = 0;  // a sequence, a carry, a value of outside
  Value next;    // of a carry
  friend bool operator==(const Reading&, const Reading&) = default;
};

std::map<Value, Reading> readings(const Graph& graph, Value value) {
  const Scan& scan = scan_of(graph, value);
  std::map<Value, Reading> found;
  for (size_t k = 0; k < scan.bound.size(); ++k) {
    const size_t carry = k - scan.sequences.size();
    Reading reading{graph[value].operands[k], {}, 2, {}};
    if (k < scan.sequences.size()) {
      reading.along = scan.sequences[k];
      reading.kind = 0;
    } else if (carry < scan.next.size()) {
      reading.next = scan.next[carry];
      reading.kind = 1;
    }
    found[scan.bound[k]] = reading;
  }
  return found;
}

// Whether all that the rounds of `part` read and carry those of `whole` do too, and `whole` does
// not need what `part` gives.
bool contains(const Graph& graph, Value whole, Value part) {
  if (scan_of(graph, whole).rounds != scan_of(graph, part).rounds) return false;
  const auto theirs = readings(graph, whole);
  for (const auto& [leaf, reading] : readings(graph, part)) {
    const auto found = theirs.find(leaf);
    if (found == theirs.end() || found->second != reading) return false;
  }
  const std::vector<Value> needed = reachable(graph, std::span(&whole, 1));
  return !std::binary_search(needed.begin(), needed.end(), part);
}

// The results of both, by those of a scan that yields what both do.
std::map<Value, Value> joined(Graph& graph, Value whole, Value part) {
  const Scan first = scan_of(graph, whole);
  const Scan second = scan_of(graph, part);
  Scan both = first;
  std::vector<size_t> numbers;  // of the part's yields
  for (size_t k = 0; k < second.yields.size(); ++k) {
    size_t at = 0;
    while (at < both.yields.size() &&
           (both.yields[at] != second.yields[k] || both.stacked[at] != second.stacked[k])) {
      ++at;
    }
    numbers.push_back(at);
    if (at < both.yields.size()) continue;
    both.yields.push_back(second.yields[k]);
    both.stacked.push_back(second.stacked[k]);
  }
  const std::vector<Value> operands = graph[whole].operands;
  const Value made = graph.scan(operands, both);
  std::map<Value, Value> results;
  const auto move = [&](Value from, size_t number, size_t to) {
    const Value old = graph.result(from, static_cast<int>(number));
    results[old] = graph.result(made, static_cast<int>(to));
    if (const Provenance* name = graph.provenance(old)) graph.set_provenance(results[old], *name);
  };
  for (size_t k = 0; k < second.yields.size(); ++k) move(part, k, numbers[k]);
  for (size_t k = 0; k < second.next.size(); ++k) {
    const Value leaf = second.bound[second.sequences.size() + k];
    const auto at = std::find(first.bound.begin(), first.bound.end(), leaf) - first.bound.begin();
    move(part, second.yields.size() + k,
         both.yields.size() + static_cast<size_t>(at) - first.sequences.size());
  }
  for (size_t k = 0; k < first.yields.size(); ++k) move(whole, k, k);
  for (size_t k = 0; k < first.next.size(); ++k) {
    move(whole, first.yields.size() + k, both.yields.size() + k);
  }
  return results;
}

std::optional<std::map<Value, Value>> join_two(Graph& graph, std::span<const Value> roots) {
  const std::vector<Value> scans = scans_of(graph, roots);
  for (Value part : scans) {
    for (Value whole : scans) {
      if (whole != part && contains(graph, whole, part)) return joined(graph, whole, part);
    }
  }
  return std::nullopt;
}

// The numbers of the results that are used, of each scan.
std::map<Value, std::map<int, Value>> used_results(const Graph& graph,
                                                   std::span<const Value> roots) {
  std::map<Value, std::map<int, Value>> used;
  for (Value value : reachable(graph, roots)) {
    const Node& node = graph[value];
    if (node.op != Op::result) continue;
    used[node.operands[0]][std::get<Number>(node.attributes).number] = value;
  }
  return used;
}

std::vector<Value> tidied(Graph& graph, std::span<const Value> roots) {
  std::map<Value, Value> changed;
  for (const auto& [scan, results] : used_results(graph, roots)) {
    std::set<int> numbers;
    for (const auto& [number, value] : results) numbers.insert(number);
    for (const auto& [number, made] : tidied_scan(graph, scan, numbers)) {
      const Value before = results.at(number);
      if (!made.valid() || made == before) continue;
      const Provenance* name = graph.provenance(before);
      if (name != nullptr && graph[made].op == Op::result) graph.set_provenance(made, *name);
      changed[before] = made;
    }
    if (!changed.empty()) break;  // what the others read is another value now
  }
  return changed.empty() ? std::vector<Value>(roots.begin(), roots.end())
                         : substitute(graph, roots, changed);
}

}  // namespace

std::vector<Value> with_less_in_rounds(Graph& graph, std::span<const Value> roots) {
  std::vector<Value> made(roots.begin(), roots.end());
  if (scans_of(graph, made).empty()) return made;
  while (const auto joined = join_two(graph, made)) made = substitute(graph, made, *joined);
  for (;;) {
    std::vector<Value> next = tidied(graph, made);
    if (next == made) {
      const auto restarted = first_round_in_start(graph, made);
      if (restarted.empty()) return made;
      next = substitute(graph, made, restarted);
    }
    made = std::move(next);
  }
}

}  // namespace gradus::rewriting
