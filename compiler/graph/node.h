#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/graph/dim.h"
#include "compiler/graph/op.h"

namespace gradus {

// `tuple`: the results of a scan together, which only `result` takes apart.
enum class Element : uint8_t { real, index, boolean, tuple };

// An element and a shape; `index(n)` carries its bound n.
struct Type {
  Element element = Element::real;
  Shape shape;
  Dim bound = 0;

  int rank() const { return static_cast<int>(shape.size()); }
  friend bool operator==(const Type&, const Type&) = default;
};

// `index(10)[batch]`.
std::string text(const Type& type);

// A node of a graph, by its number. Operands have smaller numbers than their users.
struct Value {
  uint32_t id = UINT32_MAX;

  bool valid() const { return id != UINT32_MAX; }
  friend bool operator==(Value, Value) = default;
  friend auto operator<=>(Value, Value) = default;
};

// offset + Σ coefficient · (index number `axis`): where an access reads along one axis.
struct Affine {
  struct Term {
    int axis;
    int64_t coefficient;
    friend bool operator==(const Term&, const Term&) = default;
  };
  std::vector<Term> terms;  // sorted by axis, no coefficient is 0
  Dim offset = 0;

  static Affine axis(int axis, int64_t coefficient = 1, Dim offset = 0) {
    return {{{axis, coefficient}}, std::move(offset)};
  }
  static Affine at(Dim position) { return {{}, std::move(position)}; }
  // The axis, where it is that index alone.
  std::optional<int> plain() const {
    if (terms.size() != 1 || terms[0].coefficient != 1 || offset != Dim(0)) return std::nullopt;
    return terms[0].axis;
  }
  friend bool operator==(const Affine&, const Affine&) = default;
};

// What an operator needs beside its operands.
struct Plain {
  friend bool operator==(const Plain&, const Plain&) = default;
};
// constant: a literal. Compared by bits, so that NaN is itself and -0 is not 0.
struct Literal {
  double value;
  friend bool operator==(const Literal& a, const Literal& b);
};
// input, param, state, bound: the leaf's dotted name. symbol: a `const` and its number.
struct Named {
  std::string name;
  double value = 0;
  friend bool operator==(const Named&, const Named&) = default;
};
// size: the extent as a number. iota: its length.
struct Extent {
  Dim dim;
  friend bool operator==(const Extent&, const Extent&) = default;
};
// Reductions, softmax, log_softmax: the axes, sorted.
struct Axes {
  std::vector<int> axes;
  friend bool operator==(const Axes&, const Axes&) = default;
};
// concat: the axis. A scan's sequence: also whether it goes from the last place to the first.
// cumsum: also its direction and whether an entry is left out of its own sum.
struct Along {
  int axis = 0;
  bool reverse = false;
  bool exclusive = false;
  friend bool operator==(const Along&, const Along&) = default;
};
// view: result[i] = operand[map(i)], or `fill` where map(i) is out of range (an access that can be
// out of range has a fill). `map` has an entry for each axis of the operand, over the result's
// axes. spread, the adjoint of a view: result[map(i)] += operand[i] for each i in range, 0
// elsewhere; `map` has an entry for each axis of the result, over the operand's axes; `fill` is not
// used.
struct View {
  Shape shape;  // of the result
  std::vector<Affine> map;
  std::optional<double> fill;
  friend bool operator==(const View&, const View&) = default;
};
// reshape: the result's shape, row-major order kept.
struct Target {
  Shape shape;
  friend bool operator==(const Target&, const Target&) = default;
};
// contract: result[i] = Σ_k Π_operand operand[access(i, k)]. Indices 0 .. free-1 are the result's
// axes, the others are summed. All accesses are in range.
struct Contraction {
  Shape extents;  // of all the indices
  int free = 0;
  std::vector<std::vector<Affine>> accesses;  // one an operand, with one entry for each of its axes
  friend bool operator==(const Contraction&, const Contraction&) = default;
};
// One coordinate of an access by data, over the indices that run: affine in them (`at` has that one
// entry), or said by an operand of indices, which is read at `at`, one entry for each of its axes.
struct Coordinate {
  int operand = -1;  // of the node; −1: affine
  std::vector<Affine> at;

  static Coordinate affine(Affine access) { return {-1, {std::move(access)}}; }
  static Coordinate said_by(int operand, std::vector<Affine> at) {
    return {operand, std::move(at)};
  }
  friend bool operator==(const Coordinate&, const Coordinate&) = default;
};
// gather: result[k] = table[c(k)], with a coordinate for each axis of the table, over the result's
// axes. scatter_add, its adjoint: result[c(k)] += updates[k] for each k, with a coordinate for each
// axis of the result, over the axes of the updates. Affine coordinates are in range.
struct Gathering {
  Shape shape;  // of the result
  std::vector<Coordinate> from;
  friend bool operator==(const Gathering&, const Gathering&) = default;
};

// What stands in place of the derivative of a function, for inputs of certain types: the adjoints
// of the inputs over leaves for these and for the adjoint of the result; invalid where none flows.
struct Override {
  std::string function;
  std::vector<Value> inputs;  // leaves
  Value adjoint;              // a leaf
  std::vector<Value> adjoints;
};
// call: operand 0 is the result, a value like any other; the others are the inputs, through which
// alone its derivative flows.
struct Overridden {
  std::shared_ptr<const Override> by;
  friend bool operator==(const Overridden&, const Overridden&) = default;
};

// scan: a loop. Its operands are sequences, of which each round reads an entry along an axis; then
// what is carried from round to round, as the first one sees it; then values of outside, the same
// in all rounds. The body is a graph over leaves of its own, `bound`, one for each operand, and
// over nothing else that could change: what it needs from outside is an operand. Results: what is
// yielded in each round, stacked along an axis, in the place of the round; then what is carried out
// of the last round.
struct Scan {
  Dim rounds;
  std::vector<Along> sequences;  // of the first operands
  int carries = 0;               // the next so many operands
  std::vector<Value> bound;      // one an operand, of the type that a round sees
  std::vector<Value> next;       // one a carry, of its type: what the next round sees
  std::vector<Value> yields;
  std::vector<Along> stacked;  // one a yield
  friend bool operator==(const Scan&, const Scan&) = default;
};
// result: its number among those of the scan.
struct Number {
  int number = 0;
  friend bool operator==(const Number&, const Number&) = default;
};

// random: what is drawn, at which of the program's places, and the result's shape.
struct Draw {
  enum class Kind : uint8_t { uniform, normal } kind = Kind::uniform;
  int site = 0;
  Shape shape;
  friend bool operator==(const Draw&, const Draw&) = default;
};

using Attributes = std::variant<Plain, Literal, Named, Extent, Axes, Along, View, Target,
                                Contraction, Gathering, Overridden, Scan, Number, Draw>;

struct Node {
  Op op;
  std::vector<Value> operands;
  Attributes attributes;
  Type type;
  friend bool operator==(const Node&, const Node&) = default;
};

}  // namespace gradus
