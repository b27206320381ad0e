#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/formula/expr.h"
#include "compiler/formula/factoring.h"
#include "compiler/formula/matrices.h"
#include "compiler/formula/product.h"
#include "compiler/graph/graph.h"
#include "compiler/simplify/symmetry.h"

namespace gradus::formula {

// The rank of values that have a name but no definition.
inline constexpr int auxiliary_rank = 1000000;

// Reads values of a graph as formulas. Values that have a name are written by it; the others are
// written out, in matrix notation where there is one, else entry by entry over named indices.
class Reader {
 public:
  // `per_sample`: vectors are one number a sample, so that their products are written like those of
  // numbers, `Σ (ŷ − y)·a₁`, and not as matrices'.
  Reader(const Graph& graph, Names& names, bool per_sample)
      : graph_(graph), names_(names), per_sample_(per_sample), symmetry_(graph) {}

  // From now on the value is written by this name. `rank`: the factors of a product stand in
  // descending order of the ranks of what they are made of.
  void give_name(Value value, const Expr& name, int rank);
  void give_rank(Value value, int rank);
  // A vector whose name stands for a matrix of one column.
  void stretches_along_rows(Value vector) { columns_.insert(vector); }
  // Takes the name away; none where it has none.
  std::optional<Expr> take_name(Value value);
  bool is_named(Value value) const { return given_names_.count(value) > 0; }
  Expr name_of(Value value) const { return given_names_.at(value); }
  int rank(Value value);

  // A value that is an adjoint up to a constant: ∂J/∂x = scale · value, where the scale is numbers
  // and sizes alone. The name that it gets stands for the adjoint, δₓ where x has a name. (One
  // that lacks another scalar too has no such name, but the scale.)
  struct Adjoint {
    std::string of;  // empty: a part of a definition, or of none
    Product scale;
  };
  void set_adjoints(std::map<Value, Adjoint> adjoints) { adjoints_ = std::move(adjoints); }
  bool is_adjoint(Value value) const { return adjoints_.count(value) > 0; }
  // Whether a factor that is an adjoint, and has no matrix notation, may get its name.
  void name_adjoints(bool may) { may_name_adjoints_ = may; }
  // A new name for a value that is no definition.
  void give_auxiliary_name(Value value);

  // `left = value`, with the free indices on the left where there is no matrix notation. Where
  // `left` is the value's own name, it says what that stands for.
  Equation equation(const Expr& left, Value value);

  // A value that must be written as a whole to be used, but can only be written entry by entry,
  // gets a name; which ones did since the last time.
  std::vector<Value> take_new_auxiliaries();

  // The value in matrix notation if there is one, else an entry of it.
  Expr formula(Value value);

  // Matrix notation. `exact`: written out to the full shape, where an operand that is broadcast
  // along leading axes could stand for it in a sum. Nothing where there is no such notation.
  // What is written is the value times the numbers and sizes of `times`.
  std::optional<Expr> whole(Value value, bool exact = true, const Product& times = {});
  // The same for functions of tensors: a number that stands for a tensor is repeated in full.
  std::optional<Expr> whole_tensor(Value value);
  // The entry of a value.
  Expr at(Value value, const std::vector<Expr>& indices, const Product& times = {});

  // The values that have or had a name.
  const NamedTensors& named_tensors() const { return named_tensors_; }

  // An index that the next equations do not use for anything else, until it is given back.
  Expr take_index(const Dim& extent);
  void give_back_index(const Expr& index);

  Expr dim(const Dim& dim) const;
  Expr size(const Shape& shape) const;

 private:
  using Indices = std::vector<Expr>;

  bool stops(Value value) const;
  bool is_scaled(Value value) const { return is_named(value) && scaled_.count(value) > 0; }
  // The product of a value's factors, where those that are written by the name of an adjoint stand
  // for the adjoint, and sums for what is left of them when what all their terms have in front is
  // taken out.
  Product product_of(Value value, const std::function<bool(Value)>& stops) const;
  void take_scale(const Factor& factor, Product& product) const;
  // A number as it was written before it was computed, 1/√(2·π), where that is plain to see.
  struct Fraction {
    std::vector<Expr> top;
    std::vector<Expr> bottom;
  };
  Fraction fraction(double value) const;
  Expr constant(double value) const;
  Expr repeated(Value value, const Expr& number) const;
  Expr name_of_factor(const Factor& factor) const;
  // The value with this name, or its entry, times `times`; of an adjoint the name is a multiple.
  Expr times_scale(Value value, const Expr& name, const Product& times) const;
  Product named_scale(Value value, const Product& times) const;
  Product scale_of(Value term) const;
  // What is taken out of a factor.
  Product taken_out(const Factor& factor) const;
  Op op(Value value) const { return graph_[value].op; }
  const std::vector<Value>& operands(Value value) const { return graph_[value].operands; }

  // Numbers in front of a product and below it, and the scalars among the factors.
  struct Scale {
    std::vector<Expr> top;
    std::vector<Expr> bottom;
    bool minus = false;
  };
  Scale scale(const Product& product) const;
  Expr scaled(Scale scale, const Expr& body) const;

