#include "compiler/kernel/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "compiler/graph/rewrite.h"

namespace gradus::kernel {
namespace {

int64_t num(const Dim& d) { return *d.number(); }

// Composite operators in terms of sweeps.
class Lower {
 public:
  explicit Lower(Graph& g) : g_(g) {}
  Value operator()(Value v) {
    if (auto f = done_.find(v.id); f != done_.end()) return f->second;
    const Node node = g_[v];
    std::vector<Value> ops;
    for (Value o : node.operands) ops.push_back((*this)(o));
    Value r = lower(node, ops);
    if (auto* p = g_.provenance(v)) g_.set_provenance(r, *p);
    done_[v.id] = r;
    return r;
  }

 private:
  Value back(Value r, const Shape& s, const std::vector<int>& ax) {
    std::vector<int> rest;
    for (int k = 0; k < static_cast<int>(s.size()); ++k)
      if (std::find(ax.begin(), ax.end(), k) == ax.end()) rest.push_back(k);
    return g_.type(r).rank() == 0 ? g_.full(r, s) : g_.broadcast(r, s, rest);
  }
  Value finite(Value m) {
    return g_.map(Op::select,
                  {g_.map(Op::eq, {g_.map(Op::abs, {m}), g_.constant(INFINITY)}),
                   g_.type(m).rank() ? g_.full(g_.constant(0), g_.shape(m)) : g_.constant(0), m});
  }
  Value lower(const Node& n, const std::vector<Value>& o) {
    auto m = [&](Op op, std::vector<Value> a) { return g_.map(op, std::move(a)); };
    if (is_map(n.op) && map_of(n.op).code.primitive.empty()) {
      Holes h;
      const char names[] = {'x', 'y', 'z'};
      for (size_t k = 0; k < o.size(); ++k) h[names[k]] = o[k];
      return (*this)(instantiate(g_, map_of(n.op).code.composed, h));
    }
    switch (n.op) {
      case Op::softmax:
      case Op::log_softmax:
      case Op::logsumexp: {
        const auto& ax = std::get<Axes>(n.attributes).axes;
        const Shape s = g_.shape(o[0]);
        Value mx = finite(g_.reduce(Op::reduce_max, o[0], ax));
        Value d = m(Op::sub, {o[0], back(mx, s, ax)});
        Value e = m(Op::exp, {d});
        Value sum = g_.reduce(Op::reduce_sum, e, ax);
        if (n.op == Op::softmax) return m(Op::div, {e, back(sum, s, ax)});
        if (n.op == Op::log_softmax) return m(Op::sub, {d, back(m(Op::log, {sum}), s, ax)});
        return m(Op::add, {mx, m(Op::log, {sum})});
      }
      case Op::norm:
        return m(Op::sqrt, {g_.reduce(Op::reduce_sum, m(Op::mul, {o[0], o[0]}),
                                      std::get<Axes>(n.attributes).axes)});
      case Op::cumsum: {
        const Along a = std::get<Along>(n.attributes);
        Shape s = g_.shape(o[0]);
        const int r = static_cast<int>(s.size());
        Shape t = s;
        t.push_back(s[a.axis]);
        View v{t, {}, {}};
        for (int k = 0; k < r; ++k) v.map.push_back(Affine::axis(k == a.axis ? r : k));
        Value x = g_.view(o[0], v), i = g_.broadcast(g_.iota(s[a.axis]), t, {a.axis}),
              j = g_.broadcast(g_.iota(s[a.axis]), t, {r});
        Op c = a.reverse ? (a.exclusive ? Op::gt : Op::ge) : (a.exclusive ? Op::lt : Op::le);
        return g_.reduce(Op::reduce_sum,
                         m(Op::select, {m(c, {j, i}), x, g_.full(g_.constant(0), t)}), {r});
      }
      case Op::argmax:
      case Op::argmin: {
        const auto& ax = std::get<Axes>(n.attributes).axes;
        const Shape s = g_.shape(o[0]);
        Value best = g_.reduce(n.op == Op::argmax ? Op::reduce_max : Op::reduce_min, o[0], ax);
        Value pos = m(Op::to_real, {g_.broadcast(g_.iota(s[ax[0]]), s, {ax[0]})});
        Value r = g_.reduce(Op::reduce_min,
                            m(Op::select, {m(Op::eq, {o[0], back(best, s, ax)}), pos,
                                           g_.full(g_.size(s[ax[0]]), s)}),
                            ax);
        return r;
      }
      default:
        if (o.size() == 2 && n.op >= Op::lt && n.op <= Op::ne &&
            g_.type(o[0]).element != g_.type(o[1]).element) {
          auto r = [&](Value q) {
            return g_.type(q).element == Element::real ? q : m(Op::to_real, {q});
          };
          return m(n.op, {r(o[0]), r(o[1])});
        }
        return g_.with_operands(n, o);
    }
  }
  Graph& g_;
  std::map<uint32_t, Value> done_;
};

class Planner {
 public:
  Planner(Graph& g, const Function& f, const Options& o) : g_(g), f_(f), o_(o) {}

