// The language: the files that Gradus accepts, as an LALR(1) grammar.
//
// This is the specification. The compiler's own parser is written by hand, for its messages and its
// recovery (recursive_descent.h); a test holds both to the same files. What is grammatical may still
// be wrong: types, shapes and names are the checker's.
//
// Tokens are those of tokens.def. A newline is a token only where it ends a statement: not inside of
// `(` and `[`, not after a token that needs a right side, not before `then`, `else`, `where`, `and`
// and `or`; several in a row are one, and none stands first or last in a file (token_stream.h).
//
// A line of a block is a definition or the block's results, and both may begin alike: `a, b = …` and
// `a, b`; `a[i, j] = …` and `a[i, j]`. So that one token of lookahead is enough, an expression is
// either a name or `compound`, each level of precedence takes either as its operand, and accesses
// whose items are names alone (`free_access`) are kept apart from others.

%define api.pure full
%define api.prefix {gradus_}
%define api.token.prefix {T_}
%define parse.error simple
%param {gradus::syntax::TokenStream& stream}

%code requires {
namespace gradus::syntax {
class TokenStream;
}
}

%code {
#include "grammar/token_stream.h"

int gradus_lex(GRADUS_STYPE* value, gradus::syntax::TokenStream& stream);
static void gradus_error(gradus::syntax::TokenStream&, const char*) {}
}

%token end 0
%token newline name number string
// `axis` is a word only between `over` and `=`.
%token axis "axis"
%token plus "+" minus "-" star "*" slash "/" at "@" caret "^" quote "'"
%token lparen "(" rparen ")" lbracket "[" rbracket "]" lbrace "{" rbrace "}"
%token comma "," colon ":" semicolon ";" dot "." dots ".."
%token equals "=" arrow "<-" tilde "~"
%token less "<" less_equal "<=" greater ">" greater_equal ">=" equal "==" not_equal "!="
%token kw_const "const" kw_input "input" kw_param "param" kw_state "state" kw_fn "fn"
%token kw_layer "layer" kw_derivative "derivative" kw_loss "loss" kw_metric "metric"
%token kw_output "output" kw_optimizer "optimizer" kw_data "data" kw_train "train"
%token kw_import "import" kw_precision "precision"
%token kw_index "index" kw_bool "bool" kw_real "real"
%token kw_if "if" kw_then "then" kw_else "else" kw_and "and" kw_or "or" kw_not "not"
%token kw_scan "scan" kw_repeat "repeat" kw_in "in" kw_over "over" kw_reverse "reverse"
%token kw_where "where" kw_new "new" kw_true "true" kw_false "false"
%token kw_sum "sum" kw_prod "prod" kw_max "max" kw_min "min" kw_mean "mean"
%token kw_logsumexp "logsumexp"

%%

file: %empty | statements ;
statements: statement | statements newline statement ;

statement:
    "const" name "=" expr
  | "input" name optional_type
  | "input" name optional_type "=" expr
  | param
  | state
  | "fn" name "(" optional_formals ")" body
  | "layer" name "(" optional_formals ")" body
  | "derivative" name "(" names ";" name ")" body
  | "loss" name "=" expr optional_where
  | "metric" name "=" expr optional_where
  | "output" names
  | "optimizer" name "(" optional_formals ")" steps
  | "data" "{" optional_sources "}"
  | "train" name optional_over "{" optional_options "}"
  | "import" string
  | "precision" name
  | definition
  | assignment ;

// ---- Declarations

param: "param" name optional_type "=" expr | "param" name optional_type "~" expr ;
state: "state" name optional_type "=" expr ;

optional_formals: %empty | formals | formals "," ;
formals: formal | formals "," formal ;
formal: name optional_type | name optional_type "=" expr ;

optional_sources: %empty | sources | sources separator ;
sources: source | sources separator source ;
source: names "=" expr ;
separator: "," | newline ;

optional_options: %empty | options | options separator ;
options: option | options separator option ;
option: name "=" expr | "optimizer" "=" expr ;

optional_over: %empty | "over" patterns ;
patterns: pattern | patterns "," pattern ;
pattern:
    name
  | "*"
  | pattern "." name
  | pattern "." "*"
  | pattern "[" number "]"
  | pattern "[" "*" "]" ;

optional_type: %empty | ":" type ;
type: element | element shape | shape ;
element: "real" | "bool" | "index" "(" expr ")" ;
shape: "[" "]" | "[" dimensions "]" | "[" dimensions "," "]" ;
dimensions: dimension | dimensions "," dimension ;
dimension: expr | ".." ;

// ---- Definitions

