#pragma once

#include <string>
#include <variant>
#include <vector>

#include "compiler/formula/expr.h"
#include "compiler/graph/derivation.h"

namespace gradus::formula {

// A line of words between formulas; a heading starts a part of the walk.
struct Remark {
  std::string words;
  Expr about = {};  // stands behind the words, where valid
  bool heading = false;
};

// A step: what a rule made of a part, and in which sense that is the same.
struct Step {
  std::string rule;
  Expr before;
  Expr after;
  Exactness exactness = Exactness::exact;
  std::string assumption = {};  // where it `assumes`
};

// In which sense it is the same, in words: `up to rounding`; empty where it is exact.
std::string condition(const Step& step);

// What is printed, in the order in which it is read.
using Line = std::variant<Equation, Remark, Step>;
using Page = std::vector<Line>;

// Unicode: formulas at the left margin, remarks behind `#`. `width`: longer lines are continued,
// indented, at spaces; 0 for never.
std::string text(const Page& page, int width = 0);
// Lines of align*, or a whole document around them.
std::string latex(const Page& page, bool document);
// A <math> with a table of the lines.
std::string mathml(const Page& page);

}  // namespace gradus::formula
