#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "compiler/check/check.h"
#include "compiler/check/equation.h"
#include "compiler/check/errors.h"
#include "compiler/check/thing.h"

namespace gradus::checking {

struct Viewing;  // access.cpp

// Thrown when an error has been reported, and caught at the statement that it is in. It never
// leaves this room.
struct Reported {};

// Thrown when a dimension that the data bind has turned out to be a number (see `agree`).
struct Restart {};

// Walks the statements of a program and builds its graph. Each file of this room is a part of it,
// by subject; this page is the table of contents.
class Checker {
 public:
  // `requirements`: the numbers of data-bound dimensions that are known from the runs before.
  Checker(const CheckOptions& options, std::vector<Requirement>& requirements,
          Diagnostics& diagnostics)
      : options_(options), requirements_(requirements), diagnostics_(diagnostics) {}

  std::optional<Program> run(const syntax::SyntaxTree& file,
                             std::span<const syntax::SyntaxTree> prelude);

 private:
  using Arguments = std::vector<Argument>;

  // check.cpp: errors, names, statements
  Graph& graph() { return program_.graph; }
  [[noreturn]] void fail(Diagnostic diagnostic);
  void warn(Diagnostic diagnostic) { diagnostics_.add(placed(std::move(diagnostic))); }
  Diagnostic placed(Diagnostic diagnostic) const;
  template <typename Action>
  bool succeeds(Action action) {
    try {
      action();
      return true;
    } catch (const Reported&) {
      return false;
    }
  }
  Thing* find(const std::string& name, Scope& scope);
  Diagnostic not_defined(Span at, const std::string& name, Scope& scope);
  // Of a name that is not defined: said once, however often it is used.
  [[noreturn]] void fail_undefined(Span at, const std::string& name, Scope& scope);
  std::string near(const std::string& name, Scope* scope);
  void claim(Scope& scope, const syntax::Name& name);
  void define(Scope& scope, const syntax::Name& name, const Thing& thing);
  void statement(const syntax::Statement& statement, Scope& scope);
  bool locals(const std::vector<syntax::Local>& all, Scope& scope);
  void poison(const syntax::Name& name, Scope& scope);
  void warn_of_unused_parameters();

  // requirements.cpp: what shapes ask of the data
  // Whether two extents that meet are equal. Where they are if a data-bound dimension is a certain
  // number, that is noted as a requirement, and the check starts again with the number in its
  // place.
  bool agree(const Dim& left, const Dim& right, Span at);
  bool agree(const Shape& left, const Shape& right, Span at);
  const Requirement* requirement(const std::string& dimension) const;
  // Notes that the data must make this extent no less than 0.
  void require(const Dim& least, std::string otherwise, Span at);

  // declarations.cpp: what stands at top level, and what owns leaves
  void declare(const syntax::Const& x, Scope& scope);
  void declare(const syntax::Input& x, Scope& scope);
  void declare(const syntax::Param& x, Scope& scope);
  void declare(const syntax::State& x, Scope& scope);
  void declare(const syntax::Function& x, Scope& scope);
  void declare(const syntax::Derivative& x, Scope& scope);
  void declare(const syntax::Loss& x, Scope& scope);
  void declare(const syntax::Metric& x, Scope& scope);
  void declare(const syntax::Output& x, Scope& scope);
  void declare(const syntax::Optimizer& x, Scope& scope);
  void declare(const syntax::Data& x, Scope& scope);
  void declare(const syntax::Train& x, Scope& scope);
  void declare(const syntax::Import& x, Scope& scope);
  void declare(const syntax::Precision& x, Scope& scope);
  void declare(const syntax::Definition& x, Scope& scope);
  void declare(const syntax::Assignment& x, Scope& scope);
  void declare_dimension(const syntax::Expr& size, Scope& scope);
  Shape declared(const Shape& shape, const std::optional<syntax::Type>& type) const;
  Type type_of(const std::optional<syntax::Type>& type, Scope& scope);
  void scalar(const syntax::Name& name, const syntax::Expr& value, Scope& scope,
              std::vector<NamedValue>& list, std::string_view kind);
  Initialiser initialiser_of(const syntax::Expr& value, Scope& scope);
  void same_for_all_samples(const syntax::Name& name, const Shape& shape);