definition: names "=" expr optional_where | free_access "=" expr optional_where ;
names: name | names "," name ;
optional_where: %empty | "where" ranges ;
ranges: range | ranges "," range ;
range: name "in" sum ".." sum ;
assignment: name "<-" expr ;

body: "=" results | block ;
block: "{" results optional_newline "}" | "{" locals newline results optional_newline "}" ;
steps: "{" locals optional_newline "}" ;
optional_newline: %empty | newline ;
locals: local | locals newline local ;
local: param | state | definition | assignment ;
results: names optional_where | values optional_where ;
// Not all of them names.
values: compound | names "," compound | values "," expr ;

// ---- Expressions, from the loosest to the tightest

expr: name | compound ;
compound: "if" expr "then" expr "else" expr | compound_disjunction ;

disjunction: name | compound_disjunction ;
compound_disjunction: compound_conjunction | disjunction "or" conjunction ;

conjunction: name | compound_conjunction ;
compound_conjunction: compound_negation | conjunction "and" negation ;

negation: name | compound_negation ;
compound_negation: compound_comparison | "not" negation ;

compound_comparison:
    compound_sum
  | sum "<" sum
  | sum "<=" sum
  | sum ">" sum
  | sum ">=" sum
  | sum "==" sum
  | sum "!=" sum ;

sum: name | compound_sum ;
compound_sum: compound_product | sum "+" product | sum "-" product ;

// `sum[k] …` may be the last factor of a product, and takes the factors to its right with it.
product: name | compound_product ;
compound_product: compound_factors | factors times reduction | reduction ;
factors: name | compound_factors ;
compound_factors: compound_factor | factors times factor ;
times: "*" | "/" | "@" ;
reduction: reducer "[" names "]" product | "-" reduction ;
reducer: "sum" | "prod" | "max" | "min" | "mean" | "logsumexp" ;

factor: name | compound_factor ;
compound_factor: power | "-" factor ;
// 2^-x^2 is 2^(-(x^2)). A reducer alone is a function passed by name.
power: postfix | postfix "^" factor | name "^" factor | reducer ;

// Of one atom: all but a name alone.
postfix:
    atom
  | free_access
  | name "[" other_items "]"
  | name suffix
  | reducer "(" optional_arguments ")"
  | postfix "[" items "]"
  | postfix suffix ;
suffix: "'" | "(" optional_arguments ")" | "." name ;

optional_arguments: %empty | arguments | arguments "," ;
arguments: argument | arguments "," argument ;
argument: expr | name "=" expr | reducer "=" expr ;

// `x[i, ..]`: what may also stand on the left of a definition.
free_access: name "[" free_items "]" ;
free_items: free_item | free_items "," free_item ;
free_item: name | ".." ;
items: free_items | other_items ;
other_items: free_items "," | mixed_items | mixed_items "," ;
mixed_items: other_item | free_items "," other_item | mixed_items "," item ;
item: free_item | other_item ;
other_item:
    compound
  | "new"
  | optional_expr ":" optional_expr
  | optional_expr ":" optional_expr ":" optional_expr ;
optional_expr: %empty | expr ;

atom:
    number
  | string
  | "true"
  | "false"
  | "(" expr ")"
  | "[" optional_entries "]"
  | "scan" "(" walks ";" carries ")" block
  | "repeat" "(" range ";" carries ")" steps ;
optional_entries: %empty | entries | entries "," ;
entries: expr | entries "," expr ;

walks: walk | walks "," walk ;
walk: name "in" expr optional_reverse "over" name | name "in" expr optional_reverse "over" "axis" "=" expr ;
optional_reverse: %empty | "reverse" ;
carries: carry | carries "," carry ;
carry: name "=" expr ;

%%

int gradus_lex(GRADUS_STYPE*, gradus::syntax::TokenStream& stream) {
  using gradus::syntax::Token;
  const Token token = stream.token();
  const bool is_axis = token == Token::name && stream.text() == "axis" &&
                       stream.lexeme_before().token == Token::kw_over &&
                       stream.ahead() == Token::equals;
  if (token != Token::end) stream.next();
  if (is_axis) return T_axis;
  switch (token) {
    case Token::end:
      return T_end;
    case Token::newline:
      return T_newline;
    case Token::name:
      return T_name;
    case Token::number:
      return T_number;
    case Token::string:
      return T_string;
#define MARK(name, spelling, after) \
  case Token::name:                 \
    return T_##name;
#define WORD(name, spelling, group, after, before) MARK(name, spelling, after)
#include "grammar/tokens.def"
#undef MARK
#undef WORD
  }
  return T_GRADUS_UNDEF;
}
