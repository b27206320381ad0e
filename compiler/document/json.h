#pragma once

#include <string>

#include "compiler/document/model.h"
#include "compiler/formula/walk.h"

namespace gradus::document {

// The walk for other programs, as the README describes it; of the loss of this name. Ends in a
// newline. Bytes of a model file that are no UTF-8 become replacement characters.
std::string json(const Graph& graph, const Model& model, const std::string& loss,
                 const formula::Walk& walk);

}  // namespace gradus::document
