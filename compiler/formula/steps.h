#pragma once

#include <vector>

#include "compiler/formula/page.h"
#include "compiler/formula/reader.h"
#include "compiler/graph/graph.h"

namespace gradus::formula {

// The simplifications of a derivative, from its raw form: the log of `simplify` on it alone, which
// is the engine and the rules that the compiled derivative comes from. Left out are rewrites that
// change nothing that is printed, and detours, which come back to what was there before.
std::vector<Step> steps_of(Graph& graph, Value raw, Reader& reader);

}  // namespace gradus::formula
