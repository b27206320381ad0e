#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "compiler/compile.h"
#include "compiler/gradient/differences.h"
#include "compiler/gradient/gradient.h"
#include "compiler/graph/interpret.h"
#include "compiler/graph/rewrite.h"
#include "compiler/simplify/simplify.h"
#include "tests/compile/machine.h"

// Every operator of the language: on all kinds of shapes its compiled first and second derivatives
// beside differences, and its values at extreme inputs beside those that tests/reference/values.py
// found with mpmath. The worst errors are printed.
namespace gradus {
namespace {

// An operator as it is written, and the shapes of x, or of x and y; with domains of the entries.
struct Example {
  std::string text;
  std::vector<std::string> shapes;  // "[3, 5]", or "[3, 1] [5]"
  double least = -1.4;
  double largest = 1.4;
};

const std::vector<std::string> unary = {"[]", "[0]", "[1]", "[3, 5]", "[0, 3]"};
const std::vector<std::string> binary = {
    "[] []", "[0] [0]", "[7] [7]", "[3, 5] [5]", "[3, 1] [1, 5]", "[2, 1, 3] [5, 1]", "[7] []"};
const std::vector<std::string> tensors = {"[3, 5]", "[1, 1]", "[2, 0]", "[0, 3]", "[7, 1]"};
const std::vector<std::string> filled = {"[3, 5]", "[1, 1]", "[7, 1]", "[2, 33]"};
const std::vector<std::string> square = {"[3, 3]", "[1, 1]", "[0, 0]", "[2, 4, 4]", "[5, 5]"};

const std::vector<Example> examples = {
    {"exp(x)", unary},
    {"expm1(x)", unary},
    {"log(x)", unary, 0.5, 2},
    {"log1p(x)", unary, -0.7},
    {"sqrt(x)", unary, 0.5, 2},
    {"abs(x)", unary},
    {"sign(x)", unary},
    {"floor(x)", unary},
    {"ceil(x)", unary},
    {"round(x)", unary},
    {"sin(x)", unary},
    {"cos(x)", unary},
    {"tan(x)", unary, -1, 1},
    {"asin(x)", unary, -0.7, 0.7},
    {"acos(x)", unary, -0.7, 0.7},
    {"atan(x)", unary},
    {"sinh(x)", unary},
    {"cosh(x)", unary},
    {"tanh(x)", unary},
    {"sigmoid(x)", unary, -6, 6},
    {"softplus(x)", unary, -6, 6},
    {"erf(x)", unary},
    {"lgamma(x)", unary, 0.5, 4},
    {"-x", unary},
    {"relu(x)", unary},
    {"leaky_relu(x)", unary},
    {"elu(x)", unary},
    {"selu(x)", unary},
    {"gelu(x)", unary},
    {"gelu_tanh(x)", unary},
    {"silu(x)", unary},
    {"mish(x)", unary},
    {"softsign(x)", unary},
    {"if x > 0 then x^3 else sin(x)", unary},
    {"x + y", binary},
    {"x - y", binary},
    {"x * y", binary},
    {"x / y", binary, 0.5, 2},
    {"x ^ y", binary, 0.5, 2},
    {"pow(x, y)", binary, 0.5, 2},
    {"min(x, y)", binary},
    {"max(x, y)", binary},
    {"atan2(x, y)", binary, 0.5, 2},
    {"x^2", unary},
    {"x^3", unary},
    {"x^-1", unary, 0.5, 2},
    {"x^1.5", unary, 0.5, 2},
    {"sum(x)", tensors},
    {"sum(x, axis = 0)", tensors},
    {"sum(x, axis = -1, keep = true)", tensors},
    {"mean(x)", filled},
    {"mean(x, axis = 0)", filled},
    {"prod(x)", tensors},
    {"prod(x, axis = 1)", tensors},
    {"max(x)", filled},
    {"max(x, axis = 0)", filled},
    {"min(x, axis = 1)", filled},
    {"var(x)", filled},
    {"var(x, axis = 1)", {"[3, 5]", "[2, 33]"}},
    {"std(x, axis = 1)", {"[3, 5]", "[2, 33]"}},
    {"norm(x)", filled, 0.3},
    {"norm(x, axis = 1)", filled, 0.3},
    {"softmax(x)", tensors},
    {"softmax(x, axis = 0)", tensors},
    {"log_softmax(x)", tensors},
    {"logsumexp(x)", filled},
    {"logsumexp(x, axis = 0)", filled},
    {"cumsum(x)", tensors},
    {"cumsum(x, axis = 0)", tensors},
    {"x[:, 0] * argmax(x)", {"[3, 5]", "[1, 1]"}},
    {"x[0] * argmin(x, axis = 0)", {"[3, 5]", "[1, 1]"}},
    {"x'", tensors},
    {"reshape(x, [-1])", {"[3, 5]", "[1, 1]", "[7, 1]"}},
    {"flatten(x)", {"[3, 5, 2]", "[1, 1]"}},
    {"transpose(x, [1, 0])", tensors},
    {"concat([x, x * x], axis = 1)", tensors},
    {"stack([x, sin(x)])", tensors},
    {"concat([x, y], axis = 0)", {"[3, 5] [2, 5]", "[0, 5] [1, 5]"}},
    {"pad(x^2, [[1, 0], [0, 2]])", tensors},
    {"flip(x^2)", tensors},
    {"flip(x, axis = 0) * x", tensors},
    {"diag(x)", {"[3]", "[1]", "[4, 4]", "[0, 0]"}},
    {"trace(x @ x)", {"[3, 3]", "[1, 1]", "[0, 0]"}},
    {"x[:, ::2] * 2", {"[3, 5]", "[1, 1]", "[0, 3]"}},
    {"x[-1] * x[0]", filled},
    {"x[:, new] * x[new]", {"[3]", "[0]", "[1]"}},
    {"x[iota(2)]^2", {"[3, 5]", "[2]"}},
    {"one_hot(iota(3), 3) * x", {"[3, 3]", "[1, 3]", "[3]"}},
    {"x @ y",
     {"[3, 5] [5, 2]", "[5] [5]", "[3, 5] [5]", "[5] [5, 2]", "[2, 3, 4] [4, 2]", "[0, 3] [3, 2]",
      "[3, 0] [0, 2]", "[1, 1] [1, 1]"}},
    {"inv(x + 4 * diag(ones([3])))", {"[3, 3]", "[2, 3, 3]"}},
    {"inv(x)", {"[1, 1]"}, 0.5, 2},
    {"det(x)", square},
    {"adjugate(x)", square},
    {"adjugate(x + 4 * diag(ones([4])))", {"[4, 4]", "[2, 4, 4]"}},
    {"logdet(x + 4 * diag(ones([3])))", {"[3, 3]", "[2, 3, 3]"}},
    {"logdet(x)", {"[1, 1]"}, 0.5, 2},
    {"cholesky(x @ x' + diag(ones([3])))", {"[3, 2]", "[2, 3, 2]"}},
    {"cholesky(x)", {"[1, 1]", "[0, 0]"}, 0.5, 2},
    {"solve(x + 4 * diag(ones([3])), y)",
     {"[3, 3] [3]", "[3, 3] [3, 2]", "[2, 3, 3] [3, 1]", "[3, 3] [2, 3, 2]"}},
};

// The text with x and y numbered, where they are names by themselves.
std::string numbered(const std::string& text, size_t k) {
  std::string made;
  for (size_t i = 0; i < text.size(); ++i) {
    made += text[i];
    const auto letter = [&](size_t at) { return at < text.size() && std::isalnum(text[at]) != 0; };
    const bool alone =
        (text[i] == 'x' || text[i] == 'y') && (i == 0 || !letter(i - 1)) && !letter(i + 1);
    if (alone) made += std::to_string(k);
  }
  return made;
}

// All shapes of an example in one model, each with a result of its own.
std::string model_of(const Example& example) {
  std::string text;
  for (size_t k = 0; k < example.shapes.size(); ++k) {
    const std::string& shapes = example.shapes[k];
    const size_t end = shapes.find(']') + 1;
    text += fmt::format("param x{}: {} = 0\n", k, shapes.substr(0, end));
    if (end < shapes.size()) text += fmt::format("param y{}: {} = 0\n", k, shapes.substr(end + 1));
    text += fmt::format("r{} = {}\n", k, numbered(example.text, k));
  }
  return text;
}

struct Worst {
  double error = 0;
  std::string where;
  void add(double found, const std::string& at) {
    if (std::isnan(found)) found = INFINITY;
    if (found > error || where.empty()) *this = {found, at};
  }
};

Array drawn(const Graph& graph, Value value, std::mt19937& random, double least, double largest) {
  Array made{Element::real, {}, {}};
  int64_t size = 1;
  for (const Dim& dim : graph.shape(value)) made.shape.push_back(*dim.number());
  for (int64_t extent : made.shape) size *= extent;
  std::uniform_real_distribution<double> uniform(least, largest);
  for (int64_t i = 0; i < size; ++i) made.entries.push_back(uniform(random));
  return made;
}

// Σ x ⊙ weights.
Value weighted(Graph& graph, Value x, const std::string& name) {
  const Value w = graph.leaf(Op::input, name, {Element::real, graph.shape(x), 0});
  std::vector<int> axes(graph.shape(x).size());
  for (size_t k = 0; k < axes.size(); ++k) axes[k] = static_cast<int>(k);
  return graph.reduce(Op::reduce_sum, graph.map(Op::mul, {x, w}), axes);
}

// One result: its weighted sum, the derivatives of that, and those of their weighted sum.
class Checked {
 public:
  Checked(Program& program, const Example& example, size_t number)
      : program_(program),
        random_(7 + static_cast<unsigned>(number)),
        label_(fmt::format("{} of {}", example.text, example.shapes[number])) {
    Graph& graph = program.graph;
    for (const Parameter& parameter : program.parameters) {
      if (parameter.name.substr(1) == std::to_string(number))
        leaves_.push_back({parameter.name, parameter.value});
    }
    const Value result = program.find("r" + std::to_string(number));
    loss_ = weighted(graph, result, fmt::format("w{}", number));
    Gradients found = differentiate(graph, loss_, leaves_);
    first_ = found.simplified;
    sum_ = graph.constant(0);
    for (size_t k = 0; k < first_.size(); ++k) {
      const Value term = weighted(graph, first_[k].value, fmt::format("v{}{}", number, k));
      sum_ = graph.map(Op::add, {sum_, term});
    }
    found = differentiate(graph, sum_, leaves_);
    second_ = found.simplified;
    bind(result, number, example);
  }

