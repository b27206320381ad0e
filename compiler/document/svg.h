#pragma once

#include <string>

#include "compiler/document/drawing.h"

namespace gradus::document {

// The graph as an <svg> for a page, which gives it its colours by the classes: of a node `node` and
// its look, and `round` within a scan, of what is part of it `title` and `subtitle`; `edge`, and
// `next` from round to round. A node has the attribute `data-n`, the name in the file of what it is
// or is part of.
std::string svg(const Drawing& drawing);

}  // namespace gradus::document