  // modules.cpp: imported files
  Scope& module_of(const syntax::SyntaxTree& tree);
  void import_optimizer(const syntax::Optimizer& optimizer, Scope& module, Scope& scope, Span at);

  // derivatives.cpp: derivatives as expressions
  struct Places {
    Span of;
    Span by;
    Span at;
  };
  bool is_variable(const std::string& name, const Scope& scope) const;
  Thing held(const syntax::Name& name, const Thing& thing, const Scope& scope);
  void hold(Value leaf, Value of);
  std::vector<Value> released(const std::vector<Value>& values, Value kept);
  void release_all();
  Value variable(const syntax::Expr& expr, Scope& scope);
  Thing derivative(const std::string& name, const syntax::Call& x, Scope& scope, Span at);
  Value differentiated(const std::string& name, Value of, Value by, Value direction,
                       const Places& places);
  void warn_of_independence(Value of, Value leaf, const Places& places);
  void check_samples(Value of, Value by, const Places& places);

  // overrides.cpp: derivatives that the program says itself
  struct Inputs {
    std::vector<Thing> things;   // of the formals, in order
    std::vector<Value> tensors;  // those among them
    std::string key;             // what tells instances apart; empty where there is none
  };
  Inputs inputs_of(const syntax::Function& function, Scope& inner);
  Thing overridden(const Callable& callee, Scope& inner, const Thing& result, Span at);
  std::shared_ptr<const Override> override_of(const Callable& callee, const Inputs& inputs,
                                              const Type& result, Span at);
  Value adjoint_of(const syntax::Expr& written, const Thing& thing, std::string_view input,
                   const Type& type);

  // training.cpp: data, train, optimizers
  void check_file_source(const syntax::Call& call, Span at,
                         const std::vector<std::string>& options);
  void data_source(const syntax::DataSource& source);
  Setting setting(const std::string& name, const syntax::Expr& value, bool words);
  void train(const syntax::Train& train);
  void train_option(const syntax::Option& option, Train& made);
  void shared_option(const syntax::Option& option, double value);
  void share_options();
  std::string block_name(const std::string& loss);
  Value until(const syntax::Expr& condition, const Train& made);
  std::vector<std::string> possible_patterns();
  std::vector<size_t> trained(const syntax::Train& train);
  OptimizerUpdate optimizer_update(const syntax::Expr& optimizer, size_t parameter, Train& made);

  // values.cpp: things as values, numbers, axes and shapes
  Known known(double number);
  Known known(const Dim& extent);
  Value value(const Thing& thing, Span at);
  Value real(const Thing& thing, Span at);
  Value real(Value value);
  Dim extent(const Thing& thing, Span at);
  int64_t whole(const Thing& thing, Span at);
  double constant(const Thing& thing, Span at);
  bool truth(const Thing& thing, Span at);
  const Items& items(const Thing& thing, Span at, std::string_view what);
  int axis(int64_t axis, const Shape& shape, Span at);
  std::vector<int> axes(const Thing& thing, const Shape& shape, Span at);
  Shape shape_from(const Thing& thing, Span at);
  void check_size(const Shape& shape, Span at);
  errors::Operand operand(Value value, Span at);
  Shape broadcast_shape(const errors::Operand& left, const errors::Operand& right, Span at,
                        std::string_view what);
  Value elementwise(Op op, std::vector<Value> operands, const std::vector<Span>& spans, Span at,
                    std::string_view what);
  // Whether all entries are numbers, booleans, or indices below one bound: as they stay joined.
  bool of_one_element(const Items& list, Span at);
  Value stack(const Items& list, int axis, Span at);
  // An elementwise operator of things, entries among them.
  Thing applied(Op op, const std::vector<Thing>& operands, const std::vector<Span>& spans, Span at,
                std::string_view what);
  // The value broadcast to the shape of what it is given to, which it must fit.
  Value fitted(Value value, Span at, const errors::Operand& target, std::string_view what);
  static errors::Operand declared_as(const syntax::Name& name, const Shape& shape);
  void warn_of_pairs(const std::vector<Value>& operands, const std::vector<Span>& spans, Span at);
  void agree(Op op, std::vector<Value>& operands);

