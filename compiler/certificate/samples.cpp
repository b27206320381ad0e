#include "compiler/certificate/samples.h"

#include <cmath>
#include <numbers>
#include <random>
#include <set>

#include "compiler/graph/rewrite.h"

namespace gradus::certificate {
namespace {

bool is_bindable(Op op) { return op == Op::input || op == Op::param || op == Op::state; }

// The first numbers from `first` on that are not taken.
DimBindings numbered(const std::vector<std::string>& names, const DimBindings& fixed,
                     const std::set<int64_t>& taken, int64_t first) {
  DimBindings dims = fixed;
  int64_t next = first;
  for (const std::string& name : names) {
    while (taken.contains(next)) ++next;
    dims.try_emplace(name, next++);
  }
  return dims;
}

// Random numbers that are the same with every standard library.
class Numbers {
 public:
  explicit Numbers(int kind) : bits_(static_cast<uint64_t>(kind) + 1) {}

  double uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 bits_;
};

// A·Aᵀ/n + I, in place.
void make_positive_definite(Array& array) {
  const int64_t n = array.shape[0];
  const std::vector<double> a = array.entries;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = i == j ? 1 : 0;
      for (int64_t k = 0; k < n; ++k) sum += a[i * n + k] * a[j * n + k] / static_cast<double>(n);
      array.entries[i * n + j] = sum;
    }
  }
}

Array drawn(const Type& type, const DimBindings& dims, int kind, Numbers& random) {
  Array array{type.element, {}, {}};
  int64_t size = 1;
  for (const Dim& dim : type.shape) {
    array.shape.push_back(*dim.substituted(dims).number());
    size *= array.shape.back();
  }
  const auto bound = static_cast<double>(type.bound.substituted(dims).number().value_or(1));
  for (int64_t k = 0; k < size; ++k) {
    switch (type.element) {
      case Element::real:
        array.entries.push_back(kind % 2 == 0 ? 0.7 * random.normal()
                                              : 0.2 + 0.7 * random.uniform());
        break;
      case Element::index:
        array.entries.push_back(std::floor(bound * random.uniform()));
        break;
      case Element::boolean:
        array.entries.push_back(random.uniform() < 0.5 ? 0 : 1);
        break;
      case Element::tuple:
        break;  // of scans alone
    }
  }
  const bool is_square = array.shape.size() == 2 && array.shape[0] == array.shape[1];
  if (type.element == Element::real && is_square && kind >= 2) make_positive_definite(array);
  return array;
}

}  // namespace

std::optional<DimBindings> sizes(const Graph& graph, std::span<const Value> roots,
                                 const DimBindings& fixed, std::span<const Dim> least) {
  std::set<int64_t> taken;
  std::set<std::string> names;
  const auto add = [&](const Dim& dim) {
    if (const auto number = dim.number()) taken.insert(*number);
    for (const std::string& name : dim.names()) names.insert(name);
  };
  for (const std::string& name : unbound_dims(graph, roots, {})) names.insert(name);
  for (Value value : reachable(graph, roots)) {
    for (const Dim& dim : graph.shape(value)) add(dim);
    add(graph.type(value).bound);
  }
  for (const Dim& dim : least) add(dim);
  constexpr int64_t largest = 400;
  for (int64_t first = 3; first < largest; ++first) {
    const DimBindings dims = numbered({names.begin(), names.end()}, fixed, taken, first);
    bool holds = true;
    for (const Dim& dim : least) {
      holds = holds && dim.substituted(dims).number().value_or(-1) >= 0;
    }
    if (holds) return dims;
  }
  return std::nullopt;
}

Bindings leaves(const Graph& graph, std::span<const Value> roots, const DimBindings& dims,
                int kind) {
  Bindings bound;
  Numbers random(kind);
  for (Value value : reachable(graph, roots)) {
    const Node& node = graph[value];
    if (!is_bindable(node.op)) continue;
    bound.emplace(std::get<Named>(node.attributes).name, drawn(node.type, dims, kind, random));
  }
  return bound;
}

}  // namespace gradus::certificate
