#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/formula/derive.h"
#include "compiler/formula/page.h"

namespace gradus::formula {

// The walk from a loss to its derivatives, as data: the definitions forward; then for each variable
// the paths to it, each factor's own derivative, their product, every simplification by name, and
// the result. Names are those of the model file. Equations of auxiliary values stand before the
// first that needs them, and what was said once is not repeated.
struct Walk {
  struct Defined {
    std::string name;
    Page lines;  // its own equation is the last
  };

  // ∂of/∂by.
  struct Edge {
    std::string of;
    std::string by;
  };
  using Path = std::vector<Edge>;

  struct Factor {
    Edge edge;
    bool is_pullback = false;  // says ∂J/∂by by ∂J/∂of: the factor is not one number an entry
    Expr through = {};         // the user, where several lead to the operand
    Page lines;                // its own equation is the last
  };

  // The way to one variable.
  struct Chain {
    std::string name;
    Expr symbol;
    bool is_loss = false;         // the variable is the loss itself
    std::vector<Path> paths;      // none where the loss does not depend on it
    bool has_more_paths = false;  // more than are written one by one, which are left out
    Page sum;                     // ∂J/∂w over the paths; empty where it is one factor
    std::vector<Factor> factors;  // those that no chain before told
    Page product;                 // with the factors written out; empty where it is too long
    bool product_is_result = false;
    std::vector<Step> steps;  // those that no chain before told
    bool has_told_steps = false;
    bool is_simplified = true;  // whether it has a raw form that was simplified
    Page result;                // the equation of the derivative is the last
  };

  std::vector<Defined> forward;
  std::vector<Chain> chains;  // what is nearest to the loss comes first
};

// More paths than this are not written one by one.
inline constexpr size_t most_paths = 6;

// The walk to each derivative that is asked for. Values that are computed for factors are added to
// the graph.
Walk walk_of(Graph& graph, const Subject& subject, std::span<const Wanted> wanted, Options options);

// The walk as it is read from the top.
Page page(const Walk& walk);

}  // namespace gradus::formula