  // expressions.cpp
  Thing evaluate(const syntax::Expr& expr, Scope& scope, const std::string& name = "");
  // The same, and poison where it is wrong: what stands beside it is checked too.
  Thing part(const syntax::Expr& expr, Scope& scope, const std::string& name = "");
  Thing negative(const Thing& operand, Span at);
  Thing transposed(const Thing& operand, Span at);
  Thing condition(const Thing& thing, Span at);
  Thing unary(const syntax::Unary& x, Scope& scope, Span at);
  Thing binary(const syntax::Binary& x, Scope& scope, Span at);
  Thing of_known(Op op, const Known& left, const Known& right);
  std::string other_factor(size_t rank, const Dim& inner, Value right);
  Value matmul(const errors::Operand& left, const errors::Operand& right, Value a, Value b,
               Span at);
  Thing branch(const syntax::If& x, Scope& scope, Span at, const std::string& name);
  Thing reference(const std::string& name, Scope& scope, Span at);
  Thing member(const syntax::Member& x, Scope& scope);
  Thing parameter(const Layer& layer, const syntax::Name& name);
  [[noreturn]] void no_such_part(const syntax::Member& x, const Thing& base, Scope& scope);

  // loops.cpp: repeat, and what loops own
  Thing repeat(const syntax::Repeat& x, Scope& scope, const std::string& name);
  void round(const syntax::Repeat& x, Scope& scope, const std::string& name, Layer& owner,
             int64_t number, bool is_first, std::vector<Thing>& carried);
  const Layer* round_of(const syntax::Subscript& x, Scope& scope);
  Thing carried_on(const Thing& thing, Span at);
  std::vector<Thing> taken_apart(const Thing& thing);
  void may_own(const Scope& scope, Span at);
  void own(Scope& scope, const std::string& name, std::shared_ptr<Layer> layer);
  const Layer* owned_before(const Scope& scope, const std::string& name);

  static int bindings(const std::vector<syntax::Local>& steps, const std::string& name);

  // scan.cpp
  struct Walking {
    std::vector<Value> operands;  // sequences, then where carries start
    Scan scan;
  };
  Thing scan(const syntax::Scan& x, Scope& scope, const std::string& name);
  Walking walks(const syntax::Scan& x, Scope& scope, Scope& inner);
  int walked_axis(const syntax::Walk& walk, Value sequence, Scope& scope);
  Value carried_out(const syntax::Carry& carry, const syntax::Scan& x, Scope& inner,
                    const Type& type);
  Thing stacked(Walking walking, const Thing& yielded, const syntax::Scan& x,
                const std::string& prefix, size_t held_outside);

  // access.cpp: x[…]
  Thing access(const syntax::Subscript& x, Scope& scope, Span at);
  void slice(const syntax::Slice& s, Viewing& viewing, Scope& scope, Span span);
  void place(const syntax::Expr& given, Viewing& viewing, const std::string& name, Scope& scope);
  const Thing* list_entry(const Items& list, const syntax::Subscript& x, Scope& scope);

  // index_notation.cpp: equations, and reductions over indices
  template <typename Action>
  void with_ranges(const std::vector<syntax::Range>& where, Scope& scope, Action action) {
    std::vector<GivenRange> given = ranges(where, scope);
    const Within within(where_, &given);
    action();
    check_ranges(given);
  }
  std::vector<GivenRange> ranges(const std::vector<syntax::Range>& where, Scope& scope);
  void check_ranges(const std::vector<GivenRange>& given);
  Thing equation(const syntax::Definition& x, Scope& scope);
  bool report_undefined(const syntax::Expr& expr, bool in_access);
  Thing solve(const syntax::Expr& expr, Equation& equation);
  Thing reduction(const syntax::Expr& expr, Scope& scope);
  Thing within_equation(const syntax::Reduction& x);
  Entry folded(Op op, const syntax::Expr& body, const std::vector<int>& bound);
  struct Factors {
    std::vector<Entry> inside;   // that depend on the indices that are bound
    std::vector<Entry> outside;  // the others,
    std::vector<Entry> below;    // and divisors
    bool minus = false;
  };
  void collect_factors(const syntax::Expr& expr, const std::vector<int>& bound, Factors& factors);
  Entry summed(const syntax::Reduction& x, const std::vector<int>& bound);
  Entry sum_of_product(const std::vector<Entry>& factors, const std::vector<int>& summed);
  Value cut(Value of, const std::vector<Affine>& accesses, const Shape& extents);

