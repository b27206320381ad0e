#include "compiler/formula/matrices.h"

#include <algorithm>
#include <cmath>

namespace gradus::formula {
namespace {

bool has(const Piece& piece, int index) {
  return std::find(piece.indices.begin(), piece.indices.end(), index) != piece.indices.end();
}

std::vector<int> sorted(std::vector<int> indices) {
  std::sort(indices.begin(), indices.end());
  return indices;
}

Expr ones() { return word("1"); }

Expr diagonal(const Expr& vector) { return call("diag", {vector}); }

// aᵀ·b or bᵀ·a, by as few transposes as can be.
Expr dot(const Expr& a, const Expr& b) {
  const Expr forwards = product({transpose(a), b});
  const Expr backwards = product({transpose(b), a});
  return symbols(backwards) < symbols(forwards) ? backwards : forwards;
}

Piece transposed(Piece piece) {
  if (!piece.is_symmetric) piece.expr = transpose(piece.expr);
  std::swap(piece.indices[0], piece.indices[1]);
  return piece;
}

// The matrix with this index on its rows.
Piece with_rows(const Piece& piece, int index) {
  return piece.indices[0] == index ? piece : transposed(piece);
}

}  // namespace

Matrices::Matrices(std::vector<Piece> pieces, const Product& product, bool per_sample)
    : product_(product), per_sample_(per_sample) {
  for (Piece& piece : pieces) {
    (piece.indices.empty() ? scalars_ : pieces_).push_back(std::move(piece));
  }
}

std::optional<Expr> Matrices::written(bool exact) {
  do {
    if (!merge()) return std::nullopt;
  } while (sum_all() || sum_alone() || sum_pair() || scale_by_vector());
  return arranged(exact);
}

int Matrices::uses(int index) const {
  return static_cast<int>(std::count_if(pieces_.begin(), pieces_.end(),
                                        [&](const Piece& piece) { return has(piece, index); }));
}

void Matrices::replace(size_t a, size_t b, Piece by) {
  by.rank = std::max(pieces_[a].rank, pieces_[b].rank);
  pieces_[std::min(a, b)] = std::move(by);
  pieces_.erase(pieces_.begin() + static_cast<long>(std::max(a, b)));
}

// Pieces over the same indices are multiplied entry by entry. False where a power has no notation:
// one of a square matrix would read as a matrix product with itself.
bool Matrices::merge() {
  std::vector<Piece> result;
  std::vector<bool> done(pieces_.size(), false);
  for (size_t k = 0; k < pieces_.size(); ++k) {
    if (done[k]) continue;
    std::vector<Piece> group;
    // The first one in the order of the free axes says how the others stand.
    std::vector<int> order = pieces_[k].indices;
    for (size_t j = k; j < pieces_.size(); ++j) {
      if (sorted(pieces_[j].indices) != sorted(order)) continue;
      if (pieces_[j].indices == sorted(order)) order = sorted(order);
    }
    int rank = 0;
    for (size_t j = k; j < pieces_.size(); ++j) {
      if (done[j] || sorted(pieces_[j].indices) != sorted(order)) continue;
      const bool swapped = order.size() == 2 && pieces_[j].indices != order;
      if (!swapped && pieces_[j].indices != order) continue;
      done[j] = true;
      rank = std::max(rank, pieces_[j].rank);
      group.push_back(swapped ? transposed(pieces_[j]) : pieces_[j]);
    }
    if (group.size() == 1 && group[0].power == 1) {
      result.push_back(group[0]);
    } else {
      const bool columns = std::all_of(group.begin(), group.end(),
                                       [](const Piece& piece) { return piece.is_column; });
      if (order.size() == 2 && product_.extents[order[0]] == product_.extents[order[1]] &&
          !spell_out_powers(group)) {
        return false;
      }
      result.push_back({merged(std::move(group), per_sample_), order, rank, 1, columns});
    }
  }
  pieces_ = std::move(result);
  return true;
}

// A ⊙ A for A².
bool Matrices::spell_out_powers(std::vector<Piece>& pieces) {
  std::vector<Piece> spelt;
  for (Piece& piece : pieces) {
    const double times = std::fabs(piece.power);
    if (times != 1 && times != 2 && times != 3) return false;
    piece.power = piece.power > 0 ? 1 : -1;
    spelt.insert(spelt.end(), static_cast<size_t>(times), piece);
  }
  pieces = std::move(spelt);
  return true;
}

Expr Matrices::merged(std::vector<Piece> pieces, bool per_sample) {
  sort_pieces(pieces, [](const Piece& a, const Piece& b) {
    if (a.rank != b.rank) return a.rank > b.rank;
    return !a.expr.is(Kind::sum) && b.expr.is(Kind::sum);
  });
  std::vector<Expr> top;
  std::vector<Expr> bottom;
  for (const Piece& piece : pieces) {
    (piece.power > 0 ? top : bottom).push_back(power(piece.expr, number(std::fabs(piece.power))));
  }
  // 1 − u behind u.
  for (size_t k = 0; k < top.size(); ++k) {
    const Expr complement = sum({number(1), negative(top[k])});
    const auto found = std::find(top.begin() + static_cast<long>(k) + 1, top.end(), complement);
    if (found != top.end()) std::rotate(top.begin() + static_cast<long>(k) + 1, found, found + 1);
  }
  const auto joined = [&](std::vector<Expr> x) {
    return per_sample ? product(std::move(x)) : hadamard(std::move(x));
  };
  return quotient(joined(std::move(top)), joined(std::move(bottom)));
}

// What is left over summed indices alone: Σ over everything, or the product of two vectors.
bool Matrices::sum_all() {
  for (size_t k = 0; k < pieces_.size(); ++k) {
    const Piece& piece = pieces_[k];
    const bool all = std::all_of(piece.indices.begin(), piece.indices.end(),
                                 [&](int index) { return !is_free(index) && uses(index) == 1; });
    if (!all) continue;
    const bool is_dot = !per_sample_ && piece.indices.size() == 1 &&
                        piece.expr.is(Kind::hadamard) && piece.expr->parts.size() == 2;
    Expr expr = is_dot ? dot(piece.expr[0], piece.expr[1]) : big("Σ", piece.expr);
    if (!is_dot && piece.expr.is(Kind::negative)) expr = negative(big("Σ", piece.expr[0]));
    scalars_.push_back({expr, {}, piece.rank, 1});
    pieces_.erase(pieces_.begin() + static_cast<long>(k));
    return true;
  }
  return false;
}

// A matrix of which one index is summed and in nothing else: its product with ones.
bool Matrices::sum_alone() {
  for (Piece& piece : pieces_) {
    if (piece.indices.size() != 2) continue;
    for (int index : piece.indices) {
      if (is_free(index) || uses(index) != 1) continue;
      const int other = piece.indices[0] == index ? piece.indices[1] : piece.indices[0];
      piece = {product({with_rows(piece, other).expr, ones()}), {other}, piece.rank, 1};
      return true;
    }
  }
  return false;
}

// A summed index in two pieces: their matrix product.
bool Matrices::sum_pair() {
  for (size_t a = 0; a < pieces_.size(); ++a) {
    for (size_t b = a + 1; b < pieces_.size(); ++b) {
      for (int index : pieces_[a].indices) {
        if (is_free(index) || uses(index) != 2 || !has(pieces_[b], index)) continue;
        if (pieces_[a].indices.size() > 2 || pieces_[b].indices.size() > 2) continue;
        const size_t vectors = (pieces_[a].indices.size() == 1) + (pieces_[b].indices.size() == 1);
        if (vectors == 2) continue;  // over one index, they were merged
        if (vectors == 1) {
          const bool a_is_vector = pieces_[a].indices.size() == 1;
          const Piece& vector = pieces_[a_is_vector ? a : b];
          const Piece matrix = transposed(with_rows(pieces_[a_is_vector ? b : a], index));
          replace(a, b, {product({matrix.expr, vector.expr}), {matrix.indices[0]}});
          return true;
        }
        Piece left = transposed(with_rows(pieces_[a], index));
        Piece right = with_rows(pieces_[b], index);
        Piece both = {product({left.expr, right.expr}), {left.indices[0], right.indices[1]}};
        // Free indices in order; else as few transposes as can be.
        const bool backwards = is_free(both.indices[0]) && is_free(both.indices[1])
                                   ? both.indices[0] > both.indices[1]
                                   : symbols(transpose(both.expr)) < symbols(both.expr);
        replace(a, b, backwards ? transposed(both) : both);
        return true;
      }
    }
  }
  return false;
}

// A vector over an index that is summed, and in more than two pieces: on the diagonal.
bool Matrices::scale_by_vector() {
  for (size_t a = 0; a < pieces_.size(); ++a) {
    if (pieces_[a].indices.size() != 1 || is_free(pieces_[a].indices[0])) continue;
    const int index = pieces_[a].indices[0];
    for (size_t b = 0; b < pieces_.size(); ++b) {
      if (b == a || pieces_[b].indices.size() != 2 || !has(pieces_[b], index)) continue;
      const Piece matrix = with_rows(pieces_[b], index);
      replace(a, b, {product({diagonal(pieces_[a].expr), matrix.expr}), matrix.indices});
      return true;
    }
  }
  return false;
}

std::optional<Expr> Matrices::arranged(bool exact) {
  for (const Piece& piece : pieces_) {
    for (int index : piece.indices) {
      if (!is_free(index)) return std::nullopt;
    }
  }
  if (pieces_.empty()) return Expr();
  if (product_.free == 2) return arranged_matrix(exact);
  // One tensor over all axes, or over the last ones, which broadcast.
  if (pieces_.size() != 1) return std::nullopt;
  const std::vector<int>& indices = pieces_[0].indices;
  const int missing = product_.free - static_cast<int>(indices.size());
  for (size_t k = 0; k < indices.size(); ++k) {
    if (indices[k] != missing + static_cast<int>(k)) return std::nullopt;
  }
  const Expr& expr = pieces_[0].expr;
  if (missing > 0 && (exact || !expr.is(Kind::name))) return std::nullopt;
  // A vector may stand as a row: sums of columns are 1ᵀ·A rather than Aᵀ·1.
  const bool is_column_sum =
      expr.is(Kind::product) && expr->parts.back() == ones() && expr[0].is(Kind::transpose);
  return is_column_sum ? transpose(expr) : expr;
}

std::optional<Expr> Matrices::arranged_matrix(bool exact) {
  const Piece* matrix = nullptr;
  const Piece* rows = nullptr;     // a vector over the rows' index
  const Piece* columns = nullptr;  // and over the columns'
  for (const Piece& piece : pieces_) {
    if (piece.indices.size() == 2) matrix = &piece;
    if (piece.indices.size() == 1) (piece.indices[0] == 0 ? rows : columns) = &piece;
  }
  if (matrix != nullptr) {
    Expr result = with_rows(*matrix, 0).expr;
    if (columns != nullptr) result = product({result, diagonal(columns->expr)});
    return rows == nullptr ? result : product({diagonal(rows->expr), result});
  }
  const bool one_row = product_.extents[0] == Dim(1);
  const bool one_column = product_.extents[1] == Dim(1);
  if (rows != nullptr && columns != nullptr) {
    return product({rows->expr, transpose(columns->expr)});
  }
  if (rows != nullptr) {
    const bool stretches = !exact && rows->is_column && rows->expr.is(Kind::name);
    const bool as_it_is = one_column || stretches;
    return as_it_is ? rows->expr : product({rows->expr, transpose(ones())});
  }
  if (one_row) return transpose(columns->expr);
  // A name stands for the rows it is added to, as a bias does.
  const bool stretches = !exact && columns->expr.is(Kind::name);
  return stretches ? columns->expr : product({ones(), transpose(columns->expr)});
}

}  // namespace gradus::formula
