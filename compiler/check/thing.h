#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/check/entry.h"
#include "compiler/graph/graph.h"
#include "grammar/syntax.h"

// What a name or an expression stands for while a program is checked.
namespace gradus::checking {

struct Thing;
struct Scope;

// Something whose error has been reported: whatever uses it says nothing more.
struct Poison {};

// A value of the graph that is computed when the model runs.
struct Tensor {
  Value value;
};

// A scalar that is known before anything runs. A literal or constant has a number, a whole number
// or a dimension an extent; `node` is how formulas name it.
struct Known {
  Value node;
  std::optional<double> number;
  std::optional<Dim> extent;
};

struct Truth {
  bool value = false;
};

struct Text {
  std::string value;
};

// A list literal: of tensors, of axes, an extent each, …
struct Items {
  std::vector<Thing> entries;
};

// Several results, to be taken apart.
struct Several {
  std::vector<Thing> values;
};

// A function or layer of a file, with the scope it was declared in; or an operator by name.
struct Callable {
  const syntax::Function* function = nullptr;
  Scope* scope = nullptr;
  std::string op;
};

// An argument of a call.
struct Argument {
  std::string name;  // empty: positional
  std::shared_ptr<Thing> thing;
  Span span;     // of the value
  Span name_at;  // of the name, or else of the value
};

// A layer that was called: it owns parameters, has a value, and can be called again. A loop that
// owns parameters is one too, but has no function.
struct Layer {
  std::string name;  // dotted
  Span at;           // of the call
  const syntax::Function* function = nullptr;
  Scope* scope = nullptr;
  std::vector<Argument> arguments;          // of the first call
  std::map<std::string, Thing> parameters;  // and nested layers
  std::shared_ptr<Thing> result;
  std::map<int64_t, std::shared_ptr<Layer>> rounds;  // of a `repeat`: what each round owns
};

struct LayerUse {
  std::shared_ptr<Layer> layer;
};

struct Thing {
  std::variant<Poison, Tensor, Known, Truth, Text, Items, Several, Callable, LayerUse, Entry> what;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&what);
  }
};

// The names of a file, a function's body or a layer's.
struct Scope {
  Scope* parent = nullptr;
  const Span* until = nullptr;  // of the parent's names those that stand before this are seen
  std::map<std::string, Thing> names;
  std::map<std::string, Span> places;   // of their definitions
  std::string module;                   // an imported file's name, without its ending
  std::string prefix;                   // of the parameters that are declared here: `h.`
  std::map<std::string, int> unnamed;   // calls of each layer that are not definitions
  std::map<std::string, Thing> layers;  // of a file, also the unnamed ones: `dense0`
  Layer* layer = nullptr;               // whose body this is
  // The names that derivatives are taken by in this file or function; null in what stands within.
  const std::set<std::string>* variables = nullptr;
  // What the scope consists of, so that a name that is used too early can be pointed out.
  const std::vector<syntax::Statement>* statements = nullptr;
  const std::vector<syntax::Local>* locals = nullptr;
  bool again = false;  // it was called before: parameters are those of the first call
  std::map<std::string, int> carried;  // names of a loop, and how often the round still binds them
  std::string_view nameless;           // the keyword of a loop around it that no definition names
};

}  // namespace gradus::checking
