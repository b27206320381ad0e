#include "grammar/parser.h"

#include <fmt/format.h>

#include <cstdlib>

#include "grammar/lexer.h"

namespace gradus {
namespace {
using namespace syntax;

struct Abandon {};  // thrown at a syntax error, caught at the statement

class Parser {
 public:
  Parser(std::vector<Lexeme> tokens, Diagnostics& d) : t_(std::move(tokens)), diagnostics_(d) {}

  SyntaxTree file() {
    SyntaxTree f;
    while (!is(Token::end)) {
      if (accept(Token::newline)) continue;
      try {
        f.statements.push_back(statement());
        if (!is(Token::end) && !is(Token::newline)) fail("the end of the statement");
      } catch (const Abandon&) {
        recover();
      }
    }
    return f;
  }

 private:
  const Lexeme& cur() const { return t_[p_]; }
  const Lexeme& peek(size_t k = 1) const { return t_[std::min(p_ + k, t_.size() - 1)]; }
  bool is(Token t) const { return cur().token == t; }
  bool accept(Token t) {
    if (!is(t)) return false;
    ++p_;
    return true;
  }
  [[noreturn]] void fail(std::string_view expected) {
    const std::string found = is(Token::end)       ? "the end of the file"
                              : is(Token::newline) ? "the end of the line"
                                                   : fmt::format("`{}`", cur().text);
    diagnostics_.add({.code = {"E0102", ""},
                      .message = fmt::format("expected {}, found {}", expected, found),
                      .primary = {cur().span, ""}});
    throw Abandon{};
  }
  Lexeme expect(Token t, std::string_view what) {
    if (!is(t)) fail(what);
    return t_[p_++];
  }
  void recover() {
    int depth = 0;
    while (!is(Token::end)) {
      if (is(Token::lbrace)) ++depth;
      if (is(Token::rbrace) && depth > 0) --depth;
      if (is(Token::newline) && depth == 0) return;
      ++p_;
    }
  }
  void newlines() {
    while (accept(Token::newline)) {
    }
  }
  Span from(uint32_t begin) const {
    const Span last = t_[p_ == 0 ? 0 : p_ - 1].span;
    return {last.file, begin, last.end};
  }
  Name name() {
    Lexeme l = expect(Token::name, "a name");
    return {std::string(l.text), l.span};
  }
  ExprPtr make(uint32_t begin, decltype(Expr::what) what) {
    auto e = std::make_unique<Expr>();
    e->what = std::move(what);
    e->span = from(begin);
    return e;
  }
  uint32_t here() const { return cur().span.begin; }

  Statement statement() {
    const uint32_t begin = here();
    Statement s = declaration();
    std::visit([&](auto& kind) { kind.span = from(begin); }, s);
    return s;
  }

  Statement declaration() {
    switch (cur().token) {
      case Token::kw_const: {
        ++p_;
        Name n = name();
        expect(Token::assign, "`=`");
        return Const{n, expr(), {}};
      }
      case Token::kw_input: {
        ++p_;
        Input i;
        i.name = name();
        i.type = optional_type();
        if (accept(Token::assign)) i.default_value = expr();
        return i;
      }
      case Token::kw_param:
        return param();
      case Token::kw_state: {
        ++p_;
        State s;
        s.name = name();
        s.type = optional_type();
        expect(Token::assign, "`=`");
        s.value = expr();
        return s;
      }
      case Token::kw_fn:
      case Token::kw_layer: {
        Function f;
        f.kind = cur().token == Token::kw_layer ? FunctionKind::layer : FunctionKind::fn;
        ++p_;
        f.name = name();
        f.formals = formals();
        f.body = body();
        return f;
      }
      case Token::kw_derivative: {
        ++p_;
        Derivative d;
        d.function = name();
        expect(Token::lparen, "`(`");
        do d.inputs.push_back(name());
        while (accept(Token::comma));
        expect(Token::semicolon, "`;`");
        d.adjoint = name();
        expect(Token::rparen, "`)`");
        d.body = body();
        return d;
      }
      case Token::kw_loss: {
        ++p_;
        Loss l;
        l.name = name();
        expect(Token::assign, "`=`");
        l.value = expr();
        l.where = where();
        return l;
      }
      case Token::kw_metric: {
        ++p_;
        Metric l;
        l.name = name();
        expect(Token::assign, "`=`");
        l.value = expr();
        l.where = where();
        return l;
      }
      case Token::kw_output: {
        ++p_;
        Output o;
        do o.names.push_back(name());
        while (accept(Token::comma));
        return o;
      }
      case Token::kw_optimizer: {
        ++p_;
        Optimizer o;
        o.name = name();
        o.formals = formals();
        o.steps = steps();
        return o;
      }
      case Token::kw_data:
        return data();
      case Token::kw_train:
        return train();
      case Token::kw_import: {
        ++p_;
        Lexeme l = expect(Token::string, "a path in quotes");
        return Import{unquote(l.text), l.span, {}};
      }
      case Token::kw_precision: {
        ++p_;
        return Precision{name(), {}};
      }
      default:
        return definition();
    }
  }
  Param param() {
    ++p_;
    Param q;
    q.name = name();
    q.type = optional_type();
    q.drawn = accept(Token::tilde);
    if (!q.drawn) expect(Token::assign, "`=` or `~`");
    q.value = expr();
    return q;
  }
  std::string unquote(std::string_view s) {
    std::string out;
    for (size_t i = 1; i + 1 < s.size(); ++i) {
      if (s[i] == '\\') ++i;
      out += s[i];
    }
    return out;
  }

