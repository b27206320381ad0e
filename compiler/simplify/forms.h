#pragma once

#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::rewriting {

// base^power. The base has the product's shape or is a scalar; a broadcast is a view here.
struct Factor {
  Value base;
  int power = 1;
};

// top/bottom · Π factors, in the order in which they were written.
struct Product {
  double top = 1;
  double bottom = 1;
  std::vector<Factor> factors;
};

// Products added up, in the order in which they were written.
using Sum = std::vector<Product>;

class Rewriter;

// A value as a product: through multiplication, division, signs, integer powers, and through
// broadcasts of these. A value that has a name is a factor of its own, unless it is `value` itself
// and `open` says to look into it.
Product product_of(Rewriter& rewriter, Value value, bool open = true);
// A value as a sum: through addition, subtraction and signs. Names are kept as above.
Sum sum_of(Rewriter& rewriter, Value value, bool open = true);

// y − x for x − y.
Value reversed(Rewriter& rewriter, Value difference);
// Turns the factors y − x of a product around where the model has x − y.
void turn_alike(const Rewriter& rewriter, const Product& model, Product& product);

// Whether a value is written as a sum (through a broadcast): then it may be multiplied out.
bool is_sum(const Graph& graph, Value value);
// The terms of a value for which `is_sum` holds, whatever its name.
Sum terms_of(Rewriter& rewriter, Value value);

Product times(Product a, const Product& b);
// 1 in front for −1 in front and so on: top/bottom in lowest terms as far as that is exact.
void reduce_fraction(Product& product);
// Adds the powers of equal bases; those of opposite sign only where the base is not 0, or
// still divides. Whether a
// factor was cancelled.
bool merge_factors(Rewriter& rewriter, Product& product);
// Adds up the terms that differ in their coefficients alone. Terms that come to 0 go where that
// loses no NaN. Whether any were found.
bool collect_terms(Rewriter& rewriter, Sum& sum);
// Takes what all terms have in common out of the sum. `common` has nothing where there is nothing.
Product common_factor(Rewriter& rewriter, Sum& sum);

// The value, of this shape. Constants stand in front, a sign before them; factors keep their order,
// those that are broadcast alike are multiplied before they are broadcast.
Value build(Rewriter& rewriter, const Product& product, const Shape& shape);
// The value, of this shape; the first term without a sign stands first.
Value build(Rewriter& rewriter, const Sum& sum, const Shape& shape);

// The constant part of a product (literals, symbols, extents), which is taken out of it.
Product take_constants(Rewriter& rewriter, Product& product);
bool is_one(const Product& product);

}  // namespace gradus::rewriting
