#include "compiler/graph/print.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <map>

namespace gradus {
namespace {

using Numbers = std::map<Value, int>;

std::string index_name(int axis) {
  static constexpr std::string_view letters = "ijklmnopqrstuvwxyz";
  if (axis < static_cast<int>(letters.size())) return std::string(1, letters[axis]);
  return fmt::format("i{}", axis);
}

std::string text(const Affine& access) {
  std::string out;
  for (const Affine::Term& term : access.terms) {
    const int64_t magnitude = std::abs(term.coefficient);
    if (!out.empty()) {
      out += term.coefficient < 0 ? " - " : " + ";
    } else if (term.coefficient < 0) {
      out += "-";
    }
    if (magnitude != 1) out += fmt::format("{}*", magnitude);
    out += index_name(term.axis);
  }
  if (out.empty()) return access.offset.text();
  if (access.offset == Dim(0)) return out;
  const std::string offset = access.offset.text();
  return offset[0] == '-' ? out + " - " + offset.substr(1) : out + " + " + offset;
}

std::string text(const std::vector<Affine>& map) {
  std::vector<std::string> entries;
  for (const Affine& access : map) entries.push_back(text(access));
  return fmt::format("[{}]", fmt::join(entries, ", "));
}

// The operands with what the attributes say about them.
struct Arguments {
  const Numbers& numbers;
  const Node& node;
  const std::vector<Value>& operands = node.operands;

  std::string plain() const {
    std::vector<std::string> all;
    for (Value operand : operands) all.push_back(fmt::format("%{}", numbers.at(operand)));
    return fmt::format("{}", fmt::join(all, ", "));
  }
  std::string operator()(const Plain&) const { return plain(); }
  std::string operator()(const Literal& a) const { return fmt::format("{}", a.value); }
  std::string operator()(const Named& a) const {
    return node.op == Op::symbol ? fmt::format("{} = {}", a.name, a.value) : a.name;
  }
  std::string operator()(const Extent& a) const { return a.dim.text(); }
  std::string operator()(const Axes& a) const {
    return fmt::format("{} over [{}]", plain(), fmt::join(a.axes, ", "));
  }
  std::string operator()(const Along& a) const {
    return fmt::format("{} along {}{}{}", plain(), a.axis, a.reverse ? " reverse" : "",
                       a.exclusive ? " exclusive" : "");
  }
  std::string operator()(const View& a) const {
    const std::string fill = a.fill ? fmt::format(" else {}", *a.fill) : "";
    return plain() + text(a.map) + fill;
  }
  std::string operator()(const Target&) const { return plain(); }
  std::string operator()(const Overridden& a) const { return a.by->function + " " + plain(); }
  std::string operator()(const Contraction& a) const {
    std::vector<std::string> factors;
    for (size_t k = 0; k < operands.size(); ++k) {
      factors.push_back(fmt::format("%{}{}", numbers.at(operands[k]), text(a.accesses[k])));
    }
    std::string out = fmt::format("{}", fmt::join(factors, ", "));
    for (int k = a.free; k < static_cast<int>(a.extents.size()); ++k) {
      out += fmt::format("{} {} < {}", k == a.free ? " over" : ",", index_name(k),
                         a.extents[k].text());
    }
    return out;
  }
  std::string operator()(const Gathering& a) const {
    std::vector<std::string> places;
    for (const Coordinate& each : a.from) {
      places.push_back(each.operand < 0 ? text(each.at[0])
                                        : fmt::format("%{}{}", numbers.at(operands[each.operand]),
                                                      text(each.at)));
    }
    const std::string_view into = node.op == Op::scatter_add ? " into " : "";
    return fmt::format("%{}{}[{}]", numbers.at(operands[0]), into, fmt::join(places, ", "));
  }
  std::string operator()(const Draw& a) const {
    const char* kind = a.kind == Draw::Kind::uniform ? "uniform" : "normal";
    return fmt::format("{} at {} by {}", kind, a.site, plain());
  }
  // The operands, each with the leaf that the body knows it by.
  std::string operator()(const Scan& a) const {
    std::vector<std::string> all;
    for (size_t k = 0; k < operands.size(); ++k) {
      const auto carry = static_cast<int>(k - a.sequences.size());
      std::string_view kind = carry < a.carries ? "carry" : "with";
      std::string where;
      if (k < a.sequences.size()) {
        kind = "each";
        where = along(a.sequences[k]);
      }
      all.push_back(fmt::format("{} %{} = %{}{}", kind, numbers.at(a.bound[k]),
                                numbers.at(operands[k]), where));
    }
    return fmt::format("{} rounds, {}", a.rounds.text(), fmt::join(all, ", "));
  }
  std::string operator()(const Number& a) const {
    return fmt::format("{} of {}", a.number, plain());
  }

  static std::string along(const Along& a) {
    return fmt::format(" along {}{}", a.axis, a.reverse ? " reverse" : "");
  }
};

// Numbers are given in the order of lines; those of a body are known within it.
struct Listing {
  const Graph& graph;
  int next = 0;

  std::string lines(std::span<const Value> roots, Numbers& numbers, const std::string& indent) {
    std::string out;
    for (Value value : reachable(graph, roots)) {
      if (numbers.contains(value)) continue;
      const Node& node = graph[value];
      const int number = next++;
      numbers[value] = number;
      std::string body;
      std::string arguments;
      if (const auto* scan = std::get_if<Scan>(&node.attributes)) {
        Numbers inner = numbers;
        body = this->body(*scan, inner, indent + "    ");
        arguments = Arguments{inner, node}(*scan);
      } else {
        arguments = std::visit(Arguments{numbers, node}, node.attributes);
      }
      out += fmt::format("{}%{} = {} {} : {}", indent, number, name(node.op), arguments,
                         text(node.type));
      if (!graph.name(value).empty()) out += fmt::format("  # {}", graph.name(value));
      out += '\n' + body;
    }
    return out;
  }

  std::string body(const Scan& scan, Numbers& numbers, const std::string& indent) {
    std::vector<Value> roots = scan.bound;
    for (Value value : body_of(scan)) roots.push_back(value);
    std::string out = lines(roots, numbers, indent);
    for (size_t k = 0; k < scan.next.size(); ++k) {
      out +=
          fmt::format("{}%{} <- %{}\n", indent, numbers.at(scan.bound[scan.sequences.size() + k]),
                      numbers.at(scan.next[k]));
    }
    for (size_t k = 0; k < scan.yields.size(); ++k) {
      out += fmt::format("{}yield %{}{}\n", indent, numbers.at(scan.yields[k]),
                         Arguments::along(scan.stacked[k]));
    }
    return out;
  }
};

std::string text(const Graph& graph, std::span<const Value> roots, Numbers& numbers) {
  return Listing{graph}.lines(roots, numbers, "");
}

}  // namespace

std::string text(const Graph& graph, std::span<const Value> roots) {
  Numbers numbers;
  return text(graph, roots, numbers);
}

std::string text(const Graph& graph, const Function& function) {
  std::vector<Value> roots = function.roots();
  for (const Update& update : function.updates) roots.push_back(update.target);
  Numbers numbers;
  std::string out = text(graph, roots, numbers);
  for (const Definition& result : function.results) {
    out += fmt::format("{} = %{}\n", result.name, numbers.at(result.value));
  }
  for (const Update& update : function.updates) {
    const auto& target = std::get<Named>(graph[update.target].attributes);
    out += fmt::format("{} <- %{}\n", target.name, numbers.at(update.value));
  }
  return out;
}

}  // namespace gradus
