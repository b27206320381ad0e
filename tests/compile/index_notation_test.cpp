#include <fmt/format.h>
#include <fmt/ranges.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "compiler/check/check.h"
#include "compiler/gradient/gradient.h"
#include "compiler/kernel/planner.h"
#include "compiler/simplify/simplify.h"
#include "grammar/parser.h"
#include "tests/compile/machine.h"
#include "tests/graph/numeric.h"

// Equations in index notation by chance: compiled they do what the interpreter does, and their
// gradients are those of central differences.
namespace gradus {
namespace {

constexpr uint64_t programs = 500;

class Equations {
 public:
  explicit Equations(uint64_t seed) : random_(seed) {}

  // A model: parameters, tensors of indices, some equations over them, and their sum as the loss.
  std::string text() {
    tensors_ = {{"a", 1}, {"b", 2}, {"c", 2}, {"d", 3}};
    std::string model;
    for (const auto& [name, rank] : tensors_) {
      std::vector<int> shape;
      for (int k = 0; k < rank; ++k) shape.push_back(2 + below(4));
      model += fmt::format("param {}: [{}] = 1\n", name, fmt::join(shape, ", "));
    }
    model +=
        "input p: index(2)[4] = [0, 1, 1, 0]\ninput q: index(2)[2, 3] = [[1, 0, 1], [0, 0, 1]]\n";
    std::vector<std::string> sums;
    for (const char* name : {"u", "v"}) {
      model += equation(name);
      sums.push_back(fmt::format("sum({})", name));
    }
    return model + fmt::format("loss J = {} + {}\n", fmt::join(sums, " + "), closed());
  }

 private:
  struct Tensor {
    std::string name;
    int rank;
  };

  int below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }

  std::string fresh() { return std::string(1, "ijklmnrstxyz"[next_++ % 12]); }

  std::string equation(const std::string& name) {
    next_ = 0;
    indices_.clear();
    const int free = 1 + below(3);
    std::vector<std::string> left;
    for (int k = 0; k < free; ++k) left.push_back(fresh());
    indices_ = left;
    used_.clear();
    std::string right = expression(3);
    // Each free index stands somewhere, or has its range said.
    std::string where;
    for (const std::string& index : left) {
      if (used_.contains(index) && chance(90)) continue;
      where += fmt::format("{} {} in 0..{}", where.empty() ? " where" : ",", index, 1 + below(4));
    }
    tensors_.push_back({name, free});
    return fmt::format("{}[{}] = {}{}\n", name, fmt::join(left, ", "), right, where);
  }

  // Without free indices.
  std::string closed() {
    next_ = 0;
    indices_.clear();
    return reduction(3);
  }

  std::string expression(int depth) {
    if (depth == 0 || chance(15)) return chance(70) ? access() : number();
    const std::string x = expression(depth - 1);
    switch (below(9)) {
      case 0:
        return fmt::format("({} + {})", x, expression(depth - 1));
      case 1:
        return fmt::format("({} - {})", x, expression(depth - 1));
      case 2:
        return fmt::format("{} * {}", x, expression(depth - 1));
      case 3:
        return fmt::format("{} / (2 + {}^2)", x, access());
      case 4:
        return fmt::format("tanh({})", x);
      case 5:
        return fmt::format("softsign({})^2", x);
      case 6:
        return fmt::format("(if {} then {} else {})", condition(), x, expression(depth - 1));
      default:
        return reduction(depth - 1);
    }
  }

  std::string reduction(int depth) {
    static constexpr const char* reducers[] = {"sum",  "sum", "sum", "mean",
                                               "prod", "max", "min", "logsumexp"};
    const size_t outer = indices_.size();
    std::vector<std::string> bound;
    for (int k = 0; k <= below(2); ++k) bound.push_back(fresh());
    indices_.insert(indices_.end(), bound.begin(), bound.end());
    std::string body = access();
    // Every bound index is bounded by a tensor.
    while (std::any_of(bound.begin(), bound.end(),
                       [&](auto& each) { return body.find(each) == std::string::npos; })) {
      body += " * " + access();
    }
    if (depth > 0 && chance(60)) body = fmt::format("{} * ({})", body, expression(depth));
    indices_.resize(outer);
    return fmt::format("({}[{}] {})", reducers[below(8)], fmt::join(bound, ", "), body);
  }

  std::string index() {
    if (indices_.empty()) return "0";
    const std::string chosen =
        indices_[static_cast<size_t>(below(static_cast<int>(indices_.size())))];
    used_.insert(chosen);
    return chosen;
  }

