#include "compiler/kernel/emit.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/kernel/contraction.h"
#include "compiler/kernel/entries.h"

namespace gradus::kernel {
namespace {

// The innermost loop of a vector is joined with the one around it where it is shorter than this.
constexpr int64_t short_loop = 64;

// Stores that are made in one place, and the updates among them, which come last.
struct Stores {
  struct Update {
    Value target;
    const std::vector<Read>* reads;
    Store store;
  };
  std::vector<Statement> plain;
  std::vector<Update> updates;

  // All of them: an update comes behind those that read the old entries of its target.
  std::vector<Statement> ordered() && {
    std::vector<Statement> made = std::move(plain);
    while (!updates.empty()) {
      const auto free = std::find_if(updates.begin(), updates.end(), [&](const Update& one) {
        return std::none_of(updates.begin(), updates.end(), [&](const Update& other) {
          return &other != &one && reads(*other.reads, one.target);
        });
      });
      const auto next = free == updates.end() ? updates.begin() : free;
      made.emplace_back(std::move(next->store));
      updates.erase(next);
    }
    return made;
  }

 private:
  static bool reads(const std::vector<Read>& all, Value value) {
    return std::any_of(all.begin(), all.end(),
                       [&](const Read& read) { return read.value == value; });
  }
};

class Emitting {
 public:
  Emitting(const Graph& graph, const ValueSet& stored, Scalar real,
           const std::vector<Sweep>& sweeps, const Group& group,
           const std::function<int(Value)>& buffer)
      : graph_(graph),
        sweeps_(sweeps),
        group_(group),
        buffer_(buffer),
        entries_(graph, stored, real, kernel_, buffer) {}

  Emitted run() {
    switch (group_.kind) {
      case Sweep::Kind::map:
      case Sweep::Kind::fold:
        nest();
        break;
      case Sweep::Kind::contraction:
        contraction();
        break;
      case Sweep::Kind::scatter:
        scatter();
        break;
      case Sweep::Kind::scan:  // its kernels are those of its body
        break;
      case Sweep::Kind::matrices:
        matrices();
        break;
    }
    name();
    Emitted made{std::move(kernel_), {}};
    for (const Entries::Place& place : entries_.computed()) {
      made.computed.push_back({place.value, times(place.at)});
    }
    return made;
  }

 private:
  const Sweep& sweep(const Member& member) const { return sweeps_[member.sweep]; }

  // A loop inside of the one that was made before it, or inside of nothing: `around` iterations.
  int loop(int64_t extent, int64_t around) {
    kernel_.loops.push_back(extent);
    iterations_.push_back(around * extent);
    return static_cast<int>(kernel_.loops.size()) - 1;
  }

  // How often an entry at this place is computed: in the innermost of its loops.
  int64_t times(const Position& at) const {
    int innermost = -1;
    for (const Index& index : at) {
      for (const Index::Term& term : index.terms) innermost = std::max(innermost, term.loop);
    }
    return innermost < 0 ? 1 : iterations_[innermost];
  }

  // ---- stores

  Position own(const Sweep& one, const Position& domain) const {
    return {domain.begin(), domain.begin() + one.own};
  }

  void store(const Member& member, const Position& domain, ExprId value, Stores& into) {
    const Sweep& one = sweep(member);
    const Position at = own(one, domain);
    const Index place = row_major(graph_.shape(one.value), at);
    bool is_kept = false;
    for (const Output& output : one.outputs) {
      Position there = at;
      if (output.axis >= 0) there.insert(there.begin() + output.axis, Index{});
      is_kept = is_kept || output.axis < 0;
      into.plain.emplace_back(Store{{output.buffer, row_major(output.shape, there)}, value, false});
    }
    if (!one.copy && !is_kept) {
      into.plain.emplace_back(Store{{buffer_(one.value), place}, value, false});
    }
    if (one.into.valid()) {
      into.plain.emplace_back(Store{{buffer_(one.into), place}, value, false});
    }
    if (one.whole.valid()) {
      Position shifted = at;
      shifted[one.axis].offset += one.offset;
      const Index there = row_major(graph_.shape(one.whole), shifted);
      into.plain.emplace_back(Store{{buffer_(one.whole), there}, value, false});
    }
    if (one.target.valid()) {
      into.updates.push_back(
          {one.target, &member.reads, Store{{buffer_(one.target), place}, value, false}});
    }
  }

