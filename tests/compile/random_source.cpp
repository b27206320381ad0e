#include "tests/compile/random_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>
#include <vector>

namespace gradus::test {
namespace {

// An extent as it is written: `batch`, `n`, a constant's name or a number.
using Dims = std::vector<std::string>;

struct Variable {
  std::string name;
  Dims shape;
};

// Writes a model statement by statement. An expression is written for a shape that is wanted, so
// that every text is well-typed; values stay of moderate size.
class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed) {}

  std::string operator()() {
    text_ = "const k = 3\nconst one = 1\n";
    leaves();
    text_ += "fn soft(x, s = 0.5) = x / (1 + s * x^2)\n";
    text_ +=
        "fn mixed(x: [.., m]) {\n  y = x - mean(x, axis = -1, keep = true)\n  y * 0.5 + x[.., "
        "0:1]\n}\n";
    const int count = 3 + below(4);
    for (int i = 0; i < count; ++i) statement();
    loss();
    return text_;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<size_t>(below(static_cast<int>(from.size())))];
  }
  std::string fresh(std::string_view stem) { return fmt::format("{}{}", stem, counter_++); }
  static std::string written(const Dims& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
  }

  // Extents that parameters may have.
  std::string size() { return pick<std::string>({"n", "k", "2", "1", "4", "one", "k"}); }
  Dims shape(int most, bool samples) {
    Dims made;
    const int rank = below(most + 1);
    for (int i = 0; i < rank; ++i)
      made.push_back(i == 0 && samples && chance(50) ? "batch" : size());
    return made;
  }
  // Constants are numbers, not names.
  static bool same(const std::string& a, const std::string& b) {
    const auto number = [](const std::string& x) { return x == "k" ? "3" : x == "one" ? "1" : x; };
    return number(a) == number(b);
  }
  static bool same(const Dims& a, const Dims& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return same(x, y); });
  }

  void leaves() {
    text_ += "input x: [batch, n]\ninput y: [batch]\ninput token: index(k)[batch]\n";
    variables_ = {{"x", {"batch", "n"}}, {"y", {"batch"}}};
    const int count = 2 + below(3);
    for (int i = 0; i < count; ++i) {
      const std::string name = fresh("w");
      const Dims made = i == 0 ? Dims{"k", size()} : shape(2, false);
      text_ += made.empty() ? fmt::format("param {} = 0.4\n", name)
                            : fmt::format("param {}: {} ~ normal(0, 0.7)\n", name, written(made));
      variables_.push_back({name, made});
      parameters_.push_back(name);
      if (i == 0) table_ = variables_.back();
    }
  }

  void define(const std::string& name, const Dims& made, const std::string& value) {
    text_ += fmt::format("{} = {}\n", name, value);
    variables_.push_back({name, made});
  }

  void statement() {
    switch (below(9)) {
      case 0:
      case 1:
        return equation();
      case 2:
        return walk();
      case 3:
        return rounds();
      case 4:
        return layer();
      case 5:
        return derivative();
      case 6:
        return gather();
      default: {
        const Dims made = shape(3, true);
        return define(fresh("d"), made, expression(made, 3));
      }
    }
  }

  // ---- Expressions of tensors

  std::string variable(const Dims& made) {
    std::vector<Variable> fitting;
    for (const Variable& each : variables_) {
      if (same(each.shape, made)) fitting.push_back(each);
    }
    if (!fitting.empty() && chance(90)) return pick(fitting).name;
    for (const Variable& each : variables_) {  // broadcast along the leading axes
      const size_t rank = each.shape.size();
      if (rank < made.size() &&
          same(each.shape, Dims(made.end() - static_cast<long>(rank), made.end()))) {
        fitting.push_back(each);
      }
    }
    const std::string filled =
        made.empty() ? std::string("0.3") : fmt::format("full({}, 0.3)", written(made));
    if (fitting.empty()) return filled;
    return fmt::format("({} + {})", pick(fitting).name, filled);
  }

  std::string expression(const Dims& made, int depth) {
    if (depth == 0) return variable(made);
    const auto part = [&] { return expression(made, depth - 1); };
    switch (below(made.size() >= 2 ? 14 : made.size() == 1 ? 12 : 9)) {
      case 0:
        return variable(made);
      case 1:
        return fmt::format(
            "{}({})",
            pick<std::string>({"tanh", "sin", "sigmoid", "softplus", "soft", "cos", "erf", "relu"}),
            part());
      case 2:
        return fmt::format("({} {} {})", part(), pick<std::string>({"+", "-", "*"}), part());
      case 3:
        return fmt::format("({} / (1.5 + {}^2))", part(), part());
      case 4:
        return fmt::format("(if {} > {} then {} else -{})", part(), part(), part(), part());
      case 5:
        return fmt::format("{}({}^2 + 0.5)", pick<std::string>({"log", "sqrt"}), part());
      case 6: {
        Dims longer = made;
        longer.push_back(size());
        return fmt::format(
            "{}({}, axis = -1)",
            pick<std::string>({"sum", "mean", "logsumexp", "prod", "max", "norm", "var"}),
            expression(longer, depth - 1));
      }
      case 7:
        return fmt::format("soft({}, s = {})", part(), pick<std::string>({"0.3", "k / 4"}));
      case 8:
        return fmt::format("max({}, {})", part(), part());
      case 9:
        return fmt::format("{}({})", pick<std::string>({"softmax", "cumsum", "flip", "mixed"}),
                           part());
      case 10: {
        const std::string inner = size();
        Dims left = made;
        left.back() = inner;
        return fmt::format("({} @ {})", expression(left, depth - 1),
                           expression({inner, made.back()}, depth - 1));
      }
      case 11:
        return fmt::format("pad({}, {})[{}]", part(), pairs(made.size()), inside(made.size()));
      case 12: {
        Dims swapped = made;
        std::swap(swapped[made.size() - 1], swapped[made.size() - 2]);
        return fmt::format("({})'", expression(swapped, depth - 1));
      }
      default: {
        Dims rest(made.begin() + 1, made.end());
        return fmt::format("({} + {}[new])", part(), expression(rest, depth - 1));
      }
    }
  }

  static std::string pairs(size_t rank) {
    return fmt::format("[{}]", fmt::join(std::vector<std::string>(rank, "[1, 0]"), ", "));
  }
  static std::string inside(size_t rank) {
    return fmt::format("{}", fmt::join(std::vector<std::string>(rank, "1:"), ", "));
  }

  // ---- Index notation

  // An entry of a variable whose axes are all among those that indices run over.
  std::string entry(const std::vector<Variable>& indices) {
    std::vector<std::string> found;
    for (const Variable& each : variables_) {
      std::vector<std::string> places;
      for (const std::string& extent : each.shape) {
        std::vector<std::string> fitting;
        for (const Variable& index : indices) {
          if (same(index.shape[0], extent)) fitting.push_back(index.name);
        }
        if (fitting.empty()) break;
        const std::string& chosen = pick(fitting);
        places.push_back(
            extent != "batch" && chance(20) ? fmt::format("{} - 1 - {}", extent, chosen) : chosen);
      }
      if (places.size() < each.shape.size()) continue;
      found.push_back(places.empty() ? each.name
                                     : fmt::format("{}[{}]", each.name, fmt::join(places, ", ")));
    }
    for (const Variable& index : indices) {
      if (index.shape[0] != "batch") continue;
      for (const Variable& other : indices) {
        if (same(other.shape[0], table_.shape[1])) {
          found.push_back(fmt::format("{}[token[{}], {}]", table_.name, index.name, other.name));
        }
      }
    }
    if (found.empty() || chance(10))
      return fmt::format("(0.2 * {} + 0.1)", indices.empty() ? "k" : pick(indices).name);
    return pick(found);
  }

  std::string indexed(std::vector<Variable> indices, int depth) {
    if (depth == 0) return entry(indices);
    const auto part = [&] { return indexed(indices, depth - 1); };
    switch (below(7)) {
      case 0:
        return entry(indices);
      case 1:
        return fmt::format("{}({})", pick<std::string>({"tanh", "sin", "sigmoid", "soft"}), part());
      case 2:
        return fmt::format("({} {} {})", part(), pick<std::string>({"+", "-", "*"}), part());
      case 3:
        if (indices.size() < 2) return part();
        return fmt::format("(if {} <= {} then {} else {})", pick(indices).name, pick(indices).name,
                           part(), part());
      default: {
        std::vector<Variable> inner = indices;
        const Variable& over = table_;
        const std::string bound = fresh("i");
        inner.push_back({bound, {over.shape[static_cast<size_t>(below(2))]}});
        const std::string reducer =
            pick<std::string>({"sum", "sum", "mean", "logsumexp", "max", "prod"});
        std::string product = fmt::format("{}[{}, {}]", over.name, place(inner, over.shape[0]),
                                          place(inner, over.shape[1]));
        if (product.find(bound) == std::string::npos) {
          product = fmt::format("{} * ({} + 0.5)", product, covering(inner.back()));
        }
        return fmt::format("({}[{}] {} * {})", reducer, bound, product, indexed(inner, depth - 1));
      }
    }
  }

  // Where along an axis of this extent: an index that runs over it, or its first entry.
  std::string place(const std::vector<Variable>& indices, const std::string& extent) {
    for (auto index = indices.rbegin(); index != indices.rend(); ++index) {
      if (same(index->shape[0], extent)) return index->name;
    }
    return "0";
  }

  // An entry that bounds the index.
  std::string covering(const Variable& index) {
    return fmt::format("zeros([{}])[{}]", index.shape[0], index.name);
  }

  void equation() {
    Dims made = shape(3, true);
    if (made.empty()) made = {size()};
    std::vector<Variable> indices;
    std::vector<std::string> names;
    std::vector<std::string> ranges;
    for (const std::string& extent : made) {
      names.push_back(fresh("i"));
      indices.push_back({names.back(), {extent}});
      ranges.push_back(fmt::format("{} in 0..{}", names.back(), extent));
    }
    const std::string name = fresh("e");
    text_ += fmt::format("{}[{}] = {} where {}\n", name, fmt::join(names, ", "),
                         indexed(indices, 2), fmt::join(ranges, ", "));
    variables_.push_back({name, made});
  }

  // ---- What takes more than an expression

  void gather() {
    Dims made = {"batch", table_.shape[1]};
    define(fresh("g"), made, fmt::format("{}[token] * {}", table_.name, expression(made, 1)));
  }

  const Variable* sequence() {
    std::vector<const Variable*> found;
    for (const Variable& each : variables_) {
      if (!each.shape.empty() && each.shape[0] != "batch") found.push_back(&each);
      if (each.shape.size() == 2) found.push_back(&each);
    }
    return found.empty() ? nullptr : pick(found);
  }

  void walk() {
    const Variable* over = sequence();
    if (over == nullptr) return;
    const Variable walked = *over;
    const int axis = walked.shape[0] == "batch" ? 1 : below(static_cast<int>(walked.shape.size()));
    Dims each = walked.shape;
    each.erase(each.begin() + axis);
    const size_t outside = variables_.size();
    const std::string item = fresh("t");
    const std::string carry = fresh("h");
    const std::string start = each.empty() ? "0.1" : fmt::format("full({}, 0.1)", written(each));
    variables_.push_back({item, each});
    variables_.push_back({carry, each});
    const std::string next =
        fmt::format("tanh({} + 0.5 * {} + {})", expression(each, 1), carry, item);
    const std::string value = expression(each, 1);
    variables_.resize(outside);
    define(fresh("s"), walked.shape,
           fmt::format("scan ({} in {}{} over axis = {}; {} = {}) {{\n  {} = {}\n  {} * {}\n}}",
                       item, walked.name, chance(30) ? " reverse" : "", axis, carry, start, carry,
                       next, carry, value));
  }

  void rounds() {
    const Variable start = pick(variables_);
    const std::string carry = fresh("h");
    const size_t outside = variables_.size();
    const std::string own = fresh("v");
    variables_.push_back({carry, start.shape});
    const std::string step = expression(start.shape, 1);
    variables_.resize(outside);
    define(fresh("r"), start.shape,
           fmt::format("repeat (l in 0..{}; {} = {}) {{\n  param {} = 0.6\n  {} = tanh({} * {} + "
                       "{} / (l + 2))\n}}",
                       1 + below(3), carry, start.name, own, carry, own, carry, step));
  }

  void layer() {
    const std::string units = size();
    const bool active = chance(50);
    define(fresh("f"), {"batch", units},
           fmt::format("dense({}, {}{})", expression({"batch", "n"}, 1), units,
                       active ? ", act = tanh" : ""));
  }

  void derivative() {
    std::vector<Variable> own;
    for (const Variable& each : variables_) {
      if (std::find(parameters_.begin(), parameters_.end(), each.name) != parameters_.end())
        own.push_back(each);
    }
    const Variable by = pick(own);
    const std::string inner =
        fmt::format("sum(sin({}) * {}) + sum({}^2)", by.name, expression(by.shape, 2), by.name);
    define(fresh("g"), by.shape, fmt::format("grad({}, {})", inner, by.name));
  }

  void loss() {
    std::vector<std::string> terms;
    for (const Variable& each : variables_) {
      if (each.name == "x" || each.name == "y") continue;
      terms.push_back(each.shape.empty() ? fmt::format("tanh({})", each.name)
                                         : fmt::format("mean(tanh({})^2)", each.name));
    }
    text_ += fmt::format("loss J = {}\n", fmt::join(terms, " + "));
  }

  std::mt19937_64 random_;
  std::string text_;
  std::vector<Variable> variables_;
  std::vector<std::string> parameters_;
  Variable table_;  // a parameter that tokens index
  int counter_ = 0;
};

}  // namespace

std::string random_source(uint64_t seed) { return Writer(seed)(); }

}  // namespace gradus::test