  // index_survey.cpp: the indices of an equation, and the accesses that bound them
  int new_index(const std::string& name, Span span, bool free);
  void add_free_indices(const syntax::Definition& x);
  size_t rest_axes(const syntax::Expr& expr);
  std::vector<int> bind_indices(const syntax::Reduction& x);
  void survey(const syntax::Expr& expr, bool in_branch);
  void survey(const syntax::Subscript& x, bool in_branch);
  bool depends_on_indices(const syntax::Expr& expr);
  Thing without_indices(const syntax::Expr& expr);
  const int* index_in_sight(const std::string& name) const;

  // index_access.cpp: entries
  struct Place {
    std::optional<Affine> affine;           // over the values of indices
    const syntax::Expr* by_data = nullptr;  // else: an entry of an index tensor,
    std::optional<Entry> said;              // and what it is
    Span span;
  };
  Value accessed(const syntax::Subscript& x);
  std::vector<Place> places(const syntax::Subscript& x, Value of);
  bool nothing_has(const std::string& name);
  std::optional<Affine> affine(const syntax::Expr& expr);
  Thing entry(const syntax::Subscript& x);
  std::optional<Entry> entry_at_arguments(const syntax::Subscript& x, Value of, Scope& scope);
  Entry gathered(const std::string& name, Value of, std::vector<Place> places, bool guarded);
  Value padded(Value of, std::vector<Place>& places);
  static std::string name_of(const syntax::Expr& expr);
  void check_bound(Value index, const errors::Axis& axis, Span at);
  Thing index_value(int number);
  static const Entry* entry_of(const Thing& thing);
  Entry as_entry(const Thing& thing, Span at);
  std::vector<int> indices_of(const Entry& entry) const;
  Affine over(const Affine& at, const std::vector<int>& indices) const;
  Shape extents_of(const std::vector<int>& indices) const;
  // The entry as a tensor that has these indices, sorted, as its axes.
  Value tensor_over(const Entry& entry, const std::vector<int>& indices);
  Entry entry_over(Value tensor, const std::vector<int>& indices) const;
  Entry real(Entry entry);

  // calls.cpp: functions and layers
  Arguments evaluate(const std::vector<syntax::Argument>& arguments, Scope& scope);
  std::string derivative_called(const syntax::Expr& function, Scope& scope);
  const std::set<std::string>* variables_of(const syntax::Function& function);
  Thing call(const syntax::Call& x, Scope& scope, Span at, const std::string& name);
  Thing call_function(const Callable& callee, const Arguments& arguments, Span at, Scope& caller,
                      const std::string& name);
  void drop_unused(Layer& layer, size_t first);
  Thing call_again(Layer& layer, const Arguments& arguments, Span at);
  Thing body(const syntax::Function& function, Scope& inner, Span at);
  Thing block(const syntax::Block& block, Scope& scope);
  void bind(const std::vector<syntax::Formal>& formals, const Arguments& arguments, Scope& inner,
            Span at, const std::string& function);
  void match(const syntax::Formal& formal, const Thing& argument, Scope& inner, Span at,
             const std::string& function);
  bool sees_file(const Scope& scope) const;
  void unify(const syntax::Expr& wanted, const Dim& have, Scope& inner, Span at,
             const std::string& of, Value given);
  const Argument* argument(const Arguments& arguments, size_t position, std::string_view name);
  const Argument& needed(const Arguments& arguments, size_t position, std::string_view name,
                         std::string_view function, Span at);
  void allow(const Arguments& arguments, size_t positions, const std::vector<std::string>& names,
             std::string_view function);