  Statement definition() {
    if (is(Token::name) && peek().token == Token::arrow) {
      Name n = name();
      ++p_;
      return Assignment{n, {}, expr(), {}};
    }
    Definition d;
    d.names.push_back(name());
    if (accept(Token::lbracket)) {
      do {
        if (is(Token::rbracket)) break;
        FreeIndex f;
        f.span = cur().span;
        if (!accept(Token::dotdot)) f.name = name();
        d.indices.push_back(std::move(f));
      } while (accept(Token::comma));
      expect(Token::rbracket, "`]`");
    } else {
      while (accept(Token::comma)) d.names.push_back(name());
    }
    expect(Token::assign, "`=`");
    d.value = expr();
    d.where = where();
    return d;
  }
  std::vector<Range> where() {
    std::vector<Range> r;
    if (accept(Token::kw_where)) do
        r.push_back(range());
      while (accept(Token::comma));
    return r;
  }
  Range range() {
    Range r;
    r.index = name();
    expect(Token::kw_in, "`in`");
    r.low = sum();
    expect(Token::dotdot, "`..`");
    r.high = sum();
    return r;
  }

  Data data() {
    ++p_;
    Data d;
    expect(Token::lbrace, "`{`");
    separators();
    while (!is(Token::rbrace)) {
      DataSource s;
      do s.names.push_back(name());
      while (accept(Token::comma));
      expect(Token::assign, "`=`");
      s.value = expr();
      d.sources.push_back(std::move(s));
      if (!separators()) break;
    }
    expect(Token::rbrace, "`}`");
    return d;
  }
  bool separators() {
    bool any = false;
    while (accept(Token::comma) || accept(Token::newline)) any = true;
    return any;
  }
  Train train() {
    ++p_;
    Train t;
    t.loss = name();
    if (accept(Token::kw_over)) do
        t.over.push_back(pattern());
      while (accept(Token::comma));
    expect(Token::lbrace, "`{`");
    separators();
    while (!is(Token::rbrace)) {
      Option o;
      if (is(Token::kw_optimizer)) {
        o.name = {"optimizer", cur().span};
        ++p_;
      } else
        o.name = name();
      expect(Token::assign, "`=`");
      o.value = expr();
      t.options.push_back(std::move(o));
      if (!separators()) break;
    }
    expect(Token::rbrace, "`}`");
    return t;
  }
  Pattern pattern() {
    Pattern q;
    const uint32_t b = here();
    auto part = [&](bool sub) {
      if (!is(Token::name) && !is(Token::star) && !(sub && is(Token::number)))
        fail("a name or `*`");
      PatternPart::Kind kind = sub ? PatternPart::Kind::round : PatternPart::Kind::name;
      if (is(Token::star)) kind = sub ? PatternPart::Kind::any_round : PatternPart::Kind::any_name;
      q.parts.push_back({kind, std::string(cur().text), {}, cur().span});
      ++p_;
    };
    part(false);
    while (true) {
      if (accept(Token::dot))
        part(false);
      else if (accept(Token::lbracket)) {
        part(true);
        expect(Token::rbracket, "`]`");
      } else
        break;
    }
    q.span = from(b);
    return q;
  }
  std::vector<Formal> formals() {
    std::vector<Formal> f;
    expect(Token::lparen, "`(`");
    while (!is(Token::rparen)) {
      Formal x;
      x.name = name();
      x.type = optional_type();
      if (accept(Token::assign)) x.default_value = expr();
      f.push_back(std::move(x));
      if (!accept(Token::comma)) break;
    }
    expect(Token::rparen, "`)`");
    return f;
  }
  std::optional<Type> optional_type() {
    if (!accept(Token::colon)) return std::nullopt;
    return type();
  }
  Type type() {
    Type t;
    const uint32_t b = here();
    bool element = true;
    if (accept(Token::kw_index)) {
      t.element = Element::index;
      expect(Token::lparen, "`(`");
      t.bound = expr();
      expect(Token::rparen, "`)`");
    } else if (accept(Token::kw_bool))
      t.element = Element::boolean;
    else if (!accept(Token::kw_real))
      element = false;
    if (!element && !is(Token::lbracket)) fail("a type");
    if (accept(Token::lbracket)) {
      t.shape.emplace();
      while (!is(Token::rbracket)) {
        if (accept(Token::dotdot))
          t.shape->push_back({});
        else
          t.shape->push_back({expr(), {}});
        if (!accept(Token::comma)) break;
      }
      expect(Token::rbracket, "`]`");
    }
    t.span = from(b);
    return t;
  }
  Block body() {
    if (accept(Token::assign)) {
      Block b;
      results(b);
      return b;
    }
    return block();
  }
  void results(Block& b) {
    do b.results.push_back(expr());
    while (accept(Token::comma));
    b.where = where();
  }
  bool at_local() const {
    if (is(Token::kw_param) || is(Token::kw_state)) return true;
    if (!is(Token::name)) return false;
    if (peek().token == Token::assign || peek().token == Token::arrow) return true;
    if (peek().token == Token::comma) {
      size_t k = 1;
      while (peek(k).token == Token::comma && peek(k + 1).token == Token::name) k += 2;
      return peek(k).token == Token::assign;
    }
    if (peek().token == Token::lbracket) {
      size_t k = 2;
      while (peek(k).token != Token::rbracket && peek(k).token != Token::end &&
             peek(k).token != Token::newline)
        ++k;
      return peek(k + 1).token == Token::assign;
    }
    return false;
  }
  Block block() {
    Block b;
    expect(Token::lbrace, "`{`");
    newlines();
    while (at_local()) {
      b.locals.push_back(local());
      if (!is(Token::newline)) fail("the end of the line");
      newlines();
    }
    results(b);
    newlines();
    expect(Token::rbrace, "`}`");
    return b;
  }
  Local local() {
    Statement s = statement();
    if (auto* x = std::get_if<Param>(&s)) return std::move(*x);
    if (auto* x = std::get_if<State>(&s)) return std::move(*x);
    if (auto* x = std::get_if<Assignment>(&s)) return std::move(*x);
    if (auto* x = std::get_if<Definition>(&s)) return std::move(*x);
    fail("a definition");
  }
  std::vector<Local> steps() {
    std::vector<Local> b;
    expect(Token::lbrace, "`{`");
    newlines();
    do {
      newlines();
      if (is(Token::rbrace)) break;
      b.push_back(local());
    } while (is(Token::newline));
    newlines();
    expect(Token::rbrace, "`}`");
    return b;
  }

