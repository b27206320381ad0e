#include "compiler/formula/numpy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "compiler/graph/rewrite.h"
#include "compiler/simplify/simplify.h"
#include "tests/formula/models.h"
#include "tests/graph/random_graph.h"

namespace gradus {
namespace {

using formula::numpy_module;

std::string run(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (size_t n = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  pclose(pipe);
  return out;
}

bool has_numpy() {
  if (run(GRADUS_PYTHON " -c 'import numpy; print(1)' 2>/dev/null") == "1\n") return true;
  std::cerr << "skipped: no NumPy for " GRADUS_PYTHON "\n";
  return false;
}

// An array as Python.
std::string python(const Array& array) {
  std::string entries;
  for (double x : array.entries) {
    entries += std::isnan(x)   ? "nan, "
               : std::isinf(x) ? (x > 0 ? "inf, " : "-inf, ")
                               : fmt::format("{}, ", x);
  }
  const std::string type = array.element == Element::real    ? "float"
                           : array.element == Element::index ? "int"
                                                             : "bool";
  std::string shape;
  for (int64_t n : array.shape) shape += fmt::format("{}, ", n);
  return fmt::format("array([{}], {}).reshape(({}))", entries, type, shape);
}

// Modules with data and the values that the interpreter gives them, to be run at once.
class Cases {
 public:
  Cases()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("gradus_numpy_{}", static_cast<int>(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Cases() { std::filesystem::remove_all(folder_); }

  void add(const Graph& graph, const Definition& loss, const std::vector<Definition>& gradients,
           const Bindings& leaves, const DimBindings& dims) {
    const std::string name = fmt::format("case{}", count_++);
    std::ofstream(folder_ / (name + ".py")) << numpy_module(graph, loss, gradients);
    std::string params;
    std::string inputs;
    std::vector<Value> all = {loss.value};
    for (const Definition& g : gradients) all.push_back(g.value);
    for (uint32_t id = 0; id < graph.size(); ++id) {
      const Op op = graph[Value{id}].op;
      if (op != Op::input && op != Op::param) continue;
      const std::string& leaf = std::get<Named>(graph[Value{id}].attributes).name;
      (op == Op::input ? inputs : params) +=
          fmt::format("\"{}\": {}, ", leaf, python(leaves.at(leaf)));
    }
    const auto values = interpret(graph, all, leaves, dims);
    std::string expected;
    for (size_t k = 0; k < gradients.size(); ++k) {
      expected += fmt::format("\"{}\": {}, ", gradients[k].name, python(values[k + 1]));
    }
    driver_ += fmt::format("check(\"{}\", {{{}}}, {{{}}}, {}, {{{}}})\n", name, params, inputs,
                           python(values[0]), expected);
  }

  // What is wrong, a line each.
  std::string complaints() {
    std::ofstream(folder_ / "driver.py") << R"(import importlib
import numpy
from numpy import array, asarray, float32, float64, inf, isfinite, isnan, nan, seterr

def wrong(got, want):
    if got.shape != want.shape:
        return f"shape {got.shape} for {want.shape}"
    if got.dtype != float64:
        return f"{got.dtype}"
    same = (got == want) | (isnan(got) & isnan(want))
    scale = max(1.0, abs(want[isfinite(want)]).max(initial=0))
    off = abs(got - want)[~same] / scale
    return "" if off.size == 0 or off.max() < 1e-10 else f"off by {off.max()}"

def check(name, params, inputs, loss, gradients):
    try:
        module = importlib.import_module(name)
        results = {"loss": asarray(module.loss(params, inputs)), **module.gradients(params, inputs)}
        single = module.gradients({k: a.astype(float32) for k, a in params.items()},
                                  {k: a.astype(float32) if a.dtype == float else a for k, a in inputs.items()})
        if params and any(a.dtype != float32 for a in single.values()):
            print(name, "does not follow float32")
    except Exception as error:
        return print(name, "raised", repr(error))
    for key, want in {"loss": loss, **gradients}.items():
        if said := wrong(results[key], want):
            print(name, key, said)

seterr(all="ignore")
)" << driver_;
    return run(fmt::format("cd {} && " GRADUS_PYTHON " driver.py 2>&1", folder_.string()));
  }

 private:
  std::filesystem::path folder_;
  std::string driver_;
  int count_ = 0;
};

TEST_CASE("the NumPy module computes what the graph says", "[numpy]") {
  if (!has_numpy()) return;
  Cases cases;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    test::RandomProgram program = test::random_program(seed, {.smooth = seed % 3 != 0});
    // A size that is only the bound of indices is told by no array.
    const auto sized = bound_dims(
        program.graph, reachable(program.graph, std::span(&program.loss, 1)), program.leaves, {});
    if (!unbound_dims(program.graph, std::span(&program.loss, 1), sized).empty()) continue;
    auto raw = gradient(program.graph, program.loss, program.params);
    raw.push_back(program.loss);
    const auto simple = raw;
    std::vector<Definition> gradients;
    for (size_t k = 0; k < program.params.size(); ++k) {
      const auto& leaf = std::get<Named>(program.graph[program.params[k]].attributes);
      gradients.push_back({leaf.name, seed % 2 == 0 ? raw[k] : simple[k]});
    }
    cases.add(program.graph, {"J", simple.back()}, gradients, program.leaves, program.dims);
  }
  CHECK(cases.complaints() == "");
}

TEST_CASE("a NumPy module reads like one written by hand", "[numpy]") {
  test::ModelBuilder m;
  const Value x = m.input("x", {m.batch});
  const Value y = m.input("y", {m.batch});
  const Value w = m.param("h.W");
  const Value lambda = m.graph.symbol("lambda", 0.1);
  const Value z = m.define("z", m.mul(w, x));
  m.finish("J", m.add(m.mean(m.square(m.sub(z, y))), m.mul(lambda, m.square(w))));
  m.subject.simplified = m.subject.loss.value;
  const std::string module = m.derive({.format = formula::Format::numpy});
  const std::string loss = R"(
lambda_ = 0.1


@np.errstate(all="ignore")
def loss(params, inputs):
    """J, a number."""
    dtype = dtype_of(params, inputs)
    x = np.asarray(inputs["x"], dtype)
    y = np.asarray(inputs["y"], dtype)
    h_W = np.asarray(params["h.W"], dtype)
    batch = x.shape[0]
    z = h_W * x
    J = (np.sum((z - y) ** 2) / batch) + (lambda_ * (h_W ** 2))
    return dtype.type(J)
)";
  INFO(module);
  CHECK(module.find(loss) != std::string::npos);
}

}  // namespace
}  // namespace gradus
