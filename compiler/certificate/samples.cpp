#include "compiler/certificate/samples.h"

#include <cmath>
#include <numbers>
#include <random>
#include <set>

#include "compiler/graph/rewrite.h"

namespace gradus::certificate {
namespace {

bool is_bindable(Op op) { return op == Op::input || op == Op::param || op == Op::state; }

// The first numbers from `first` on that are not taken, so far apart.
DimBindings numbered(const std::vector<std::string>& names, const DimBindings& fixed,
                     const std::set<int64_t>& taken, int64_t first, int64_t apart) {
  DimBindings dims = fixed;
  int64_t next = first;
  for (const std::string& name : names) {
    while (taken.contains(next)) ++next;
    if (dims.try_emplace(name, next).second) next += apart;
  }
  return dims;
}

// Whether extents that differ do so as numbers too, and those with names in them are no axes of one
// entry, or of none.
bool are_distinct(const std::set<Dim>& extents, const DimBindings& dims) {
  std::set<int64_t> numbers;
  for (const Dim& each : extents) {
    const auto number = each.substituted(dims).number();
    const bool is_small = number && !each.number() && *number < 2;
    if (is_small || (number && !numbers.insert(*number).second)) return false;
  }
  return true;
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
  std::set<Dim> extents;
  const auto add = [&](const Dim& dim) {
    if (const auto number = dim.number()) taken.insert(*number);
    for (const std::string& name : dim.names()) names.insert(name);
  };
  for (const std::string& name : unbound_dims(graph, roots, {})) names.insert(name);
  for (Value value : reachable(graph, roots)) {
    for (const Dim& dim : graph.shape(value)) {
      add(dim);
      extents.insert(dim);
    }
    add(graph.type(value).bound);
  }
  for (const Dim& dim : least) add(dim);
  const std::vector<std::string> all(names.begin(), names.end());
  std::optional<DimBindings> found;  // the smallest, where none are all distinct
  constexpr int64_t largest = 400;
  constexpr int64_t tries = 12;
  int64_t found_at = 0;
  for (int64_t first = 3; first < largest && (!found || first < found_at + tries); ++first) {
    for (int64_t apart = 1; apart < 5; ++apart) {
      DimBindings dims = numbered(all, fixed, taken, first, apart);
      bool holds = true;
      for (const Dim& dim : least) {
        holds = holds && dim.substituted(dims).number().value_or(-1) >= 0;
      }
      if (holds && are_distinct(extents, dims)) return dims;
      if (!holds || found) continue;
      found = dims;
      found_at = first;
    }
  }
  return found;
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
