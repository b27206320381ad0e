#include "compiler/codegen/contraction.h"

#include <algorithm>

#include "compiler/codegen/gemm.h"
#include "compiler/codegen/matrices.h"
#include "compiler/codegen/nest.h"

namespace gradus::codegen {
namespace {

using kernel::Contraction;
using kernel::Expr;
using kernel::ExprId;
using kernel::Kernel;
using kernel::Loop;
using kernel::Statement;

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

enum class Form : uint8_t {
  tiles,   // gemm.h
  over_m,  // a nest around a sum, vectors of m, n or k
  over_n,
  over_k,
};

Form form_of(const Target& target, const Local& local) {
  const auto& of = std::get<Contraction>(local.kernel.body);
  const auto extent = [&](int loop) { return local.kernel.loops[static_cast<size_t>(loop)]; };
  const int64_t m = extent(of.m);
  const int64_t n = extent(of.n);
  int64_t batches = 1;
  for (int loop : of.batch) batches *= extent(loop);
  // Few rows of A times Bᵀ, or few columns of B: dot products read both where they lie.
  const int64_t lanes = target.lanes(local.buffers[static_cast<size_t>(of.a.buffer)].type);
  const bool dots = of.a.inner_stride == 1 && of.b.outer_stride == 1;
  const bool turned = of.b.inner_stride != 1;
  if (dots && of.k >= 2 * lanes && ((turned && m <= 4) || n == 1)) return Form::over_k;
  if (n == 1 && of.a.outer_stride == 1) return Form::over_m;
  constexpr int64_t small = 4096;
  if (batches * m * n * of.k > small) return Form::tiles;
  if (dots && turned && of.k > n && of.k > m) return Form::over_k;
  return of.b.inner_stride == 1 || of.a.outer_stride != 1 ? Form::over_n : Form::over_m;
}

// The contraction as a nest of loops around a sum: what small ones are written as.
Local as_nest(const Local& local, Form form) {
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
    for (auto& each : expr.access.by_data) shift(each.place);
    if (expr.kind == Expr::Kind::contraction) {
      expr.kind = Expr::Kind::accumulator;
      expr.number = number;
    }
  }
  Expr a{Expr::Kind::load, type, 0, {}, access(of, of.a, of.m, k), {}, {}, {}, 0};
  Expr b{Expr::Kind::load, type, 0, {}, access(of, of.b, k, of.n), {}, {}, {}, 0};
  Expr product{Expr::Kind::map, type, 0, {}, {}, {}, Op::mul, {0, 1}, 0};
  kernel.exprs.insert(kernel.exprs.begin(), {a, b, product});

  const auto mark = [&](Form vector) {
    return form == vector ? Loop::Mark::vector : Loop::Mark::serial;
  };
  Loop sum{k, mark(Form::over_k), {kernel::Accumulate{number, 2}}};
  std::vector<Statement> entry = {kernel::Begin{number}, sum};
  for (kernel::Store store : of.epilogue) {
    shift(store.value);
    for (auto& each : store.access.by_data) shift(each.place);
    entry.emplace_back(store);
  }
  Loop inner{form == Form::over_m ? of.m : of.n, mark(form == Form::over_m ? form : Form::over_n),
             entry};
  Loop nest{form == Form::over_m ? of.n : of.m, Loop::Mark::serial, {inner}};
  for (size_t i = of.batch.size(); i-- > 0;) nest = {of.batch[i], Loop::Mark::serial, {nest}};
  const bool alone = std::none_of(of.epilogue.begin(), of.epilogue.end(),
                                  [](const kernel::Store& store) { return store.add; });
  if (alone) nest.mark = Loop::Mark::parallel;
  kernel.body = kernel::Nest{{nest}};
  return made;
}

}  // namespace

void emit_contraction(Emitter& emitter, const Local& local,
                      const std::vector<llvm::Value*>& buffers, llvm::Value* pool,
                      llvm::Value* scratch) {
  const Form form = form_of(emitter.target, local);
  if (form == Form::tiles) return emit_gemm(emitter, local, buffers, pool, scratch);
  emit_nest(emitter, as_nest(local, form), buffers, pool);
}

int64_t scratch_bytes(const Target& target, const Local& local) {
  if (std::holds_alternative<kernel::LinearAlgebra>(local.kernel.body)) return workspace_of(local);
  if (!std::holds_alternative<Contraction>(local.kernel.body)) return 0;
  if (form_of(target, local) != Form::tiles) return 0;
  return gemm_scratch_bytes(gemm_shape(target, local));
}

}  // namespace gradus::codegen
