#pragma once

#include "compiler/graph/graph.h"

// How a node moves where its operand number `operand` moves along `t`, of the operand's shape: one
// function for each structural operator whose tangent is not found from its adjoint
// (forward.cpp has those that are). The result has the node's shape.
namespace gradus::tangent {

// linear_algebra.cpp
Value of_inv(Graph& graph, Value user, int operand, Value t);
Value of_solve(Graph& graph, Value user, int operand, Value t);
Value of_adjugate(Graph& graph, Value user, int operand, Value t);
Value of_determinant(Graph& graph, Value user, int operand, Value t);  // det, logdet
Value of_cholesky(Graph& graph, Value user, int operand, Value t);

}  // namespace gradus::tangent
