#include "compiler/kernel/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "compiler/graph/rewrite.h"
#include "compiler/kernel/arrange.h"
#include "compiler/kernel/emissions.h"
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
constexpr int64_t cost_of_draw = 60;

// What so many sweeps compute is stored before any kernel is tried.
constexpr size_t many_sweeps = 8;
// Also few entries, where each costs so much: it saves code.
constexpr int64_t much_code = 32;

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
    case Op::ratio:
    case Op::sqrt:
      return 4;
    default:
      return 16;
  }
}

// Where a function finds what it reads, and puts what it computes.
struct Memories {
  std::map<Value, int> leaves;  // buffers
  std::vector<Output> outputs;
  int loop = -1;  // in whose rounds it runs
};

// The kernels of a function, added to a plan: of the step, or of the body of a scan.
class Planning {
 public:
  Planning(Graph& graph, const Function& function, const Options& options, Plan& plan)
      : graph_(graph),
        options_(options),
        real_(options.real),
        wanted_(arranged(graph, lowered(graph, function), options)),
        plan_(plan) {}

  // With slots for what the caller passes.
  void run() {
    add_slots();
    run(std::move(memories_));
  }

  void run(Memories memories) {
    memories_ = std::move(memories);
    name_results();
    stored_ = must_store(graph_, wanted_, options_);
    store_what_many_compute();
    KnownReads reads;
    Emissions emissions(graph_, real_, [this](Value value) { return buffer(value); });
    do {
      while (!find_groups(reads)) {
        reads = {};
        emissions.forget();
      }
      emissions.emit(stored_, sweeps_, groups_);
    } while (store_more(emissions.made()));
    std::vector<Emitted> made = emissions.take();
    for (size_t k = 0; k < made.size(); ++k) {
      if (groups_[k].kind == Sweep::Kind::scan) {
        loop(sweeps_[groups_[k].members[0].sweep]);
      } else {
        plan_.kernels.push_back(std::move(made[k].kernel));
      }
    }
  }

 private:
  // ---- slots

  void add_slots() {
    for (Value value : reachable(graph_, wanted_.roots())) {
      const Op op = graph_[value].op;
      if (op == Op::input || op == Op::param || op == Op::state) add_leaf(value);
    }
    for (const Update& update : wanted_.updates) {
      if (!memories_.leaves.contains(update.target)) add_leaf(update.target);
    }
    for (const Definition& result : wanted_.results) {
      const Type& type = graph_.type(result.value);
      const int buffer = add_slot(
          {result.name, Role::output, scalar_of(type.element, real_), numbers(type.shape)});
      memories_.outputs.push_back({buffer, type.shape, -1});
    }
  }

  void add_leaf(Value leaf) {
    const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
    memories_.leaves[leaf] =
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
    plan_.buffers.push_back({slot.name, slot.type, count(slot.shape), number});
    plan_.slots.push_back(std::move(slot));
    return number;
  }

  // ---- what is stored

