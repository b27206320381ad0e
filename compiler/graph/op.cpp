#include "compiler/graph/op.h"

#include <cmath>
#include <unordered_map>

#include "compiler/graph/scalar.h"
#include "compiler/graph/template_functions.h"

namespace gradus {
namespace {

// The rows' gradient and code columns, each in a scope where x, y, z, r, g are holes.
namespace rows {
using namespace gradus::rules;  // NOLINT(google-build-using-namespace): rows read like formulas

const Template x = Template::hole('x');
const Template y = Template::hole('y');
const Template z = Template::hole('z');
const Template r = Template::hole('r');
const Template g = Template::hole('g');
const Template none;

#define GRADUS_LIST(...) {__VA_ARGS__}
#define MAP(op, spelling, arity, result, gradient, value, code, numpy)      \
  std::vector<Template> gradient_of_##op() { return GRADUS_LIST gradient; } \
  ScalarCode code_of_##op() { return code; }
#define STRUCTURE(op)
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
#undef GRADUS_LIST
}  // namespace rows

namespace values {
using namespace gradus::scalar;  // NOLINT(google-build-using-namespace)

#define MAP(op, spelling, arity, result, gradient, value, code, numpy)                         \
  double op([[maybe_unused]] double x, [[maybe_unused]] double y, [[maybe_unused]] double z) { \
    return value;                                                                              \
  }
#define STRUCTURE(op)
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
}  // namespace values

std::vector<Map> make_maps() {
  std::vector<Map> table;
#define MAP(op, spelling, arity, result, gradient, value, code, numpy)                     \
  table.push_back({Op::op, #op, spelling, arity, Result::result, rows::gradient_of_##op(), \
                   values::op, rows::code_of_##op(), numpy});
#define STRUCTURE(op)
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
  return table;
}

const std::vector<Map>& table() {
  static const std::vector<Map> all = make_maps();
  return all;
}

}  // namespace

std::string_view name(Op op) {
  static constexpr std::string_view names[] = {
#define MAP(op, ...) #op,
#define STRUCTURE(op) #op,
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
  };
  return names[static_cast<size_t>(op)];
}

// The elementwise rows stand first in the table.
bool is_map(Op op) { return op < Op::constant; }

bool is_leaf(Op op) { return op >= Op::constant && op <= Op::bound; }

bool is_reduction(Op op) { return op >= Op::reduce_sum && op <= Op::argmin; }

bool is_linear_algebra(Op op) { return op >= Op::inv && op <= Op::cholesky; }

std::span<const Map> maps() { return table(); }

const Map& map_of(Op op) { return table()[static_cast<size_t>(op)]; }

const Map* map_spelt(std::string_view spelling) {
  static const std::unordered_map<std::string_view, const Map*> rows = [] {
    std::unordered_map<std::string_view, const Map*> found;
    for (const Map& row : table()) {
      if (!row.spelling.empty()) found.emplace(row.spelling, &row);
    }
    return found;
  }();
  auto found = rows.find(spelling);
  return found == rows.end() ? nullptr : found->second;
}

}  // namespace gradus
