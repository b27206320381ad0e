#pragma once

#include <type_traits>
#include <variant>
#include <vector>

#include "compiler/kernel/plan.h"

// All uses of buffers in a kernel.
namespace gradus::kernel {

enum class Use : uint8_t { read, written };

// Calls visit(buffer, use) for each use of a buffer among statements, in a fixed order. A kernel
// that is not const may be given other buffers.
template <typename Statements, typename Visit>
void each_buffer(Statements& body, const Visit& visit)
  requires std::is_same_v<std::remove_const_t<Statements>, std::vector<Statement>>
{
  for (auto& statement : body) {
    if (auto* store = std::get_if<Store>(&statement)) visit(store->access.buffer, Use::written);
    if (auto* loop = std::get_if<Loop>(&statement)) each_buffer(loop->body, visit);
  }
}

template <typename AnyKernel, typename Visit>
void each_buffer(AnyKernel& kernel, const Visit& visit)
  requires std::is_same_v<std::remove_const_t<AnyKernel>, Kernel>
{
  for (auto& expr : kernel.exprs) {
    if (expr.kind == Expr::Kind::load) visit(expr.access.buffer, Use::read);
  }
  if (auto* nest = std::get_if<Nest>(&kernel.body)) each_buffer(nest->body, visit);
  if (auto* contraction = std::get_if<Contraction>(&kernel.body)) {
    visit(contraction->a.buffer, Use::read);
    visit(contraction->b.buffer, Use::read);
    for (auto& store : contraction->epilogue) visit(store.access.buffer, Use::written);
  }
  if (auto* of = std::get_if<LinearAlgebra>(&kernel.body)) {
    visit(of->a, Use::read);
    if (of->b != none) visit(of->b, Use::read);
    visit(of->result, Use::written);
  }
}

}  // namespace gradus::kernel
