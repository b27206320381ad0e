#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/graph/derivation.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/template.h"

namespace gradus::rewriting {

class Rewriter;

// When a rule is used: `recognise` before the gradient is taken too, `finish` only when the others
// are done, `evaluate` only on what is computed, not on what is read.
enum class Stage : uint8_t { recognise, simplify, finish, evaluate };

// What the holes of a template stand for.
struct Match {
  std::array<Value, 26> values;                         // of the holes a … z
  std::array<std::optional<std::vector<int>>, 3> axes;  // of the holes A, B, C
  const Shape* shape = nullptr;                         // of the value that was matched

  Value operator[](char hole) const { return values[hole - 'a']; }
};

// One way to rewrite: a pair of templates, or a function of the value. A template whose root is a
// sum or a product matches any part of a longer sum or product.
struct Rule {
  std::string_view name;
  Exactness exactness = Exactness::exact;
  Stage stage = Stage::simplify;
  // Either of these
  Template from;
  Template to;
  // or these: the operators at whose nodes it is tried, and what it does in words.
  std::vector<Op> at;
  Value (*apply)(Rewriter& rewriter, Value value) = nullptr;  // invalid where it does not apply
  std::string_view says_from;
  std::string_view says_to;
  // The side condition of a pair of templates.
  bool (*holds)(Rewriter& rewriter, const Match& match) = nullptr;
  std::string_view where;       // in words
  std::string_view assumption;  // of a rule that assumes
};

// The rules by subject, a file each.
std::span<const Rule> stability_rules();
std::span<const Rule> identity_rules();
std::span<const Rule> front_rules();
std::span<const Rule> arithmetic_rules();
std::span<const Rule> branch_rules();
std::span<const Rule> view_rules();
std::span<const Rule> joining_rules();
std::span<const Rule> reduction_rules();
std::span<const Rule> contraction_rules();
std::span<const Rule> spread_rules();
std::span<const Rule> scatter_rules();
std::span<const Rule> linear_algebra_rules();

// The rules tried at nodes of an operator, in the order of the table. (Pairs of templates that
// stand for parts of sums and of products are in match.h.)
std::span<const Rule* const> rules_at(Op op);

}  // namespace gradus::rewriting
