#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/graph/function.h"
#include "compiler/graph/graph.h"
#include "grammar/diagnostic.h"

namespace gradus {

enum class Precision : uint8_t { f32, f64 };

// A literal tensor: an input's default.
struct Literals {
  Shape shape;
  std::vector<double> values;  // row-major
};

struct Input {
  std::string name;
  Value value;     // a leaf; its type's shape may hold names that the data bind
  Shape declared;  // that shape with names also where a requirement has put numbers
  std::optional<Literals> default_value;
  int batch_axis = -1;  // the axis that is cut into minibatches, or -1
  Span span;
};

// How a parameter starts: with a value (`= 0`, any expression without data), or drawn by `name`
// with `arguments` (`~ normal(0, 0.02)`).
struct Initialiser {
  Value value;  // valid where there is no name
  std::string name;
  std::vector<double> arguments;
};

// A parameter, or a state: a leaf that is kept with the weights.
struct Parameter {
  std::string name;  // dotted: `h.W`
  Value value;
  Initialiser initialiser;
  Value update;  // states: what the step assigns, invalid where nothing does
  Span span;
};

// A named expression of the file; those inside of layers and functions have dotted names.
struct NamedValue {
  std::string name;
  Value value;
  Span span;
};

// A derivative that stands in the file, and what it is of and by.
struct TakenDerivative {
  std::string kind;  // grad, diff, …
  Value result;
  Value of;
  Value by;
};

struct Constant {
  std::string name;
  double value = 0;
  Span span;
};

// A value written in a `data` or `train` block.
struct Setting;
using SettingValue = std::variant<double, bool, std::string, std::vector<Setting>>;
struct Setting {
  std::string name;  // empty for a positional one
  SettingValue value;
  Span span;
};

// One line of a `data` block: `x = standardize(csv("iris.csv", columns = [a, b]))`.
struct Source {
  std::vector<std::string> inputs;  // two for generators
  std::string kind;                 // csv, npy, npz, idx, text, moons, …
  std::vector<Setting> arguments;   // of the kind; names of columns are strings
  bool standardize = false;
  Span span;
};

// What an optimizer does to one parameter in one train block.
struct OptimizerUpdate {
  size_t parameter = 0;           // which of the program's
  Value gradient;                 // a leaf that stands for the gradient, to be substituted
  std::vector<Parameter> states;  // the optimizer's own, of the parameter's shape
  std::vector<Update> updates;    // of the parameter and of those states
};

// How long and on which batches to train is the same for all the blocks of a file.
struct Train {
  std::string loss;
  std::vector<OptimizerUpdate> optimizer;  // one for each parameter that the block trains
  std::optional<int64_t> epochs;
  std::optional<int64_t> steps;
  std::optional<int64_t> batch;
  bool shuffle = true;
  bool drop_last = false;
  double validation = 0;
  std::optional<double> clip_norm;
  std::optional<int64_t> patience;
  bool recompute = false;  // scans recompute what they would else store
  Value until;             // a boolean, over anything and the block's gradient leaves; or invalid
  Span span;
};

// A dimension name that must be this number: `time = 64`.
struct Requirement {
  std::string dimension;
  int64_t number = 0;
  Span span;
};

// What the data must make of an extent: that it is not negative, `otherwise` what goes wrong.
struct Condition {
  Dim least;
  std::string otherwise;
  Span span;
};

// A random operator.
struct Drawn {
  std::string name;
  Span span;
};

// A checked model file: every name resolved, every shape inferred, every function and layer
// instantiated. All values live in one graph, whose leaves bear the names below.
struct Program {
  Graph graph;
  Precision precision = Precision::f32;
  std::vector<Input> inputs;
  std::vector<Parameter> parameters;
  std::vector<Parameter> states;
  std::vector<Constant> constants;
  std::vector<NamedValue> definitions;  // in order
  std::vector<NamedValue> losses;
  std::vector<NamedValue> metrics;
  std::vector<NamedValue> outputs;
  std::vector<TakenDerivative> derivatives;
  std::vector<Source> sources;
  std::vector<Train> trains;
  std::vector<Requirement> requirements;
  std::vector<Condition> conditions;
  std::vector<Drawn> draws;  // in order: the number of each is its place in the program

  // The value of a definition, loss, metric, input, parameter or state by its dotted name.
  Value find(const std::string& name) const;
};

}  // namespace gradus
