#pragma once

#include <string>

#include "compiler/document/model.h"
#include "compiler/formula/walk.h"

namespace gradus::document {

// The formula as a <math> within a line.
std::string formula_of(const formula::Expr& x);

// The derivatives as they are computed; many lines are folded, unless `unfolded`.
std::string gradients_section(const formula::Page& gradients, const formula::Walk& walk,
                              bool unfolded);
// What is computed, in order, with its types; folded likewise.
std::string forward_section(const formula::Walk& walk, const Graph& graph, const Model& model,
                            bool unfolded);
// How each derivative comes about, folded unless `unfolded`.
std::string walk_section(const formula::Walk& walk, const std::string& loss, bool unfolded);

}  // namespace gradus::document
