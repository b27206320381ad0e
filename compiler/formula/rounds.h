#pragma once

#include "compiler/formula/page.h"

namespace gradus::formula {

// Equations of the rounds of a `repeat` that say the same are written once, for a round l: those of
// `y[3].h.W`, `y[2].h.W` and `y[1].h.W` as one of `y[l].h.W, l = 3, …, 1`. Auxiliary values that
// correspond to each other become one, by its round: what u₈ and u₅ are to rounds 3 and 2 is u₅[3]
// and u₅[2]. Where a round differs, as the last one does whose adjoint comes from the loss, its
// equation stays, for that round. The page stays as it is where nowhere three rounds agree.
Page with_rounds_once(const Page& page);

}  // namespace gradus::formula
