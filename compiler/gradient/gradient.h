#pragma once

#include <map>
#include <span>
#include <vector>

#include "compiler/graph/derivation.h"
#include "compiler/graph/facts.h"
#include "compiler/graph/graph.h"

namespace gradus {

struct GradientOptions {
  // Backward rounds of scans compute again what they need of the forward rounds, from what those
  // carried, instead of reading it from memory.
  bool recompute = false;
};

// Adds to `graph` the derivative of the scalar `loss` by each of `inputs`, in their order and
// shapes, by reverse mode; zeros for an input that the loss does not depend on. An input may be any
// real value, not only a leaf: it is then held as independent of its own operands. Every
// contribution and adjoint is recorded in `log` where there is one. The result may be
// differentiated again.
std::vector<Value> gradient(Graph& graph, Value loss, std::span<const Value> inputs,
                            Derivation* log = nullptr, const GradientOptions& options = {});

// The vector-Jacobian product: as `gradient`, of a `result` of any shape whose adjoint is given, of
// the same shape.
std::vector<Value> pullback(Graph& graph, Value result, Value adjoint,
                            std::span<const Value> inputs, Derivation* log = nullptr,
                            const GradientOptions& options = {});

// What a value has to do with the loss: its adjoint, of its shape, invalid where the loss is not
// reached; and which entries take part, booleans of its shape or one scalar, invalid where all do:
// the others are in a branch that is not taken, and their adjoint is 0.
struct Share {
  Value adjoint;
  Value condition;
};
struct Seed {
  Value value;
  Share share;
};
// The same of several values at once; in the body of a scan, with what is known of its leaves.
std::vector<Share> pullback(Graph& graph, std::span<const Seed> seeds,
                            std::span<const Value> inputs, Derivation* log,
                            const GradientOptions& options, const std::map<Value, Fact>& leaves);

// The Jacobian-vector product, by forward mode: how `result` moves where each of `inputs` moves
// along its tangent, of the same shape. Has the shape of `result`.
Value pushforward(Graph& graph, Value result, std::span<const Value> inputs,
                  std::span<const Value> tangents);
// The same of several values at once; an invalid value where one does not move.
std::vector<Value> pushforward(Graph& graph, std::span<const Value> results,
                               std::span<const Value> inputs, std::span<const Value> tangents);

// The factor of the chain rule for an elementwise operator, ∂user/∂operand, entry by entry: the
// operator table's derivative where the adjoint of `user` is 1. An invalid value where none flows.
Value local_derivative(Graph& graph, Value user, int operand);

}  // namespace gradus
