#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"

namespace gradus::document {

enum class Kind : uint8_t { constant, input, param, state, definition, loss };

// What has a name in a model file.
struct Declared {
  Kind kind = Kind::definition;
  std::string name;   // dotted
  Value value;        // invalid for a constant
  double number = 0;  // of a constant
  uint32_t line = 0;  // of the model file, from 1; 0 for what another file made
};

// How a part of a model file reads.
enum class Style : uint8_t { keyword, number, string, comment };

// The bytes [begin, end) of a model file.
struct Mark {
  uint32_t begin = 0;
  uint32_t end = 0;
  Style style = Style::keyword;
};

// A model file as its reader knows it.
struct Model {
  std::string file;
  std::string source;
  std::vector<Mark> marks;         // in order
  std::vector<Declared> declared;  // constants, inputs, params, states; then definitions in order
};

// What the language calls it.
std::string_view name(Kind kind);

}  // namespace gradus::document
