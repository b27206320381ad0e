#pragma once

#include <map>
#include <optional>
#include <string>

#include "compiler/formula/expr.h"
#include "compiler/graph/node.h"

namespace gradus::formula {

// What is known of the tensors that names stand for, by what the names print as.
struct NamedTensor {
  Shape shape;
  bool is_symmetric = false;
};
using NamedTensors = std::map<std::string, NamedTensor>;

// Takes what the terms of a sum have in common out of it, on the left or on the right, as far as
// that is shorter: A·x + Aᵀ·x = (A + Aᵀ)·x; and writes transposes of sums as sums of transposes
// where that is no longer; symmetric matrices have none. Of formulas alone: as computed, A·x + Aᵀ·x
// may well be the better form.
class Factoring {
 public:
  explicit Factoring(const NamedTensors& named) : named_(named) {}

  Expr factored(const Expr& x) const;

 private:
  // What a formula is in a product of matrices; entries and sums over everything are scalars.
  enum class Form : unsigned char { scalar, column, row, matrix };
  std::optional<Form> form(const Expr& x) const;
  std::optional<Form> form_of_product(const Expr& x, size_t first, size_t last) const;

  std::optional<Dim> length(const Expr& x, bool of_rows) const;
  bool may_join(const Expr& common, const Expr& a, const Expr& b, bool on_the_right) const;
  bool is_symmetric(const Expr& x) const;
  Expr factored_transpose(const Expr& x, const Expr& inner) const;
  Expr factored_sum(const Expr& x) const;
  std::optional<Expr> without_common(const Expr& x, bool on_the_right) const;

  const NamedTensors& named_;
};

}  // namespace gradus::formula