  // operators.cpp, structure.cpp: operators that are called by name
  struct Builtin {
    size_t positions;                // arguments by position, at most
    std::vector<std::string> names;  // all that may be named
    Thing (Checker::*apply)(const std::string& name, const Arguments& arguments, Span at);
  };
  static const std::map<std::string, Builtin>& builtins();
  static bool is_operator(const std::string& name);
  Thing call_operator(const std::string& name, const Arguments& arguments, Span at);
  Thing mapped(const Map& row, const Arguments& arguments, Span at);
  Thing reduction(const std::string& name, const Arguments& arguments, Span at);
  void check_some(const std::string& name, const Shape& shape, const std::vector<int>& axes,
                  Span at);
  Thing normalisation(const std::string& name, const Arguments& arguments, Span at);
  Value mean(Value x, const std::vector<int>& axes);
  Value spread_back(Value reduced, const Shape& shape, const std::vector<int>& axes);
  Thing is_index(const std::string& name, const Arguments& arguments, Span at);
  Thing is_list(const std::string& name, const Arguments& arguments, Span at);
  Thing shape_of(const std::string& name, const Arguments& arguments, Span at);
  Thing filled(const std::string& name, const Arguments& arguments, Span at);
  Thing joined(const std::string& name, const Arguments& arguments, Span at);
  Thing reshaped(const std::string& name, const Arguments& arguments, Span at);
  Thing permuted(const std::string& name, const Arguments& arguments, Span at);
  Thing cumulated(const std::string& name, const Arguments& arguments, Span at);
  Thing flipped(const std::string& name, const Arguments& arguments, Span at);
  Thing split(const std::string& name, const Arguments& arguments, Span at);
  Thing padded(const std::string& name, const Arguments& arguments, Span at);
  Thing one_hot(const std::string& name, const Arguments& arguments, Span at);
  Thing diagonal(const std::string& name, const Arguments& arguments, Span at);

  // random.cpp
  struct RoundOfDraws {
    Value leaf;         // its number in the loop
    Value outside;      // `round_` around the loop
    size_t before = 0;  // draws before the loop
  };
  RoundOfDraws begin_round(const Dim& rounds, const std::string& prefix);
  void walk_rounds(Walking& walking, Value leaf);
  Value draw(Draw::Kind kind, const Shape& shape, std::string_view name, Span at);
  Value probability(const Argument& given);
  Thing drawn(const std::string& name, const Arguments& arguments, Span at);
  Thing bernoulli(const std::string& name, const Arguments& arguments, Span at);
  Thing categorical(const std::string& name, const Arguments& arguments, Span at);
  Thing dropout(const std::string& name, const Arguments& arguments, Span at);

  // linear_algebra.cpp
  Shape square(Value matrix, std::string_view what, Span at);
  Thing of_matrix(const std::string& name, const Arguments& arguments, Span at);
  Thing solve(const std::string& name, const Arguments& arguments, Span at);

  const CheckOptions& options_;
  std::vector<Requirement>& requirements_;
  std::map<const syntax::SyntaxTree*, std::unique_ptr<Scope>> modules_;
  Diagnostics& diagnostics_;
  Program program_;
  Scope prelude_;
  Scope file_;
  std::set<std::string> dims_;
  std::set<uint32_t> prelude_files_;
  bool depends_on_training_ = false;
  bool hopeless_ = false;            // the statement at hand is given up whole
  std::set<Value> reported_;         // numbers that are not whole and should be
  std::set<std::string> undefined_;  // names that were said to be so
  std::set<Value> used_;             // parameters that an expression refers to
  struct Rule {
    const syntax::Optimizer* optimizer = nullptr;
    Scope* scope = nullptr;  // that it was declared in
  };
  std::map<std::string, Rule> optimizers_;
  // What the `train` blocks say of the loop that they share.
  struct SharedOption {
    double value = 0;
    Span at;
  };
  std::map<std::string, SharedOption> shared_;
  Value step_;  // the step's number, from 0
  std::vector<const syntax::Train*> trains_;
  int in_scans_ = 0;  // bodies of scans that are being checked
  // The number of the round, where what is checked stands in a loop that runs its body many times;
  // random numbers are drawn by it.
  Value round_;
  std::vector<Label> calls_;  // that are being instantiated, outermost first
  std::map<const syntax::Function*, std::set<std::string>> variables_;  // of derivatives in it
  std::set<std::string> file_variables_;
  const syntax::Function* last_function_ = nullptr;  // the statement before, where it is one
  std::map<const syntax::Function*, const syntax::Derivative*> overrides_;
  std::map<std::string, std::shared_ptr<Override>> known_overrides_;  // by key
  // Leaves that stand for values that derivatives are taken by, and these values.
  std::vector<std::pair<Value, Value>> held_;
  std::map<Value, Value> released_;  // these leaves, and the values without any such leaves
  std::vector<Index> indices_;       // of all equations
  Equation* equation_ = nullptr;     // that is being checked
  std::vector<GivenRange>* where_ = nullptr;  // of the statement at hand
};

}  // namespace gradus::checking