  Plan run() {
    Lower lower(g_);
    Function f = f_;
    for (auto& r : f.results) {
      wanted_.push_back(g_.type(r.value).element);
      r.value = lower(r.value);
    }
    for (auto& u : f.updates) u.value = lower(u.value);
    auto roots = f.roots();
    order_ = reachable(g_, roots);
    std::set<uint32_t> targets;
    for (auto& u : f.updates) targets.insert(u.target.id);
    for (Value v : order_) {
      const Node& n = g_[v];
      if (n.op == Op::input || n.op == Op::param || n.op == Op::state) slot(v);
    }
    for (auto& u : f.updates)
      if (!buffer_.count(u.target.id)) slot(u.target);
    choose(roots);
    for (Value v : order_)
      if (stored_.count(v.id) && !buffer_.count(v.id)) materialise(v);
    size_t k = 0;
    for (auto& r : f.results) {
      int b = output(r, wanted_[k++]);
      copy(r.value, b, r.name);
    }
    std::vector<std::pair<int, Value>> news;
    for (auto& u : f.updates) {
      int b = arena(g_.type(u.value), "new " + std::string(g_.name(u.target)));
      copy(u.value, b, "update");
      news.push_back({b, u.target});
    }
    for (auto& [b, t] : news) {
      Value dummy = t;
      copy_buffer(b, buffer_[dummy.id], g_.shape(t));
    }
    p_.arena_bytes = offset_;
    return std::move(p_);
  }

 private:
  Scalar scalar(Element e) {
    return e == Element::real ? o_.real : e == Element::index ? Scalar::i32 : Scalar::u8;
  }
  static int64_t bytes(Scalar s) { return s == Scalar::f64 ? 8 : s == Scalar::u8 ? 1 : 4; }
  std::vector<int64_t> dims(const Shape& s) {
    std::vector<int64_t> r;
    for (auto& d : s) r.push_back(num(d));
    return r;
  }
  int64_t size(const Shape& s) {
    int64_t n = 1;
    for (auto& d : s) n *= num(d);
    return n;
  }
  void slot(Value v) {
    const Node& n = g_[v];
    Slot s;
    s.name = std::get<Named>(n.attributes).name;
    s.type = scalar(n.type.element);
    s.shape = dims(n.type.shape);
    s.role = n.op == Op::input   ? Role::input
             : n.op == Op::param ? Role::parameter
             : s.name.find('.') != std::string::npos &&
                     std::count(s.name.begin(), s.name.end(), '.') >= 2
                 ? Role::optimizer_state
                 : Role::state;
    buffer_[v.id] = static_cast<int>(p_.buffers.size());
    p_.buffers.push_back(
        {s.name, s.type, size(n.type.shape), static_cast<int>(p_.slots.size()), 0});
    p_.slots.push_back(s);
  }
  int output(const Definition& d, Element e) {
    Slot s;
    s.name = d.name;
    s.role = Role::output;
    s.type = scalar(e);
    s.shape = dims(g_.shape(d.value));
    if (e == Element::index) s.type = scalar(g_.type(d.value).element);
    p_.buffers.push_back(
        {s.name, s.type, size(g_.shape(d.value)), static_cast<int>(p_.slots.size()), 0});
    p_.slots.push_back(s);
    return static_cast<int>(p_.buffers.size()) - 1;
  }
  int arena(const Type& t, std::string name) {
    Buffer b;
    b.name = std::move(name);
    b.type = scalar(t.element);
    b.size = size(t.shape);
    b.offset = offset_;
    offset_ += (b.size * bytes(b.type) + 63) / 64 * 64;
    p_.buffers.push_back(b);
    return static_cast<int>(p_.buffers.size()) - 1;
  }
  void choose(const std::vector<Value>& roots) {
    std::map<uint32_t, int> uses;
    for (Value v : order_)
      for (Value q : g_[v].operands) ++uses[q.id];
    auto store = [&](Value v) {
      if (!is_leaf(g_[v].op)) stored_.insert(v.id);
    };
    for (Value v : order_) {
      const Node& n = g_[v];
      if (is_reduction(n.op) || n.op == Op::contract || n.op == Op::concat || n.op == Op::spread ||
          n.op == Op::scatter_add)
        store(v);
      if (n.op == Op::reshape || n.op == Op::contract ||
          (n.op == Op::view && std::get<View>(n.attributes).fill) || n.op == Op::gather)
        store_through(n.operands[0], store);
      if (n.op == Op::contract)
        for (Value q : n.operands) store_through(q, store);
      if (is_map(n.op) && uses[v.id] > 1) store(v);
      if (n.op == Op::reshape) store(v);
    }
    (void)roots;
  }
  template <typename S>
  void store_through(Value v, S store) {
    store(v);
  }

