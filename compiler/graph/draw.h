#pragma once

#include <cstdint>

#include "compiler/graph/node.h"

// Random numbers as the node `random` defines them: a function of the seed, the step, the round of
// the loops around it, the place in the program and the place in the tensor, and of nothing else.
namespace gradus {

// What a number is drawn by: the counter and the key of Philox4x32-10 (Salmon, Moraes, Dror and
// Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011), which are
// {entry, round, step, site} and {low, high half of the seed}.
struct DrawnBy {
  uint32_t entry = 0;  // row-major, in the node's shape
  uint32_t round = 0;
  uint32_t step = 0;
  uint32_t site = 0;
  uint32_t seed_low = 0;
  uint32_t seed_high = 0;
};

// uniform: the first two words as 53 bits, in [0, 1). normal: by the method of Box and Muller ("A
// Note on the Generation of Random Normal Deviates", 1958) from that number and the one of the
// other two words.
double drawn(Draw::Kind kind, const DrawnBy& by);

// The names of the leaves that say what is drawn: whole numbers, scalars. No user's name has a
// colon.
inline constexpr const char* drawn_step = "draw:step";
inline constexpr const char* drawn_low = "draw:low";
inline constexpr const char* drawn_high = "draw:high";

}  // namespace gradus
