#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "compiler/formula/expr.h"
#include "compiler/formula/product.h"

namespace gradus::formula {

// One tensor of a product: its formula, and the index that each of its axes runs over, all
// different. A vector is a column.
struct Piece {
  Expr expr;
  std::vector<int> indices;
  int rank = 0;  // for the order of factors
  double power = 1;
  bool is_column = false;  // a vector that is a matrix of one column: it stretches along rows
  bool is_symmetric = false;
};

// Sorts, keeping the order of equals. (Insertion: there are few; clang refuses libstdc++'s
// std::stable_sort.)
template <class Before>
void sort_pieces(std::vector<Piece>& pieces, Before before) {
  for (auto next = pieces.begin(); next != pieces.end(); ++next) {
    std::rotate(std::upper_bound(pieces.begin(), next, *next, before), next, next + 1);
  }
}

// Finds matrix notation for Σ Π pieces: products of matrices and vectors, ⊙ where indices agree,
// ᵀ, diag, 1 for the vector of ones, and Σ over everything.
class Matrices {
 public:
  // `per_sample`: vectors over the same index are multiplied with `·`.
  Matrices(std::vector<Piece> pieces, const Product& product, bool per_sample);

  // The tensor over the free indices in order, without the scalar factors; invalid where all are
  // scalars. Nothing where there is no notation. `exact` as in Reader::whole.
  std::optional<Expr> written(bool exact);
  // Scalars that the sums came to, to be multiplied.
  const std::vector<Piece>& scalars() const { return scalars_; }

 private:
  bool is_free(int index) const { return index < product_.free; }
  int uses(int index) const;
  bool merge();
  static bool spell_out_powers(std::vector<Piece>& pieces);
  static Expr merged(std::vector<Piece> pieces, bool per_sample);
  bool sum_alone();
  bool sum_pair();
  bool scale_by_vector();
  bool sum_all();
  void replace(size_t a, size_t b, Piece by);
  std::optional<Expr> arranged(bool exact);
  std::optional<Expr> arranged_matrix(bool exact);

  std::vector<Piece> pieces_;
  std::vector<Piece> scalars_;
  const Product& product_;
  bool per_sample_;
};

}  // namespace gradus::formula
