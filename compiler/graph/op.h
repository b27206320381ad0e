#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/graph/template.h"

namespace gradus {

// Every operator of the tensor IR; operators.def says what each is.
enum class Op : uint8_t {
#define MAP(op, ...) op,
#define STRUCTURE(op) op,
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
};

inline constexpr size_t op_count = 0
#define MAP(op, ...) +1   // NOLINT(bugprone-macro-parentheses): a sum is made of them
#define STRUCTURE(op) +1  // NOLINT(bugprone-macro-parentheses)
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
    ;

std::string_view name(Op op);
// Whether it is elementwise: a row of the table with arity, derivative and code.
bool is_map(Op op);
// Whether it has no operands: constant, symbol, size, iota, input, param, state, bound.
bool is_leaf(Op op);
// Whether it folds axes away: reduce_…, logsumexp, norm, argmax, argmin.
bool is_reduction(Op op);
// Whether it is about matrices, the last two axes: inv, solve, det, logdet, cholesky.
bool is_linear_algebra(Op op);

enum class Result : uint8_t { real, boolean, operands };

// How one element is computed: a primitive of the code generator by name, or a template.
struct ScalarCode {
  ScalarCode(const char* primitive) : primitive(primitive) {}       // NOLINT
  ScalarCode(Template composed) : composed(std::move(composed)) {}  // NOLINT
  std::string_view primitive;                                       // empty where composed
  Template composed;
};

// A row of the table of elementwise operators.
struct Map {
  Op op;
  std::string_view name;
  std::string_view spelling;
  int arity;
  Result result;
  // The adjoint of each operand over x, y, z, r, g; empty templates where none flows.
  std::vector<Template> gradient;
  double (*value)(double x, double y, double z);
  ScalarCode code;
  std::string_view numpy;
};

// All rows, in the order of `Op`.
std::span<const Map> maps();
// The row of an elementwise operator.
const Map& map_of(Op op);
// The row with this spelling in the language, or null.
const Map* map_spelt(std::string_view spelling);

}  // namespace gradus
