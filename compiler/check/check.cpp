#include "checker.h"

namespace gradus {
namespace {
using gradus::Definition;
using gradus::Number;
using gradus::Text;
using gradus::Truth;
using gradus::Tuple;
using syntax::Argument;
using syntax::Assignment;
using syntax::Binary;
using syntax::BinaryOp;
using syntax::Block;
using syntax::Call;
using syntax::Const;
using syntax::Data;
using syntax::DataSource;
using syntax::Derivative;
using syntax::Expr;
using syntax::ExprPtr;
using syntax::Formal;
using syntax::If;
using syntax::Import;
using syntax::Item;
using syntax::List;
using syntax::Loss;
using syntax::Member;
using syntax::Metric;
using syntax::Name;
using syntax::NewAxis;
using syntax::Optimizer;
using syntax::Option;
using syntax::Output;
using syntax::Param;
using syntax::Reduction;
using syntax::Repeat;
using syntax::Rest;
using syntax::Scan;
using syntax::Slice;
using syntax::State;
using syntax::Statement;
using syntax::Subscript;
using syntax::SyntaxTree;
using syntax::Unary;
using syntax::UnaryOp;
using syntax::Use;

struct Arg {
  std::string name;
  const Expr* expr = nullptr;
  Thing thing;
  Span span;
};

class Checker {
 public:
  Checker(const CheckOptions& o, Diagnostics& d) : o_(o), d_(d) {}

  std::optional<Program> run(const SyntaxTree& file, std::span<const SyntaxTree> prelude) {
    for (const SyntaxTree& f : prelude)
      for (const Statement& s : f.statements) guarded([&] { statement(s, prelude_); });
    file_.parent = &prelude_;
    file_.names["step"] = {Tensor{g().leaf(Op::input, "step", {})}};
    file_.names["epoch"] = {Tensor{g().leaf(Op::input, "epoch", {})}};
    for (const Statement& s : file.statements) guarded([&] { statement(s, file_); });
    check_set();
    for (const syntax::Train* t : trains_) guarded([&] { train(*t); });
    if (d_.any()) return std::nullopt;
    return std::move(p_);
  }

 private:
  Graph& g() { return p_.graph; }
  [[noreturn]] void fail(std::string_view code, std::string message, Span span,
                         std::string help = "") {
    d_.add({.code = {code, ""},
            .message = std::move(message),
            .primary = {span, ""},
            .help = std::move(help)});
    throw Failed{};
  }
  template <typename F>
  void guarded(F f) {
    try {
      f();
    } catch (const Failed&) {
    }
  }

  // ---- values
  Number number(double x) {
    Number n;
    n.number = x;
    n.node = g().constant(x);
    if (x == std::floor(x) && std::fabs(x) < 1e15) n.dim = Dim(static_cast<int64_t>(x));
    return n;
  }
  Number dim(const Dim& d) {
    if (auto n = d.number()) return number(static_cast<double>(*n));
    Number r;
    r.dim = d;
    r.node = g().size(d);
    return r;
  }
  Value value(const Thing& t, Span at) {
    if (auto* x = std::get_if<Tensor>(&t.what)) return x->v;
    if (auto* x = std::get_if<Number>(&t.what)) return x->node;
    if (auto* x = std::get_if<Truth>(&t.what)) return g().boolean(x->b);
    if (auto* x = std::get_if<LayerRef>(&t.what)) return value(*x->instance->result, at);
    if (auto* x = std::get_if<Things>(&t.what)) return stack(*x, 0, at);
    if (std::holds_alternative<Poison>(t.what)) throw Failed{};
    fail("E0201", "this is not a number or a tensor", at);
  }
  Value real(const Thing& t, Span at) { return real(value(t, at)); }
  Value real(Value v) {
    return g().type(v).element == Element::real ? v : g().map(Op::to_real, {v});
  }
  Value stack(const Things& list, int axis, Span at) {
    std::vector<Value> parts;
    for (const Thing& t : list.items) parts.push_back(real(t, at));
    if (parts.empty()) fail("E0201", "an empty list has no shape", at);
    Shape s = g().shape(parts[0]);
    Shape one = s;
    one.insert(one.begin() + axis, Dim(1));
    for (Value& p : parts) {
      if (g().shape(p) != s)
        fail("E0204",
             fmt::format("entries of different shapes: {} and {}", text(s), text(g().shape(p))),
             at);
      p = g().reshape(p, one);
    }
    return g().concat(parts, axis);
  }
  Dim dim_of(const Thing& t, Span at) {
    if (auto* n = std::get_if<Number>(&t.what)) {
      if (n->dim) return *n->dim;
    }
    fail("E0205", "an extent is a whole number or a dimension", at);
  }
  int64_t integer(const Thing& t, Span at) {
    if (auto* n = std::get_if<Number>(&t.what))
      if (n->number && *n->number == std::floor(*n->number))
        return static_cast<int64_t>(*n->number);
    fail("E0205", "a whole number is needed here", at);
  }
  double constant(const Thing& t, Span at) {
    if (auto* n = std::get_if<Number>(&t.what))
      if (n->number) return *n->number;
    fail("E0206", "a constant is needed here", at);
  }
  bool truth(const Thing& t, Span at) {
    if (auto* b = std::get_if<Truth>(&t.what)) return b->b;
    fail("E0206", "true or false is needed here", at);
  }

