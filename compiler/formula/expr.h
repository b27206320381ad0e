#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/formula/symbol.h"

namespace gradus::formula {

// What a formula is made of. `parts` are its operands.
enum class Kind : unsigned char {
  number,      // `value`
  name,        // `symbol`
  entry,       // parts[0] at the indices parts[1…]
  sum,         // parts with their signs: a negative one is subtracted
  product,     // parts joined by `·`: scaling and matrix products
  hadamard,    // parts joined by `⊙`: entry by entry
  quotient,    // parts[0] / parts[1]
  power,       // parts[0] raised to parts[1]
  negative,    // −parts[0]
  transpose,   // parts[0]ᵀ
  call,        // `word`(parts…); `words` has the keywords of the last parts, `axis`, …
  big,         // `word` (Σ, ∏, max, min) over the indices parts[1…] of parts[0]; over all without
  range,       // parts[0] in 0..parts[1]: an index with what it runs over, where nothing else says
  bracket,     // [parts[0]], 1 where the condition holds and else 0
  comparison,  // parts[0] `word` parts[1]
  logic,       // parts joined by `word`: and, or; not of one part
  choice,      // if parts[0] then parts[1] else parts[2]
  norm,        // ‖parts[0]‖
  absolute,    // |parts[0]|
  list,        // [parts…]
  slice,       // parts[0]:parts[1]:parts[2], an index; left out where invalid
  derivative,  // ∂parts[0]/∂parts[1]
};

// A formula: an immutable tree that is built from a graph once and written in every format.
class Expr {
 public:
  struct Node {
    Kind kind = Kind::number;
    double value = 0;
    Symbol symbol;
    std::string word;
    std::vector<std::string> words;
    std::vector<Expr> parts;
  };

  Expr() = default;
  explicit Expr(Node node) : node_(std::make_shared<const Node>(std::move(node))) {}

  bool valid() const { return node_ != nullptr; }
  const Node* operator->() const { return node_.get(); }
  const Expr& operator[](size_t k) const { return node_->parts[k]; }
  bool is(Kind kind) const { return valid() && node_->kind == kind; }
  bool is_condition() const { return is(Kind::comparison) || is(Kind::logic); }
  bool is_number(double value) const { return is(Kind::number) && node_->value == value; }
  friend bool operator==(const Expr& a, const Expr& b);

 private:
  std::shared_ptr<const Node> node_;
};

// Constructors. They flatten (a sum of sums is one sum), move signs outwards and drop neutral
// elements, and do no other algebra.
Expr number(double value);
Expr name(Symbol symbol);
Expr word(std::string_view spelt);  // a name as it is spelt
Expr entry(Expr of, std::vector<Expr> indices);
Expr sum(std::vector<Expr> terms);
Expr product(std::vector<Expr> factors);
Expr hadamard(std::vector<Expr> factors);
Expr quotient(Expr top, Expr bottom);
Expr power(Expr base, Expr exponent);
Expr negative(Expr x);
// Reverses products: (A·B)ᵀ is Bᵀ·Aᵀ.
Expr transpose(Expr x);
Expr call(std::string_view function, std::vector<Expr> arguments,
          std::vector<std::string> keywords = {});
// `sum(x, axis = 1)`, `axis = [0, 1]`, or without where the axes are the `usual` ones.
Expr call_along(std::string_view function, Expr x, const std::vector<int>& axes,
                const std::vector<int>& usual);
Expr big(std::string_view operation, Expr body, std::vector<Expr> bound = {});
Expr range(Expr index, Expr extent);
Expr bracket(Expr condition);
// `op` is one of < ≤ > ≥ = ≠.
Expr comparison(Expr left, std::string_view op, Expr right);
Expr logic(std::string_view op, std::vector<Expr> parts);
Expr negation(Expr condition);
Expr choice(Expr condition, Expr then, Expr otherwise);
Expr norm(Expr x);
Expr absolute(Expr x);
Expr list(std::vector<Expr> parts);
Expr slice(Expr first, Expr last, Expr stride);
Expr colon();  // a slice that is the whole axis
Expr derivative(Expr of, Expr by);

// With like terms of sums added up: u + u is 2·u.
Expr collected(const Expr& x);

// Its length as a reader counts it: names, numbers and operators; brackets are free.
int symbols(const Expr& x);

// A line of a derivation: left = right, and maybe = further forms of the same.
struct Equation {
  Expr left;
  std::vector<Expr> right;
  std::vector<Expr> rounds = {};  // of a recurrence: indices, each with its first and last value
};

}  // namespace gradus::formula
