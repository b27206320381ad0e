#include "compiler/codegen/contraction.h"

#include "compiler/codegen/nest.h"

namespace gradus::codegen {
namespace {

using kernel::Contraction;
using kernel::Expr;
using kernel::ExprId;
using kernel::Kernel;
using kernel::Loop;

kernel::Access access(const Contraction& of, const Contraction::Operand& operand, int outer,
                      int inner) {
  kernel::Access made;
  made.buffer = operand.buffer;
  made.index.offset = operand.offset;
  const auto add = [&](int loop, int64_t stride) {
    if (stride != 0) made.index.terms.push_back({loop, stride});
  };
  for (size_t i = 0; i < of.batch.size(); ++i) add(of.batch[i], operand.batch_strides[i]);
  add(outer, operand.outer_stride);
  add(inner, operand.inner_stride);
  return made;
}

// The contraction as a nest of loops around a sum: what small ones are written as.
Local as_nest(const Local& local) {
  Local made = local;
  Kernel& kernel = made.kernel;
  const auto& of = std::get<Contraction>(local.kernel.body);
  const Scalar type = local.buffers[static_cast<size_t>(of.a.buffer)].type;
  const int k = static_cast<int>(kernel.loops.size());
  kernel.loops.push_back(of.k);
  const int number = static_cast<int>(kernel.accumulators.size());
  kernel.accumulators.push_back({kernel::Fold::sum, type});

  // The operands' loads and their product come first, as expressions stand before their users.
  const auto shift = [](ExprId& id) {
    if (id != kernel::none) id += 3;
  };
  for (Expr& expr : kernel.exprs) {
    for (ExprId& operand : expr.operands) shift(operand);
    shift(expr.access.dynamic);
    if (expr.kind == Expr::Kind::contraction) {
      expr.kind = Expr::Kind::accumulator;
      expr.number = number;
    }
  }
  Expr a{Expr::Kind::load, type, 0, {}, access(of, of.a, of.m, k), {}, {}, {}, 0};
  Expr b{Expr::Kind::load, type, 0, {}, access(of, of.b, k, of.n), {}, {}, {}, 0};
  Expr product{Expr::Kind::map, type, 0, {}, {}, {}, Op::mul, {0, 1}, 0};
  kernel.exprs.insert(kernel.exprs.begin(), {a, b, product});

  Loop sum{k, Loop::Mark::serial, {kernel::Accumulate{number, 2}}};
  const bool over_n = of.b.inner_stride == 1 || of.a.outer_stride != 1;
  Loop inner{over_n ? of.n : of.m, Loop::Mark::vector, {kernel::Begin{number}, sum}};
  for (kernel::Store store : of.epilogue) {
    shift(store.value);
    shift(store.access.dynamic);
    inner.body.emplace_back(store);
  }
  Loop nest{over_n ? of.m : of.n, Loop::Mark::serial, {inner}};
  for (size_t i = of.batch.size(); i-- > 0;) nest = {of.batch[i], Loop::Mark::serial, {nest}};
  kernel.body = kernel::Nest{{nest}};
  return made;
}

}  // namespace

void emit_contraction(Emitter& emitter, const Local& local,
                      const std::vector<llvm::Value*>& buffers, llvm::Value* pool,
                      [[maybe_unused]] llvm::Value* scratch) {
  emit_nest(emitter, as_nest(local), buffers, pool);
}

int64_t scratch_bytes([[maybe_unused]] const Target& target, [[maybe_unused]] const Local& local) {
  return 0;
}

}  // namespace gradus::codegen