  // ---- nests

  void nest() {
    int64_t around = 1;
    std::vector<int> rows;
    for (int64_t extent : group_.rows) {
      rows.push_back(loop(extent, around));
      around *= extent;
    }
    const bool across = vectors_across_rows();
    std::vector<std::vector<int>> all_inner;
    std::vector<Statement> body;
    for (size_t number = 0; number < group_.stages.size(); ++number) {
      std::vector<int> inner;
      int64_t iterations = around;
      for (int64_t extent : group_.stages[number].extents) {
        inner.push_back(loop(extent, iterations));
        iterations *= extent;
      }
      stage(static_cast<int>(number), rows, inner, across, body);
      all_inner.push_back(std::move(inner));
    }
    for (size_t row = rows.size(); row-- > 0;) {
      Loop made{rows[row], Loop::Mark::serial, std::move(body)};
      if (across && row + 1 == rows.size()) {
        made.mark = Loop::Mark::vector;
      } else if (row == 0) {
        made.mark = Loop::Mark::parallel;
      }
      body.clear();
      body.emplace_back(std::move(made));
    }
    kernel_.body = Nest{std::move(body)};
    for (const std::vector<int>& inner : all_inner) merge(inner);
  }

  void stage(int number, const std::vector<int>& rows, const std::vector<int>& inner, bool across,
             std::vector<Statement>& body) {
    Stores inside;
    Stores behind;
    std::vector<Statement> folds;
    bool any_fold = false;
    for (const Member& member : group_.members) {
      if (member.stage != number) continue;
      const Sweep& one = sweep(member);
      Position domain(one.extents.size());
      for (size_t row = 0; row < rows.size(); ++row)
        domain[member.rows[row]] = loop_index(rows[row]);
      for (size_t k = 0; k < inner.size(); ++k) domain[member.inner[k]] = loop_index(inner[k]);
      const ExprId term =
          one.copy ? entries_.entry(one.value, domain) : entries_.term(one.value, domain);
      if (one.kind != Sweep::Kind::fold) {
        if (!one.copy) entries_.know(one.value, domain, term);
        store(member, domain, term, inside);
        continue;
      }
      any_fold = true;
      const ExprId folded = accumulate(one, term, body, folds);
      entries_.know(one.value, own(one, domain), folded);
      store(member, domain, folded, behind);
    }
    std::vector<Statement> all = std::move(folds);
    for (Statement& each : std::move(inside).ordered()) all.push_back(std::move(each));
    const bool parallel = rows.empty() && !any_fold && inner.size() > 1;
    for (size_t k = inner.size(); k-- > 0;) {
      Loop made{inner[k], Loop::Mark::serial, std::move(all)};
      if (!across && k + 1 == inner.size()) {
        made.mark = Loop::Mark::vector;
      } else if (parallel && k == 0) {
        made.mark = Loop::Mark::parallel;
      }
      all.clear();
      all.emplace_back(std::move(made));
    }
    for (Statement& each : all) body.push_back(std::move(each));
    for (Statement& each : std::move(behind).ordered()) body.push_back(std::move(each));
  }

  // Begins an accumulator in `body` and folds the term into it among `folds`: what it ends up as.
  ExprId accumulate(const Sweep& one, ExprId term, std::vector<Statement>& body,
                    std::vector<Statement>& folds) {
    const int number = static_cast<int>(kernel_.accumulators.size());
    const Scalar type = entries_.scalar(one.value);
    kernel_.accumulators.push_back({one.how, type});
    body.emplace_back(Begin{number});
    folds.emplace_back(Accumulate{number, term});
    Expr expr;
    expr.kind = Expr::Kind::accumulator;
    expr.type = type;
    expr.number = number;
    return entries_.add(std::move(expr));
  }

  // Whether neighbours in memory are neighbouring rows, more than neighbours within a row.
  bool vectors_across_rows() const {
    if (group_.rows.empty()) return false;
    double across = 0;
    double within = 0;
    const auto count_in = [&](const Member& member, const Index& place) {
      const Sweep& one = sweep(member);
      const auto gain = [&](int axis) {
        if (coefficient(place, axis) != 1) return 0.0;
        const auto extent = static_cast<double>(one.extents[axis]);
        return static_cast<double>(count(one.extents)) * std::min(1.0, extent / 16);
      };
      across += gain(member.rows.back());
      if (!member.inner.empty()) within += gain(member.inner.back());
    };
    for (const Member& member : group_.members) {
      const Sweep& one = sweep(member);
      for (const Read& read : one.reads) {
        if (static_cast<int>(read.at.size()) != graph_.type(read.value).rank()) continue;
        count_in(member, row_major(graph_.shape(read.value), read.at));
      }
      Position at;
      for (int axis = 0; axis < one.own; ++axis) at.push_back(loop_index(axis));
      if (one.kind == Sweep::Kind::map) count_in(member, row_major(graph_.shape(one.value), at));
    }
    return across > within;
  }