  // ---- expressions
  ExprId add(Expr e) {
    k_.exprs.push_back(std::move(e));
    return static_cast<int>(k_.exprs.size()) - 1;
  }
  using Ix = std::vector<Index>;
  Index affine(const Affine& a, const Ix& at) {
    std::map<int, int64_t> t;
    Index r;
    r.offset = num(a.offset);
    for (auto& x : a.terms) {
      r.offset += x.coefficient * at[x.axis].offset;
      for (auto& y : at[x.axis].terms) t[y.loop] += x.coefficient * y.coefficient;
    }
    for (auto& [l, c] : t)
      if (c) r.terms.push_back({l, c});
    return r;
  }
  Index linear(const Shape& s, const Ix& at) {
    std::map<int, int64_t> t;
    Index r;
    int64_t stride = 1;
    for (int k = static_cast<int>(s.size()) - 1; k >= 0; --k) {
      r.offset += stride * at[k].offset;
      for (auto& y : at[k].terms) t[y.loop] += stride * y.coefficient;
      stride *= num(s[k]);
    }
    for (auto& [l, c] : t)
      if (c) r.terms.push_back({l, c});
    return r;
  }
  ExprId load(Value v, const Ix& at, std::vector<Guard> guards = {}, double fill = 0) {
    Expr e;
    e.kind = Expr::Kind::load;
    e.type = scalar(g_.type(v).element);
    e.access.buffer = buffer_.at(v.id);
    e.access.index = linear(g_.shape(v), at);
    e.guards = std::move(guards);
    e.literal = fill;
    return add(e);
  }
  ExprId build(Value v, const Ix& at) {
    const Node& n = g_[v];
    if (buffer_.count(v.id)) return load(v, at);
    Expr e;
    e.type = scalar(n.type.element);
    switch (n.op) {
      case Op::constant:
      case Op::symbol:
        e.literal = n.op == Op::constant ? std::get<Literal>(n.attributes).value
                                         : std::get<Named>(n.attributes).value;
        return add(e);
      case Op::iota:
        e.kind = Expr::Kind::position;
        e.type = Scalar::i32;
        e.index = at[0];
        return add(e);
      case Op::view: {
        const View& w = std::get<View>(n.attributes);
        Ix in;
        std::vector<Guard> guards;
        const Shape& s = g_.shape(n.operands[0]);
        for (size_t k = 0; k < w.map.size(); ++k) {
          in.push_back(affine(w.map[k], at));
          if (w.fill) guards.push_back({in.back(), num(s[k])});
        }
        if (w.fill) return load(n.operands[0], in, guards, *w.fill);
        return build(n.operands[0], in);
      }
      case Op::gather: {
        const int axis = std::get<Along>(n.attributes).axis;
        const int r = g_.type(n.operands[1]).rank();
        const Shape& s = g_.shape(n.operands[0]);
        ExprId index = build(n.operands[1], Ix(at.begin() + axis, at.begin() + axis + r));
        Ix in(at.begin(), at.begin() + axis);
        in.push_back({});
        in.insert(in.end(), at.begin() + axis + r, at.end());
        int64_t stride = 1;
        for (size_t k = axis + 1; k < s.size(); ++k) stride *= num(s[k]);
        ExprId l = load(n.operands[0], in);
        k_.exprs[l].access.dynamic = index;
        k_.exprs[l].access.dynamic_stride = stride;
        return l;
      }
      default:
        break;
    }
    if (!is_map(n.op)) {
      fmt::print(stderr, "planner: {}\n", name(n.op));
      std::abort();
    }
    e.kind = Expr::Kind::map;
    e.op = n.op;
    for (Value q : n.operands) e.operands.push_back(build(q, g_.type(q).rank() ? at : Ix{}));
    return add(e);
  }

