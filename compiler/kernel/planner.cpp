#include "compiler/kernel/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "compiler/kernel/arrange.h"
#include "compiler/kernel/emit.h"
#include "compiler/kernel/entries.h"
#include "compiler/kernel/fusion.h"
#include "compiler/kernel/lower.h"
#include "compiler/kernel/storage.h"
#include "compiler/kernel/sweep.h"

namespace gradus::kernel {
namespace {

// In units of one addition of an entry in cache.
constexpr int64_t cost_of_load = 2;
constexpr int64_t cost_of_store = 2;

int64_t cost_of(Op op) {
  switch (op) {
    case Op::neg:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::min:
    case Op::max:
    case Op::abs:
    case Op::sign:
    case Op::floor:
    case Op::ceil:
    case Op::round:
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge:
    case Op::eq:
    case Op::ne:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_not:
    case Op::select:
    case Op::to_real:
    case Op::stop_gradient:
      return 1;
    case Op::div:
    case Op::sqrt:
      return 4;
    default:
      return 16;
  }
}

class Planning {
 public:
  Planning(Graph& graph, const Function& function, const Options& options)
      : graph_(graph),
        options_(options),
        real_(options.real),
        wanted_(arranged(graph, lowered(graph, function), options)) {}

  Plan run() {
    add_slots();
    stored_ = must_store(graph_, wanted_, options_);
    for (;;) {
      sweeps_ = sweeps(graph_, wanted_, stored_, outputs_, options_);
      Fusion fusion = fuse(sweeps_);
      if (detach(fusion.detached)) continue;
      groups_ = std::move(fusion.groups);
      if (!store_more(emit_all())) break;
    }
    for (Emitted& each : emit_all()) plan_.kernels.push_back(std::move(each.kernel));
    place_buffers(plan_);
    return std::move(plan_);
  }

 private:
  // ---- slots

  void add_slots() {
    for (Value value : reachable(graph_, wanted_.roots())) {
      const Op op = graph_[value].op;
      if (op == Op::input || op == Op::param || op == Op::state) add_leaf(value);
    }
    for (const Update& update : wanted_.updates) {
      if (!leaves_.contains(update.target)) add_leaf(update.target);
    }
    for (const Definition& result : wanted_.results) {
      const Type& type = graph_.type(result.value);
      outputs_.push_back(add_slot(
          {result.name, Role::output, scalar_of(type.element, real_), numbers(type.shape)}));
    }
  }

  void add_leaf(Value leaf) {
    const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
    leaves_[leaf] =
        add_slot({name, role_of(graph_[leaf].op, name), scalar_of(graph_.type(leaf).element, real_),
                  numbers(graph_.shape(leaf))});
  }

  static Role role_of(Op op, const std::string& name) {
    if (op == Op::input) return Role::input;
    if (op == Op::param) return Role::parameter;
    // The states that optimizers bring have a colon in their names, which no user's name has.
    return name.find(':') == std::string::npos ? Role::state : Role::optimizer_state;
  }

  int add_slot(Slot slot) {
    const int number = static_cast<int>(plan_.slots.size());
    plan_.buffers.push_back({slot.name, slot.type, count(slot.shape), number, 0});
    plan_.slots.push_back(std::move(slot));
    return number;
  }

  // ---- what is stored

  // Right sides that would read new entries are stored first, and copied from there.
  bool detach(const std::vector<Value>& values) {
    for (Value value : values) {
      const Op op = graph_[root(graph_, value)].op;
      if (op != Op::input && op != Op::param && op != Op::state) {
        stored_.insert(root(graph_, value));
        continue;
      }
      const Value copied = graph_.map(Op::stop_gradient, {value});
      for (Update& update : wanted_.updates) {
        if (update.value == value) update.value = copied;
      }
      stored_.insert(copied);
    }
    return !values.empty();
  }

