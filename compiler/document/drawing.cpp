#include "compiler/document/drawing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "compiler/document/operators.h"
#include "compiler/formula/sheet.h"
#include "compiler/formula/symbol.h"
#include "compiler/graph/op.h"

namespace gradus::document {
namespace {

using Look = Drawing::Look;

bool is_constant(Op op) { return op == Op::constant || op == Op::symbol || op == Op::size; }

// Names in rounds are printed by their last part.
std::string last_part(const std::string& name) {
  return formula::text(formula::as_written(name.substr(name.rfind('.') + 1)));
}

class Drafter {
 public:
  Drafter(const Graph& graph, const formula::Subject& subject)
      : graph_(graph), subject_(subject), names_(formula::all_names(graph, subject)) {}

  // What a value is made of, as far as it is not drawn yet, in a group that is called as the value
  // itself. A result that is another's too, or a constant, is a node beside that.
  void add(const Definition& definition, const std::string& title, Look look) {
    const Value root = seen_through(definition.value);
    within_ = definition.name;
    const int group = add_group(title, -1);
    for (Value value : reachable(graph_, std::span(&root, 1))) add(value, group);
    const auto found = scope_->nodes.find(root);
    Drawing::Node* node = found == scope_->nodes.end() ? nullptr : &node_of(found->second);
    if (node != nullptr && node->look == Look::operation) {
      node->subtitle = fmt::format("{} {}", node->title, node->subtitle);
      node->title = title;
      node->name = definition.name;
      node->look = look;
    } else if (look == Look::result) {
      const std::string type = text(graph_.type(definition.value));
      connect(root, add_node({look, title, type, definition.name}), 0, -1);
    }
  }

  std::string printed(const std::string& name) const { return formula::text(names_[name]); }
  std::string derivative_by(const std::string& name) const {
    return fmt::format("∂{}/∂{}", printed(subject_.loss.name), printed(name));
  }

  Drawing finished() {
    drop_small_groups();
    return std::move(drawing_);
  }

 private:
  // What a broadcast repeats.
  Value seen_through(Value value) const {
    while (graph_[value].op == Op::view && as_broadcast(graph_, value)) {
      value = graph_[value].operands[0];
    }
    return value;
  }

  int add_group(const std::string& title, int parent, bool is_rounds = false) {
    drawing_.groups.push_back({title, parent, is_rounds});
    return static_cast<int>(drawing_.groups.size()) - 1;
  }

  Drawing::Node& node_of(int number) { return drawing_.nodes[static_cast<size_t>(number)]; }

  int add_node(Drawing::Node node) {
    drawing_.nodes.push_back(std::move(node));
    return static_cast<int>(drawing_.nodes.size()) - 1;
  }

  void add(Value value, int group) {
    const Node& node = graph_[value];
    if (scope_->nodes.count(value) > 0 || is_constant(node.op)) return;
    if (seen_through(value) != value) return;
    if (is_leaf(node.op)) return add_leaf(value, group);
    if (node.op == Op::scan) return add_scan(value, group);
    if (node.op == Op::result) return add_result(value, group);
    const int made = add_node(
        {Look::operation, title_of(graph_, value), text(graph_.type(value)), within_, group});
    scope_->nodes[value] = made;
    const bool is_ordered = node.operands.size() > 1 && !is_commutative(node.op);
    for (size_t k = 0; k < node.operands.size(); ++k) {
      connect(node.operands[k], made, is_ordered ? static_cast<int>(k) + 1 : 0, group);
    }
  }

  void connect(Value operand, int to, int position, int group) {
    const Value from = seen_through(operand);
    if (is_constant(graph_[from].op)) {
      const int made = add_node({Look::constant, title_of(graph_, from), "", within_, group});
      drawing_.edges.push_back({made, to, position});
      return;
    }
    const auto found = scope_->nodes.find(from);
    if (found != scope_->nodes.end()) drawing_.edges.push_back({found->second, to, position});
  }

  void add_leaf(Value value, int group) {
    const Node& node = graph_[value];
    const std::string type = text(node.type);
    if (node.op == Op::iota) {
      scope_->nodes[value] =
          add_node({Look::constant, title_of(graph_, value), type, within_, group});
      return;
    }
    const std::string& name = std::get<Named>(node.attributes).name;
    const Look look = node.op == Op::param   ? Look::param
                      : node.op == Op::state ? Look::state
                      : node.op == Op::input ? Look::input
                                             : Look::operation;
    const bool is_of_a_round = node.op == Op::bound;
    const std::string title = is_of_a_round ? last_part(name) : printed(name);
    scope_->nodes[value] =
        add_node({look, title, type, is_of_a_round ? within_ : name, is_of_a_round ? group : -1});
  }