  Thing* find(const std::string& name, Scope& s) {
    for (Scope* k = &s; k; k = k->parent) {
      auto f = k->names.find(name);
      if (f != k->names.end()) return &f->second;
    }
    return nullptr;
  }

  // ---- shapes
  Shape broadcast(const Shape& a, const Shape& b, Span at, std::string_view what) {
    Shape r;
    const int n = static_cast<int>(std::max(a.size(), b.size()));
    for (int k = 0; k < n; ++k) {
      const int i = static_cast<int>(a.size()) - n + k, j = static_cast<int>(b.size()) - n + k;
      if (i < 0)
        r.push_back(b[j]);
      else if (j < 0)
        r.push_back(a[i]);
      else if (a[i] == b[j])
        r.push_back(a[i]);
      else if (a[i] == Dim(1))
        r.push_back(b[j]);
      else if (b[j] == Dim(1))
        r.push_back(a[i]);
      else
        fail("E0202",
             fmt::format("{} of shapes that do not fit: {} and {}", what, text(a), text(b)), at);
    }
    return r;
  }
  Value elementwise(Op op, std::vector<Value> v, Span at) {
    Shape s;
    for (Value x : v) s = broadcast(s, g().shape(x), at, name(op));
    for (Value& x : v)
      if (!g().shape(x).empty()) x = g().broadcast(x, s);
    bool any = s.empty();
    for (Value x : v) any |= g().shape(x) == s;
    if (!any) v.back() = g().full(v.back(), s);
    return g().map(op, v);
  }
  int axis(int64_t a, int rank, Span at) {
    if (a < 0) a += rank;
    if (a < 0 || a >= rank)
      fail("E0207", fmt::format("axis {} of a tensor of {} axes", a, rank), at);
    return static_cast<int>(a);
  }
  std::vector<int> axes(const Thing& t, int rank, Span at) {
    std::vector<int> r;
    if (auto* l = std::get_if<Things>(&t.what))
      for (const Thing& i : l->items) r.push_back(axis(integer(i, at), rank, at));
    else
      r.push_back(axis(integer(t, at), rank, at));
    std::sort(r.begin(), r.end());
    return r;
  }

