// What the values of rounds are called.

#include <algorithm>
#include <ranges>
#include <string>
#include <utility>

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

void Recurrences::survey(std::span<const Value> roots, Value loss) {
  std::vector<Value> within;
  survey(std::span(&loss, 1), within);
  for (const auto& [name, signatures] : std::exchange(carried_, {})) {
    if (name.find(':') != std::string::npos) inner_.insert(name);
  }
  called_.clear();
  alike_.clear();
  survey(roots, within);
}

void Recurrences::survey(std::span<const Value> roots, std::vector<Value>& within) {
  for (Value value : reachable(graph_, roots)) {
    const auto* scan = std::get_if<Scan>(&graph_[value].attributes);
    if (scan == nullptr) continue;
    for (Value leaf : scan->bound) bound_.insert(std::get<Named>(graph_[leaf].attributes).name);
    for (size_t k = 0; k < scan->next.size(); ++k) {
      const std::string& name =
          std::get<Named>(graph_[scan->bound[scan->sequences.size() + k]].attributes).name;
      carried_[name].insert(signature(value, k, within));
      if (name.find(':') == std::string::npos) alike_[last_part(name)].insert(name);
    }
    const std::vector<Value> body = body_of(*scan);
    for (Value each : reachable(graph_, body)) {
      const std::string name(graph_.name(each));
      if (!name.empty() && !is_leaf(graph_[each].op)) called_[name].insert(each);
      if (!name.empty()) alike_[last_part(name)].insert(name);
    }
    within.push_back(value);
    survey(body, within);
    within.pop_back();
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

// Whether a value is made of what differs by the rounds of a scan.
bool Recurrences::reads_round(Value value, Value of) const {
  const Scan& scan = scan_of(of);
  const auto end = scan.bound.begin() + static_cast<long>(scan.sequences.size()) + scan.carries;
  const std::vector<Value> read = reachable(graph_, std::span(&value, 1));
  return std::any_of(scan.bound.begin(), end, [&](Value leaf) {
    return std::binary_search(read.begin(), read.end(), leaf);
  });
}

// The innermost round that a value is of; null where it is of outside.
Recurrences::Round* Recurrences::round_of(Value value) {
  for (Round& round : std::views::reverse(open_)) {
    if (reads_round(value, round.scan)) return &round;
  }
  return nullptr;
}

// The rounds that a scan is within, the outermost first.
std::vector<const Recurrences::Round*> Recurrences::around(Value scan) const {
  std::vector<const Round*> found;
  size_t count = 0;
  for (const Round& round : open_) {
    if (round.scan == scan) break;
    found.push_back(&round);
    if (reads_round(scan, round.scan)) count = found.size();
  }
  found.resize(count);
  return found;
}

Expr Recurrences::at(Value scan, const Symbol& symbol, const Expr& place) const {
  std::vector<Expr> places;
  for (const Round* round : around(scan)) places.push_back(round->index);
  places.push_back(place);
  return at(symbol, places);
}

// The name with the places as subscript where Unicode has one, else behind it.
Expr Recurrences::at(const Symbol& symbol, std::span<const Expr> places) const {
  std::string suffix;
  bool are_letters = true;
  for (const Expr& place : places) {
    std::string written;
    for (const char c : text(place)) {
      if (c != ' ') written += c;
    }
    for (size_t minus; (minus = written.find("−")) != std::string::npos;) {
      written.replace(minus, std::string("−").size(), "-");
    }
    are_letters = are_letters && written.size() == 1;
    suffix += written;
  }
  const auto listed = [&](const auto& format, const std::string& comma) {
    std::string out;
    for (const Expr& place : places) out += (out.empty() ? "" : comma) + format(place);
    return out;
  };
  const auto in_text = [](const Expr& x) { return text(x); };
  const auto in_latex = [](const Expr& x) { return latex(x); };
  const auto in_mathml = [](const Expr& x) { return mathml(x); };
  Symbol made = symbol;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool runs_together =
      !symbol.subscript.empty() && is_digit(symbol.subscript.back()) && is_digit(suffix[0]);
  const bool is_short = (places.size() == 1 ? suffix.size() <= 3 : are_letters) && !runs_together &&
                        !subscripts(symbol.subscript + suffix).empty();
  const bool is_sum = symbol.subscript.find_first_of("+-") != std::string::npos;
  if (!is_short || is_sum || !symbol.index.empty()) {
    made.latex_index = (symbol.latex_index.empty() ? symbol.index : symbol.latex_index) + "[" +
                       listed(in_latex, ", ") + "]";
    made.mathml_index = mathml_index(symbol) + "<mo stretchy=\"false\">[</mo>" +
                        listed(in_mathml, "<mo>,</mo>") + "<mo stretchy=\"false\">]</mo>";
    made.index += "[" + listed(in_text, ", ") + "]";
    return name(made);
  }
  made.latex_subscript =
      (symbol.latex_subscript.empty() ? symbol.subscript : symbol.latex_subscript) +
      (symbol.subscript.empty() ? "" : ",") + listed(in_latex, ",");
  made.mathml_subscript = mathml_subscript(symbol) +
                          (symbol.subscript.empty() ? "" : "<mo>,</mo>") +
                          listed(in_mathml, "<mo>,</mo>");
  made.subscript += suffix;
  return name(made);
}

// Whether scans carry different things by this name, as those of a function that is called twice
// do, or those of derivatives of derivatives. Then none of them is called by it.
bool Recurrences::is_several(const std::string& name) const {
  const auto found = carried_.find(name);
  return inner_.contains(name) || (found != carried_.end() && found->second.size() > 1);
}

// Whether what is carried has equations: where nobody sees them in the model file.
bool Recurrences::has_equations(Value leaf) const {
  return is_derived(leaf) || !is_of_model(leaf) ||
         is_several(std::get<Named>(graph_[leaf].attributes).name);
}

Recurrences::Signature Recurrences::signature(Value scan, size_t carry) const {
  std::vector<Value> within;
  for (const Round* round : around(scan)) within.push_back(round->scan);
  return signature(scan, carry, within);
}

// Of a scan that is within others, of which those count that it depends on.
Recurrences::Signature Recurrences::signature(Value value, size_t carry,
                                              std::span<const Value> within) const {
  const Scan& scan = scan_of(value);
  const std::vector<Value>& operands = graph_[value].operands;
  std::vector<Value> roots = {scan.next[carry]};
  std::set<size_t> known = {carry};
  for (size_t before = 0; before != known.size();) {
    before = known.size();
    const std::vector<Value> read = reachable(graph_, roots);
    for (size_t k = 0; k < scan.next.size(); ++k) {
      const Value leaf = scan.bound[scan.sequences.size() + k];
      const bool is_read = std::binary_search(read.begin(), read.end(), leaf);
      if (is_read && known.insert(k).second) roots.push_back(scan.next[k]);
    }
  }
  const std::vector<Value> read = reachable(graph_, roots);
  const auto is_up = static_cast<uint32_t>(direction_of(scan) > 0);
  Signature made = {scan.bound[scan.sequences.size() + carry].id, is_up};
  for (size_t k = 0; k < operands.size(); ++k) {
    const size_t number = k - scan.sequences.size();
    const bool is_carry = k >= scan.sequences.size() && number < scan.next.size();
    const bool is_read = std::binary_search(read.begin(), read.end(), scan.bound[k]);
    if (!is_read && !(is_carry && known.contains(number))) continue;
    made.insert(made.end(), {scan.bound[k].id, operands[k].id});
    if (is_carry) made.push_back(scan.next[number].id);
    if (k >= scan.sequences.size()) continue;
    const Along& along = scan.sequences[k];
    made.insert(made.end(), {static_cast<uint32_t>(along.axis), along.reverse ? 1U : 0U});
  }
  while (!within.empty() && !reads_round(value, within.back())) {
    within = within.first(within.size() - 1);
  }
  for (Value outer : within) {
    for (Value operand : graph_[outer].operands) made.push_back(operand.id);
  }
  return made;
}

Symbol Recurrences::symbol(Value scan, size_t carry) {
  const Value leaf = scan_of(scan).bound[scan_of(scan).sequences.size() + carry];
  const std::string& name = std::get<Named>(graph_[leaf].attributes).name;
  if (!is_several(name)) return symbol(name);
  const std::pair key(name, signature(scan, carry));
  if (!symbols_.contains(key)) {
    symbols_[key] = names_.fresh_numbered(name.starts_with("Σ:") ? "s" : "u");
  }
  return symbols_[key];
}

// The symbol of what alone has this name.
Symbol Recurrences::symbol(const std::string& name) {
  const std::pair key(name, Signature());
  if (const auto known = symbols_.find(key); known != symbols_.end()) return known->second;
  const std::string of = name.starts_with("δ:") ? name.substr(std::string("δ:").size()) : "";
  const bool is_plain = of.find(':') == std::string::npos && !is_several(of);
  Symbol made;
  if (!of.empty() && is_plain) {
    made = names_.fresh_adjoint(symbol(of));
  } else if (name.find(':') != std::string::npos) {
    made = names_.fresh_numbered(name.starts_with("Σ:") ? "s" : "u");
  } else {
    std::vector<Symbol> candidates = {as_written(name)};
    const auto alike = alike_.find(last_part(name));
    if (alike == alike_.end() || alike->second.size() < 2) {
      candidates.insert(candidates.begin(), as_written(last_part(name)));
    }
    made = names_.fresh(candidates);
  }
  return symbols_[key] = made;
}

std::map<std::string, std::string> Recurrences::printed() const {
  std::map<std::string, std::string> names;
  for (const auto& [key, symbol] : symbols_) {
    const std::string& name = key.first;
    if (name.find(':') == std::string::npos) names.emplace(name, text(symbol));
  }
  return names;
}

}  // namespace gradus::formula
