#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/derivation.h"
#include "compiler/graph/graph.h"

namespace gradus {

// Rewrites what the roots compute into less, by the rules of the table, until none applies; the
// roots of the result stand in the same order and have the same types. Values are kept as far as
// each rule's exactness says. Names are kept: where a named value is rewritten, its successor has
// the name. Simplifying the result again changes nothing. Each rewrite is recorded in `log` where
// there is one.
std::vector<Value> simplify(Graph& graph, std::span<const Value> roots, Derivation* log = nullptr);

// Only the rules that recognise a function in its spelling (the softmax in eᶻ/Σeᶻ, the sigmoid in
// 1/(1 + e⁻ˣ), …): for a loss before it is differentiated, so that its derivative is that of the
// function and not of the spelling.
std::vector<Value> recognise(Graph& graph, std::span<const Value> roots, Derivation* log = nullptr);

// Values that are to be computed, simplified already: differences that would lose all their digits
// (1 − σ(x)) in another form, which is not the one that people read.
std::vector<Value> stabilise(Graph& graph, std::span<const Value> roots);

// A rule as the documentation lists it.
struct RuleText {
  std::string_view name;  // in the words of a textbook; the log of a derivation has the same
  std::string from;
  std::string to;
  std::string where;  // the side condition, or empty
  Exactness exactness = Exactness::exact;
};

// All the rules, by subject.
std::vector<RuleText> rule_texts();

}  // namespace gradus