  // ---- expressions
  Thing eval(const Expr& e, Scope& s, const std::string& as = "") {
    return std::visit([&](const auto& x) { return expr(x, e, s, as); }, e.what);
  }
  Thing expr(const syntax::Number& x, const Expr&, Scope&, const std::string&) {
    Number n = number(x.value);
    if (!x.integer && x.value != std::floor(x.value)) n.dim.reset();
    return {n};
  }
  Thing expr(const syntax::Text& x, const Expr&, Scope&, const std::string&) {
    return {Text{x.value}};
  }
  Thing expr(const syntax::Truth& x, const Expr&, Scope&, const std::string&) {
    return {Truth{x.value}};
  }
  Thing expr(const Use& x, const Expr& e, Scope& s, const std::string&) {
    if (Thing* t = find(x.name, s)) return *t;
    if (x.name == "pi") {
      Number n;
      n.number = M_PI;
      n.node = g().symbol("pi", M_PI);
      return {n};
    }
    if (x.name == "inf") {
      Number n;
      n.number = INFINITY;
      n.node = g().constant(INFINITY);
      return {n};
    }
    if (x.name == "training") return {Truth{o_.training}};
    if (map_spelt(x.name) || builtins().count(x.name)) return {Callable{nullptr, nullptr, x.name}};
    if (dims_.count(x.name)) return {dim(Dim::named(x.name))};
    fail("E0301", fmt::format("`{}` is not defined", x.name), e.span);
  }
  Thing expr(const Unary& x, const Expr& e, Scope& s, const std::string&) {
    Thing t = eval(*x.operand, s);
    switch (x.op) {
      case UnaryOp::negate:
        if (auto* n = std::get_if<Number>(&t.what)) {
          Number r;
          if (n->number) {
            r = number(-*n->number);
            if (g()[n->node].op == Op::constant) return {r};
          }
          if (n->dim) r.dim = Dim(0) - *n->dim;
          r.node = g().map(Op::neg, {n->node});
          return {r};
        }
        return {Tensor{g().map(Op::neg, {real(t, e.span)})}};
      case UnaryOp::logical_not:
        if (auto* b = std::get_if<Truth>(&t.what)) return {Truth{!b->b}};
        return {Tensor{g().map(Op::logical_not, {value(t, e.span)})}};
      case UnaryOp::transpose: {
        Value v = value(t, e.span);
        const int r = g().type(v).rank();
        if (r < 2) fail("E0208", "a transpose needs two axes", e.span);
        std::vector<int> p;
        for (int k = 0; k < r; ++k) p.push_back(k);
        std::swap(p[r - 1], p[r - 2]);
        return {Tensor{g().transpose(v, p)}};
      }
    }
    throw Failed{};
  }
  Thing expr(const Binary& x, const Expr& e, Scope& s, const std::string&) {
    Thing a = eval(*x.left, s), b = eval(*x.right, s);
    static constexpr Op ops[] = {Op::add, Op::sub, Op::mul,         Op::div,       Op::mul,
                                 Op::pow, Op::lt,  Op::le,          Op::gt,        Op::ge,
                                 Op::eq,  Op::ne,  Op::logical_and, Op::logical_or};
    const Op op = ops[static_cast<int>(x.op)];
    if (x.op == BinaryOp::matmul)
      return {Tensor{matmul(real(a, x.left->span), real(b, x.right->span), e.span)}};
    auto* m = std::get_if<Number>(&a.what);
    auto* n = std::get_if<Number>(&b.what);
    if (m && n) return numbers(op, *m, *n);
    auto* p = std::get_if<Truth>(&a.what);
    auto* q = std::get_if<Truth>(&b.what);
    if (p && q)
      return {Truth{op == Op::logical_and  ? p->b && q->b
                    : op == Op::logical_or ? p->b || q->b
                    : op == Op::eq         ? p->b == q->b
                                           : p->b != q->b}};
    Value u = value(a, x.left->span), v = value(b, x.right->span);
    if (op == Op::logical_and || op == Op::logical_or)
      return {Tensor{elementwise(op, {u, v}, e.span)}};
    if (g().type(u).element != g().type(v).element || g().type(u).element == Element::boolean ||
        op < Op::lt || op > Op::ne) {
      u = real(u);
      v = real(v);
    }
    return {Tensor{elementwise(op, {u, v}, e.span)}};
  }
  Thing numbers(Op op, const Number& a, const Number& b) {
    const bool both = a.number && b.number;
    if (op >= Op::lt && op <= Op::ne) {
      if (both) return {Truth{map_of(op).value(*a.number, *b.number, 0) != 0}};
      if (a.dim && b.dim && *a.dim == *b.dim)
        return {Truth{op == Op::eq || op == Op::le || op == Op::ge}};
      return {Tensor{g().map(op, {a.node, b.node})}};
    }
    Number r;
    const bool literal = g()[a.node].op == Op::constant && g()[b.node].op == Op::constant;
    if (both) r = number(map_of(op).value(*a.number, *b.number, 0));
    if (a.dim && b.dim) {
      if (op == Op::add) r.dim = *a.dim + *b.dim;
      if (op == Op::sub) r.dim = *a.dim - *b.dim;
      if (op == Op::mul) r.dim = *a.dim * *b.dim;
      if (op == Op::div && *b.dim != Dim(0))
        if (auto q = a.dim->divided_by(*b.dim)) r.dim = q;
    }
    if (!literal)
      r.node = (r.dim && !r.dim->number()) ? g().size(*r.dim) : g().map(op, {a.node, b.node});
    return {r};
  }
  Value matmul(Value a, Value b, Span at) {
    const Shape s = g().shape(a), t = g().shape(b);
    const bool va = s.size() == 1, vb = t.size() == 1;
    if (s.empty() || t.empty())
      fail("E0203", "a matrix product needs vectors or matrices", at, "write `*`");
    const Dim k = s.back(), k2 = vb ? t[0] : t[t.size() - 2];
    if (k != k2)
      fail("E0203",
           fmt::format("matrix product of shapes that do not fit: {} @ {}", text(s), text(t)), at);
    const Shape ba = va ? Shape{} : Shape(s.begin(), s.end() - 2),
                bb = vb ? Shape{} : Shape(t.begin(), t.end() - 2);
    const Shape batch = broadcast(ba, bb, at, "matrix product");
    Contraction c;
    c.extents = batch;
    const int nb = static_cast<int>(batch.size());
    int m = -1, n = -1;
    if (!va) {
      m = static_cast<int>(c.extents.size());
      c.extents.push_back(s[s.size() - 2]);
    }
    if (!vb) {
      n = static_cast<int>(c.extents.size());
      c.extents.push_back(t.back());
    }
    c.free = static_cast<int>(c.extents.size());
    const int kk = c.free;
    c.extents.push_back(k);
    auto lead = [&](const Shape& own) {
      std::vector<Affine> r;
      for (int i = 0; i < static_cast<int>(own.size()); ++i) {
        const int j = nb - static_cast<int>(own.size()) + i;
        r.push_back(own[i] == batch[j] ? Affine::axis(j) : Affine::at(0));
      }
      return r;
    };
    std::vector<Affine> x = lead(ba), y = lead(bb);
    if (!va) x.push_back(Affine::axis(m));
    x.push_back(Affine::axis(kk));
    y.push_back(Affine::axis(kk));
    if (!vb) y.push_back(Affine::axis(n));
    c.accesses = {x, y};
    return g().contract({a, b}, c);
  }
  Thing expr(const If& x, const Expr& e, Scope& s, const std::string& as) {
    Thing c = eval(*x.condition, s);
    if (auto* b = std::get_if<Truth>(&c.what)) return eval(b->b ? *x.yes : *x.no, s, as);
    Value v = value(c, x.condition->span), a = value(eval(*x.yes, s), x.yes->span),
          b = value(eval(*x.no, s), x.no->span);
    if (g().type(a).element != g().type(b).element) {
      a = real(a);
      b = real(b);
    }
    return {Tensor{elementwise(Op::select, {v, a, b}, e.span)}};
  }
  Thing expr(const Reduction& x, const Expr&, Scope&, const std::string&) {
    fail("E0901", "index notation is not supported yet", x.reducer_span);
  }
  Thing expr(const Scan&, const Expr& e, Scope&, const std::string&) {
    fail("E0902", "`scan` is not supported yet", e.span);
  }
  Thing expr(const Repeat&, const Expr& e, Scope&, const std::string&) {
    fail("E0903", "`repeat` is not supported yet", e.span);
  }
  Thing expr(const List& x, const Expr&, Scope& s, const std::string&) {
    Things l;
    for (const auto& i : x.entries) l.items.push_back(eval(*i, s));
    return {l};
  }
  Thing expr(const Member& x, const Expr& e, Scope& s, const std::string&) {
    Thing t = eval(*x.of, s);
    if (auto* l = std::get_if<LayerRef>(&t.what)) {
      auto f = l->instance->params.find(x.name.text);
      if (f != l->instance->params.end()) return f->second;
    }
    fail("E0302", fmt::format("no parameter `{}` here", x.name.text), e.span);
  }
  Thing expr(const Subscript& x, const Expr& e, Scope& s, const std::string&) {
    Value v = value(eval(*x.of, s), x.of->span);
    const Shape shape = g().shape(v);
    int used = 0;
    for (const Item& i : x.items) {
      if (!std::holds_alternative<Rest>(i.what) && !std::holds_alternative<NewAxis>(i.what)) ++used;
    }
    if (used > static_cast<int>(shape.size()))
      fail("E0209", fmt::format("{} indices for shape {}", used, text(shape)), e.span);
    View view;
    int k = 0;
    std::optional<std::pair<int, Value>> gathered;
    auto keep = [&] {
      view.map.push_back(Affine::axis(static_cast<int>(view.shape.size())));
      view.shape.push_back(shape[k]);
      ++k;
    };
    auto norm = [&](const Thing& t, Span at) {
      Dim d = dim_of(t, at);
      if (auto n = d.number(); n && *n < 0) d = d + shape[k];
      return d;
    };
    for (const Item& i : x.items) {
      if (std::holds_alternative<NewAxis>(i.what))
        view.shape.push_back(1);
      else if (std::holds_alternative<Rest>(i.what)) {
        int n = static_cast<int>(shape.size()) - used;
        while (n-- > 0) keep();
      } else if (auto* p = std::get_if<ExprPtr>(&i.what)) {
        Thing t = eval(**p, s);
        if (auto* y = std::get_if<Tensor>(&t.what)) {
          if (g().type(y->v).element != Element::index)
            fail("E0210", "an index is an integer", (*p)->span);
          gathered = {static_cast<int>(view.shape.size()), y->v};
          keep();
          continue;
        }
        Dim d = norm(t, (*p)->span);
        if (auto n = d.number(), m = shape[k].number(); n && m && (*n < 0 || *n >= *m))
          fail("E0211", fmt::format("index {} of an axis of {}", *n, *m), i.span);
        view.map.push_back(Affine::at(d));
        ++k;
      } else {
        const Slice& c = std::get<Slice>(i.what);
        int64_t step = c.step ? integer(eval(*c.step, s), i.span) : 1;
        if (step == 0) fail("E0212", "a slice's step is not 0", i.span);
        Dim low = c.low ? norm(eval(*c.low, s), i.span) : step > 0 ? Dim(0) : shape[k] - Dim(1);
        Dim high = c.high ? norm(eval(*c.high, s), i.span) : step > 0 ? shape[k] : Dim(-1);
        Dim length = step > 0 ? high - low : low - high;
        const int64_t st = step > 0 ? step : -step;
        if (auto n = length.number())
          length = Dim(std::max<int64_t>(0, (*n + st - 1) / st));
        else if (st != 1) {
          auto q = length.divided_by(Dim(st));
          if (!q) fail("E0213", "a slice that does not come out whole", i.span);
          length = *q;
        }
        if (auto n = (step > 0 ? low : high).number(), h = (step > 0 ? high : low).number(),
            m = shape[k].number();
            n && h && m && (*n < -1 || *h > *m))
          fail("E0211", fmt::format("slice beyond an axis of {}", *m), i.span);
        view.map.push_back(Affine::axis(static_cast<int>(view.shape.size()), step, low));
        view.shape.push_back(length);
        ++k;
      }
    }
    while (k < static_cast<int>(shape.size())) keep();
    bool same = view.shape == shape;
    for (int q = 0; same && q < static_cast<int>(view.map.size()); ++q)
      same = view.map[q].plain() == q;
    Value r = same ? v : g().view(v, view);
    if (gathered) r = g().gather(r, gathered->second, gathered->first);
    return {Tensor{r}};
  }

