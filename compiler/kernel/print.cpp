#include <fmt/format.h>

#include <set>

#include "compiler/kernel/plan.h"

namespace gradus::kernel {
namespace {

std::string_view name(Scalar type) {
  switch (type) {
    case Scalar::f32:
      return "f32";
    case Scalar::f64:
      return "f64";
    case Scalar::i32:
      return "i32";
    case Scalar::u8:
      return "u8";
  }
  return "";
}

std::string_view name(Role role) {
  switch (role) {
    case Role::input:
      return "input";
    case Role::parameter:
      return "parameter";
    case Role::state:
      return "state";
    case Role::optimizer_state:
      return "optimizer state";
    case Role::output:
      return "output";
  }
  return "";
}

std::string_view name(Fold fold) {
  switch (fold) {
    case Fold::sum:
      return "sum";
    case Fold::product:
      return "product";
    case Fold::maximum:
      return "max";
    case Fold::minimum:
      return "min";
    case Fold::any:
      return "any";
    case Fold::all:
      return "all";
  }
  return "";
}

std::string text(const Index& index) {
  std::string made;
  for (const Index::Term& term : index.terms) {
    const int64_t size = term.coefficient < 0 ? -term.coefficient : term.coefficient;
    if (!made.empty()) {
      made += term.coefficient < 0 ? " - " : " + ";
    } else if (term.coefficient < 0) {
      made += "-";
    }
    made += size == 1 ? fmt::format("i{}", term.loop) : fmt::format("{}*i{}", size, term.loop);
  }
  if (made.empty()) return std::to_string(index.offset);
  if (index.offset > 0) made += fmt::format(" + {}", index.offset);
  if (index.offset < 0) made += fmt::format(" - {}", -index.offset);
  return made;
}

class Printer {
 public:
  Printer(const Plan& plan, const Kernel& kernel)
      : plan_(plan), kernel_(kernel), uses_(kernel.exprs.size(), 0) {
    for (const Expr& expr : kernel.exprs) {
      for (ExprId operand : expr.operands) ++uses_[operand];
    }
    if (const auto* nest = std::get_if<Nest>(&kernel.body)) {
      count(nest->body);
    } else if (const auto* contraction = std::get_if<Contraction>(&kernel.body)) {
      for (const Store& store : contraction->epilogue) ++uses_[store.value];
    }
  }

  std::string print() {
    if (const auto* nest = std::get_if<Nest>(&kernel_.body)) {
      body(nest->body, 1);
    } else if (const auto* of = std::get_if<LinearAlgebra>(&kernel_.body)) {
      matrices(*of);
    } else {
      contraction(std::get<Contraction>(kernel_.body));
    }
    return std::move(out_);
  }

 private:
  void count(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) {
      if (const auto* store = std::get_if<Store>(&statement)) ++uses_[store->value];
      if (const auto* fold = std::get_if<Accumulate>(&statement)) ++uses_[fold->value];
      if (const auto* loop = std::get_if<Loop>(&statement)) count(loop->body);
    }
  }

  void line(int depth, std::string_view text) {
    out_ += fmt::format("{:{}}{}\n", "", 2 * depth, text);
  }

  std::string place(const Access& access, int depth) {
    std::string made = text(access.index);
    for (const auto& [place, stride] : access.by_data) {
      made += fmt::format(" + {}*{}", stride, value(place, depth));
    }
    return fmt::format("{}[{}]", plan_.buffers[access.buffer].name, made);
  }

  // An expression that occurs twice gets a line of its own before it is first used.
  std::string value(ExprId id, int depth) {
    const Expr& expr = kernel_.exprs[id];
    const bool shared = expr.kind == Expr::Kind::map && uses_[id] > 1;
    if (!shared) return spelt(expr, depth);
    if (named_.insert(id).second) {
      const std::string meaning = spelt(expr, depth);
      line(depth, fmt::format("t{} = {}", id, meaning));
    }
    return fmt::format("t{}", id);
  }

  std::string spelt(const Expr& expr, int depth) {
    switch (expr.kind) {
      case Expr::Kind::literal:
        return fmt::format("{}", expr.literal);
      case Expr::Kind::position:
        return fmt::format("({})", text(expr.index));
      case Expr::Kind::load: {
        std::string made = place(expr.access, depth);
        for (const Guard& guard : expr.guards) {
          made += fmt::format(" if 0 <= {} < {}", text(guard.index), guard.extent);
        }
        return expr.guards.empty() ? made : fmt::format("({} else {})", made, expr.literal);
      }
      case Expr::Kind::map: {
        std::vector<std::string> operands;
        for (ExprId operand : expr.operands) operands.push_back(value(operand, depth));
        return applied(expr.op, operands);
      }
      case Expr::Kind::accumulator:
        return fmt::format("a{}", expr.number);
      case Expr::Kind::contraction:
        return "sum";
      case Expr::Kind::random:
        return fmt::format("{}(site {}, entry {})",
                           expr.draw == Draw::Kind::uniform ? "uniform" : "normal", expr.number,
                           value(expr.operands[0], depth));
    }
    return "";
  }

  // Infix where the operator is written so.
  static std::string applied(Op op, const std::vector<std::string>& operands) {
    const std::string_view pattern = map_of(op).numpy;
    if (operands.size() == 2 && pattern.starts_with("{0} ") && pattern.ends_with(" {1}")) {
      return fmt::format("({} {} {})", operands[0], pattern.substr(4, pattern.size() - 8),
                         operands[1]);
    }
    return fmt::format("{}({})", gradus::name(op), fmt::join(operands, ", "));
  }

