#pragma once

#include <string>

namespace gradus {

// Whether a dotted name, `y[0].h.W`, is one that a pattern means: `*` stands for a part, `[*]` for
// a round, and a `*` at the end for all that follows.
bool matches_pattern(const std::string& pattern, const std::string& name);

}  // namespace gradus