  // Joins loops of a stage that run through memory as one would.
  void merge(const std::vector<int>& inner) {
    for (size_t k = inner.size(); k-- > 1;) {
      std::vector<Statement>& body = std::get<Nest>(kernel_.body).body;
      Loop* outer = find(body, inner[k - 1]);
      const bool keep =
          outer->mark == Loop::Mark::parallel && kernel_.loops[inner.back()] >= short_loop;
      if (keep || !merge_loops(kernel_, inner[k - 1], inner.back())) return;
      std::vector<Statement> inside = std::move(outer->body);
      Loop next = std::get<Loop>(std::move(inside[0]));
      *outer = std::move(next);
    }
  }

  static Loop* find(std::vector<Statement>& body, int number) {
    for (Statement& statement : body) {
      Loop* loop = std::get_if<Loop>(&statement);
      if (loop == nullptr) continue;
      if (loop->number == number) return loop;
      if (Loop* inside = find(loop->body, number)) return inside;
    }
    return nullptr;
  }

  // ---- contractions

  void contraction() {
    const Value value = sweep(group_.members[0]).value;
    const Match roles = *match(graph_, value, 0);
    const Sweep& first = sweep(group_.members[0]);
    std::vector<int> loops(first.own);
    int64_t around = 1;
    kernel::Contraction made;
    const auto add_loops = [&](const std::vector<int>& indices) {
      for (int index : indices) {
        loops[index] = loop(first.extents[index], around);
        around *= first.extents[index];
      }
    };
    add_loops(roles.batch);
    add_loops(roles.m);
    add_loops(roles.n);
    made.k = roles.k;
    made.a = operand(roles.a, roles.a_k);
    made.b = operand(roles.b, roles.b_k);
    made.a.outer_stride = roles.a.strides[roles.m.back()];
    made.b.inner_stride = roles.b.strides[roles.n.back()];
    made.epilogue = epilogue(first, loops);
    made.m = loops[roles.m.back()];
    made.n = loops[roles.n.back()];
    kernel_.body = std::move(made);
    finish(roles, loops);
  }

  kernel::Contraction::Operand operand(const Factor& factor, int64_t k_stride) {
    kernel::Contraction::Operand made;
    made.buffer = buffer_(factor.value);
    made.offset = factor.offset;
    made.outer_stride = k_stride;
    made.inner_stride = k_stride;
    return made;
  }

  std::vector<Store> epilogue(const Sweep& first, const std::vector<int>& loops) {
    Position at;
    for (int index = 0; index < first.own; ++index) at.push_back(loop_index(loops[index]));
    Expr sum;
    sum.kind = Expr::Kind::contraction;
    sum.type = entries_.scalar(first.value);
    const ExprId start = entries_.add(std::move(sum));
    entries_.know(first.value, at, start);
    Stores stores;
    store(group_.members[0], at, start, stores);
    for (size_t k = 1; k < group_.members.size(); ++k) {
      const Sweep& one = sweep(group_.members[k]);
      const ExprId term = one.copy ? entries_.entry(one.value, at) : entries_.term(one.value, at);
      if (!one.copy) entries_.know(one.value, at, term);
      store(group_.members[k], at, term, stores);
    }
    std::vector<Store> made;
    for (Statement& each : std::move(stores).ordered()) {
      made.push_back(std::get<Store>(std::move(each)));
    }
    return made;
  }

