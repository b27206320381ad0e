#pragma once

#include "compiler/graph/template_functions.h"
#include "compiler/simplify/rule.h"

// What the tables of rules are written with. To be included by nothing else.
namespace gradus::rewriting::patterns {

using namespace gradus::rules;  // NOLINT(google-build-using-namespace): rules read like formulas

inline const Template x = Template::hole('x');
inline const Template y = Template::hole('y');
inline const Template z = Template::hole('z');
inline const Template c = Template::hole('c');
inline const Template m = Template::hole('m');

// Over the axes A.
inline Template sum_over(const Template& t) { return Template::apply(Op::reduce_sum, {t}, 'A'); }
inline Template logsumexp_over(const Template& t) {
  return Template::apply(Op::logsumexp, {t}, 'A');
}
inline Template softmax_over(const Template& t) { return Template::apply(Op::softmax, {t}, 'A'); }
inline Template log_softmax_over(const Template& t) {
  return Template::apply(Op::log_softmax, {t}, 'A');
}
// t, which lacks the axes A, repeated along them.
inline Template along(const Template& t) { return Template::apply(Op::view, {t}, 'A'); }

struct Condition {
  bool (*holds)(Rewriter& rewriter, const Match& match) = nullptr;
  std::string_view where;
};

inline Rule rule(std::string_view name, Template from, Template to, Exactness exactness,
                 Stage stage = Stage::simplify, Condition condition = {}) {
  return {name,    exactness, stage, std::move(from), std::move(to),   {},
          nullptr, {},        {},    condition.holds, condition.where, {}};
}

inline Rule rule(std::string_view name, std::vector<Op> at,
                 Value (*apply)(Rewriter& rewriter, Value value), std::string_view says_from,
                 std::string_view says_to, Exactness exactness, Stage stage = Stage::simplify,
                 std::string_view where = {}) {
  return {name,  exactness, stage,   {},      {},    std::move(at),
          apply, says_from, says_to, nullptr, where, {}};
}

}  // namespace gradus::rewriting::patterns
