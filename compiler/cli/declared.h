#pragma once

#include "compiler/cli/model.h"
#include "compiler/document/model.h"
#include "compiler/formula/derive.h"

namespace gradus::cli {

// What the model file declares, for documents about it; lines are of the file itself, not of what
// it imports.
document::Model declared_in(const Model& model, const formula::Subject& about);

}  // namespace gradus::cli
