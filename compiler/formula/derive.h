#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "compiler/formula/page.h"
#include "compiler/graph/derivation.h"
#include "compiler/graph/function.h"
#include "compiler/graph/graph.h"

namespace gradus::formula {

enum class Format : unsigned char { text, latex, mathml, numpy };

// A definition that is a derivative itself: result = ∂of/∂by.
struct TakenDerivative {
  Value result;
  Value of;
  Value by;
};

// What is differentiated: the values that the user gave names to, in the file's order, as written,
// and the one whose derivatives these are.
struct Subject {
  std::vector<Definition> definitions;  // may hold the loss
  Definition loss;                      // as written
  Value simplified;                     // the same value as it is computed
  Derivation derivation;                // of the loss as it is computed
  std::vector<TakenDerivative> derivatives = {};
};

// A derivative that is asked for.
struct Wanted {
  std::string name;  // of what the loss is differentiated by
  Value variable;
  Value gradient;  // as it is computed
};

struct Options {
  Format format = Format::text;
  bool steps = false;               // the walk
  bool raw = false;                 // before simplification
  bool inline_definitions = false;  // written out instead of named
  bool document = false;            // LaTeX: a whole document
  int width = 0;                    // text: columns of the terminal, 0 for no terminal
  // Where there is one, what the names of values in the rounds of scans print as is told here.
  std::map<std::string, std::string>* round_names = nullptr;
};

// The equations of the derivatives, each after those of the auxiliary values that it needs.
Page derivatives(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
                 const Options& options);

// The derivatives as formulas, in the format that is asked for. Values that are computed for the
// walk's factors are added to the graph.
std::string derive(Graph& graph, const Subject& subject, std::span<const Wanted> wanted,
                   const Options& options);

}  // namespace gradus::formula
