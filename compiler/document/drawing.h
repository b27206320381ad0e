#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/formula/derive.h"
#include "compiler/graph/graph.h"

namespace gradus::document {

// The expression graph as it is drawn: without broadcasts, which the shapes tell, and with a
// constant beside each of its uses. The body of a scan is drawn once, in a group.
struct Drawing {
  enum class Look : uint8_t { constant, input, param, state, operation, definition, result };

  struct Node {
    Look look = Look::operation;
    std::string title;     // the user's name as formulas have it, else the operator
    std::string subtitle;  // the operator of what has a name, and the type
    std::string name;  // in the file, of what has one; else that of the definition it is part of
    int group = -1;
  };
  // From an operand to its user.
  struct Edge {
    int from = 0;
    int to = 0;
    int operand = 0;             // from 1, where the order of operands matters; else 0
    bool is_next_round = false;  // from a round of a scan to the one after
  };
  struct Group {
    std::string title;
    int parent = -1;
    bool is_rounds = false;  // what a scan computes in each round
  };

  std::vector<Node> nodes;  // operands before their users
  std::vector<Edge> edges;
  std::vector<Group> groups;  // parents before what is in them

  // Whether the node is computed in each round of a scan.
  bool is_in_rounds(const Node& node) const;
};

// What the roots need: the subject's loss, then the derivatives that are wanted. Definitions group
// what is drawn of them alone, unless they are written `inline_definitions`.
Drawing drawing_of(const Graph& graph, const formula::Subject& subject,
                   std::span<const formula::Wanted> wanted, bool inline_definitions);

// What is drawn of a graph that is too large to be drawn whole, and what is not.
struct Overview {
  Drawing drawing;
  size_t leaves_left_out = 0;
  size_t definitions_left_out = 0;
};

// Only what has a name in the file: a definition stands for all that it is made of. Of more than
// `most` nodes the leaves are left out, then what is farthest from the loss.
Overview overview_of(const Graph& graph, const formula::Subject& subject, size_t most);

}  // namespace gradus::document