  void store(const Store& store, int depth) {
    const std::string what = value(store.value, depth);
    const std::string where = place(store.access, depth);
    line(depth, fmt::format("{} {} {}", where, store.add ? "+=" : "=", what));
  }

  void body(const std::vector<Statement>& statements, int depth) {
    for (const Statement& statement : statements) {
      if (const auto* begin = std::get_if<Begin>(&statement)) {
        const Accumulator& of = kernel_.accumulators[begin->accumulator];
        line(depth, fmt::format("a{} = {}()", begin->accumulator, name(of.fold)));
      } else if (const auto* fold = std::get_if<Accumulate>(&statement)) {
        const std::string what = value(fold->value, depth);
        const Fold how = kernel_.accumulators[fold->accumulator].fold;
        line(depth, how == Fold::sum ? fmt::format("a{} += {}", fold->accumulator, what)
                                     : fmt::format("a{} = {}(a{}, {})", fold->accumulator,
                                                   name(how), fold->accumulator, what));
      } else if (const auto* one = std::get_if<Store>(&statement)) {
        store(*one, depth);
      } else {
        const Loop& loop = std::get<Loop>(statement);
        const char* mark = loop.mark == Loop::Mark::vector     ? ", vector"
                           : loop.mark == Loop::Mark::parallel ? ", parallel"
                                                               : "";
        line(depth, fmt::format("for i{} < {}{}", loop.number, kernel_.loops[loop.number], mark));
        body(loop.body, depth + 1);
      }
    }
  }

  std::string operand(const Contraction& of, const Contraction::Operand& operand, int outer,
                      bool outer_is_k, int inner) const {
    std::string made = fmt::format("{}[", plan_.buffers[operand.buffer].name);
    std::vector<std::string> terms;
    const auto add = [&](const std::string& loop, int64_t stride) {
      if (stride != 0) terms.push_back(stride == 1 ? loop : fmt::format("{}*{}", stride, loop));
    };
    for (size_t k = 0; k < of.batch.size(); ++k) {
      add(fmt::format("i{}", of.batch[k]), operand.batch_strides[k]);
    }
    add(outer_is_k ? "k" : fmt::format("i{}", outer), operand.outer_stride);
    add(outer_is_k ? fmt::format("i{}", inner) : "k", operand.inner_stride);
    if (operand.offset != 0 || terms.empty()) terms.push_back(std::to_string(operand.offset));
    return made + fmt::format("{}]", fmt::join(terms, " + "));
  }

  void contraction(const Contraction& of) {
    std::vector<std::string> loops;
    std::vector<int> all = of.batch;
    all.push_back(of.m);
    all.push_back(of.n);
    for (int loop : all) loops.push_back(fmt::format("i{} < {}", loop, kernel_.loops[loop]));
    line(1, fmt::format("for {}, tiles", fmt::join(loops, ", ")));
    line(2, fmt::format("sum over k < {}: {} * {}", of.k, operand(of, of.a, of.m, false, 0),
                        operand(of, of.b, 0, true, of.n)));
    for (const Store& each : of.epilogue) store(each, 2);
  }

  void matrices(const LinearAlgebra& of) {
    std::string operands = plan_.buffers[of.a].name;
    if (of.b != none) operands += fmt::format(", {} by {}", plan_.buffers[of.b].name, of.columns);
    line(1, fmt::format("{} = {}({}), {} of {} rows", plan_.buffers[of.result].name,
                        gradus::name(of.op), operands, of.matrices, of.n));
  }

  const Plan& plan_;
  const Kernel& kernel_;
  std::vector<int> uses_;
  std::set<ExprId> named_;
  std::string out_;
};

}  // namespace

std::string text(const Plan& plan) {
  std::string out = fmt::format("{} kernels, {} bytes of scratch memory\n", plan.kernels.size(),
                                plan.arena_bytes);
  for (const Slot& slot : plan.slots) {
    out += fmt::format("  {}: {}[{}], {}\n", slot.name, name(slot.type),
                       fmt::join(slot.shape, ", "), name(slot.role));
  }
  for (const Buffer& buffer : plan.buffers) {
    if (buffer.slot >= 0) continue;
    if (const auto& window = buffer.window) {
      out += fmt::format("  {}: {} {} of {} from {}, {} further each round of loop {}\n",
                         buffer.name, buffer.size, name(buffer.type), plan.buffers[window->of].name,
                         window->begin, window->stride, window->loop + 1);
      continue;
    }
    out += fmt::format("  {}: {} {} at {}\n", buffer.name, buffer.size, name(buffer.type),
                       buffer.offset);
  }
  for (size_t k = 0; k < plan.loops.size(); ++k) {
    const Rounds& loop = plan.loops[k];
    out += fmt::format("  loop {}: {} rounds of kernels {} to {}\n", k + 1, loop.count,
                       loop.first + 1, loop.end);
  }
  for (size_t k = 0; k < plan.kernels.size(); ++k) {
    out += fmt::format("\nkernel {}: {}\n", k + 1, plan.kernels[k].name);
    out += Printer(plan, plan.kernels[k]).print();
  }
  return out;
}

}  // namespace gradus::kernel
