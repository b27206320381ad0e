#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "grammar/diagnostic.h"

// The syntax tree of a model file. It says what was written, and where; what it means is the
// business of `check`.
namespace gradus::syntax {

struct Name {
  std::string text;
  Span span;
};

struct Expr;
struct Statement;
using ExprPtr = std::unique_ptr<Expr>;  // empty where something optional was left out

enum class UnaryOp : uint8_t { negate, logical_not, transpose };
enum class BinaryOp : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  matmul,
  power,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
};
enum class Reducer : uint8_t { sum, prod, max, min, mean, logsumexp };

// `p in 0..H`, half-open.
struct Range {
  Name index;
  ExprPtr low;
  ExprPtr high;
};

struct Number {
  double value;
  bool integer;  // written without point or exponent
};
struct Text {
  std::string value;
};
struct Truth {
  bool value;
};
struct Use {  // a name, also that of a reducer passed as a function
  std::string name;
};
struct Unary {
  UnaryOp op;
  Span op_span;
  ExprPtr operand;
};
struct Binary {
  BinaryOp op;
  Span op_span;
  ExprPtr left;
  ExprPtr right;
};
struct If {
  ExprPtr condition;
  ExprPtr yes;
  ExprPtr no;
};
struct Reduction {  // sum[i, k] body
  Reducer reducer;
  Span reducer_span;
  std::vector<Name> indices;
  ExprPtr body;
};
struct Argument {
  std::optional<Name> keyword;
  ExprPtr value;
};
struct Call {
  ExprPtr function;
  std::vector<Argument> arguments;
};
struct Slice {  // low:high:step
  ExprPtr low;
  ExprPtr high;
  ExprPtr step;
};
struct NewAxis {};
struct Rest {};  // ..
struct Item {
  std::variant<ExprPtr, Slice, NewAxis, Rest> what;
  Span span;
};
struct Subscript {  // x[items]
  ExprPtr of;
  std::vector<Item> items;
};
struct Member {  // h.W
  ExprPtr of;
  Name name;
};
struct List {
  std::vector<ExprPtr> entries;
};
struct Walk {  // xt in x reverse over time
  Name name;
  ExprPtr sequence;
  bool reverse;
  std::optional<Name> dimension;
  ExprPtr axis;  // over axis = 1
};
struct Carry {
  Name name;
  ExprPtr start;
};
struct Block {
  std::vector<Statement> locals;
  std::vector<ExprPtr> results;  // none in optimizers and `repeat`
  std::vector<Range> where;
};
struct Scan {
  std::vector<Walk> walks;
  std::vector<Carry> carries;
  Block body;
};
struct Repeat {
  Range rounds;
  std::vector<Carry> carries;
  Block body;
};

struct Expr {
  Span span;
  std::variant<Number, Text, Truth, Use, Unary, Binary, If, Reduction, Call, Subscript, Member,
               List, Scan, Repeat>
      what;
};
}  // namespace gradus::syntax

namespace gradus::syntax {

struct Type {
  enum class Element : uint8_t { real, index, boolean };
  Element element = Element::real;
  ExprPtr bound;  // of index(n)
  bool has_shape = false;
  bool leading = false;  // `..` first
  std::vector<ExprPtr> shape;
  Span span;
};
using TypePtr = std::unique_ptr<Type>;

struct Formal {
  Name name;
  TypePtr type;
  ExprPtr default_value;
};
struct FreeIndex {
  std::optional<Name> name;  // nothing: `..`
  Span span;
};
struct Const {
  Name name;
  ExprPtr value;
};
struct Input {
  Name name;
  TypePtr type;
  ExprPtr value;
};
struct Param {
  Name name;
  TypePtr type;
  bool random;
  ExprPtr value;
};
struct State {
  Name name;
  TypePtr type;
  ExprPtr value;
};
struct Function {
  bool layer;
  Name name;
  std::vector<Formal> formals;
  Block body;
};
struct Derivative {
  Name name;
  std::vector<Name> formals;
  Name adjoint;
  Block body;
};
struct Loss {
  Name name;
  ExprPtr value;
  std::vector<Range> where;
};
struct Metric {
  Name name;
  ExprPtr value;
  std::vector<Range> where;
};
struct Output {
  std::vector<Name> names;
};
struct Optimizer {
  Name name;
  std::vector<Formal> formals;
  Block body;
};
struct DataSource {
  std::vector<Name> names;
  ExprPtr value;
};
struct Data {
  std::vector<DataSource> sources;
};
struct PatternPart {
  std::string name;
  bool subscript;
  Span span;
};  // `*`, a name or a number
struct Pattern {
  std::vector<PatternPart> parts;
  Span span;
};
struct Option {
  Name name;
  ExprPtr value;
};
struct Train {
  Name loss;
  std::vector<Pattern> over;
  std::vector<Option> options;
};
struct Import {
  std::string path;
  Span path_span;
};
struct Precision {
  Name name;
};
struct Definition {
  std::vector<Name> names;  // one, or several taken apart
  bool indexed = false;
  std::vector<FreeIndex> indices;
  ExprPtr value;
  std::vector<Range> where;
};
struct Assignment {
  Name name;
  ExprPtr value;
};

struct Statement {
  Span span;
  std::variant<Const, Input, Param, State, Function, Derivative, Loss, Metric, Output, Optimizer,
               Data, Train, Import, Precision, Definition, Assignment>
      what;
};
struct File {
  std::vector<Statement> statements;
};
}  // namespace gradus::syntax
