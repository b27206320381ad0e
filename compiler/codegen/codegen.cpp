#include "compiler/codegen/codegen.h"

#include <algorithm>
#include <thread>

#include "compiler/codegen/jit.h"
#include "compiler/codegen/module.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "runtime/linear_algebra.h"

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

// All of the plan in one module.
struct Whole {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;

  Whole(const kernel::Plan& plan, const Options& options) {
    const Target target = detect(options.cpu, options.features);
    machine = target_machine(target);
    const Program program = program_of(target, plan);
    module = emit_module(context, target, *machine, plan, program, partition(program, 1)[0], true);
  }
};

int threads_of(const Options& options) {
  return options.threads > 0 ? options.threads
                             : static_cast<int>(std::min(std::thread::hardware_concurrency(), 8U));
}

}  // namespace

runtime::Step compile(const kernel::Plan& plan, const Options& options) {
  const auto calls_lapack = [](const kernel::Kernel& kernel) {
    return std::holds_alternative<kernel::LinearAlgebra>(kernel.body);
  };
  // Before there are other threads, and not in the first step.
  if (std::any_of(plan.kernels.begin(), plan.kernels.end(), calls_lapack)) runtime::load_lapack();
  const Target target = detect(options.cpu, options.features);
  const Program program = program_of(target, plan);
  const auto parts = partition(program, threads_of(options));
  std::vector<std::string> objects(parts.size());
  const auto make = [&](size_t part) {
    llvm::LLVMContext context;
    const auto machine = target_machine(target);
    const auto module =
        emit_module(context, target, *machine, plan, program, parts[part], part == 0);
    objects[part] = object(*module, *machine);
  };
  std::vector<std::thread> others;
  for (size_t part = 1; part < parts.size(); ++part) others.emplace_back(make, part);
  make(0);
  for (std::thread& other : others) other.join();

  auto jit = std::make_shared<const Jit>(objects);
  runtime::Step step;
  step.slots = signature(plan);
  step.arena_bytes = program.arena_bytes;
  step.run = reinterpret_cast<decltype(step.run)>(jit->address(step_symbol));
  step.code = std::move(jit);
  return step;
}

std::string dump_llvm(const kernel::Plan& plan, const Options& options) {
  const Whole whole(plan, options);
  std::string text;
  llvm::raw_string_ostream stream(text);
  whole.module->print(stream, nullptr);
  return text;
}

std::string object_file(const kernel::Plan& plan, const Options& options) {
  const Whole whole(plan, options);
  return object(*whole.module, *whole.machine);
}

}  // namespace gradus::codegen
