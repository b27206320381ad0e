#pragma once

#include "compiler/cli/options.h"
#include "compiler/cli/status.h"

namespace gradus::cli {

// `--dump PHASE`: prints what that phase makes of the model, and does nothing else. From `gradient`
// on it is about the training step of the first `train` block, or without one about the loss and
// its gradients; `plan` and `llvm` also need data, since all extents are numbers there.
Status dump(const Options& options);

}  // namespace gradus::cli