  void add_results(Function& function) const {
    for (size_t k = 0; k < leaves_.size(); ++k) {
      function.results.push_back({"first:" + leaves_[k].name, first_[k].value});
      function.results.push_back({"second:" + leaves_[k].name, second_[k].value});
    }
  }
  const Bindings& bindings() const { return bindings_; }

  void compare(const test::Machine& machine, Worst& first, Worst& second) {
    for (size_t k = 0; k < leaves_.size(); ++k) {
      const std::string& name = leaves_[k].name;
      first.add(error(machine.output("first:" + name), loss_, name), label_);
      second.add(error(machine.output("second:" + name), sum_, name), label_);
    }
  }

 private:
  void bind(Value result, size_t number, const Example& example) {
    const Graph& graph = program_.graph;
    for (size_t k = 0; k < leaves_.size(); ++k) {
      bindings_[leaves_[k].name] =
          drawn(graph, leaves_[k].value, random_, example.least, example.largest);
      bindings_[fmt::format("v{}{}", number, k)] = drawn(graph, leaves_[k].value, random_, -1, 1);
    }
    bindings_[fmt::format("w{}", number)] = drawn(graph, result, random_, -1, 1);
  }

  // The largest difference from the differences, relative to 1 or the largest of them.
  double error(const std::vector<double>& got, Value of, const std::string& name) {
    double worst = 0;
    double scale = 1;
    for (size_t k = 0; k < got.size(); ++k) {
      double& place = bindings_.at(name).entries[k];
      const double here = place;
      const Difference want = ridders(
          [&](double x) {
            place = x;
            return interpret(program_.graph, of, bindings_).entries[0];
          },
          here);
      place = here;
      scale = std::fmax(scale, std::fabs(want.value));
      const double off = std::fabs(got[k] - want.value);
      worst = std::isnan(off) ? INFINITY : std::fmax(worst, off);
    }
    return worst / scale;
  }