  // The cost of an entry where it is computed, down to what is loaded.
  int64_t cost(Value value) {
    const auto known = costs_.find(value);
    if (known != costs_.end()) return known->second;
    const Node& node = graph_[value];
    int64_t sum = is_map(node.op) ? cost_of(node.op) : 0;
    for (Value operand : node.operands)
      sum += stored_.contains(operand) ? cost_of_load : cost(operand);
    if (is_leaf(node.op)) sum = node.type.rank() > 0 ? cost_of_load : 0;
    return costs_[value] = sum;
  }

  // Stores what is computed much more often than it has entries, where loading is cheaper.
  bool store_more(const std::vector<Emitted>& kernels) {
    std::map<Value, int64_t> times;
    for (const Emitted& kernel : kernels) {
      for (const Computed& each : kernel.computed) times[each.value] += each.times;
    }
    costs_.clear();
    std::set<Value> worth_it;
    for (const auto& [value, often] : times) {
      const int64_t entries = count(numbers(graph_.shape(value)));
      const int64_t saved =
          cost(value) * (often - entries) - cost_of_store * entries - cost_of_load * often;
      if (saved >= options_.least_saving) worth_it.insert(value);
    }
    // Of a chain, the end alone: what is computed for it is then computed once.
    std::set<Value> inside;
    std::map<Value, std::vector<Value>> users;
    for (Value value : reachable(graph_, wanted_.roots())) {
      for (Value operand : graph_[value].operands) users[operand].push_back(value);
    }
    for (Value value : worth_it) {
      const std::vector<Value>& all = users[value];
      if (!all.empty() && std::all_of(all.begin(), all.end(),
                                      [&](Value user) { return worth_it.contains(user); })) {
        inside.insert(value);
      }
    }
    bool any = false;
    for (Value value : worth_it) {
      if (!inside.contains(value)) any = stored_.insert(value).second || any;
    }
    return any;
  }

  // ---- kernels

  int buffer(Value value) {
    if (const auto leaf = leaves_.find(value); leaf != leaves_.end()) return leaf->second;
    const auto known = buffers_.find(value);
    if (known != buffers_.end()) return known->second;
    std::string name(graph_.name(value));
    if (name.empty()) name = fmt::format("{}#{}", gradus::name(graph_[value].op), buffers_.size());
    const Type& type = graph_.type(value);
    plan_.buffers.push_back(
        {std::move(name), scalar_of(type.element, real_), count(numbers(type.shape)), -1, 0});
    return buffers_[value] = static_cast<int>(plan_.buffers.size()) - 1;
  }

  // All kernels, with memory for those values that one of them loads.
  std::vector<Emitted> emit_all() {
    Memory memory{[this](Value value) { return buffer(value); }, {}};
    std::vector<Emitted> made;
    for (int pass = 0; pass < 2; ++pass) {
      forget_buffers();
      made.clear();
      for (const Group& group : groups_) {
        made.push_back(emit(graph_, stored_, real_, sweeps_, group, memory));
      }
      for (const Emitted& each : made) {
        for (const Read& read : each.loaded) memory.loaded.insert(read.value);
      }
    }
    return made;
  }

  void forget_buffers() {
    plan_.buffers.resize(plan_.slots.size());
    buffers_.clear();
    for (const Sweep& sweep : sweeps_) {
      if (!sweep.copy && !sweep.outputs.empty()) buffers_[sweep.value] = sweep.outputs[0];
    }
  }

  Graph& graph_;
  Options options_;
  Scalar real_;
  Function wanted_;  // lowered and arranged
  Plan plan_;
  std::vector<int> outputs_;
  std::map<Value, int> leaves_;
  std::set<Value> stored_;
  std::map<Value, int64_t> costs_;
  std::vector<Sweep> sweeps_;
  std::vector<Group> groups_;
  std::map<Value, int> buffers_;
};

}  // namespace

Plan plan(Graph& graph, const Function& function, const Options& options) {
  Plan made = Planning(graph, function, options).run();
  verify(made);
  return made;
}

}  // namespace gradus::kernel