  // A term of a sum.
  struct Term {
    Value value;
    bool minus = false;
  };
  std::vector<Term> terms_of(Value value) const;
  bool is_full(Value value) const;
  bool is_number_alone(Value value) const;
  // The sum of the terms, each written as times as much as it is.
  std::optional<Expr> grouped(
      const std::vector<Term>& terms, const Product& times,
      const std::function<std::optional<Expr>(Value, const Product&)>& written) const;
  // What all terms of a sum are multiplied and divided by: numbers and sizes.
  std::optional<Product> common_scale(const std::vector<Term>& terms) const;

  // whole.cpp
  std::optional<Expr> whole_product(Value value, bool exact, const Product& times);
  std::optional<Expr> whole_sum(Value value, bool exact, const Product& times);
  std::optional<Expr> whole_list(Value value);
  std::optional<Expr> whole_concat(Value value, const Product& times);
  std::optional<Expr> whole_fallback(Value value);
  Product factors_of(Value value) const;
  std::optional<Piece> piece(const Factor& factor, Product& product);
  std::optional<Expr> whole_factor(const Factor& factor, Product& product);
  std::optional<Expr> stretch_of(const Affine& access, const Dim& extent) const;
  static void spread_scalars(std::vector<Piece>& pieces, const Product& product);
  Expr with_scalars(Scale scale, std::vector<Piece> scalars, const Expr& tensor) const;
  std::optional<Expr> whole_atom(Value value);
  std::optional<Expr> whole_function(Value value);
  std::optional<Expr> whole_structure(Value value);
  std::optional<Expr> whole_reduction(Value value);
  std::optional<Expr> whole_condition(Value value, bool fails);
  std::optional<Expr> whole_one_hot(Value value);
  std::optional<int> axis_counted(Value value) const;
  bool is_identity(Value value) const;
  std::optional<Expr> whole_pad(const Shape& from, const View& view, const Expr& x, bool spread);
  Expr whole_or_auxiliary(Value value);
  void auxiliary(Value value);

  // entries.cpp
  // The factors of a product, entry by entry.
  struct Written {
    std::vector<Expr> top;
    std::vector<Expr> bottom;
    std::vector<Expr> scalars;
    std::vector<Expr> divisors;  // scalars below
    std::vector<Expr> places;
    std::vector<Expr> outer_places;  // which are the same for all terms of the sum
  };
  Written written_factors(const Product& product, const Indices& indices);
  Expr at_operand(Value operand, const Indices& at);
  Expr entry_product(Value value, const Indices& at, const Product& times);
  Expr entry_atom(Value value, const Indices& at);
  Expr entry_factor(const Factor& factor, const Indices& at);
  std::optional<Expr> entry_within(const Factor& factor, const Indices& at, int free);
  bool reads_at_its_indices(Value value) const;
  Expr entry_condition(Value value, const Indices& at, bool fails);
  Expr entry_reduction(Value value, const Indices& at);
  Expr entry_view(Value value, const Indices& at);
  Expr entry_spread(Value value, const Indices& at);
  Expr entry_concat(Value value, const Indices& at);
  Expr entry_cumsum(Value value, const Indices& at);
  Expr entry_gather(Value value, const Indices& at);
  Expr entry_scatter(Value value, const Indices& at);
  Expr coordinate(const Node& node, const Coordinate& from, const Indices& at);
  Expr affine(const Affine& access, const Indices& at) const;
  // An entry of a value by its name, whose axes say what the indices run over.
  Expr entry_of(Value value, const Expr& name, const Indices& indices);
  // Those of the equation before: another one begins.
  void forget_indices();
  Expr new_index(const Dim& extent);
  Indices new_indices(const Shape& extents);
  // Ends the use of bound indices: Σ over them, each with its range where no access says it.
  bool is_said(const Expr& index, const Dim& extent) const;
  Indices with_ranges(Indices indices, const Shape& extents) const;
  Expr over(std::string_view operation, Expr body, Indices bound, const Shape& extents);

  // functions.cpp
  Expr applied(Op op, std::vector<Expr> x) const;
  static std::string_view comparison_sign(Op op);

  const Graph& graph_;
  Names& names_;
  bool per_sample_;
  std::map<Value, Expr> given_names_;
  std::map<Value, int> given_ranks_;
  std::map<Value, int> ranks_;  // of the others, as far as asked for
  std::map<Value, Adjoint> adjoints_;
  std::set<Value> scaled_;  // adjoints whose name, while they have one, stands for scale · value
  bool may_name_adjoints_ = true;
  std::vector<Value> new_auxiliaries_;
  Symmetry symmetry_;
  std::set<Value> columns_;
  NamedTensors named_tensors_;
  std::set<std::string> indices_;               // in use in the equation at hand
  std::multimap<std::string, Dim> read_along_;  // indices, and extents of axes they go along
  std::set<std::string> taken_indices_;
};

// Whether a value is worth no name: a literal, an extent, a named constant, or one of these
// repeated along axes.
bool is_constant(const Graph& graph, Value value);

}  // namespace gradus::formula
