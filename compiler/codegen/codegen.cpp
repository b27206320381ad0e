#include "compiler/codegen/codegen.h"

#include "compiler/codegen/jit.h"
#include "compiler/codegen/module.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace gradus::codegen {
namespace {

static_assert(static_cast<int>(kernel::Role::output) == static_cast<int>(runtime::Role::output));
static_assert(static_cast<int>(kernel::Scalar::u8) == static_cast<int>(runtime::Scalar::u8));

runtime::Signature signature(const kernel::Plan& plan) {
  runtime::Signature slots;
  for (const kernel::Slot& slot : plan.slots) {
    slots.push_back({slot.name, static_cast<runtime::Role>(slot.role),
                     static_cast<runtime::Scalar>(slot.type), slot.shape});
  }
  return slots;
}

}  // namespace

runtime::Step compile(const kernel::Plan& plan, const Options& options) {
  const Target target = detect(options.cpu, options.features);
  const auto machine = target_machine(target);
  llvm::LLVMContext context;
  const Emitted emitted = emit(context, target, *machine, plan);
  auto jit = std::make_shared<const Jit>(object(*emitted.module, *machine));
  runtime::Step step;
  step.slots = signature(plan);
  step.arena_bytes = emitted.arena_bytes;
  step.run = reinterpret_cast<decltype(step.run)>(jit->address(step_symbol));
  step.code = std::move(jit);
  return step;
}

std::string dump_llvm(const kernel::Plan& plan, const Options& options) {
  const Target target = detect(options.cpu, options.features);
  const auto machine = target_machine(target);
  llvm::LLVMContext context;
  std::string text;
  llvm::raw_string_ostream stream(text);
  emit(context, target, *machine, plan).module->print(stream, nullptr);
  return text;
}

std::string object_file(const kernel::Plan& plan, const Options& options) {
  const Target target = detect(options.cpu, options.features);
  const auto machine = target_machine(target);
  llvm::LLVMContext context;
  return object(*emit(context, target, *machine, plan).module, *machine);
}

}  // namespace gradus::codegen
