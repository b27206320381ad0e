// What the values of rounds are called.

#include <algorithm>
#include <string>

#include "compiler/formula/notation.h"
#include "compiler/formula/recurrence.h"

namespace gradus::formula {
namespace {

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

// Names that derivatives made have a colon, which no name of a model file has.
bool Recurrences::is_derived(Value leaf) const {
  return std::get<Named>(graph_[leaf].attributes).name.find(':') != std::string::npos;
}

// Whether the name of a value is seen in the model file, and not in that of a layer.
bool Recurrences::is_of_model(Value value) const {
  const Provenance* known = graph_.provenance(value);
  return known == nullptr || !file_ || known->file == *file_;
}

void Recurrences::survey(std::span<const Value> roots) {
  for (Value value : reachable(graph_, roots)) {
    const auto* scan = std::get_if<Scan>(&graph_[value].attributes);
    if (scan == nullptr) continue;
    for (Value leaf : scan->bound) bound_.insert(std::get<Named>(graph_[leaf].attributes).name);
    const std::vector<Value> body = body_of(*scan);
    for (Value each : reachable(graph_, body)) {
      const std::string name(graph_.name(each));
      if (!name.empty() && !is_leaf(graph_[each].op)) called_[name].insert(each);
    }
    survey(body);
  }
}

// Whether a value of a body is what its name in the model file stands for. A name that is bound
// anew has several meanings: what is read, what is carried on, and what is in between.
bool Recurrences::is_called(Value value) const {
  const std::string name(graph_.name(value));
  if (name.empty() || bound_.contains(name) || !is_of_model(value)) return false;
  const auto found = called_.find(name);
  return found != called_.end() && found->second == std::set{value};
}

// Whether it is called after the place that it is the adjoint of, and not after the one before.
bool Recurrences::is_adjoint(Value leaf) const {
  const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
  return name.starts_with("δ:") || name.starts_with("Σ:");
}

Expr Recurrences::moved(const Expr& place, int by) const {
  return sum({place, number(static_cast<double>(by))});
}

// The name with the place as subscript where Unicode has one, else behind it.
Expr Recurrences::at(const Symbol& symbol, const Expr& place) const {
  std::string suffix;
  for (const char c : text(place)) {
    if (c != ' ') suffix += c;
  }
  for (size_t minus; (minus = suffix.find("−")) != std::string::npos;) {
    suffix.replace(minus, std::string("−").size(), "-");
  }
  Symbol made = symbol;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool runs_together =
      !symbol.subscript.empty() && is_digit(symbol.subscript.back()) && is_digit(suffix[0]);
  const bool is_short =
      suffix.size() <= 3 && !runs_together && !subscripts(symbol.subscript + suffix).empty();
  if (!is_short || !symbol.index.empty()) {
    made.latex_index =
        (symbol.latex_index.empty() ? symbol.index : symbol.latex_index) + "[" + latex(place) + "]";
    made.mathml_index = mathml_index(symbol) + "<mo stretchy=\"false\">[</mo>" + mathml(place) +
                        "<mo stretchy=\"false\">]</mo>";
    made.index += "[" + text(place) + "]";
    return name(made);
  }
  made.latex_subscript =
      (symbol.latex_subscript.empty() ? symbol.subscript : symbol.latex_subscript) +
      (symbol.subscript.empty() ? "" : ",") + latex(place);
  made.mathml_subscript =
      mathml_subscript(symbol) + (symbol.subscript.empty() ? "" : "<mo>,</mo>") + mathml(place);
  made.subscript += suffix;
  return name(made);
}

Symbol Recurrences::symbol(const std::string& name) {
  if (const auto known = symbols_.find(name); known != symbols_.end()) return known->second;
  Symbol made;
  if (name.starts_with("δ:") && name.find(':', 3) == std::string::npos) {
    made = names_.fresh_adjoint(symbol(name.substr(std::string("δ:").size())));
  } else if (name.find(':') != std::string::npos) {
    made = names_.fresh_numbered(name.starts_with("Σ:") ? "s" : "u");
  } else {
    made = names_.fresh({as_written(last_part(name)), as_written(name)});
  }
  return symbols_[name] = made;
}

}  // namespace gradus::formula
