#include "grammar/recursive_descent.h"

namespace gradus::syntax {
Statement Parser::statement() {
  refuse_reserved_definition();
  switch (token()) {
    case Token::kw_const:
      return constant();
    case Token::kw_input:
      return input();
    case Token::kw_param:
      return param();
    case Token::kw_state:
      return state();
    case Token::kw_fn:
      return function(FunctionKind::fn);
    case Token::kw_layer:
      return function(FunctionKind::layer);
    case Token::kw_derivative:
      return derivative();
    case Token::kw_loss:
      return scalar<Loss>("a loss");
    case Token::kw_metric:
      return scalar<Metric>("a metric");
    case Token::kw_output:
      return output();
    case Token::kw_optimizer:
      return optimizer();
    case Token::kw_data:
      return data();
    case Token::kw_train:
      return train();
    case Token::kw_import:
      return import_file();
    case Token::kw_precision:
      return precision();
    default:
      break;
  }
  std::vector<ExprPtr> left = values();
  if (!is(Token::equals) && !is(Token::arrow))
    nothing_defined(left, "give the value a name: `y = …`");
  Local defines = definition(std::move(left));
  return std::visit([](auto& kind) -> Statement { return std::move(kind); }, defines);
}

// `loss = …`: a reserved word where a name is defined.
void Parser::refuse_reserved_definition() {
  const Token word = token();
  const Token next = stream_.ahead();
  const bool defines = next == Token::equals || next == Token::arrow || next == Token::comma;
  if (defines && reserved_word(info(word).spelling) && !is_reducer(word)) {
    refuse(here(), "a definition");
  }
}

Const Parser::constant() {
  const uint32_t begin = span().begin;
  Const result;
  stream_.next();
  result.name = name("a constant");
  expect(Token::equals);
  result.value = expr();
  result.span = from(begin);
  return result;
}

Input Parser::input() {
  const uint32_t begin = span().begin;
  Input result;
  stream_.next();
  result.name = name("an input");
  result.type = optional_type();
  if (accept(Token::equals)) {
    result.default_value = expr();
  } else if (!is(Token::newline) && !is(Token::end)) {
    if (is(Token::equal)) fail(equal_in_definition(span()));
    unexpected(result.type ? "`=` or the end of the line" : "`:`, `=` or the end of the line",
               is(Token::comma)      ? "each input has an `input` line of its own"
               : is(Token::lbracket) ? "a shape follows a `:`: `input x: [batch, 3]`"
                                     : "");
  }
  result.span = from(begin);
  return result;
}

Param Parser::param() {
  const uint32_t begin = span().begin;
  Param result;
  stream_.next();
  result.name = name("a parameter");
  result.type = optional_type();
  result.mark = span();
  result.drawn = accept(Token::tilde);
  if (!result.drawn) {
    const bool bare = is(Token::newline) || is(Token::end);
    if (bare) unexpected("`=` or `~`", "say how it starts: `= 0`, or `~ he_normal`");
    expect(Token::equals, result.type ? "`=` or `~`" : "`:`, `=` or `~`");
  }
  result.value = expr();
  result.span = from(begin);
  return result;
}

State Parser::state() {
  const uint32_t begin = span().begin;
  State result;
  stream_.next();
  result.name = name("a state");
  result.type = optional_type();
  if (is(Token::newline) || is(Token::end)) {
    unexpected(result.type ? "`=`" : "`:` or `=`", "say how it starts: `= 0`");
  }
  expect(Token::equals, result.type ? "`=`" : "`:` or `=`");
  result.value = expr();
  result.span = from(begin);
  return result;
}

Function Parser::function(FunctionKind kind) {
  const uint32_t begin = span().begin;
  const bool layer = kind == FunctionKind::layer;
  Function result;
  result.kind = kind;
  stream_.next();
  result.name = name(layer ? "a layer" : "a function");
  result.formals = formals();
  result.body = body(layer ? "a layer" : "a function");
  result.span = from(begin);
  return result;
}

Derivative Parser::derivative() {
  const uint32_t begin = span().begin;
  Derivative result;
  stream_.next();
  result.function = name("a function");
  expect(Token::lparen);
  do {
    result.inputs.push_back(name("an input of the function"));
  } while (accept(Token::comma));
  if (!accept(Token::semicolon)) {
    unexpected("`,` or `;`", is(Token::rparen)
                                 ? "the adjoint of the result comes last: `derivative f(x; g) = …`"
                                 : "");
  }
  result.adjoint = name("the adjoint of the result");
  expect(Token::rparen);
  result.body = body("a derivative");
  result.span = from(begin);
  return result;
}

template <typename Scalar>
Scalar Parser::scalar(std::string_view role) {
  const uint32_t begin = span().begin;
  Scalar result;
  stream_.next();
  result.name = name(role);
  expect(Token::equals);
  result.value = expr();
  result.where = where();
  result.span = from(begin);
  return result;
}

Output Parser::output() {
  const uint32_t begin = span().begin;
  Output result;
  stream_.next();
  do {
    result.names.push_back(name("an output"));
  } while (accept(Token::comma));
  if (is(Token::equals)) {
    unexpected("`,` or the end of the line",
               "define it on a line of its own, then `output` its name");
  }
  result.span = from(begin);
  return result;
}

Import Parser::import_file() {
  const uint32_t begin = span().begin;
  Import result;
  stream_.next();
  result.path_span = span();
  const std::string_view quoted = stream_.text();
  if (is(Token::name)) {
    unexpected("a path in double quotes",
               "a file of this language is imported by its path: `import \"layers.grad\"`; the "
               "functions and layers of the prelude are there without");
  }
  expect(Token::string, "a path in double quotes");
  result.path = unquoted(quoted);
  result.span = from(begin);
  return result;
}

Precision Parser::precision() {
  const uint32_t begin = span().begin;
  Precision result;
  stream_.next();
  result.name = name("a precision");
  result.span = from(begin);
  return result;
}

std::vector<Formal> Parser::formals() {
  std::vector<Formal> result;
  expect(Token::lparen);
  while (!is(Token::rparen)) {
    result.push_back(formal());
    if (!accept(Token::comma)) break;
  }
  expect(Token::rparen, "`,` or `)`");
  return result;
}

Formal Parser::formal() {
  const uint32_t begin = span().begin;
  Formal result;
  result.name = name("a parameter");
  result.type = optional_type();
  if (accept(Token::equals)) result.default_value = expr();
  result.span = from(begin);
  return result;
}

Optimizer Parser::optimizer() {
  const uint32_t begin = span().begin;
  Optimizer result;
  stream_.next();
  result.name = name("an optimizer");
  result.formals = formals();
  result.steps = steps("an optimizer");
  result.span = from(begin);
  return result;
}

template <typename Entry>
auto Parser::entries(std::string_view opening, Entry entry) -> std::vector<decltype(entry())> {
  std::vector<decltype(entry())> result;
  open_brace(opening);
  while (!is(Token::rbrace)) {
    check_block_is_closed(false);
    auto parsed = line(LineEnd::entry, entry);
    if (parsed) result.push_back(std::move(*parsed));
    if (!accept(Token::comma) && !accept(Token::newline)) break;
  }
  expect(Token::rbrace);
  return result;
}

Data Parser::data() {
  const uint32_t begin = span().begin;
  Data result;
  stream_.next();
  result.sources = entries("`{`", [&] { return source(); });
  result.span = from(begin);
  return result;
}

DataSource Parser::source() {
  const uint32_t begin = span().begin;
  DataSource result;
  do {
    result.names.push_back(name("an input"));
  } while (accept(Token::comma));
  expect(Token::equals, "`=` or `,`");
  result.value = expr();
  result.span = from(begin);
  return result;
}

Train Parser::train() {
  const uint32_t begin = span().begin;
  Train result;
  stream_.next();
  if (is(Token::lbrace)) {
    unexpected("the name of a loss", "say which loss is minimised: `train J { … }`");
  }
  if (refused_.contains(std::string(stream_.text()))) throw Abandoned{};
  result.loss = name("the loss to minimise");
  if (accept(Token::kw_over)) {
    do {
      result.over.push_back(pattern());
    } while (accept(Token::comma));
  }
  result.options =
      entries(result.over.empty() ? "`over` or `{`" : "`,` or `{`", [&] { return option(); });
  result.span = from(begin);
  return result;
}

Option Parser::option() {
  const Found found = here();
  Option result;
  if (accept(Token::kw_optimizer)) {
    result.name = {std::string(found.text), found.span};
  } else {
    result.name = name("an option");
  }
  expect(Token::equals);
  result.value = expr();
  result.span = from(found.span.begin);
  return result;
}

Pattern Parser::pattern() {
  const uint32_t begin = span().begin;
  Pattern result;
  result.parts.push_back(pattern_part());
  while (is(Token::dot) || is(Token::lbracket)) {
    const bool round = is(Token::lbracket);
    stream_.next();
    if (!round) {
      result.parts.push_back(pattern_part());
      continue;
    }
    PatternPart part{PatternPart::Kind::any_round, "", {}, span()};
    if (is(Token::number)) {
      part.kind = PatternPart::Kind::round;
      part.round = std::get<Number>(number()->what);
    } else {
      expect(Token::star, "a number or `*`");
    }
    expect(Token::rbracket);
    result.parts.push_back(std::move(part));
  }
  result.span = from(begin);
  return result;
}

PatternPart Parser::pattern_part() {
  PatternPart part{PatternPart::Kind::any_name, "*", {}, span()};
  if (accept(Token::star)) return part;
  part.kind = PatternPart::Kind::name;
  part.name = name("parameters").text;
  return part;
}

}  // namespace gradus::syntax
