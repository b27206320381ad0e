#pragma once

#include <array>
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

// A rule for parts of products or sums, taken apart; and the operators that must occur among the
// factors for it to match, by bits.
using Ops = std::array<uint64_t, 2>;
struct ProductRule {
  const Rule* rule;
  PatternProduct pattern;
  Ops needs;
};
struct SumRule {
  const Rule* rule;
  PatternSum pattern;
  Ops needs;
};
std::span<const ProductRule> product_rules();
std::span<const SumRule> sum_rules();
void add_ops(const Rewriter& rewriter, const Product& product, Ops& ops);
inline bool has_all(const Ops& ops, const Ops& needs) {
  return (ops[0] & needs[0]) == needs[0] && (ops[1] & needs[1]) == needs[1];
}

// The template with what its holes stand for.
Value instantiate(Rewriter& rewriter, const Template& form, const Match& match);

}  // namespace gradus::rewriting