  std::string place() {
    const int kind = below(100);
    if (kind < 62) return index();
    if (kind < 70) return fmt::format("{} + {}", index(), below(2));
    if (kind < 75) return fmt::format("1 - {}", index());
    if (kind < 80) return fmt::format("{} + {}", index(), index());
    if (kind < 84) return fmt::format("2*{} + {}", index(), below(2));
    if (kind < 90) return fmt::format("p[{}]", index());
    if (kind < 95) return fmt::format("q[{}, {}]", index(), index());
    return "0";
  }

  std::string access() {
    const Tensor& tensor = tensors_[static_cast<size_t>(below(static_cast<int>(tensors_.size())))];
    std::vector<std::string> places;
    for (int k = 0; k < tensor.rank; ++k) places.push_back(place());
    return fmt::format("{}[{}]", tensor.name, fmt::join(places, ", "));
  }

  std::string number() { return chance(50) ? fmt::format("0.{}", 1 + below(9)) : index(); }
  std::string condition() {
    return fmt::format("{} {} {}", index(), chance(50) ? "<=" : "==", chance(50) ? index() : "1");
  }

  std::mt19937_64 random_;
  std::vector<Tensor> tensors_;
  std::vector<std::string> indices_;
  std::set<std::string> used_;
  int next_ = 0;
};

// The program of a text; nothing where it is wrong, as where an access leaves its tensor.
std::optional<Program> program_of(const std::string& text) {
  Sources sources;
  Diagnostics diagnostics;
  std::vector<syntax::SyntaxTree> prelude;
  const syntax::SyntaxTree tree = syntax::parse(sources.add("model.grad", text), diagnostics);
  const char* own = "fn softsign(x) = x / (1 + abs(x))";
  prelude.push_back(syntax::parse(sources.add("prelude.grad", own), diagnostics));
  if (diagnostics.any()) FAIL(render(diagnostics, sources));
  return check(tree, prelude, {.set = {}, .training = false}, diagnostics);
}

Bindings leaves_of(const Program& program, uint64_t seed) {
  std::mt19937_64 random(seed);
  Bindings leaves;
  const auto extents = [&](Value value) {
    std::vector<int64_t> shape;
    for (const Dim& extent : program.graph.shape(value)) shape.push_back(*extent.number());
    return shape;
  };
  for (const Parameter& each : program.parameters) {
    Array array{Element::real, extents(each.value), {}};
    const int64_t size = *size_of(program.graph.shape(each.value)).number();
    for (int64_t k = 0; k < size; ++k) {
      array.entries.push_back(static_cast<double>(random() % 2000) / 1000 - 1);
    }
    leaves[each.name] = array;
  }
  for (const Input& each : program.inputs) {
    leaves[each.name] = {Element::index, extents(each.value), each.default_value->values};
  }
  return leaves;
}

void compare_compiled(Program& program, const std::vector<Value>& roots, const Bindings& leaves,
                      const kernel::Options& options) {
  Function function;
  for (size_t k = 0; k < roots.size(); ++k)
    function.results.push_back({fmt::format("{}", k), roots[k]});
  test::Machine machine(kernel::plan(program.graph, function, options));
  for (const kernel::Slot& slot : machine.slots()) {
    if (slot.role != kernel::Role::output) machine.set(slot.name, leaves.at(slot.name).entries);
  }
  machine.run();
  for (const Definition& result : function.results) {
    const Array wanted = interpret(program.graph, result.value, leaves);
    const Array found{wanted.element, wanted.shape, machine.output(result.name)};
    CHECK(test::error_between(found, wanted) < 1e-9);
  }
}

TEST_CASE("equations by chance: compiled, interpreted and by central differences", "[index]") {
  size_t right = 0;
  for (uint64_t seed = 0; seed < programs; ++seed) {
    const std::string text = Equations(seed).text();
    INFO("seed " << seed << "\n" << text);
    std::optional<Program> program = program_of(text);
    if (!program) continue;
    ++right;
    const Bindings leaves = leaves_of(*program, seed);
    const Value loss = program->losses[0].value;
    std::vector<Value> params;
    for (const Parameter& each : program->parameters) params.push_back(each.value);
    std::vector<Value> roots = gradient(program->graph, loss, params);
    if (seed % 2 == 0) roots = simplify(program->graph, roots);
    // A maximum over a range that is empty is −inf.
    const bool finite = std::isfinite(interpret(program->graph, loss, leaves).entries[0]);
    for (size_t k = 0; k < params.size() && finite; ++k) {
      const Array found = interpret(program->graph, roots[k], leaves);
      const Array wanted =
          test::central_differences(program->graph, loss, program->parameters[k].name, leaves, {});
      CHECK(test::error_between(found, wanted) < 1e-4);
    }
    roots.push_back(loss);
    kernel::Options options{.real = kernel::Scalar::f64};
    if (seed % 4 > 1) options = {kernel::Scalar::f64, 1, 1};
    compare_compiled(*program, roots, leaves, options);
  }
  CHECK(right > programs / 8);
}

}  // namespace
}  // namespace gradus
