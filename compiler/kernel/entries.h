#pragma once

#include <functional>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/kernel/indices.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/sweep.h"

namespace gradus::kernel {

// Writes entries of values as expressions of one kernel: each entry once, by its place. Values that
// are stored, and leaves that the caller passes, are loaded unless the kernel knows them already;
// all others are computed where they are used.
class Entries {
 public:
  // `buffer` gives the memory of a value to be loaded; `real` is the type of real numbers. Loops
  // must have their extents in the kernel before they occur in places.
  Entries(const Graph& graph, const ValueSet& stored, Scalar real, Kernel& kernel,
          std::function<int(Value)> buffer)
      : graph_(graph), stored_(stored), real_(real), kernel_(kernel), buffer_(std::move(buffer)) {}

  // The entry of a value at a place.
  ExprId entry(Value value, const Position& at);
  // What a sweep of the value computes at a place in its domain: an entry, or what is folded.
  ExprId term(Value value, const Position& domain);
  // From now on, the entry there is this expression.
  void know(Value value, const Position& at, ExprId entry);
  ExprId add(Expr expr);
  // Where the coordinates of a gather or scatter lead from a place, in a tensor of this shape: the
  // part that is affine, and what the data add to it.
  struct ByData {
    Position at;
    std::vector<Access::ByData> places;
  };
  ByData by_data(const Node& node, const Shape& shape, const Position& at);

  // What was loaded, and what was computed without a sweep of its own, each place once.
  struct Place {
    Value value;
    Position at;
  };
  const std::vector<Read>& loaded() const { return loaded_; }
  const std::vector<Place>& computed() const { return computed_; }

  Scalar scalar(Value value) const;

 private:
  using Key = std::vector<int64_t>;
  struct Hash {
    size_t operator()(const Key& key) const;
  };
  static Key key(Value value, const Position& at);
  bool is_loaded(Value value) const;
  ExprId load(Value value, const Position& at, bool exact = true, bool direct = true);
  bool in_range(const Index& index, int64_t extent) const;
  ExprId compute(Value value, const Position& at);
  ExprId viewed(const Node& node, const Position& at);
  ExprId gathered(const Node& node, const Position& at);
  ExprId product(const Node& node, const Position& domain);
  ExprId drawn(const Node& node, const Position& domain);

  const Graph& graph_;
  const ValueSet& stored_;
  Scalar real_;
  Kernel& kernel_;
  std::function<int(Value)> buffer_;
  std::unordered_map<Key, ExprId, Hash> known_;
  std::vector<Read> loaded_;
  std::vector<Place> computed_;
};

// What an element is to the code generator.
Scalar scalar_of(Element element, Scalar real);

// What sweeps load, at places in terms of their axes. While more values become stored, it is found
// again only for sweeps that computed one of those.
class KnownReads {
 public:
  const std::vector<Read>& of(const Graph& graph, const ValueSet& stored, const Sweep& sweep);

 private:
  struct Reads {
    std::vector<Read> loaded;
    std::vector<Value> computed;  // elementwise, on the way
  };
  static Reads found(const Graph& graph, const ValueSet& stored, const Sweep& sweep);

  std::map<std::pair<Value, bool>, Reads> known_;  // by the sweep's value, and whether it copies
};

}  // namespace gradus::kernel
