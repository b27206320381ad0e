#pragma once

#include "compiler/graph/op.h"

// The elementwise operators as functions on templates, so that rules read like formulas. For the
// files that state rules; to be included by nothing else.
namespace gradus::rules {

#define GRADUS_TEMPLATE_1(op) \
  inline Template op(const Template& x) { return Template::apply(Op::op, {x}); }
#define GRADUS_TEMPLATE_2(op)                                \
  inline Template op(const Template& x, const Template& y) { \
    return Template::apply(Op::op, {x, y});                  \
  }
#define GRADUS_TEMPLATE_3(op)                                                   \
  inline Template op(const Template& x, const Template& y, const Template& z) { \
    return Template::apply(Op::op, {x, y, z});                                  \
  }
#define MAP(op, spelling, arity, ...) GRADUS_TEMPLATE_##arity(op)
#define STRUCTURE(op)
#include "compiler/graph/operators.def"
#undef MAP
#undef STRUCTURE
#undef GRADUS_TEMPLATE_1
#undef GRADUS_TEMPLATE_2
#undef GRADUS_TEMPLATE_3

}  // namespace gradus::rules

namespace gradus {

inline Template operator-(const Template& x) { return rules::neg(x); }
inline Template operator+(const Template& x, const Template& y) { return rules::add(x, y); }
inline Template operator-(const Template& x, const Template& y) { return rules::sub(x, y); }
inline Template operator*(const Template& x, const Template& y) { return rules::mul(x, y); }
inline Template operator/(const Template& x, const Template& y) { return rules::div(x, y); }
inline Template operator<(const Template& x, const Template& y) { return rules::lt(x, y); }
inline Template operator<=(const Template& x, const Template& y) { return rules::le(x, y); }
inline Template operator>(const Template& x, const Template& y) { return rules::gt(x, y); }
inline Template operator>=(const Template& x, const Template& y) { return rules::ge(x, y); }
inline Template operator==(const Template& x, const Template& y) { return rules::eq(x, y); }
inline Template operator!=(const Template& x, const Template& y) { return rules::ne(x, y); }

}  // namespace gradus