  // ---- kernels
  int loop(int64_t extent) {
    k_.loops.push_back(extent);
    return static_cast<int>(k_.loops.size()) - 1;
  }
  Ix loops(const Shape& s) {
    Ix r;
    for (auto& d : s) r.push_back({{{loop(num(d)), 1}}, 0});
    return r;
  }
  std::vector<Statement> wrap(std::vector<Statement> body, std::vector<int> numbers, int vector) {
    for (size_t k = numbers.size(); k-- > 0;) {
      Loop l;
      l.number = numbers[k];
      l.mark = numbers[k] == vector ? Loop::Mark::vector : Loop::Mark::serial;
      l.body = std::move(body);
      body.clear();
      body.push_back(std::move(l));
    }
    return body;
  }
  std::vector<int> range(int a, int b) {
    std::vector<int> r;
    for (; a < b; ++a) r.push_back(a);
    return r;
  }
  void finish(std::string name, std::vector<Statement> body) {
    k_.name = std::move(name);
    k_.body = Nest{std::move(body)};
    p_.kernels.push_back(std::move(k_));
    k_ = {};
  }
  void elementwise(const Shape& s, int b, const std::string& name,
                   const std::function<ExprId(const Ix&)>& value,
                   const std::function<Index(const Ix&)>& where) {
    Ix at = loops(s);
    Store st;
    st.value = value(at);
    st.access.buffer = b;
    st.access.index = where(at);
    finish(name, wrap({st}, range(0, static_cast<int>(s.size())), static_cast<int>(s.size()) - 1));
  }
  void copy(Value v, int b, const std::string& name) {
    const Shape s = g_.shape(v);
    elementwise(
        s, b, name, [&](const Ix& at) { return build(v, at); },
        [&](const Ix& at) { return linear(s, at); });
  }
  void copy_buffer(int from, int to, const Shape& s) {
    elementwise(
        s, to, "assign",
        [&](const Ix& at) {
          Expr e;
          e.kind = Expr::Kind::load;
          e.type = p_.buffers[from].type;
          e.access.buffer = from;
          e.access.index = linear(s, at);
          return add(e);
        },
        [&](const Ix& at) { return linear(s, at); });
  }
  std::string label(Value v) {
    auto n = g_.name(v);
    return n.empty() ? std::string(name(g_[v].op)) : std::string(n);
  }

