#pragma once

#include <functional>
#include <string>

#include "grammar/syntax.h"

namespace gradus::checking {

// Calls visit for each expression that stands directly in this one, in order; what is in the body
// of a scan or repeat included.
void each_part(const syntax::Expr& expr, const std::function<void(const syntax::Expr&)>& visit);

// Whether a name for which `wanted` holds, or a reduction over indices, occurs in an expression.
bool mentions(const syntax::Expr& expr, const std::function<bool(const std::string&)>& wanted);

}  // namespace gradus::checking
