#pragma once

#include "compiler/graph/graph.h"

// What flows from a node into one of its operands: one function a structural operator. (Elementwise
// operators have their derivatives in the operator table.) In all of them `user` is the node, `g`
// its adjoint, of its shape; the result has the operand's shape.
namespace gradus {

// Which of the nodes with numbers below `size` a change of an input reaches.
std::vector<bool> dependent(const Graph& graph, uint32_t size, std::span<const Value> inputs);

}  // namespace gradus

namespace gradus::adjoint {

// Whether a derivative flows from a node into its operand number `operand` at all.
bool flows(const Graph& graph, Value user, int operand);

// The term of the adjoint of operand number `operand`; one flows.
Value term(Graph& graph, Value user, int operand, Value g);

// The operator table's derivative of an elementwise node, not yet summed to the operand's shape;
// one flows.
Value entrywise(Graph& graph, Value user, int operand, Value g);
// That, as the term of an operand: a scalar among larger operands collects the sum.
Value summed(Graph& graph, Value entries, Value operand);

// rearrangement.cpp
Value of_view(Graph& graph, Value user, int operand, Value g);
Value of_spread(Graph& graph, Value user, int operand, Value g);
Value of_reshape(Graph& graph, Value user, int operand, Value g);
Value of_concat(Graph& graph, Value user, int operand, Value g);
Value of_gather(Graph& graph, Value user, int operand, Value g);
Value of_scatter_add(Graph& graph, Value user, int operand, Value g);

// contraction.cpp
Value of_contract(Graph& graph, Value user, int operand, Value g);

// reduction.cpp
Value of_sum(Graph& graph, Value user, int operand, Value g);
Value of_prod(Graph& graph, Value user, int operand, Value g);
Value of_extremum(Graph& graph, Value user, int operand, Value g);  // max, min
Value of_logsumexp(Graph& graph, Value user, int operand, Value g);
Value of_norm(Graph& graph, Value user, int operand, Value g);
Value of_softmax(Graph& graph, Value user, int operand, Value g);
Value of_log_softmax(Graph& graph, Value user, int operand, Value g);
Value of_cumsum(Graph& graph, Value user, int operand, Value g);

// linear_algebra.cpp
Value of_inv(Graph& graph, Value user, int operand, Value g);
Value of_solve(Graph& graph, Value user, int operand, Value g);
Value of_det(Graph& graph, Value user, int operand, Value g);
Value of_adjugate(Graph& graph, Value user, int operand, Value g);
Value of_logdet(Graph& graph, Value user, int operand, Value g);
Value of_cholesky(Graph& graph, Value user, int operand, Value g);

// override.cpp
Value of_call(Graph& graph, Value user, int operand, Value g);
// Whether no derivative flows into that operand of a call.
bool is_overridden_by_zero(const Graph& graph, Value user, int operand);
// How a call moves where one input moves along t. An override says how adjoints are pulled back,
// g ↦ Jᵀg; J·t is the derivative of tᵀ(Jᵀg) by g. What of it is not linear in g is taken at g = 0.
Value pushed_through_call(Graph& graph, Value user, int operand, Value t);

// x, which lacks `axes` of `shape`, repeated along them: undoes the shape change of a reduction.
Value along(Graph& graph, Value x, const Shape& shape, const std::vector<int>& axes);

}  // namespace gradus::adjoint
