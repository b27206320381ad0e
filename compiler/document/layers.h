#pragma once

#include <vector>

namespace gradus::document {

// A directed graph to be laid out: the sizes of its boxes, and its edges, without cycles.
struct Boxes {
  struct Box {
    double width = 0;
    double height = 0;
    bool has_operands = true;  // else it stands just above the first that needs it
  };
  struct Edge {
    int from = 0;
    int to = 0;
  };
  std::vector<Box> boxes;
  std::vector<Edge> edges;
};

struct Point {
  double x = 0;
  double y = 0;
};

// Where all stands: the middle of each box, and for each edge the points that it goes through, from
// the lower end of a box to the upper end of a lower one.
struct Layout {
  std::vector<Point> boxes;
  std::vector<std::vector<Point>> edges;
  double width = 0;
  double height = 0;
};

// Layered from top to bottom after Sugiyama, Tagawa and Toda, "Methods for visual understanding of
// hierarchical system structures" (1981): layers by the longest path, edges across layers through
// points in these, their order by barycentres, then places that are as near to the neighbours' as
// the order allows. The same boxes give the same layout.
Layout layered(const Boxes& boxes);

}  // namespace gradus::document
