#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "grammar/syntax.h"

namespace gradus::checking {

// The names by which derivatives are taken in a function's body or default values: what stands
// second in `grad(J, w)` and its like.
std::set<std::string> variables_in(const syntax::Function& function);
// The same of all statements of a file, functions included.
std::set<std::string> variables_in(const syntax::SyntaxTree& file);

std::span<const std::string_view> derivative_names();
// Whether this is the name of a derivative: grad, diff, jacobian, hessian, jvp, hvp.
bool is_derivative(const std::string& name);

}  // namespace gradus::checking