  void materialise(Value v) {
    const Node& n = g_[v];
    if (n.op == Op::reshape) {
      int from = buffer_.at(n.operands[0].id);
      buffer_[v.id] = from;
      return;
    }
    const int b = arena(n.type, label(v));
    if (is_reduction(n.op))
      reduce(v, b);
    else if (n.op == Op::contract)
      contract(v, b);
    else if (n.op == Op::concat) {
      const int axis = std::get<Along>(n.attributes).axis;
      int64_t at0 = 0;
      const Shape whole = n.type.shape;
      for (Value q : n.operands) {
        const Shape s = g_.shape(q);
        elementwise(
            s, b, label(v), [&](const Ix& at) { return build(q, at); },
            [&](Ix at) {
              at[axis].offset += at0;
              return linear(whole, at);
            });
        at0 += num(s[axis]);
      }
    } else if (n.op == Op::spread || n.op == Op::scatter_add)
      scatter(v, b);
    else
      copy(v, b, label(v));
    buffer_[v.id] = b;
  }
  void zero(int b, int64_t n) {
    elementwise(
        {Dim(n)}, b, "zero",
        [&](const Ix&) {
          Expr e;
          e.type = p_.buffers[b].type;
          return add(e);
        },
        [&](const Ix& at) { return at[0]; });
  }
  void scatter(Value v, int b) {
    const Node& n = g_[v];
    zero(b, size(n.type.shape));
    if (n.op == Op::spread) {
      const View& w = std::get<View>(n.attributes);
      const Shape s = g_.shape(n.operands[0]);
      Ix at = loops(s);
      Ix out;
      for (auto& a : w.map) out.push_back(affine(a, at));
      Store st;
      st.add = true;
      st.value = build(n.operands[0], at);
      st.access.buffer = b;
      st.access.index = linear(n.type.shape, out);
      finish(label(v), wrap({st}, range(0, static_cast<int>(s.size())), -1));
      return;
    }
    const int axis = std::get<ScatterTarget>(n.attributes).axis;
    const int r = g_.type(n.operands[0]).rank();
    const Shape s = g_.shape(n.operands[1]);
    Ix at = loops(s);
    ExprId index = build(n.operands[0], Ix(at.begin() + axis, at.begin() + axis + r));
    Ix out(at.begin(), at.begin() + axis);
    out.push_back({});
    out.insert(out.end(), at.begin() + axis + r, at.end());
    int64_t stride = 1;
    for (size_t k = axis + 1; k < n.type.shape.size(); ++k) stride *= num(n.type.shape[k]);
    Store st;
    st.add = true;
    st.value = build(n.operands[1], at);
    st.access = {b, linear(n.type.shape, out), index, stride};
    finish(label(v), wrap({st}, range(0, static_cast<int>(s.size())), -1));
  }
  void reduce(Value v, int b) {
    const Node& n = g_[v];
    const auto& ax = std::get<Axes>(n.attributes).axes;
    const Shape s = g_.shape(n.operands[0]);
    Ix at(s.size());
    std::vector<int> outer, inner;
    Ix out;
    for (size_t k = 0; k < s.size(); ++k)
      if (!std::binary_search(ax.begin(), ax.end(), static_cast<int>(k))) {
        outer.push_back(loop(num(s[k])));
        at[k] = {{{outer.back(), 1}}, 0};
        out.push_back(at[k]);
      }
    for (int k : ax) {
      inner.push_back(loop(num(s[k])));
      at[k] = {{{inner.back(), 1}}, 0};
    }
    static const std::map<Op, Fold> folds = {
        {Op::reduce_sum, Fold::sum},     {Op::reduce_prod, Fold::product},
        {Op::reduce_max, Fold::maximum}, {Op::reduce_min, Fold::minimum},
        {Op::reduce_any, Fold::any},     {Op::reduce_all, Fold::all}};
    fold(v, b, n.type.shape, out, outer, inner, build(n.operands[0], at), folds.at(n.op),
         s.empty() || ax.empty() || ax.back() == static_cast<int>(s.size()) - 1);
  }
  void fold(Value v, int b, const Shape& shape, const Ix& out, const std::vector<int>& outer,
            const std::vector<int>& inner, ExprId value, Fold f, bool inner_vector) {
    const Scalar t = scalar(g_.type(v).element);
    k_.accumulators.push_back({f, t});
    int vector = inner_vector || outer.empty() ? (inner.empty() ? -1 : inner.back()) : outer.back();
    Expr e;
    e.kind = Expr::Kind::accumulator;
    e.type = t;
    e.number = 0;
    Store st;
    st.value = add(e);
    st.access.buffer = b;
    st.access.index = linear(shape, out);
    std::vector<Statement> body;
    body.push_back(Begin{0});
    for (auto& x : wrap({Accumulate{0, value}}, inner, vector)) body.push_back(std::move(x));
    body.push_back(st);
    finish(label(v), wrap(std::move(body), outer, vector));
  }
  void contract(Value v, int b) {
    const Node& n = g_[v];
    const gradus::Contraction& c = std::get<gradus::Contraction>(n.attributes);
    if (gemm(v, b, n, c)) return;
    Ix at;
    std::vector<int> outer, inner;
    Ix out;
    for (size_t k = 0; k < c.extents.size(); ++k) {
      int l = loop(num(c.extents[k]));
      at.push_back({{{l, 1}}, 0});
      if (static_cast<int>(k) < c.free) {
        outer.push_back(l);
        out.push_back(at.back());
      } else
        inner.push_back(l);
    }
    ExprId p = none;
    for (size_t q = 0; q < n.operands.size(); ++q) {
      Ix in;
      for (auto& a : c.accesses[q]) in.push_back(affine(a, at));
      ExprId x = build(n.operands[q], in);
      if (p == none)
        p = x;
      else {
        Expr e;
        e.kind = Expr::Kind::map;
        e.op = Op::mul;
        e.type = o_.real;
        e.operands = {p, x};
        p = add(e);
      }
    }
    fold(v, b, n.type.shape, out, outer, inner, p, Fold::sum, true);
  }
  bool gemm(Value v, int b, const Node& n, const gradus::Contraction& c) {
    if (n.operands.size() != 2) return false;
    std::vector<int64_t> st[3];
    for (auto& s : st) s.assign(c.extents.size(), 0);
    std::vector<bool> in[2];
    for (auto& s : in) s.assign(c.extents.size(), false);
    for (int q = 0; q < 2; ++q) {
      const Shape& s = g_.shape(n.operands[q]);
      int64_t stride = 1;
      for (int k = static_cast<int>(s.size()) - 1; k >= 0; --k) {
        auto p = c.accesses[q][k].plain();
        if (!p || in[q][*p]) return false;
        in[q][*p] = true;
        st[q][*p] = stride;
        stride *= num(s[k]);
      }
    }
    int64_t stride = 1;
    for (int k = c.free - 1; k >= 0; --k) {
      st[2][k] = stride;
      stride *= num(c.extents[k]);
    }
    std::vector<int> batch, ms, ns, ks;
    for (int k = 0; k < static_cast<int>(c.extents.size()); ++k) {
      const bool f = k < c.free;
      if (f && in[0][k] && in[1][k])
        batch.push_back(k);
      else if (f && in[0][k])
        ms.push_back(k);
      else if (f && in[1][k])
        ns.push_back(k);
      else if (!f && in[0][k] && in[1][k])
        ks.push_back(k);
      else
        return false;
    }
    if (ks.size() != 1 || ms.empty() || ns.empty()) return false;
    while (ms.size() > 1) {
      batch.push_back(ms.front());
      ms.erase(ms.begin());
    }
    while (ns.size() > 1) {
      batch.push_back(ns.front());
      ns.erase(ns.begin());
    }
    const bool swap = st[2][ms[0]] == 1 && num(c.extents[ms[0]]) > 1;
    int A = swap ? 1 : 0, B = 1 - A;
    if (swap) std::swap(ms, ns);
    kernel::Contraction x;
    std::map<int, int> l;
    for (int k : batch) {
      l[k] = loop(num(c.extents[k]));
      x.batch.push_back(l[k]);
    }
    x.m = l[ms[0]] = loop(num(c.extents[ms[0]]));
    x.n = l[ns[0]] = loop(num(c.extents[ns[0]]));
    x.k = num(c.extents[ks[0]]);
    x.a.buffer = buffer_.at(n.operands[A].id);
    x.b.buffer = buffer_.at(n.operands[B].id);
    for (int k : batch) {
      x.a.batch_strides.push_back(st[A][k]);
      x.b.batch_strides.push_back(st[B][k]);
    }
    x.a.outer_stride = st[A][ms[0]];
    x.a.inner_stride = st[A][ks[0]];
    x.b.outer_stride = st[B][ks[0]];
    x.b.inner_stride = st[B][ns[0]];
    Expr e;
    e.kind = Expr::Kind::contraction;
    e.type = o_.real;
    Store s;
    s.value = add(e);
    s.access.buffer = b;
    std::map<int, int64_t> t;
    for (int k = 0; k < c.free; ++k) t[l[k]] = st[2][k];
    for (auto& [q, w] : t)
      if (w) s.access.index.terms.push_back({q, w});
    x.epilogue = {s};
    k_.name = label(v);
    k_.body = x;
    p_.kernels.push_back(std::move(k_));
    k_ = {};
    return true;
  }

  Graph& g_;
  const Function& f_;
  Options o_;
  std::vector<Element> wanted_;
  Plan p_;
  Kernel k_;
  std::vector<Value> order_;
  std::map<uint32_t, int> buffer_;
  std::set<uint32_t> stored_;
  int64_t offset_ = 0;
};
}  // namespace

Plan plan(Graph& graph, const Function& function, const Options& options) {
  return Planner(graph, function, options).run();
}
std::string text(const Plan& plan) {
  std::string r;
  for (auto& k : plan.kernels) r += fmt::format("{}\n", k.name);
  return r;
}
}  // namespace gradus::kernel