  // Several rows or columns become one where memory allows it; the others are batches.
  void finish(const Match& roles, const std::vector<int>& loops) {
    std::vector<int> batch = roles.batch;
    const auto join = [&](const std::vector<int>& indices, const Factor& factor) {
      bool joined = true;
      for (size_t k = indices.size() - 1; k-- > 0;) {
        const int outer = indices[k];
        const int inner = indices.back();
        const int64_t extent = kernel_.loops[loops[inner]];
        joined = joined && factor.strides[outer] == extent * factor.strides[inner] &&
                 merge_loops(kernel_, loops[outer], loops[inner]);
        if (!joined) batch.push_back(outer);
      }
    };
    join(roles.m, roles.a);
    join(roles.n, roles.b);
    auto& made = std::get<kernel::Contraction>(kernel_.body);
    for (int index : batch) {
      made.batch.push_back(loops[index]);
      made.a.batch_strides.push_back(roles.a.strides[index]);
      made.b.batch_strides.push_back(roles.b.strides[index]);
    }
  }

  // ---- scatters

  void scatter() {
    const Sweep& one = sweep(group_.members[0]);
    const int into = buffer_(one.value);
    const Node& node = graph_[one.value];
    const int zeros = loop(count(numbers(node.type.shape)), 1);
    Expr zero;
    zero.type = entries_.scalar(one.value);
    Loop clear{zeros, Loop::Mark::vector, {}};
    clear.body.emplace_back(Store{{into, loop_index(zeros)}, entries_.add(std::move(zero)), false});

    Position at;
    int64_t around = 1;
    for (int64_t extent : one.extents) {
      at.push_back(loop_index(loop(extent, around)));
      around *= extent;
    }
    Store add{{into, {}}, entries_.term(one.value, at), true};
    target(node, at, add.access);
    std::vector<Statement> body;
    body.emplace_back(std::move(add));
    for (size_t axis = at.size(); axis-- > 0;) {
      Loop made{*plain(at[axis]), Loop::Mark::serial, std::move(body)};
      body.clear();
      body.emplace_back(std::move(made));
    }
    body.emplace(body.begin(), std::move(clear));
    kernel_.body = Nest{std::move(body)};
  }

  // Where an entry is added.
  void target(const Node& node, const Position& at, Access& access) {
    Position place;
    if (const auto* view = std::get_if<View>(&node.attributes)) {
      for (const Affine& to : view->map) place.push_back(composed(to, at));
    } else {
      Entries::ByData by_data = entries_.by_data(node, node.type.shape, at);
      place = std::move(by_data.at);
      access.by_data = std::move(by_data.places);
    }
    access.index = row_major(node.type.shape, place);
  }

  // ---- linear algebra

  void matrices() {
    const Value value = sweep(group_.members[0]).value;
    const Node& node = graph_[value];
    const auto memory = [&](Value operand) { return buffer_(root(graph_, operand)); };
    std::vector<int64_t> shape = numbers(graph_.shape(node.operands[0]));
    LinearAlgebra made;
    made.op = node.op;
    made.n = shape.back();
    shape.resize(shape.size() - 2);
    made.matrices = count(shape);
    made.a = memory(node.operands[0]);
    if (node.op == Op::solve) {
      const std::vector<int64_t> sides = numbers(graph_.shape(node.operands[1]));
      made.columns = sides.size() == 1 ? 1 : sides.back();
      made.b = memory(node.operands[1]);
    }
    made.result = buffer_(value);
    kernel_.body = made;
  }

  // After the users' values that it computes; after its operators where it computes none.
  void name() {
    std::vector<std::string> names;
    std::vector<std::string> operators;
    const auto add = [](std::vector<std::string>& to, const std::string& each) {
      if (!each.empty() && std::find(to.begin(), to.end(), each) == to.end()) to.push_back(each);
    };
    for (const Member& member : group_.members) {
      const Sweep& one = sweep(member);
      if (one.target.valid()) add(names, std::get<Named>(graph_[one.target].attributes).name);
      add(names, std::string(graph_.name(one.value)));
      add(operators, std::string(gradus::name(graph_[one.value].op)));
    }
    kernel_.name = fmt::format("{}", fmt::join(names.empty() ? operators : names, ", "));
  }

  const Graph& graph_;
  const std::vector<Sweep>& sweeps_;
  const Group& group_;
  const std::function<int(Value)>& buffer_;
  Kernel kernel_;
  Entries entries_;
  std::vector<int64_t> iterations_;  // of each loop, with those around it
};

}  // namespace

Emitted emit(const Graph& graph, const ValueSet& stored, Scalar real,
             const std::vector<Sweep>& sweeps, const Group& group,
             const std::function<int(Value)>& buffer) {
  return Emitting(graph, stored, real, sweeps, group, buffer).run();
}

}  // namespace gradus::kernel
