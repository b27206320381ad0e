#include <algorithm>
#include <map>
#include <set>

#include "compiler/document/drawing.h"
#include "compiler/formula/sheet.h"
#include "compiler/formula/symbol.h"
#include "compiler/formula/usage.h"

namespace gradus::document {
namespace {

using Look = Drawing::Look;

class Surveyor {
 public:
  Surveyor(const Graph& graph, const formula::Subject& subject)
      : graph_(graph), subject_(subject), names_(formula::all_names(graph, subject)) {
    const Value loss = subject.loss.value;
    const std::vector<Value> needed = reachable(graph, std::span(&loss, 1));
    for (const Definition& definition : subject.definitions) {
      const bool is_needed = std::binary_search(needed.begin(), needed.end(), definition.value);
      if (is_needed && !is_leaf(graph[definition.value].op)) add(definition);
    }
    // The loss is called what is asked for.
    spelt_[loss] = subject.loss.name;
    for (Value value : needed) {
      const Op op = graph[value].op;
      const bool is_drawn = op == Op::input || op == Op::param || op == Op::state;
      if (is_drawn) spelt_.emplace(value, std::get<Named>(graph[value].attributes).name);
    }
    for (const auto& [value, name] : spelt_) {
      if (is_leaf(graph[value].op)) continue;
      reads_[value] = formula::read_by(graph, value, [&](Value x) { return spelt_.count(x) > 0; });
    }
  }

  Overview drawn(size_t most) {
    Overview overview;
    std::vector<Value> nearest = by_distance();
    if (nearest.size() > most) {
      const auto is_left_out = [&](Value value) { return is_leaf(graph_[value].op); };
      overview.leaves_left_out = std::erase_if(nearest, is_left_out);
    }
    if (nearest.size() > most) {
      overview.definitions_left_out = nearest.size() - most;
      nearest.resize(most);
    }
    draw(overview.drawing, {nearest.begin(), nearest.end()});
    return overview;
  }

 private:
  void add(const Definition& definition) { spelt_.emplace(definition.value, definition.name); }

  // All that the loss is made of, by the number of definitions between.
  std::vector<Value> by_distance() const {
    std::vector<Value> found = {subject_.loss.value};
    std::set<Value> seen(found.begin(), found.end());
    for (size_t next = 0; next < found.size(); ++next) {
      const auto reads = reads_.find(found[next]);
      if (reads == reads_.end()) continue;
      for (Value value : reads->second) {
        if (seen.insert(value).second) found.push_back(value);
      }
    }
    return found;
  }

  void draw(Drawing& drawing, const std::set<Value>& chosen) {
    std::map<Value, int> numbers;
    for (Value value : chosen) {  // in the order of the graph: operands first
      const std::string& name = spelt_.at(value);
      numbers[value] = static_cast<int>(drawing.nodes.size());
      drawing.nodes.push_back(
          {look_of(value), formula::text(names_[name]), text(graph_.type(value)), name});
      const auto reads = reads_.find(value);
      if (reads == reads_.end()) continue;
      for (Value operand : reads->second) {
        const auto from = numbers.find(operand);
        if (from != numbers.end()) drawing.edges.push_back({from->second, numbers[value]});
      }
    }
  }

  Look look_of(Value value) const {
    const Op op = graph_[value].op;
    if (value == subject_.loss.value) return Look::result;
    if (op == Op::input) return Look::input;
    if (op == Op::param) return Look::param;
    return op == Op::state ? Look::state : Look::definition;
  }

  const Graph& graph_;
  const formula::Subject& subject_;
  formula::Names names_;
  std::map<Value, std::string> spelt_;
  std::map<Value, std::vector<Value>> reads_;
};

}  // namespace

Overview overview_of(const Graph& graph, const formula::Subject& subject, size_t most) {
  return Surveyor(graph, subject).drawn(most);
}

}  // namespace gradus::document
