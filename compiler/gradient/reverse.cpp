#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "compiler/gradient/adjoint.h"
#include "compiler/gradient/branches.h"
#include "compiler/gradient/gradient.h"
#include "compiler/gradient/scan.h"

namespace gradus {
namespace {

void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "gradus: internal error: gradient: {}\n", what);
  std::abort();
}

Value zeros(Graph& graph, const Shape& shape) { return graph.full(graph.constant(0), shape); }

}  // namespace

std::vector<bool> dependent(const Graph& graph, uint32_t size, std::span<const Value> inputs) {
  std::vector<bool> depends(size, false);
  for (Value input : inputs) {
    if (input.id < size) depends[input.id] = true;
  }
  for (uint32_t id = 0; id < size; ++id) {
    const Node& node = graph[Value{id}];
    for (int k = 0; !depends[id] && k < static_cast<int>(node.operands.size()); ++k) {
      depends[id] = depends[node.operands[k].id] && adjoint::flows(graph, Value{id}, k);
    }
  }
  return depends;
}

namespace {

// The walk from the seeds back over the nodes that they depend on and that depend on the inputs.
class Walk {
 public:
  Walk(Graph& graph, uint32_t size, std::span<const Value> inputs, Derivation* log,
       const GradientOptions& options, const std::map<Value, Fact>& leaves)
      : graph_(graph),
        log_(log),
        options_(options),
        depends_(dependent(graph, size, inputs)),
        adjoints_(size),
        branches_(graph, size, leaves) {}

  void seed(const Seed& seed) {
    branches_.mark(seed.value, seed.share.condition);
    add(seed.value, seed.share.adjoint);
  }

  // Operands stand before their users, so when a node's turn comes its adjoint is complete.
  void run() {
    for (uint32_t id = static_cast<uint32_t>(adjoints_.size()); id-- > 0;) {
      const Value user{id};
      if (!depends_[id]) continue;
      if (graph_[user].op == Op::scan) {
        scan(user);
      } else if (adjoints_[id].valid()) {
        node(user);
      }
    }
  }

  Share share(Value input) const {
    if (input.id >= adjoints_.size() || !adjoints_[input.id].valid()) return {};
    return {adjoints_[input.id], branches_.condition(input)};
  }

 private:
  void add(Value operand, Value term) {
    require(graph_.shape(term) == graph_.shape(operand), "an adjoint of another shape");
    Value& sum = adjoints_[operand.id];
    sum = sum.valid() ? graph_.map(Op::add, {sum, term}) : term;
  }

  void node(Value user) {
    const Value adjoint = adjoints_[user.id];
    if (log_ != nullptr) log_->adjoints[user] = adjoint;
    const std::vector<Value> operands = graph_[user].operands;
    if (graph_[user].op == Op::result) {
      const int number = std::get<Number>(graph_[user].attributes).number;
      results_[operands[0]][number] = {adjoint, branches_.condition(user)};
      return;
    }
    for (int k = 0; k < static_cast<int>(operands.size()); ++k) {
      if (!depends_[operands[k].id] || !adjoint::flows(graph_, user, k)) continue;
      const Value term = branches_.term(user, k, adjoint);
      add(operands[k], term);
      if (log_ != nullptr) log_->contributions.push_back({user, k, adjoint, term});
    }
  }

  // The adjoints of a scan's results are all known by now.
  void scan(Value user) {
    const auto known = results_.find(user);
    if (known == results_.end()) return;
    const std::vector<Value> operands = graph_[user].operands;
    const auto& scan = std::get<Scan>(graph_[user].attributes);
    std::vector<Share> shares(scan.yields.size() + scan.next.size());
    for (const auto& [number, share] : known->second) shares[number] = share;
    std::vector<bool> wanted;
    for (int k = 0; k < static_cast<int>(operands.size()); ++k) {
      wanted.push_back(depends_[operands[k].id] && adjoint::flows(graph_, user, k));
    }
    const auto terms =
        adjoint::of_scan(graph_, user, shares, wanted, options_, branches_.facts().leaves_of(user));
    for (size_t k = 0; k < operands.size(); ++k) {
      if (!terms[k].adjoint.valid()) continue;
      branches_.mark(operands[k], terms[k].condition);
      add(operands[k], terms[k].adjoint);
    }
  }

  Graph& graph_;
  Derivation* log_;
  const GradientOptions& options_;
  std::vector<bool> depends_;
  std::vector<Value> adjoints_;                    // by number
  std::map<Value, std::map<int, Share>> results_;  // of scans
  Branches branches_;
};

}  // namespace

std::vector<Share> pullback(Graph& graph, std::span<const Seed> seeds,
                            std::span<const Value> inputs, Derivation* log,
                            const GradientOptions& options, const std::map<Value, Fact>& leaves) {
  uint32_t size = 0;
  for (const Seed& seed : seeds) size = std::max(size, seed.value.id + 1);
  Walk walk(graph, size, inputs, log, options, leaves);
  for (const Seed& seed : seeds) walk.seed(seed);
  walk.run();
  std::vector<Share> results;
  for (Value input : inputs) results.push_back(walk.share(input));
  return results;
}

std::vector<Value> pullback(Graph& graph, Value result, Value adjoint,
                            std::span<const Value> inputs, Derivation* log,
                            const GradientOptions& options) {
  const Seed seed{result, {adjoint, {}}};
  const std::vector<Share> shares = pullback(graph, std::span(&seed, 1), inputs, log, options, {});
  std::vector<Value> results;
  for (size_t k = 0; k < shares.size(); ++k) {
    const Value found = shares[k].adjoint;
    results.push_back(found.valid() ? found : zeros(graph, graph.shape(inputs[k])));
  }
  return results;
}

std::vector<Value> gradient(Graph& graph, Value loss, std::span<const Value> inputs,
                            Derivation* log, const GradientOptions& options) {
  require(graph.shape(loss).empty(), "of a value that is not a scalar");
  return pullback(graph, loss, graph.constant(1), inputs, log, options);
}

Value local_derivative(Graph& graph, Value user, int operand) {
  if (!adjoint::flows(graph, user, operand)) return {};
  return adjoint::entrywise(graph, user, operand, graph.constant(1));
}

}  // namespace gradus
