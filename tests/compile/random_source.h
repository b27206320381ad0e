#pragma once

#include <cstdint>
#include <string>

namespace gradus::test {

// The text of a model by chance: inputs, parameters, functions, a layer, definitions in tensors and
// in index notation, reductions, products, gathers, loops, derivatives, and a scalar loss `J` that
// depends on what was defined. It has no mistakes, and its derivatives exist almost everywhere. All
// its sizes are in the text but `batch`, which is 3, and `n`, which is 2.
std::string random_source(uint64_t seed);

}  // namespace gradus::test
