#pragma once

#include <span>
#include <string>

#include "compiler/document/model.h"
#include "compiler/formula/walk.h"

namespace gradus::document {

// One page that needs nothing else: the model file, what it declares, its graph, the derivatives,
// and the walk to them, folded unless `unfolded`. What has the same name in the file is marked
// together where one points at it. Values that are computed for the walk are added to the graph.
std::string html(Graph& graph, const Model& model, const formula::Subject& subject,
                 std::span<const formula::Wanted> wanted, const formula::Options& options,
                 bool unfolded);

}  // namespace gradus::document