  // The body in a group of its own. What it reads from outside as it is, is no leaf of it. (Scans
  // may share values of their bodies, as a derivative's does with the scan's: each draws its own.)
  void add_scan(Value value, int group) {
    if (scope_->bodies.count(value) > 0) return;
    const Scan& scan = std::get<Scan>(graph_[value].attributes);
    const std::vector<Value>& operands = graph_[value].operands;
    Scope body;
    Scope* const outside = scope_;
    const size_t own = scan.sequences.size() + scan.next.size();
    for (size_t k = own; k < operands.size(); ++k) {
      const auto found = outside->nodes.find(seen_through(operands[k]));
      if (found != outside->nodes.end()) body.nodes[scan.bound[k]] = found->second;
    }
    const int rounds = add_group(fmt::format("rounds: {}", scan.rounds.text()), group, true);
    scope_ = &body;
    for (Value each : reachable(graph_, body_of(scan))) {
      add(each, rounds);
      name_in_round(each);
    }
    for (size_t k = scan.sequences.size(); k < own; ++k) {
      const auto leaf = body.nodes.find(scan.bound[k]);
      const auto next = body.nodes.find(seen_through(scan.next[k - scan.sequences.size()]));
      if (leaf == body.nodes.end() || next == body.nodes.end() || leaf == next) continue;
      drawing_.edges.push_back({next->second, leaf->second, 0, true});
    }
    scope_ = outside;
    for (size_t k = 0; k < own; ++k) {
      const auto leaf = body.nodes.find(scan.bound[k]);
      if (leaf != body.nodes.end()) connect(operands[k], leaf->second, 0, group);
    }
    outside->bodies.emplace(value, std::move(body));
  }

  // A definition in the body, by the last part of its name.
  void name_in_round(Value value) {
    const std::string name(graph_.name(value));
    const auto found = scope_->nodes.find(value);
    if (name.empty() || found == scope_->nodes.end() || is_leaf(graph_[value].op)) return;
    Drawing::Node& node = node_of(found->second);
    node.subtitle = fmt::format("{} {}", node.title, node.subtitle);
    node.title = last_part(name);
    node.look = Look::definition;
  }

  void add_result(Value value, int group) {
    const Node& node = graph_[value];
    const Scan& scan = std::get<Scan>(graph_[node.operands[0]].attributes);
    const auto number = static_cast<size_t>(std::get<Number>(node.attributes).number);
    const bool is_yield = number < scan.yields.size();
    const Value of = is_yield ? scan.yields[number] : scan.next[number - scan.yields.size()];
    const int made = add_node({Look::operation, is_yield ? "all rounds" : "last round",
                               text(graph_.type(value)), within_, group});
    scope_->nodes[value] = made;
    Scope* const outside = scope_;
    scope_ = &outside->bodies.at(node.operands[0]);
    connect(of, made, 0, group);
    scope_ = outside;
  }

  // A box around a single node says nothing.
  void drop_small_groups() {
    std::vector<int> sizes(drawing_.groups.size());
    for (const Drawing::Node& node : drawing_.nodes) {
      for (int group = node.group; group >= 0; group = parent(group)) {
        ++sizes[static_cast<size_t>(group)];
      }
    }
    std::vector<int> kept(drawing_.groups.size(), -1);
    std::vector<Drawing::Group> groups;
    const auto standing = [&](int group) {
      while (group >= 0 && kept[static_cast<size_t>(group)] < 0) group = parent(group);
      return group < 0 ? -1 : kept[static_cast<size_t>(group)];
    };
    for (size_t k = 0; k < sizes.size(); ++k) {
      if (sizes[k] < 2) continue;
      groups.push_back(drawing_.groups[k]);
      groups.back().parent = standing(groups.back().parent);
      kept[k] = static_cast<int>(groups.size()) - 1;
    }
    for (Drawing::Node& node : drawing_.nodes) node.group = standing(node.group);
    drawing_.groups = std::move(groups);
  }
  int parent(int group) const { return drawing_.groups[static_cast<size_t>(group)].parent; }

  const Graph& graph_;
  const formula::Subject& subject_;
  formula::Names names_;
  Drawing drawing_;
  // The nodes of what is outside of all scans; of a body, while that is drawn.
  struct Scope {
    std::map<Value, int> nodes;
    std::map<Value, Scope> bodies;  // of scans that were drawn
  };
  Scope outermost_;
  Scope* scope_ = &outermost_;
  std::string within_;
};

}  // namespace

bool Drawing::is_in_rounds(const Node& node) const {
  for (int group = node.group; group >= 0; group = groups[static_cast<size_t>(group)].parent) {
    if (groups[static_cast<size_t>(group)].is_rounds) return true;
  }
  return false;
}

Drawing drawing_of(const Graph& graph, const formula::Subject& subject,
                   std::span<const formula::Wanted> wanted, bool inline_definitions) {
  Drafter drafter(graph, subject);
  const Value loss = subject.loss.value;
  const std::vector<Value> needed = reachable(graph, std::span(&loss, 1));
  for (const Definition& definition : subject.definitions) {
    const bool is_needed = std::binary_search(needed.begin(), needed.end(), definition.value);
    if (inline_definitions || !is_needed || definition.value == loss) continue;
    drafter.add(definition, drafter.printed(definition.name), Look::definition);
  }
  drafter.add(subject.loss, drafter.printed(subject.loss.name), Look::result);
  for (const formula::Wanted& each : wanted) {
    drafter.add({each.name, each.gradient}, drafter.derivative_by(each.name), Look::result);
  }
  return drafter.finished();
}

}  // namespace gradus::document
