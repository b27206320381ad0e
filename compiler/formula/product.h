#pragma once

#include <functional>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::formula {

// A factor of a product of entries: the entry of `value` at `at`, raised to `power`; or a condition
// on indices alone.
struct Factor {
  enum class Form : unsigned char {
    entry,
    holds,  // 1 where the boolean entry is true and else 0
    fails,  // 1 where it is false
    place,  // 1 where `at`, which is one access, is 0 and else 0; `value` is what stands there
  };
  Value value;
  std::vector<Affine> at;  // one access for each axis, over the product's indices
  double power = 1;
  Form form = Form::entry;
};

// A value as a sum of products: value[i] = top/bottom · Π sizes · Σ_k Π factors. Indices 0 … free-1
// are the value's axes, the others are summed. What einsum computes, with scalars and divisions.
struct Product {
  struct Size {
    Dim dim;
    int power = 1;
    friend bool operator==(const Size&, const Size&) = default;
  };
  double top = 1;
  double bottom = 1;
  std::vector<Size> sizes;  // extents that occur as numbers
  Shape extents;
  int free = 0;
  std::vector<Factor> factors;  // in the order in which they were written

  int bound() const { return static_cast<int>(extents.size()) - free; }
};

// Writes a value as a product: through multiplication, division, signs, views, contractions, sums
// and branches of which one is 0. Values for which `stops` holds are factors as they are; `value`
// itself is looked into in any case.
Product product_of(const Graph& graph, Value value, const std::function<bool(Value)>& stops);

// Whether all entries are the same number: what is made of scalars alone.
bool is_uniform(const Graph& graph, Value value, const std::function<bool(Value)>& stops);

// √n·√n = n of numbers and sizes.
void multiply_square_roots(const Graph& graph, Product& product,
                           const std::function<bool(Value)>& stops);

// Leaves out conditions x < c that another, x < d with d ≤ c, implies.
void drop_implied_conditions(const Graph& graph, Product& product);

// Whole numbers in lowest terms; sizes that cancel go.
void reduce_fraction(Product& product);

// Multiplies the numbers and sizes of a product by those of another, raised to a whole power.
void multiply(Product& product, const Product& by, int times);
// Whether no numbers and sizes stand in front.
bool is_plain(const Product& scale);

// Whether two shapes differ in axes of extent 1 alone, and if so, which axis of `from` each axis of
// `to` is: −1 for a new one.
std::optional<std::vector<int>> unit_axes(const Shape& from, const Shape& to);

// Whether the value is a literal, or one repeated along axes; its number.
std::optional<double> literal(const Graph& graph, Value value);

}  // namespace gradus::formula