  // ---- calls
  Thing expr(const Call& x, const Expr& e, Scope& s, const std::string& as) {
    std::vector<Arg> args;
    for (const Argument& a : x.arguments)
      args.push_back(
          {a.keyword ? a.keyword->text : "", a.value.get(), eval(*a.value, s), a.value->span});
    Thing f = eval(*x.function, s);
    if (auto* c = std::get_if<Callable>(&f.what)) {
      if (!c->fn) return builtin(c->builtin, args, e.span);
      return call(*c, args, e.span, s, as);
    }
    if (auto* l = std::get_if<LayerRef>(&f.what)) return again(*l->instance, args, e.span);
    fail("E0303", "this is not a function", x.function->span);
  }
  void bind_formals(const std::vector<Formal>& formals, const std::vector<Arg>& args, Scope& inner,
                    Scope& defaults, Span at, std::string_view fname) {
    size_t pos = 0;
    std::set<std::string> bound;
    for (const Arg& a : args) {
      const Formal* f = nullptr;
      if (a.name.empty()) {
        if (pos >= formals.size())
          fail("E0304", fmt::format("`{}` takes {} arguments", fname, formals.size()), a.span);
        f = &formals[pos++];
      } else {
        for (const Formal& k : formals)
          if (k.name.text == a.name) f = &k;
        if (!f) fail("E0305", fmt::format("`{}` has no argument `{}`", fname, a.name), a.span);
      }
      inner.names[f->name.text] = a.thing;
      bound.insert(f->name.text);
      if (f->type) match(*f->type, a.thing, inner, a.span);
    }
    for (const Formal& f : formals)
      if (!bound.count(f.name.text)) {
        if (!f.default_value)
          fail("E0306", fmt::format("`{}` needs an argument `{}`", fname, f.name.text), at);
        (void)defaults;
        inner.names[f.name.text] = eval(*f.default_value, inner);
      }
  }
  void match(const syntax::Type& type, const Thing& t, Scope& inner, Span at) {
    Value v = value(t, at);
    const Shape& shape = g().shape(v);
    if (type.element == syntax::Element::index) {
      if (g().type(v).element != Element::index) fail("E0214", "an index is needed here", at);
      unify(*type.bound, g().type(v).bound, inner, at);
    }
    if (!type.shape) return;
    const bool leading = !type.shape->empty() && !type.shape->front().size;
    const size_t n = type.shape->size() - leading;
    if (leading ? shape.size() < n : shape.size() != n)
      fail("E0215", fmt::format("an argument of {} axes where {} are expected", shape.size(), n),
           at);
    for (size_t k = 0; k < n; ++k) {
      unify(*(*type.shape)[k + leading].size, shape[shape.size() - n + k], inner, at);
    }
  }
  void unify(const Expr& want, const Dim& have, Scope& inner, Span at) {
    if (auto* u = std::get_if<Use>(&want.what))
      if (!find(u->name, inner) && !dims_.count(u->name)) {
        inner.names[u->name] = {dim(have)};
        return;
      }
    const Dim d = dim_of(eval(want, inner), want.span);
    if (d != have)
      fail("E0216", fmt::format("an axis of {} where {} is expected", have.text(), d.text()), at);
  }
  Thing call(const Callable& c, const std::vector<Arg>& args, Span at, Scope& caller,
             const std::string& as) {
    if (++depth_ > 100) {
      --depth_;
      fail("E0307", "functions call each other without end", at);
    }
    struct Leave {
      int& d;
      ~Leave() { --d; }
    } leave{depth_};
    Scope inner;
    inner.parent = c.scope;
    std::shared_ptr<Instance> instance;
    if (c.fn->kind == syntax::FunctionKind::layer) {
      Scope* home = &caller;
      while (home->layer == nullptr && home->parent != nullptr && home != &file_)
        home = home->parent;
      std::string own = as;
      if (own.empty())
        own = fmt::format("{}{}", c.fn->name.text, caller.unnamed[c.fn->name.text]++);
      instance = std::make_shared<Instance>();
      instance->name = caller.prefix + own;
      instance->fn = c.fn;
      instance->scope = c.scope;
      for (const Arg& a : args) {
        instance->args.push_back(a.thing);
        instance->arg_names.push_back(a.name);
      }
      inner.layer = instance.get();
      inner.prefix = instance->name + ".";
    }
    bind_formals(c.fn->formals, args, inner, *c.scope, at, c.fn->name.text);
    Thing r = block(c.fn->body, inner);
    if (!instance) return r;
    instance->result = std::make_shared<Thing>(r);
    return {LayerRef{instance}};
  }
  Thing again(Instance& i, const std::vector<Arg>& args, Span at) {
    std::vector<Arg> all;
    size_t pos = 0;
    for (size_t k = 0; k < i.args.size(); ++k)
      all.push_back({i.arg_names[k], nullptr, i.args[k], at});
    for (const Arg& a : args)
      if (a.name.empty() && pos < all.size()) all[pos++].thing = a.thing;
    Scope inner;
    inner.parent = i.scope;
    inner.layer = &i;
    inner.reuse = true;
    inner.prefix = i.name + ".";
    bind_formals(i.fn->formals, all, inner, *i.scope, at, i.fn->name.text);
    return block(i.fn->body, inner);
  }
  Thing block(const Block& b, Scope& s) {
    for (const syntax::Local& st : b.locals) statement(st, s);
    if (b.results.size() == 1) return eval(*b.results[0], s);
    Tuple t;
    for (const auto& r : b.results) t.items.push_back(eval(*r, s));
    return {t};
  }

#include "builtins.inc"
#include "statements.inc"

  const CheckOptions& o_;
  Diagnostics& d_;
  Program p_;
  Scope prelude_, file_;
  std::set<std::string> dims_;
  std::map<std::string, const Optimizer*> optimizers_;
  std::vector<const syntax::Train*> trains_;
  int depth_ = 0;
};
}  // namespace

Value Program::find(const std::string& name) const {
  for (const auto* list : {&losses, &metrics, &definitions})
    for (const NamedValue& v : *list)
      if (v.name == name) return v.value;
  for (const Input& v : inputs)
    if (v.name == name) return v.value;
  for (const auto* list : {&parameters, &states})
    for (const Parameter& v : *list)
      if (v.name == name) return v.value;
  return {};
}

std::optional<Program> check(const syntax::SyntaxTree& file,
                             std::span<const syntax::SyntaxTree> prelude,
                             const CheckOptions& options, Diagnostics& diagnostics) {
  return Checker(options, diagnostics).run(file, prelude);
}
}  // namespace gradus