  ExprPtr expr() {
    if (++depth_ > 200) {
      diagnostics_.add(
          {.code = {"E0103", ""}, .message = "nested too deeply", .primary = {cur().span, ""}});
      throw Abandon{};
    }
    ExprPtr e;
    const uint32_t b = here();
    if (accept(Token::kw_if)) {
      If i;
      i.condition = expr();
      expect(Token::kw_then, "`then`");
      i.yes = expr();
      expect(Token::kw_else, "`else`");
      i.no = expr();
      e = make(b, std::move(i));
    } else
      e = disjunction();
    --depth_;
    return e;
  }
  template <typename Next>
  ExprPtr chain(Next next, std::initializer_list<std::pair<Token, BinaryOp>> ops,
                bool once = false) {
    const uint32_t b = here();
    ExprPtr left = next();
    while (true) {
      const std::pair<Token, BinaryOp>* found = nullptr;
      for (const auto& op : ops)
        if (is(op.first)) found = &op;
      if (!found) return left;
      const Span s = cur().span;
      ++p_;
      Binary x{found->second, s, std::move(left), next()};
      left = make(b, std::move(x));
      if (once) return left;
    }
  }
  ExprPtr disjunction() {
    return chain([&] { return conjunction(); }, {{Token::kw_or, BinaryOp::logical_or}});
  }
  ExprPtr conjunction() {
    return chain([&] { return negation(); }, {{Token::kw_and, BinaryOp::logical_and}});
  }
  ExprPtr negation() {
    const uint32_t b = here();
    const Span s = cur().span;
    if (accept(Token::kw_not)) {
      Unary u{UnaryOp::logical_not, s, negation()};
      return make(b, std::move(u));
    }
    return comparison();
  }
  ExprPtr comparison() {
    return chain([&] { return sum(); },
                 {{Token::less, BinaryOp::less},
                  {Token::less_equal, BinaryOp::less_equal},
                  {Token::greater, BinaryOp::greater},
                  {Token::greater_equal, BinaryOp::greater_equal},
                  {Token::equal, BinaryOp::equal},
                  {Token::not_equal, BinaryOp::not_equal}},
                 true);
  }
  ExprPtr sum() {
    return chain([&] { return product(); },
                 {{Token::plus, BinaryOp::add}, {Token::minus, BinaryOp::subtract}});
  }
  bool at_reduction() const {
    size_t k = 0;
    while (peek(k).token == Token::minus) ++k;
    return peek(k).token >= Token::kw_sum && peek(k + 1).token == Token::lbracket;
  }
  ExprPtr product() {
    const uint32_t b = here();
    if (at_reduction()) return reduction();
    ExprPtr left = factor();
    while (is(Token::star) || is(Token::slash) || is(Token::at)) {
      const BinaryOp op = is(Token::star)    ? BinaryOp::multiply
                          : is(Token::slash) ? BinaryOp::divide
                                             : BinaryOp::matmul;
      const Span s = cur().span;
      ++p_;
      const bool last = at_reduction();
      Binary x{op, s, std::move(left), last ? reduction() : factor()};
      left = make(b, std::move(x));
      if (last) break;
    }
    return left;
  }
  ExprPtr reduction() {
    const uint32_t b = here();
    const Span s = cur().span;
    if (accept(Token::minus)) {
      Unary u{UnaryOp::negate, s, reduction()};
      return make(b, std::move(u));
    }
    Reduction r;
    r.reducer =
        static_cast<Reducer>(static_cast<int>(cur().token) - static_cast<int>(Token::kw_sum));
    r.reducer_span = s;
    ++p_;
    expect(Token::lbracket, "`[`");
    do r.indices.push_back(name());
    while (accept(Token::comma));
    expect(Token::rbracket, "`]`");
    r.body = product();
    return make(b, std::move(r));
  }
  ExprPtr factor() {
    const uint32_t b = here();
    const Span s = cur().span;
    if (accept(Token::minus)) {
      if (++depth_ > 400) {
        diagnostics_.add(
            {.code = {"E0103", ""}, .message = "nested too deeply", .primary = {s, ""}});
        throw Abandon{};
      }
      Unary u{UnaryOp::negate, s, factor()};
      --depth_;
      return make(b, std::move(u));
    }
    return power();
  }
  ExprPtr power() {
    const uint32_t b = here();
    ExprPtr base = postfix();
    const Span s = cur().span;
    if (!accept(Token::caret)) return base;
    Binary x{BinaryOp::power, s, std::move(base), factor()};
    return make(b, std::move(x));
  }
  ExprPtr postfix() {
    const uint32_t b = here();
    ExprPtr e;
    if (cur().token >= Token::kw_sum) {
      e = make(b, Use{std::string(cur().text)});
      e->span = cur().span;
      ++p_;
      if (!is(Token::lparen)) return e;
    } else
      e = atom();
    while (true) {
      const Span s = cur().span;
      if (accept(Token::quote)) {
        Unary u{UnaryOp::transpose, s, std::move(e)};
        e = make(b, std::move(u));
      } else if (accept(Token::lparen)) {
        Call c;
        c.function = std::move(e);
        while (!is(Token::rparen)) {
          c.arguments.push_back(argument());
          if (!accept(Token::comma)) break;
        }
        expect(Token::rparen, "`)`");
        e = make(b, std::move(c));
      } else if (accept(Token::lbracket)) {
        Subscript x;
        x.of = std::move(e);
        do {
          if (is(Token::rbracket)) break;
          x.items.push_back(item());
        } while (accept(Token::comma));
        expect(Token::rbracket, "`]`");
        e = make(b, std::move(x));
      } else if (accept(Token::dot)) {
        Member m{std::move(e), name()};
        e = make(b, std::move(m));
      } else
        return e;
    }
  }
  Argument argument() {
    Argument a;
    if ((is(Token::name) || cur().token >= Token::kw_sum) && peek().token == Token::assign) {
      a.keyword = Name{std::string(cur().text), cur().span};
      p_ += 2;
    }
    a.value = expr();
    return a;
  }
  Item item() {
    const uint32_t b = here();
    Item i;
    if (accept(Token::kw_new))
      i.what = NewAxis{};
    else if (accept(Token::dotdot))
      i.what = Rest{};
    else {
      auto bound = [&]() -> ExprPtr {
        if (is(Token::colon) || is(Token::comma) || is(Token::rbracket)) return nullptr;
        return expr();
      };
      ExprPtr low = bound();
      if (accept(Token::colon)) {
        Slice s;
        s.low = std::move(low);
        s.high = bound();
        if (accept(Token::colon)) s.step = bound();
        i.what = std::move(s);
      } else {
        if (!low) fail("an index");
        i.what = std::move(low);
      }
    }
    i.span = from(b);
    return i;
  }
  ExprPtr atom() {
    const uint32_t b = here();
    const Lexeme l = cur();
    switch (l.token) {
      case Token::number:
        ++p_;
        return make(b, Number{std::strtod(std::string(l.text).c_str(), nullptr),
                              l.text.find_first_of(".eE") == std::string_view::npos});
      case Token::string:
        ++p_;
        return make(b, Text{unquote(l.text)});
      case Token::kw_true:
        ++p_;
        return make(b, Truth{true});
      case Token::kw_false:
        ++p_;
        return make(b, Truth{false});
      case Token::name:
        ++p_;
        return make(b, Use{std::string(l.text)});
      case Token::lparen: {
        ++p_;
        ExprPtr e = expr();
        expect(Token::rparen, "`)`");
        return e;
      }
      case Token::lbracket: {
        ++p_;
        List x;
        while (!is(Token::rbracket)) {
          x.entries.push_back(expr());
          if (!accept(Token::comma)) break;
        }
        expect(Token::rbracket, "`]`");
        return make(b, std::move(x));
      }
      case Token::kw_scan:
        return scan();
      case Token::kw_repeat: {
        ++p_;
        Repeat r;
        expect(Token::lparen, "`(`");
        r.rounds = range();
        r.carries = carries();
        r.steps = steps();
        return make(b, std::move(r));
      }
      default:
        fail("an expression");
    }
  }
  std::vector<Carry> carries() {
    std::vector<Carry> c;
    expect(Token::semicolon, "`;`");
    do {
      Carry x;
      x.name = name();
      expect(Token::assign, "`=`");
      x.start = expr();
      c.push_back(std::move(x));
    } while (accept(Token::comma));
    expect(Token::rparen, "`)`");
    return c;
  }
  ExprPtr scan() {
    const uint32_t b = here();
    ++p_;
    Scan s;
    expect(Token::lparen, "`(`");
    do {
      Walk w;
      w.name = name();
      expect(Token::kw_in, "`in`");
      w.sequence = expr();
      w.reverse = accept(Token::kw_reverse);
      expect(Token::kw_over, "`over`");
      Name n = name();
      if (n.text == "axis" && accept(Token::assign))
        w.axis = expr();
      else
        w.dimension = n;
      s.walks.push_back(std::move(w));
    } while (accept(Token::comma));
    s.carries = carries();
    s.body = block();
    return make(b, std::move(s));
  }

  std::vector<Lexeme> t_;
  Diagnostics& diagnostics_;
  size_t p_ = 0;
  int depth_ = 0;
};

}  // namespace

namespace syntax {
SyntaxTree parse(const SourceFile& file, Diagnostics& errors) {
  SyntaxTree tree = Parser(lex(file, errors), errors).file();
  tree.file = file.number;
  return tree;
}
}  // namespace syntax

}  // namespace gradus
