#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "grammar/diagnostic.h"

// The syntax tree of a file: what `gradus.y` says, without brackets, separators and comments. Trees
// are made by `parse` (parser.h), never changed, and refer to nothing but the source's offsets.
//
// A tree that was parsed without errors has no null pointer but where a comment says so, and no
// expression of it is higher than `max_height`, so recursion over it is safe.
namespace gradus::syntax {

inline constexpr int max_height = 1000;

// For std::visit: one lambda an alternative, and the compiler names the one that is missing.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// An identifier at a place.
struct Name {
  std::string text;
  Span span;
};

// ---- Parts of declarations

// One entry of a shape: an expression, or `..` for any leading axes.
struct Dimension {
  ExprPtr size;  // null: `..`
  Span span;
};

enum class Element : uint8_t { real, boolean, index };

// `real`, `bool` or `index(n)`, then the shape: `index(10)[batch]`. `[batch]` alone is real.
struct Type {
  Element element = Element::real;
  ExprPtr bound;                                // the n of index(n); null otherwise
  std::optional<std::vector<Dimension>> shape;  // none: a scalar; `[]` is an empty one
  Span span;
};

// One parameter of a function, layer or optimizer: `x: [.., n]`, `k = 2`.
struct Formal {
  Name name;
  std::optional<Type> type;
  ExprPtr default_value;  // null: none
  Span span;
};

// `name in low..high`, half-open.
struct Range {
  Name index;
  ExprPtr low;
  ExprPtr high;
  Span span;
};

// ---- Statements that stand at top level and in blocks

// `param W: [784, 10] ~ he_normal`, `param w = 0.5`.
struct Param {
  Name name;
  std::optional<Type> type;
  bool drawn = false;  // `~`: the value is an initialiser, not an expression
  Span mark;           // the `=` or `~`
  ExprPtr value;
  Span span;
};

// `state mu: [c] = 0`.
struct State {
  Name name;
  std::optional<Type> type;
  ExprPtr value;
  Span span;
};

// A free index of a definition: a name, or `..` for leading axes.
struct FreeIndex {
  std::optional<Name> name;  // none: `..`
  Span span;
};

// `name = …`; `a, b = …`, which takes several values apart; or `name[i, j] = …` in index notation.
// At most one of "several names" and "indices" holds.
struct Definition {
  std::vector<Name> names;         // at least one
  std::vector<FreeIndex> indices;  // empty: no index notation
  Span equals;
  ExprPtr value;
  std::vector<Range> where;
  Span span;
};

// `name <- …`.
struct Assignment {
  Name name;
  Span arrow;
  ExprPtr value;
  Span span;
};

using Local = std::variant<Param, State, Definition, Assignment>;

// `{ …; results }`, or `= results` without locals. Results may be several: `a, b where i in 0..n`.
struct Block {
  std::vector<Local> locals;
  std::vector<ExprPtr> results;  // at least one
  std::vector<Range> where;      // of the results
  Span span;                     // with the braces or the `=`
};

// ---- Expressions

// `0.5`, `1e-3`, `10`.
struct Number {
  double value = 0;
  bool integer = false;  // written without point and exponent
};

// `"iris.csv"`, without quotes and escapes.
struct Text {
  std::string value;
};

struct Truth {
  bool value = false;
};

// A name in an expression; also a reducer's that is not followed by `[`: `sum(x)`, `map(f = max)`.
struct Use {
  std::string name;
};

enum class UnaryOp : uint8_t { negate, logical_not, transpose };

struct Unary {
  UnaryOp op;
  Span op_span;
  ExprPtr operand;
};

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

struct Binary {
  BinaryOp op;
  Span op_span;
  ExprPtr left;
  ExprPtr right;
};

// `if c then a else b`.
struct If {
  ExprPtr condition;
  ExprPtr yes;
  ExprPtr no;
};

// `axis = 0` or `x`, in a call.
struct Argument {
  std::optional<Name> keyword;  // none: positional
  ExprPtr value;
  Span span;
};

// `f(x, axis = 0)`.
struct Call {
  ExprPtr function;
  std::vector<Argument> arguments;
  Span parentheses;  // with what they enclose
};

struct NewAxis {};  // `new`
struct Rest {};     // `..`
// `low:high:step`; what is left out is null.
struct Slice {
  ExprPtr low;
  ExprPtr high;
  ExprPtr step;
};

// One entry of an access: an expression (an index, a gather, an index of index notation), or a form
// that only stands here.
struct Item {
  std::variant<ExprPtr, NewAxis, Rest, Slice> what;
  Span span;
};

// `x[:, 0:10:2, -1]`, `x[n, c, p + u]`.
struct Subscript {
  ExprPtr of;
  std::vector<Item> items;  // at least one
  Span brackets;            // with what they enclose
};

// `h.W`.
struct Member {
  ExprPtr of;
  Name name;
};

enum class Reducer : uint8_t { sum, prod, max, min, mean, logsumexp };

// `sum[i, j] body`.
struct Reduction {
  Reducer reducer;
  Span reducer_span;
  std::vector<Name> indices;
  ExprPtr body;
};

// `[1, 2, 3]`, `[batch, 3, 4]`.
struct List {
  std::vector<ExprPtr> entries;
};

// `xt in x over time`, `xt in x reverse over axis = 1`.
struct Walk {
  Name name;
  ExprPtr sequence;
  bool reverse = false;
  std::optional<Name> dimension;  // `over time`; none: `axis` says which
  ExprPtr axis;                   // `over axis = 1`; null: `dimension` says which
  Span span;
};

// `h = zeros([n])`, after the `;` of a scan or repeat.
struct Carry {
  Name name;
  ExprPtr start;
  Span span;
};

// `scan (xt in x over time; h = 0) { … }`.
struct Scan {
  Span keyword;  // `scan`
  std::vector<Walk> walks;
  std::vector<Carry> carries;
  Block body;
};

// `repeat (l in 0..n; h = x) { … }`: its value is what its carries are after the last round.
struct Repeat {
  Span keyword;  // `repeat`
  Range rounds;
  std::vector<Carry> carries;
  std::vector<Local> steps;  // at least one
};

// An expression and its place. Brackets around it belong to the place.
struct Expr {
  std::variant<Number, Text, Truth, Use, Unary, Binary, If, Call, Subscript, Member, Reduction,
               List, Scan, Repeat>
      what;
  Span span;
  int height = 1;  // of the tree: a leaf has 1, none more than max_height
};

// ---- Statements that stand at top level only

// `const hidden = 128`.
struct Const {
  Name name;
  ExprPtr value;
  Span span;
};

// `input x: [batch] = [1, 2, 3]`.
struct Input {
  Name name;
  std::optional<Type> type;
  ExprPtr default_value;  // null: none
  Span span;
};

enum class FunctionKind : uint8_t { fn, layer };

// `fn f(x, k = 2) = …`, `layer dense(x: [.., i], units) { … }`.
struct Function {
  FunctionKind kind = FunctionKind::fn;
  Name name;
  std::vector<Formal> formals;
  Block body;
  Span span;
};

// `derivative f(x, k; g) = …`: its results are the adjoints of x, k.
struct Derivative {
  Name function;
  std::vector<Name> inputs;
  Name adjoint;
  Block body;
  Span span;
};

// `loss J = …`.
struct Loss {
  Name name;
  ExprPtr value;
  std::vector<Range> where;
  Span span;
};

// `metric accuracy = …`.
struct Metric {
  Name name;
  ExprPtr value;
  std::vector<Range> where;
  Span span;
};

// `output yhat, h`.
struct Output {
  std::vector<Name> names;
  Span span;
};

// `optimizer sgd(rate = 1e-3) { … }`.
struct Optimizer {
  Name name;
  std::vector<Formal> formals;
  std::vector<Local> steps;  // at least one
  Span span;
};

// `x, y = moons(n = 1000)`, a line of `data { }`.
struct DataSource {
  std::vector<Name> names;
  ExprPtr value;
  Span span;
};

struct Data {
  std::vector<DataSource> sources;
  Span span;
};

// One step of a pattern's path. The first is a name or `*`.
struct PatternPart {
  enum class Kind : uint8_t { name, any_name, round, any_round };  // gen  *  [0]  [*]
  Kind kind = Kind::name;
  std::string name;  // of Kind::name
  Number round;      // of Kind::round
  Span span;
};

// Which parameters a train block updates: `gen.*`, `y[*].h.W`.
struct Pattern {
  std::vector<PatternPart> parts;
  Span span;
};

// `epochs = 10`. The name may be `optimizer`.
struct Option {
  Name name;
  ExprPtr value;
  Span span;
};

// `train J over gen.* { optimizer = adam(), epochs = 10 }`.
struct Train {
  Name loss;
  std::vector<Pattern> over;  // empty: every parameter
  std::vector<Option> options;
  Span span;
};

// `import "file.grad"`.
struct Import {
  std::string path;
  Span path_span;
  Span span;
};

// `precision f64`.
struct Precision {
  Name name;
  Span span;
};

using Statement =
    std::variant<Const, Input, Param, State, Function, Derivative, Loss, Metric, Output, Optimizer,
                 Data, Train, Import, Precision, Definition, Assignment>;

// Where a statement or local stands, from its first token to its last.
template <class... Kinds>
Span span_of(const std::variant<Kinds...>& statement) {
  return std::visit([](const auto& kind) { return kind.span; }, statement);
}

// A file.
struct SyntaxTree {
  uint32_t file = 0;
  std::vector<Statement> statements;
};

// An operator as it is written: `@`, `not`.
std::string_view spelling(UnaryOp op);
std::string_view spelling(BinaryOp op);
std::string_view spelling(Reducer op);

// The tree as nested lists, one statement a line: `(define z (* w x))`. No places: two trees print
// alike if they mean the same.
std::string print(const SyntaxTree& tree);

}  // namespace gradus::syntax