  Program& program_;
  std::mt19937 random_;
  std::string label_;
  std::vector<Definition> leaves_;
  Value loss_;
  Value sum_;
  std::vector<Definition> first_;
  std::vector<Definition> second_;
  Bindings bindings_;
};

TEST_CASE("derivatives of every operator on every kind of shape", "[operators]") {
  Worst first;
  Worst second;
  for (const Example& example : examples) {
    INFO(example.text);
    Program program = test::checked(model_of(example));
    std::vector<Checked> all;
    Function function;
    for (size_t k = 0; k < example.shapes.size(); ++k) {
      all.emplace_back(program, example, k).add_results(function);
    }
    test::Machine machine(plan_of(program.graph, function, {}, Precision::f64));
    for (const Checked& each : all) {
      for (const kernel::Slot& slot : machine.slots()) {
        const auto found = each.bindings().find(slot.name);
        if (found != each.bindings().end() && slot.role != kernel::Role::output)
          machine.set(slot.name, found->second.entries);
      }
    }
    machine.run();
    Worst here;
    Worst twice;
    for (Checked& each : all) each.compare(machine, here, twice);
    INFO(here.where << ": first " << here.error << ", second " << twice.error);
    CHECK(here.error < 1e-8);
    CHECK(twice.error < 1e-7);
    first.add(here.error, here.where);
    second.add(twice.error, twice.where);
  }
  fmt::print("worst first derivative {:.1e} ({}), second {:.1e} ({})\n", first.error, first.where,
             second.error, second.where);
}

double number(const nlohmann::json& value) {
  if (!value.is_string()) return value.get<double>();
  const auto text = value.get<std::string>();
  return text == "nan" ? NAN : text == "inf" ? INFINITY : -INFINITY;
}

// Relative; what must be infinite, NaN or 0 must be so. Denormals have fewer digits.
double relative(double got, double want) {
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) && std::isnan(got) ? 0 : INFINITY;
  if (got == want) return 0;
  if (std::isinf(want) || std::isinf(got)) return INFINITY;
  return std::fabs(got - want) / std::fmax(std::fabs(want), 1e-307);
}

TEST_CASE("values at extreme inputs", "[operators]") {
  const auto table = nlohmann::json::parse(test::file("tests/reference/values.json"));
  Worst compiled;
  Worst interpreted;
  for (const auto& [text, rows] : table.items()) {
    const size_t arity = rows[0]["at"].size();
    const size_t count = rows.size();
    std::string model = fmt::format("param x: [{}] = 0\n", count);
    if (arity == 2) model += fmt::format("param y: [{}] = 0\n", count);
    Program program = test::checked(model + "r = " + text + "\n");
    const Value result = program.find("r");
    test::Machine machine(plan_of(program.graph, {{{"r", result}}, {}}, {}, Precision::f64));
    Bindings bindings;
    for (size_t k = 0; k < arity; ++k) {
      Array entries{Element::real, {static_cast<int64_t>(count)}, {}};
      for (const auto& row : rows) entries.entries.push_back(number(row["at"][k]));
      // x^0 does not read x.
      for (const kernel::Slot& slot : machine.slots()) {
        if (slot.name == (k == 0 ? "x" : "y")) machine.set(slot.name, entries.entries);
      }
      bindings[k == 0 ? "x" : "y"] = entries;
    }
    machine.run();
    const std::vector<double> got = machine.output("r");
    const Array slow = interpret(program.graph, result, bindings);
    for (size_t i = 0; i < count; ++i) {
      const double want = number(rows[i]["value"]);
      const std::string where = fmt::format("{} at {}", text, rows[i]["at"].dump());
      INFO(where << ": " << got[i] << ", " << slow.entries[i] << " interpreted, to be " << want);
      const double off = relative(got[i], want);
      const double slow_off = relative(slow.entries[i], want);
      CHECK(off < 4e-15);
      CHECK(slow_off < 4e-15);
      compiled.add(off, where);
      interpreted.add(slow_off, where);
    }
  }
  fmt::print("worst value {:.1e} ({}), interpreted {:.1e} ({})\n", compiled.error, compiled.where,
             interpreted.error, interpreted.where);
}

}  // namespace
}  // namespace gradus