  // Right sides that would read new entries are stored first, and copied from there.
  bool detach(const std::vector<Value>& values) {
    for (Value value : values) {
      const Op op = graph_[root(graph_, value)].op;
      if (op != Op::input && op != Op::param && op != Op::state && op != Op::bound) {
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

  // A value that many sweeps would compute, like the sum that the blocks of a residual network add
  // to, makes what is tried long: written out, it is all that it is made of. With those stored,
  // planning takes time in proportion to the network.
  void store_what_many_compute() {
    const std::vector<Value> all = reachable(graph_, wanted_.roots());
    std::map<Value, std::set<Value>> sweeps_of;  // by what they compute; not more than matter
    for (const Update& update : wanted_.updates) sweeps_of[update.value].insert(update.target);
    for (const Value value : std::ranges::reverse_view(all)) {
      std::set<Value> sweeps = std::move(sweeps_of[value]);
      const int64_t entries = count(numbers(graph_.shape(value)));
      if (sweeps.size() >= many_sweeps && !is_leaf(graph_[value].op)) {
        const int64_t saved = saving(value, static_cast<int64_t>(sweeps.size()) * entries);
        const bool saves_code = saved > 0 && cost(value) >= much_code;
        if (saves_code || saved >= options_.least_saving) stored_.insert(value);
      }
      if (stored_.contains(value)) sweeps = {value};
      for (Value operand : graph_[value].operands) {
        std::set<Value>& known = sweeps_of[operand];
        if (known.size() < many_sweeps) known.insert(sweeps.begin(), sweeps.end());
      }
    }
    costs_.clear();
  }

  // What storing a value saves that would else be computed so often.
  int64_t saving(Value value, int64_t times) {
    const int64_t entries = count(numbers(graph_.shape(value)));
    return cost(value) * (times - entries) - cost_of_store * entries - cost_of_load * times;
  }

  // The cost of an entry where it is computed, down to what is loaded.
  int64_t cost(Value value) {
    if (costs_.size() <= value.id) costs_.resize(graph_.size(), -1);
    if (costs_[value.id] >= 0) return costs_[value.id];
    const Node& node = graph_[value];
    int64_t sum = is_map(node.op) ? cost_of(node.op) : 0;
    if (node.op == Op::random) sum = cost_of_draw;
    for (Value operand : node.operands)
      sum += stored_.contains(operand) ? cost_of_load : cost(operand);
    if (is_leaf(node.op)) sum = node.type.rank() > 0 ? cost_of_load : 0;
    return costs_[value.id] = sum;
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
      if (saving(value, often) >= options_.least_saving) worth_it.insert(value);
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
      if (!inside.contains(value)) any = stored_.insert(value) || any;
    }
    return any;
  }

  // ---- kernels

  int buffer(Value value) {
    const auto leaf = memories_.leaves.find(value);
    if (leaf != memories_.leaves.end()) return leaf->second;
    const auto known = buffers_.find(value);
    if (known != buffers_.end()) return known->second;
    std::string name(graph_.name(value));
    if (name.empty()) name = fmt::format("{}#{}", gradus::name(graph_[value].op), buffers_.size());
    const Type& type = graph_.type(value);
    Buffer made{std::move(name), scalar_of(type.element, real_), count(numbers(type.shape))};
    made.loop = memories_.loop;
    plan_.buffers.push_back(std::move(made));
    return buffers_[value] = static_cast<int>(plan_.buffers.size()) - 1;
  }

  // The sweeps of what is stored, in groups; false where something else must be stored first.
  bool find_groups(KnownReads& reads) {
    sweeps_ = sweeps(graph_, wanted_, stored_, memories_.outputs, results_, reads, options_);
    Fusion fusion = fuse(sweeps_);
    if (detach(fusion.detached)) return false;
    groups_ = std::move(fusion.groups);
    // What goes to one place of the caller's needs no memory of its own.
    for (const Sweep& sweep : sweeps_) {
      if (sweep.copy) continue;
      const auto whole = std::find_if(sweep.outputs.begin(), sweep.outputs.end(),
                                      [](const Output& output) { return output.axis < 0; });
      if (whole != sweep.outputs.end()) buffers_[sweep.value] = whole->buffer;
    }
    return true;
  }

  // ---- loops

  // All the results of scans as values, also those that nothing reads: what is carried is there.
  void name_results() {
    for (Value value : reachable(graph_, wanted_.roots())) {
      const auto* scan = std::get_if<Scan>(&graph_[value].attributes);
      if (scan == nullptr) continue;
      const auto count = static_cast<int>(scan->yields.size() + scan->next.size());
      for (int k = 0; k < count; ++k) results_[value].push_back(graph_.result(value, k));
    }
  }

  // The rounds of a scan as a loop of kernels.
  void loop(const Sweep& sweep) {
    const Node& node = graph_[sweep.value];
    const Scan& scan = std::get<Scan>(node.attributes);
    const int64_t rounds = *scan.rounds.number();
    if (rounds == 0) return;
    const int number = static_cast<int>(plan_.loops.size());
    const int first = static_cast<int>(plan_.kernels.size());
    plan_.loops.push_back({first, first, rounds});
    Memories memories;
    memories.loop = number;
    std::map<Value, Value> entries;  // of sequences
    for (size_t k = 0; k < node.operands.size(); ++k) {
      const Value leaf = scan.bound[k];
      const size_t carry = k - scan.sequences.size();
      if (k < scan.sequences.size()) {
        entries[leaf] = entry(node.operands[k], leaf, scan.sequences[k], number, memories);
      } else if (carry < scan.next.size()) {
        memories.leaves[leaf] = buffer(sweep.results[scan.yields.size() + carry]);
      } else {
        memories.leaves[leaf] = buffer(root(graph_, node.operands[k]));
      }
    }
    Function body;
    const std::vector<Value> made = substitute(graph_, body_of(scan), entries);
    for (size_t k = 0; k < scan.next.size(); ++k) {
      const Value target = scan.bound[scan.sequences.size() + k];
      if (made[k] != target) body.updates.push_back({target, made[k]});
    }
    for (size_t k = 0; k < scan.yields.size(); ++k) {
      const Value all = sweep.results[k];
      Along along = scan.stacked[k];
      const int to = window(buffer(all), graph_.shape(all), along, number);
      if (along.axis == 0) along.axis = -1;  // an entry is in one piece
      const Shape& shape = along.axis < 0 ? graph_.shape(scan.yields[k]) : graph_.shape(all);
      memories.outputs.push_back({to, shape, along.axis});
      body.results.push_back(
          {std::string(graph_.name(scan.yields[k])), made[scan.next.size() + k]});
    }
    Planning(graph_, body, options_, plan_).run(std::move(memories));
    plan_.loops[number].end = static_cast<int>(plan_.kernels.size());
  }

  // What a round sees of a sequence: its entries where they are in memory, as those at 0 of a
  // sequence that moves on with each round.
  Value entry(Value sequence, Value leaf, const Along& along, int number, Memories& memories) {
    const Type& type = graph_.type(sequence);
    const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
    const Value whole = graph_.leaf(Op::bound, name + ":all", type);
    memories.leaves[whole] = window(buffer(root(graph_, sequence)), type.shape, along, number);
    View view{graph_.shape(leaf), {}, std::nullopt};
    for (int axis = 0; axis < type.rank(); ++axis) {
      view.map.push_back(axis == along.axis ? Affine::at(0)
                                            : Affine::axis(axis - (axis > along.axis ? 1 : 0)));
    }
    return graph_.view(whole, std::move(view));
  }

  int window(int of, const Shape& shape, const Along& along, int number) {
    const int64_t stride = strides(shape)[along.axis];
    const int64_t last = stride * (plan_.loops[number].count - 1);
    const Buffer& whole = plan_.buffers[of];
    Buffer made{whole.name, whole.type, count(numbers(shape)) - last};
    made.window = Window{of, along.reverse ? last : 0, number, along.reverse ? -stride : stride};
    plan_.buffers.push_back(std::move(made));
    return static_cast<int>(plan_.buffers.size()) - 1;
  }

  Graph& graph_;
  Options options_;
  Scalar real_;
  Function wanted_;  // lowered and arranged
  Plan& plan_;
  Memories memories_;
  Results results_;
  ValueSet stored_;
  std::vector<int64_t> costs_;  // by number; negative where not yet known
  std::vector<Sweep> sweeps_;
  std::vector<Group> groups_;
  std::map<Value, int> buffers_;
};

}  // namespace

Plan plan(Graph& graph, const Function& function, const Options& options) {
  Plan made;
  Planning(graph, function, options, made).run();
  drop_unread_buffers(made);
  place_buffers(made);
  verify(made);
  return made;
}

}  // namespace gradus::kernel
