#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/certificate/tensor.h"
#include "compiler/formula/expr.h"

namespace gradus::certificate {

// What a call that is written `word(x, y, axis = 1)` has: its operands, and as numbers what stands
// in lists and behind keywords.
struct Arguments {
  std::vector<Quantity> operands = {};
  std::vector<Quantity> parts = {};   // of a list that is the first operand
  std::vector<int64_t> numbers = {};  // of a list that is the last, without its inner brackets
  std::vector<int> axes = {};         // `axis = …`
  double value = 0;                   // `value = …`
};

// The value of a function by the name that it prints with: the language's, σ and ψ. A function that
// is not known, or that the operands do not fit, throws Meaningless.
Quantity applied(std::string_view word, const Arguments& x);

// What a reduction does to numbers: sum, prod, max, min, any, all, argmax, argmin, norm, logsumexp;
// also Σ and ∏.
double reduced(std::string_view word, const std::vector<double>& numbers);

}  // namespace gradus::certificate
