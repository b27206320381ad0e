#pragma once

#include <string>

#include "compiler/document/drawing.h"

namespace gradus::document {

// The graph in Graphviz's language, https://graphviz.org/doc/info/lang.html.
std::string dot(const Drawing& drawing);

}  // namespace gradus::document
