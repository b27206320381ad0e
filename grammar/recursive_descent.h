#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "grammar/errors.h"
#include "grammar/syntax.h"
#include "grammar/token_stream.h"

namespace gradus::syntax {

// advice.cpp: what there is instead of a word that begins a statement, or is a type, in another
// language; empty if there is none.
std::string_view foreign_statement_advice(std::string_view word);
std::string_view foreign_type_advice(std::string_view word);
// "did you mean `loss`?", or empty.
std::string misspelt(std::string_view word, std::span<const std::string> candidates);
std::string misspelt_declaration(std::string_view word);

// The parser: a function a rule of gradus.y. It reports the first error of a statement (of a line,
// in a block), abandons it and goes on with the next.
class Parser {
 public:
  Parser(const SourceFile& file, Diagnostics& errors);

  SyntaxTree tree();

 private:
  // Thrown by `fail` and caught where the statement began.
  struct Abandoned {};

  // What a line of a block may end with.
  enum class LineEnd : uint8_t { statement, local, entry };

  // ---- parser.cpp: tokens, errors and recovery

  Token token() const { return stream_.token(); }
  Span span() const { return stream_.span(); }
  Span from(uint32_t begin) const;
  Found here() const { return {token(), span(), stream_.text()}; }
  bool is(Token wanted) const { return token() == wanted; }
  bool accept(Token wanted);
  // `expected` is what the message says instead of the token.
  void expect(Token wanted, std::string_view expected = {});
  void open_brace(std::string_view expected = "`{`");
  // `role` is what the name is for: "a parameter".
  Name name(std::string_view role);

  [[noreturn]] void fail(Diagnostic diagnostic);
  // A reserved word as a name. What uses the name says nothing more.
  [[noreturn]] void refuse(const Found& word, std::string_view role, bool defines = true);
  void report(Diagnostic diagnostic);
  // The token here is not one of the expected.
  [[noreturn]] void unexpected(std::string_view expected, std::string_view advice = {});
  std::string advice(std::string_view expected) const;
  bool after_called_index() const;
  bool after_expression() const { return stream_.lexeme_before().span.end == expression_end_; }

  // Parses a line; nothing, and the line is skipped, if it is wrong.
  template <typename Parse>
  auto line(LineEnd end, Parse parse) -> std::optional<decltype(parse())> {
    const std::pair outer(depth_, statement_);
    depth_ = stream_.depth();
    statement_ = span();
    const size_t depth = depth_;
    std::optional<decltype(parse())> result;
    try {
      result = parse();
      end_line(end);
    } catch (const Abandoned&) {
      result.reset();
      stream_.skip_statement(depth, statement_);
      if (std::exchange(body_is_lost_, false)) stream_.skip_body(statement_);
    }
    std::tie(depth_, statement_) = outer;
    if (stream_.depth() < depth) throw Abandoned{};
    return result;
  }
  void end_line(LineEnd end);

  // A level of recursion, counted while it lives.
  struct Level {
    explicit Level(Parser& parser);
    ~Level() { --parser.levels_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser& parser;
  };

  // ---- statements.cpp

  Statement statement();
  void refuse_reserved_definition();
  Const constant();
  Input input();
  Param param();
  State state();
  Function function(FunctionKind kind);
  Derivative derivative();
  template <typename Scalar>
  Scalar scalar(std::string_view role);  // Loss, Metric
  Output output();
  Import import_file();
  Precision precision();
  std::vector<Formal> formals();
  Formal formal();
  Optimizer optimizer();
  Data data();
  DataSource source();
  Train train();
  Option option();
  Pattern pattern();
  PatternPart pattern_part();

  // ---- definitions.cpp

  std::optional<Type> optional_type();
  Type type();
  std::vector<Dimension> shape();
  std::vector<Range> where();
  Range range();
  std::vector<ExprPtr> values();
  Local definition(std::vector<ExprPtr> left);
  Assignment assignment(std::vector<ExprPtr> left);
  Name defined_name(const Expr& left);
  std::vector<FreeIndex> free_indices(const Subscript& left);
  [[noreturn]] void nothing_defined(const std::vector<ExprPtr>& values, std::string_view advice);
  Block body(std::string_view what);
  Block block(std::string_view what);
  std::vector<Local> steps(std::string_view what);
  // The lines of a block; `results` is null where there may be none.
  std::vector<Local> lines(std::string_view what, Block* results);
  Local local(std::string_view what, Block* results, bool& is_result);
  // The entries of `data { }` and `train { }`.
  template <typename Entry>
  auto entries(std::string_view opening, Entry entry) -> std::vector<decltype(entry())>;
  // `may_own`: parameters and states are declared in the block.
  void check_block_is_closed(bool may_own);

  // ---- expressions.cpp

  // `below` is the height of what the node is made of.
  ExprPtr make(uint32_t begin, decltype(Expr::what) what, int below);
  ExprPtr expr();
  ExprPtr range_bound();
  ExprPtr binary(int least);
  ExprPtr prefix(int least);
  bool at_reduction() const;
  ExprPtr reduction();
  ExprPtr factor();
  ExprPtr power();
  ExprPtr postfix();
  ExprPtr call(uint32_t begin, ExprPtr function);
  Argument argument();
  ExprPtr subscript(uint32_t begin, ExprPtr of);
  Item item();
  static int highest_in(const Item& item);
  ExprPtr atom();
  ExprPtr number();
  ExprPtr list();
  ExprPtr conditional();
  [[noreturn]] void incomplete(Span keyword, Token missing);
  ExprPtr scan();
  ExprPtr repeat();
  Walk walk();
  std::vector<Carry> carries();

  TokenStream stream_;
  Diagnostics& errors_;
  std::vector<uint32_t> lexical_errors_;  // where they are, in order
  std::set<std::string> refused_;         // reserved words that were taken for names
  bool body_is_lost_ = false;             // of a function whose `=` or `{` is missing
  int reported_ = 0;
  int levels_ = 0;
  size_t depth_ = 0;             // how many brackets were open where the statement began
  Span statement_;               // its first token
  uint32_t expression_end_ = 0;  // of the last whole expression
  int highest_ = 0;              // of the expressions since a scan or repeat began
};

}  // namespace gradus::syntax
