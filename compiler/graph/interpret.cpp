#include "compiler/graph/interpret.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "compiler/graph/extents.h"

namespace gradus {

using namespace interpreting;  // NOLINT(google-build-using-namespace)

namespace {

const Array& bound_leaf(const Node& node, const Bindings& leaves, const DimBindings& dims) {
  const std::string& name = std::get<Named>(node.attributes).name;
  auto found = leaves.find(name);
  if (found == leaves.end()) fail(fmt::format("`{}` is not bound", name));
  const Extents shape = numbers(node.type.shape, dims);
  if (found->second.shape != shape ||
      static_cast<int64_t>(found->second.entries.size()) != product(shape)) {
    fail(fmt::format("`{}` of type {} is bound to an array of shape [{}] with {} entries", name,
                     text(node.type), fmt::join(found->second.shape, ", "),
                     found->second.entries.size()));
  }
  return found->second;
}

// The entry of a sequence that a round sees.
Array entry_of(const Array& sequence, int axis, int64_t at) {
  Array entry{sequence.element, sequence.shape, {}};
  entry.shape.erase(entry.shape.begin() + axis);
  for_each_index(entry.shape, [&](Extents index) {
    index.insert(index.begin() + axis, at);
    entry.entries.push_back(sequence.entries[place(sequence.shape, index)]);
  });
  return entry;
}

void put(const Array& entry, int axis, int64_t at, Array& stacked) {
  auto in = entry.entries.begin();
  for_each_index(entry.shape, [&](Extents index) {
    index.insert(index.begin() + axis, at);
    stacked.entries[place(stacked.shape, index)] = *in++;
  });
}

int64_t place_of(const Along& along, int64_t round, int64_t rounds) {
  return along.reverse ? rounds - 1 - round : round;
}

bool is_bindable(Op op) { return op == Op::input || op == Op::param || op == Op::state; }

}  // namespace

DimBindings bound_dims(const Graph& graph, std::span<const Value> roots, const Bindings& leaves,
                       DimBindings dims) {
  for (Value value : reachable(graph, roots)) {
    const Node& node = graph[value];
    if (!is_bindable(node.op)) continue;
    auto found = leaves.find(std::get<Named>(node.attributes).name);
    if (found == leaves.end() || found->second.shape.size() != node.type.shape.size()) continue;
    for (size_t k = 0; k < node.type.shape.size(); ++k) {
      if (auto name = node.type.shape[k].name()) dims.try_emplace(*name, found->second.shape[k]);
    }
  }
  return dims;
}

namespace {

class Interpreting {
 public:
  Interpreting(const Graph& graph, const Bindings& leaves, const DimBindings& dims)
      : graph_(graph), leaves_(leaves), dims_(dims) {}

  // The roots, where some values are known: those of the bound leaves of a body.
  std::vector<Array> run(std::span<const Value> roots, std::map<Value, Array> values) const {
    std::map<Value, std::vector<Array>> results;  // of scans
    for (Value value : reachable(graph_, roots)) {
      const Node& node = graph_[value];
      if (values.contains(value)) continue;
      if (is_bindable(node.op)) {
        values[value] = bound_leaf(node, leaves_, dims_);
        continue;
      }
      std::vector<const Array*> operands;
      if (node.op == Op::result) {
        const auto& all = results.at(node.operands[0]);
        values[value] = all[std::get<Number>(node.attributes).number];
        continue;
      }
      for (Value operand : node.operands) operands.push_back(&values.at(operand));
      if (node.op == Op::scan) {
        results[value] = scanned(std::get<Scan>(node.attributes), operands);
      } else {
        values[value] = evaluate(node, operands, dims_);
      }
    }
    std::vector<Array> made;
    for (Value root : roots) made.push_back(values.at(root));
    return made;
  }

 private:
  std::vector<Array> scanned(const Scan& scan, const std::vector<const Array*>& operands) const {
    const int64_t rounds = number(scan.rounds, dims_);
    const auto sequences = scan.sequences.size();
    const auto yields = scan.yields.size();
    std::vector<Array> results;
    for (size_t k = 0; k < yields + scan.next.size(); ++k) {
      const Type type = result_type(graph_, scan, static_cast<int>(k));
      Array made{type.element, numbers(type.shape, dims_), {}};
      made.entries.assign(product(made.shape), 0);
      if (k >= yields) made = *operands[sequences + k - yields];
      results.push_back(std::move(made));
    }
    const std::vector<Value> body = body_of(scan);
    for (int64_t round = 0; round < rounds; ++round) {
      std::map<Value, Array> values;
      for (size_t k = 0; k < operands.size(); ++k) {
        const auto carry = k - sequences;
        if (k < sequences) {
          const Along& along = scan.sequences[k];
          values[scan.bound[k]] =
              entry_of(*operands[k], along.axis, place_of(along, round, rounds));
        } else {
          values[scan.bound[k]] = carry < scan.next.size() ? results[yields + carry] : *operands[k];
        }
      }
      std::vector<Array> made = run(body, std::move(values));
      for (size_t k = 0; k < yields; ++k) {
        const Along& along = scan.stacked[k];
        put(made[scan.next.size() + k], along.axis, place_of(along, round, rounds), results[k]);
      }
      for (size_t k = 0; k < scan.next.size(); ++k) results[yields + k] = std::move(made[k]);
    }
    return results;
  }

  const Graph& graph_;
  const Bindings& leaves_;
  const DimBindings& dims_;
};

}  // namespace

std::vector<Array> interpret(const Graph& graph, std::span<const Value> roots,
                             const Bindings& leaves, const DimBindings& dims) {
  const DimBindings bound = bound_dims(graph, roots, leaves, dims);
  return Interpreting(graph, leaves, bound).run(roots, {});
}

Array interpret(const Graph& graph, Value root, const Bindings& leaves, const DimBindings& dims) {
  return interpret(graph, std::span<const Value>(&root, 1), leaves, dims).front();
}

}  // namespace gradus
