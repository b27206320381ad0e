#pragma once

#include <vector>

#include "compiler/simplify/forms.h"
#include "compiler/simplify/rewriter.h"
#include "compiler/simplify/rule.h"

namespace gradus::rewriting {

// Templates taken apart as sums and products, so that they match however a sum is written.
struct PatternFactor {
  Template base;
  int power = 1;
};
struct PatternProduct {
  double top = 1;
  std::vector<PatternFactor> factors;  // holes last: what they stand for is known by then
};
using PatternSum = std::vector<PatternProduct>;  // terms that are a hole alone last

PatternProduct product_of(const Template& form);
PatternSum sum_of(const Template& form);

// All the ways in which a value has the form of a template, given what holes are bound to already.
// `shape` is that of the elementwise expression in which the value stands.
std::vector<Match> matches(Rewriter& rewriter, const Template& form, Value value,
                           const Match& bound, const Shape& shape);

// A part of a product or sum that has the form of a pattern, and what is left of it.
struct PartOfProduct {
  Match match;
  Product rest;
};
struct PartOfSum {
  Match match;
  double times;  // the part is this multiple of the pattern
  Sum rest;
  size_t place;  // of the part's first term
};
std::vector<PartOfProduct> parts(Rewriter& rewriter, const PatternProduct& pattern,
                                 const Product& product, const Shape& shape);
std::vector<PartOfSum> parts(Rewriter& rewriter, const PatternSum& pattern, const Sum& sum,
                             const Shape& shape);

// The template with what its holes stand for.
Value instantiate(Rewriter& rewriter, const Template& form, const Match& match);

}  // namespace gradus::rewriting
